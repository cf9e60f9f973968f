"""Give a decoded PNG what Pillow loses: transparency below 8 and beyond 8 bits, deep dark tones."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image

from artvec.core.types import UInt8Array, UInt16Array
from artvec.images.png_chunks import GREY, GREY_WITH_ALPHA, RGB, RGB_WITH_ALPHA, Colours, PngHead
from artvec.images.profiles import Curve, encoded

_BAND_PX = 1 << 18
_DEEP_GAMMA = 1.6
"""Below it, the first of 255 levels of light is lighter than eight bits can show dark tones."""
_LOW_BYTES = {RGB: "RGB;16L", GREY_WITH_ALPHA: "RGBA", RGB_WITH_ALPHA: "RGBA;16L"}
"""Raw modes that read the second byte of each value where Pillow reads the first; of grey with
alpha, both bytes."""


def reads_twice(head: PngHead) -> bool:
    """Say whether both bytes of 16-bit colours are needed, which Pillow reads one of."""
    return head.depth == 16 and head.kind != GREY and (bool(head.transparent) or _is_deep(head))


def more_bytes_each(head: PngHead) -> int:
    """Return what completing a picture takes for each of its pixels beside it."""
    if reads_twice(head):
        return 8
    return 4 if head.depth == 16 and _is_deep(head) else 0


def completed(image: Image.Image, head: PngHead, again: Callable[[], Image.Image]) -> Image.Image:
    """Return a decoded PNG with the transparency and the profile that its chunks say it has.

    Args:
        image: As Pillow decodes it.
        head: What its chunks say; what Pillow made of them, and of those behind the pixels, is
            forgotten.
        again: Opens the same picture once more.
    """
    transparency = _transparency(image.mode, head)
    deep = head.depth == 16 and _is_deep(head)
    if reads_twice(head):
        image = _deepened(image, _low_bytes(again(), head), head, deep)
        transparency = None
    elif deep and image.mode.startswith("I;16"):
        image = _deepened_grey(image, head)
        transparency = None
    profile = head.colours.under_srgb_curve() if deep else head.colours.profile
    for name, value in (("transparency", transparency), ("icc_profile", profile or None)):
        image.info.pop(name, None)
        if value is not None:
            image.info[name] = value
    return image


def _is_deep(head: PngHead) -> bool:
    return head.colours.curve is not None and head.colours.curve.gamma < _DEEP_GAMMA


def _transparency(mode: str, head: PngHead) -> bytes | int | tuple[int, ...] | None:
    """Say what is transparent as Pillow's `info` does."""
    if mode == "P":
        return head.transparency or None
    if not head.transparent:
        return None
    if mode == "RGB":
        return head.transparent
    (value,) = head.transparent
    return value if head.depth == 16 else value * 255 // ((1 << head.depth) - 1)


def _low_bytes(image: Image.Image, head: PngHead) -> Image.Image:
    image.tile = [tile._replace(args=_LOW_BYTES[head.kind]) for tile in image.tile]  # type: ignore[attr-defined]
    image.load()
    return image


def _deepened(high: Image.Image, low: Image.Image, head: PngHead, deep: bool) -> Image.Image:
    """Put 16-bit colours together, band by band; into the picture that holds the high bytes."""
    encode = _encoder(head.colours) if deep else None
    if head.transparent:
        high.putalpha(255)
    for box in _bands(high.size):
        values = _values(high, low, head, box)
        eight = (values >> 8).astype(np.uint8) if encode is None else encode[values]
        if head.kind in (GREY_WITH_ALPHA, RGB_WITH_ALPHA):
            eight[..., 3] = values[..., 3] >> 8
        if head.transparent:
            alpha = (values[..., :3] != head.transparent).any(axis=-1) * np.uint8(255)
            eight = np.dstack([eight[..., :3], alpha])
        high.paste(Image.fromarray(np.ascontiguousarray(eight)), box)
    return high


def _values(
    high: Image.Image, low: Image.Image, head: PngHead, box: tuple[int, int, int, int]
) -> UInt16Array:
    if head.kind == GREY_WITH_ALPHA:
        pairs = np.asarray(low.crop(box), dtype=np.uint16)
        grey, alpha = pairs[..., 0] << 8 | pairs[..., 1], pairs[..., 2] << 8 | pairs[..., 3]
        return np.dstack([grey, grey, grey, alpha])
    first = np.asarray(high.crop(box), dtype=np.uint16)[..., : len(low.getbands())]
    values: UInt16Array = (first << 8) | np.asarray(low.crop(box))
    return values


def _deepened_grey(image: Image.Image, head: PngHead) -> Image.Image:
    encode = _encoder(head.colours)
    made = Image.new("LA" if head.transparent else "L", image.size)
    made.info = image.info
    for box in _bands(image.size):
        values = np.asarray(image.crop(box))
        eight = encode[values]
        if head.transparent:
            eight = np.dstack([eight, (values != head.transparent[0]) * np.uint8(255)])
        made.paste(Image.fromarray(eight), box)
    return made


def _encoder(colours: Colours) -> UInt8Array:
    """Return what sRGB stores, of 255, for each of 65,536 values."""
    curve = colours.curve or Curve(1.0)
    stored = encoded(curve.light(np.arange(65_536) / 65_535.0))
    return np.rint(255.0 * stored).astype(np.uint8)


def _bands(size: tuple[int, int]) -> Iterator[tuple[int, int, int, int]]:
    width, height = size
    rows = max(1, _BAND_PX // width)
    for top in range(0, height, rows):
        yield 0, top, width, min(top + rows, height)
