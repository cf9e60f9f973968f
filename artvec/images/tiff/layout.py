"""Understand a TIFF's tags: how its pixels are stored, or why they can't be read; none is read."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from artvec.images.reading import Undecodable
from artvec.images.srgb import UnsupportedMode
from artvec.images.tiff.directory import Directory

NONE, LZW, JPEG, PACKBITS, LZMA, ZSTD, WEBP = 1, 5, 7, 32_773, 34_925, 50_000, 50_001
RLE, GROUP_3, GROUP_4 = 2, 3, 4
DEFLATE = (8, 32_946)
FAX = (RLE, GROUP_3, GROUP_4)
STREAMED = (NONE, *DEFLATE, LZMA)
"""Read bit by bit; of the other codecs a whole strip or tile is in memory."""
_PREDICTED = (LZW, *DEFLATE, LZMA, ZSTD)
_CODECS = (*FAX, *STREAMED, LZW, JPEG, PACKBITS, ZSTD, WEBP)
_UNREAD_CODECS = {
    6: "JPEG of the old style", 9: "JBIG", 10: "JBIG", 32_766: "NeXT's codec",
    32_771: "CCITT's word-aligned code", 32_809: "ThunderScan", 32_909: "PixarLog",
    33_003: "JPEG 2000", 33_005: "JPEG 2000", 34_661: "JBIG", 34_676: "SGI's LogLuv",
    34_677: "SGI's LogLuv", 34_712: "JPEG 2000", 34_887: "LERC", 34_892: "DNG's JPEG",
    34_933: "PNG", 34_934: "JPEG XR", 50_002: "JPEG XL", 52_546: "JPEG XL",
}  # fmt: skip

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, CMYK, YCBCR, CIELAB, ICCLAB = 0, 1, 2, 3, 5, 6, 8, 9
GREYS = (WHITE_IS_ZERO, BLACK_IS_ZERO)
_COLOURS = {
    WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, PALETTE: 1, CMYK: 4, YCBCR: 3, CIELAB: 3, ICCLAB: 3,
}  # fmt: skip
_UNREAD_COLOURS = {
    4: "that is a mask", 10: "of ITU Lab colours", 32_803: "of a camera's raw values",
    32_844: "of logarithmic greys", 32_845: "of logarithmic colours",
    34_892: "of a camera's raw values",
}  # fmt: skip

_LIGHT = (BLACK_IS_ZERO, RGB)
_KINDS = {1: "u", 2: "i", 3: "f", 4: "u"}
_BITS = {"u": (*range(1, 17), 24, 32, 64), "i": (8, 16, 32, 64), "f": (16, 24, 32, 64)}
_MAX_PARTS = 1 << 17
_MAX_SAMPLES = 8
_MAX_PADDED, _MAX_PADDING_PX = 8, 1 << 28


@dataclass(frozen=True, slots=True)
class Alpha:
    """The sample that says how opaque a pixel is.

    Attributes:
        sample: Which one.
        premultiplied: The colours have been multiplied by it.
        is_guess: No tag says that it is one.
    """

    sample: int
    premultiplied: bool
    is_guess: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """How a TIFF's pixels are stored.

    Attributes:
        directory: Its tags.
        width: In pixels, as stored.
        height: In pixels, as stored.
        photometric: What the samples mean.
        colours: How many of a pixel's samples are colours.
        samples: How many a pixel has.
        bits: Of a sample.
        kind: Of a sample: `u` unsigned, `i` signed, `f` float.
        alpha: The sample that is one.
        planes: 1, or as many as samples where each has a plane of its own.
        compression: Codec.
        predictor: 1 none, 2 differences, 3 those of floats' bytes.
        part: (width, height) of a strip or tile, in pixels.
        subsampling: (across, down): the pixels that share a pair of YCbCr's colour differences.
        offsets: Of all parts, plane by plane, row by row.
        counts: Bytes of each.
    """

    directory: Directory
    width: int
    height: int
    photometric: int
    colours: int
    samples: int
    bits: int
    kind: str
    alpha: Alpha | None
    planes: int
    compression: int
    predictor: int
    part: tuple[int, int]
    subsampling: tuple[int, int]
    offsets: NDArray[np.generic]
    counts: NDArray[np.generic]

    @property
    def across(self) -> int:
        """How many parts lie beside each other."""
        return -(-self.width // self.part[0])

    @property
    def down(self) -> int:
        """How many parts lie below each other."""
        return -(-self.height // self.part[1])

    @property
    def plane_samples(self) -> int:
        """How many samples a pixel has in one plane."""
        return self.samples // self.planes

    @property
    def line_rows(self) -> int:
        """How many rows of pixels are stored as one line."""
        return self.subsampling[1]

    @property
    def line_bytes(self) -> int:
        """What a line of a part takes, unpacked."""
        across, down = self.subsampling
        if (across, down) != (1, 1):
            return -(-self.part[0] // across) * (across * down + 2)
        return -(-self.part[0] * self.plane_samples * self.bits // 8)

    @property
    def part_lines(self) -> int:
        """How many lines a part has."""
        return -(-self.part[1] // self.line_rows)

    @property
    def part_bytes(self) -> int:
        """What one part takes, unpacked."""
        return self.part_lines * self.line_bytes


def unsupported(what: str) -> UnsupportedMode:
    """Return the refusal of a sound file that can't be read."""
    return UnsupportedMode(f"a TIFF {what}, which can't be read here; save it as 8-bit PNG or TIFF")


def read_layout(directory: Directory) -> Layout:
    """Say how a TIFF's pixels are stored.

    Raises:
        UnsupportedMode: In a way that can't be read.
        Undecodable: In more parts than any program writes.
        ValueError: The tags contradict each other.
        EOFError: The file ends before its tags do.
    """
    width, height = directory.number(256, 0), directory.number(257, 0)
    if width <= 0 or height <= 0:
        raise ValueError("its header is damaged: it has no size")
    compression = directory.number(259, NONE)
    if compression not in _CODECS:
        name = _UNREAD_CODECS.get(compression, f"codec {compression}")
        raise unsupported(f"compressed by {name}")
    samples, bits, kind = _samples(directory)
    photometric = _photometric(directory, samples, compression)
    colours = _COLOURS[photometric]
    planar = directory.number(284, 1)
    if planar not in (1, 2):
        raise ValueError(f"its header is damaged: planar configuration {planar}")
    part = _part(directory, width, height)
    layout = Layout(
        directory=directory,
        width=width,
        height=height,
        photometric=photometric,
        colours=colours,
        samples=samples,
        bits=bits,
        kind=kind,
        alpha=_alpha(directory, photometric, colours, samples),
        planes=samples if planar == 2 else 1,
        compression=compression,
        predictor=directory.number(317, 1) if compression in _PREDICTED else 1,
        part=part,
        subsampling=_subsampling(directory, photometric, compression),
        offsets=np.empty(0),
        counts=np.empty(0),
    )
    _check(layout)
    return _located(layout)


def _samples(directory: Directory) -> tuple[int, int, str]:
    all_bits = directory.numbers(258, (1,))
    samples = directory.number(277, len(all_bits) if 258 in directory else 1)
    formats = directory.numbers(339, (1,))[:samples]
    if not 1 <= samples <= _MAX_SAMPLES:
        raise unsupported(f"of {samples} channels")
    if 1 < len(all_bits) < samples:
        raise ValueError("its header is damaged: it has no depth")
    if len(set(all_bits[:samples])) > 1:
        raise unsupported("whose channels differ in depth")
    kinds = {_KINDS.get(number, "?") for number in formats}
    bits = all_bits[0]
    if directory.number(262, -1) in (CIELAB, ICCLAB):
        kinds = {"u"}  # signed or not is said by these, whatever the tag says
    if kinds not in ({"u"}, {"i"}, {"f"}):
        raise unsupported("of complex numbers or mixed kinds of them")
    (kind,) = kinds
    if bits not in _BITS[kind]:
        name = {"u": "unsigned", "i": "signed", "f": "floating-point"}[kind]
        raise unsupported(f"of {bits}-bit {name} numbers")
    return samples, bits, kind


def _photometric(directory: Directory, samples: int, compression: int) -> int:
    if 262 in directory:
        photometric = directory.number(262, 0)
    elif compression in FAX:
        photometric = WHITE_IS_ZERO
    else:  # as libtiff does
        photometric = {1: BLACK_IS_ZERO, 3: RGB}.get(samples, -1)
    if photometric not in _COLOURS:
        what = _UNREAD_COLOURS.get(photometric, f"of photometric interpretation {photometric}")
        raise unsupported(what)
    if photometric == CMYK and directory.number(332, 1) != 1:
        raise unsupported("of inks other than CMYK")
    return photometric


def _alpha(directory: Directory, photometric: int, colours: int, samples: int) -> Alpha | None:
    extras = samples - colours
    if extras < 0:
        raise unsupported(f"of {samples} channels where its colours need {colours}")
    meanings = directory.numbers(338, ())[:extras]
    if not extras:
        return None
    if not meanings and (photometric, extras) != (RGB, 1):
        raise unsupported(f"of {samples} channels that doesn't say what they are")
    if not meanings:
        return Alpha(colours, premultiplied=False, is_guess=True)
    for at, meaning in enumerate(meanings):
        if meaning in (1, 2):
            return Alpha(colours + at, premultiplied=meaning == 1)
    if colours == 1 and extras > 1:
        raise unsupported(f"of {samples} channels that are no colours")
    return None


def _part(directory: Directory, width: int, height: int) -> tuple[int, int]:
    if 322 in directory:
        part = directory.number(322, 0), directory.number(323, 0)
    else:
        part = width, min(directory.number(278, height), height)
    if min(part) <= 0:
        raise ValueError("its header is damaged: its strips or tiles have no size")
    return part


def _subsampling(directory: Directory, photometric: int, compression: int) -> tuple[int, int]:
    if photometric != YCBCR or compression == JPEG:  # a JPEG says its own
        return 1, 1
    across, down = (*directory.numbers(530, (2, 2), 2), 0)[:2]
    if not {across, down} <= {1, 2, 4}:
        raise ValueError(f"its header is damaged: subsampling {across}, {down}")
    return across, down


def _check(layout: Layout) -> None:
    """Refuse combinations whose meaning is not certain, or that no codec yields."""
    bits, kind = layout.bits, layout.kind
    name = f"{bits}-bit {'floats' if kind == 'f' else 'values'}"
    if layout.photometric == PALETTE and (kind != "u" or bits > 16):
        raise unsupported(f"of colour numbers of {name}")
    if layout.photometric == YCBCR and (kind, bits) != ("u", 8):
        raise unsupported(f"of YCbCr colours of {name}")
    if layout.photometric in (CIELAB, ICCLAB) and (kind != "u" or bits not in (8, 16)):
        raise unsupported(f"of Lab colours of {name}")
    if layout.alpha and layout.alpha.premultiplied and layout.photometric not in _LIGHT:
        raise unsupported("whose transparency is multiplied into values that are no light")
    if layout.subsampling != (1, 1) and (
        layout.planes > 1 or layout.samples > 3 or layout.predictor > 1
    ):
        raise unsupported("of subsampled YCbCr colours with planes, more channels or differences")
    if layout.compression in FAX and (bits, layout.plane_samples) != (1, 1):
        raise unsupported(f"of {name} compressed for fax")
    if layout.compression in (JPEG, WEBP) and (bits, kind) != (8, "u"):
        raise unsupported(f"of {name} compressed by JPEG or WebP")
    if layout.compression == WEBP and (
        layout.photometric != RGB or layout.plane_samples not in (3, 4)
    ):
        raise unsupported("compressed by WebP that is no RGB")
    if layout.compression == JPEG and layout.plane_samples not in (1, 3, 4):
        raise unsupported(f"of {layout.plane_samples} channels compressed by JPEG")
    if layout.compression == JPEG and layout.photometric == YCBCR and layout.samples != 3:
        raise unsupported("of YCbCr colours and others compressed by JPEG")
    if layout.predictor not in (1, 2, 3):
        raise ValueError(f"its header is damaged: predictor {layout.predictor}")
    if (layout.predictor == 2 and bits not in (8, 16, 32, 64)) or (
        layout.predictor == 3 and kind != "f"
    ):
        raise unsupported(f"of {name} stored as differences")


def _located(layout: Layout) -> Layout:
    """Add where the parts lie."""
    directory, (width, height) = layout.directory, layout.part
    parts = layout.across * layout.down * layout.planes
    if parts > _MAX_PARTS:
        raise Undecodable("decode", "corrupt", f"a TIFF in {parts:,} pieces")
    padded_px = layout.across * width * layout.down * height
    if padded_px > _MAX_PADDED * layout.width * layout.height + _MAX_PADDING_PX:
        raise ValueError(f"its tiles are far larger than the picture: {width} × {height}")
    offsets = directory.values(324 if 324 in directory else 273, parts)
    counts = directory.values(325 if 325 in directory else 279, parts)
    if len(counts) < parts and layout.compression == NONE:
        counts = np.zeros(parts, np.int64)
    if not len(counts) and parts == 1 and len(offsets):
        counts = np.array([directory.size_bytes - int(offsets[0])])
    if min(len(offsets), len(counts)) < parts:
        raise ValueError("its header is damaged: strips or tiles are missing")
    if "f" in (offsets.dtype.kind, counts.dtype.kind):
        raise ValueError("its header is damaged: its strips or tiles are nowhere")
    unpacked_bytes = parts * layout.part_bytes
    if layout.compression != NONE and counts.sum(dtype=float) > 4 * (
        directory.size_bytes + unpacked_bytes
    ):
        raise ValueError("its strips or tiles overlap many times")
    return replace(layout, offsets=offsets, counts=counts)
