"""Say which combinations of a TIFF's depth, colours and codec are read; all others are refused."""

from __future__ import annotations

from artvec.core.wording import counted
from artvec.images.tiff.codes import (
    BLACK_IS_ZERO,
    CIELAB,
    FAX,
    ICCLAB,
    JPEG,
    LERC,
    PALETTE,
    RGB,
    WEBP,
    YCBCR,
    unsupported,
)
from artvec.images.tiff.layout import Layout

_BITS = {"u": (*range(1, 17), 24, 32, 64), "i": (8, 16, 32, 64), "f": (16, 24, 32, 64)}
_LIGHT = (BLACK_IS_ZERO, RGB)


def check(layout: Layout) -> None:
    """Refuse a picture whose meaning is not certain, or that no codec yields.

    Raises:
        UnsupportedMode: With what it is.
        ValueError: The tags contradict each other.
    """
    kind = {"u": "unsigned", "i": "signed", "f": "floating-point"}[layout.kind]
    name = f"{layout.bits}-bit {kind} values"
    if layout.bits not in _BITS[layout.kind]:
        raise unsupported(f"of {name}")
    _check_colours(layout, name)
    _check_codec(layout, name)
    _check_differences(layout, name)


def _check_colours(layout: Layout, name: str) -> None:
    is_unsigned = layout.kind == "u"
    if layout.photometric == PALETTE and not (is_unsigned and layout.bits <= 16):
        raise unsupported(f"with palette indices of {name}")
    if layout.photometric == YCBCR and not (is_unsigned and layout.bits == 8):
        raise unsupported(f"of YCbCr colours of {name}")
    if layout.photometric in (CIELAB, ICCLAB) and (
        layout.kind == "f" or layout.bits not in (8, 16)
    ):
        raise unsupported(f"of Lab colours of {name}")
    if layout.alpha and layout.alpha.premultiplied and layout.photometric not in _LIGHT:
        raise unsupported("with premultiplied alpha in colours other than grey and RGB")
    if layout.subsampling != (1, 1) and (
        layout.planes > 1 or layout.samples > 3 or layout.predictor > 1
    ):
        raise unsupported(
            "of subsampled YCbCr colours with separate planes, extra channels or a predictor"
        )


def _check_codec(layout: Layout, name: str) -> None:
    codec, samples = layout.compression, layout.plane_samples
    is_bytes = (layout.kind, layout.bits) == ("u", 8)
    if codec in FAX and (layout.bits, samples) != (1, 1):
        raise unsupported(f"of {counted(samples, 'channel')} of {name}, compressed for fax,")
    if codec == JPEG and not (is_bytes and samples in (1, 3, 4)):
        raise unsupported(f"of {counted(samples, 'channel')} of {name}, compressed by JPEG,")
    if codec == JPEG and layout.photometric == YCBCR and layout.samples > 3:
        raise unsupported("of YCbCr colours with extra channels, compressed by JPEG,")
    is_rgb = layout.photometric == RGB and samples in (3, 4)
    if codec == WEBP and not (is_bytes and is_rgb):
        raise unsupported("of other values than 8-bit RGB, compressed by WebP,")
    # libtiff packs most values of big-endian files in the wrong order.
    is_certain = layout.bits == 8 or layout.directory.order == "<"
    if codec == LERC and not (is_certain and layout.bits in (8, 16, 32, 64)):
        raise unsupported(f"of {name}, compressed by LERC,")


def _check_differences(layout: Layout, name: str) -> None:
    if layout.predictor not in (1, 2, 3):
        raise ValueError(f"its header is damaged: predictor {layout.predictor}")
    are_whole = layout.predictor == 2 and layout.bits not in (8, 16, 32, 64)
    if are_whole or (layout.predictor == 3 and layout.kind != "f"):
        raise unsupported(f"of {name} stored as differences")
