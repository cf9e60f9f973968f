"""Convert and resize a large picture band by band, to the very pixels that one go would give.

Pillow resizes along one side first and along the other then. So each band of rows can be brought
to sRGB and resized along its rows alone; only these narrow bands are kept, put together, and
resized along columns at the end. A large picture is thus never copied whole.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from PIL import Image

from artvec.images.srgb import full_scale, is_wide, to_srgb

Box = tuple[float, float, float, float]
"""(left, top, right, bottom), fractions of a pixel included."""
PixelBox = tuple[int, int, int, int]

BAND_PX = 1 << 19
LONG_PX = 1 << 16
_BAND_BYTES = 40
"""A pixel of a band may be a 32-bit float, its scaled copies, and colour and alpha beside."""

_REACH = 3
"""Half the width of the widest filter (Lanczos), in pixels of the smaller picture."""

_FLIPS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


# What a picture of one orientation becomes when rows and columns are exchanged.
_TURNED = {1: 5, 2: 8, 3: 7, 4: 6, 5: 1, 6: 4, 7: 3, 8: 2}


@dataclass(frozen=True, slots=True)
class Want:
    """A smaller picture to be made of a large one.

    Attributes:
        size: (width, height) of it.
        resampling: Filter.
        box: The part of the large picture that it shows.
        grey: Resize the lightness instead of the colours.
        shrink: Average so many pixels across and down before resizing; the filters would need
            memory by the side's length.
        part: The box is of this part of the picture, as if there were nothing around it.
    """

    size: tuple[int, int]
    resampling: Image.Resampling
    box: Box
    grey: bool = False
    shrink: tuple[int, int] = (1, 1)
    part: PixelBox | None = None

    def turned(self) -> Want:
        """Exchange rows and columns."""
        left, top, right, bottom = self.box
        box = (top, left, bottom, right)
        return replace(self, size=self.size[::-1], box=box, shrink=self.shrink[::-1])


def shrink_of(size: tuple[int, int]) -> tuple[int, int]:
    """Return how many pixels to average across and down; (1, 1) but for extreme sides."""
    return -(-size[0] // LONG_PX), -(-size[1] // LONG_PX)


def band_rows(size: tuple[int, int]) -> int:
    """Return how many rows of an upright picture make a band; whole blocks to average."""
    _, down = shrink_of(size)
    return max(1, BAND_PX // (size[0] * down)) * down


def turned_upright(image: Image.Image, orientation: int) -> Image.Image:
    """Turn a picture as its EXIF orientation says; the same object where it stands upright."""
    return image.transpose(_FLIPS[orientation]) if orientation in _FLIPS else image


def resample(
    image: Image.Image, orientation: int, wants: Sequence[Want], full: float | None = None
) -> list[Image.Image]:
    """Return what `to_srgb(image).resize(…)` would, for every want.

    Args:
        image: As stored.
        orientation: By EXIF, 1 to 8, still to be applied.
        wants: Boxes are of the upright picture.
        full: The `full_scale` of a larger picture that this is a part of.

    Raises:
        UnsupportedMode: See `to_srgb`.
    """
    if full is None and is_wide(image.mode):
        full = _full_scale(image)
    made: dict[int, Image.Image] = {}
    size = image.size if orientation < 5 else image.size[::-1]
    upright: dict[int, Want] = {}
    turned: dict[int, Want] = {}
    for at, want in enumerate(wants):
        if want.part is not None:
            piece = _cut(image, orientation, want.part)
            (made[at],) = resample(piece, 1, [replace(want, part=None)], full)
        elif _columns_first(want, *size):
            turned[at] = want.turned()
        else:
            upright[at] = want
    rows = _by_rows(image, orientation, [*upright.values()], full)
    made |= zip(upright, rows, strict=True)
    columns = _by_rows(image, _TURNED[orientation], [*turned.values()], full)
    for at, one in zip(turned, columns, strict=True):
        made[at] = one.transpose(Image.Transpose.TRANSPOSE)
    return [made[at] for at in range(len(wants))]


def band_bytes(size: tuple[int, int]) -> int:
    """Return what a band takes on its way to sRGB, an upper estimate."""
    sides = (size, size[::-1])
    return _BAND_BYTES * max(side[0] * min(side[1], band_rows(side)) for side in sides)


def narrow_px(size: tuple[int, int], want: Want) -> int:
    """Return how many pixels are kept of a picture for a want until all its bands are done."""
    if _columns_first(want, *size):
        want, size = want.turned(), size[::-1]
    first, last = _rows(want, size[1])
    return want.size[0] * (last - first)


def _columns_first(want: Want, width: int, height: int) -> bool:
    """Say whether Pillow resizes along columns first.

    Source: python-pillow/Pillow#9549, in Pillow since version 13.
    """
    width, height = -(-width // want.shrink[0]), -(-height // want.shrink[1])
    return want.size[1] < height and height - want.size[1] > 2 * (width - want.size[0])


def _full_scale(image: Image.Image) -> float:
    rows = band_rows(image.size)
    boxes = (
        (0, top, image.width, min(top + rows, image.height)) for top in range(0, image.height, rows)
    )
    return max(full_scale(image.crop(box)) for box in boxes)


def _by_rows(
    image: Image.Image, orientation: int, wants: Sequence[Want], full: float | None
) -> list[Image.Image]:
    if not wants:
        return []
    width, height = image.size if orientation < 5 else image.size[::-1]
    rows = band_rows((width, height))
    narrowed = [_Narrowed(want, height) for want in wants]
    for top in range(0, height, rows):
        edges = (0, top, width, min(top + rows, height))
        band = to_srgb(_cut(image, orientation, edges), full)
        for one in narrowed:
            one.add(band, top)
    return [one.finished() for one in narrowed]


def _cut(image: Image.Image, orientation: int, box: PixelBox) -> Image.Image:
    """Cut a part of the upright picture out of the stored one."""
    left, top, right, bottom = box
    if orientation >= 5:
        left, top, right, bottom = top, left, bottom, right
    if orientation in (2, 3, 7, 8):
        left, right = image.width - right, image.width - left
    if orientation in (3, 4, 6, 7):
        top, bottom = image.height - bottom, image.height - top
    return turned_upright(image.crop((left, top, right, bottom)), orientation)


def _down(want: Want) -> tuple[float, float]:
    return want.box[1] / want.shrink[1], want.box[3] / want.shrink[1]


def _rows(want: Want, height: int) -> tuple[int, int]:
    """First and last row, after averaging, that the filter can reach."""
    top, bottom = _down(want)
    reach = math.ceil(_REACH * max(1.0, (bottom - top) / want.size[1])) + 1
    return max(0, math.floor(top) - reach), min(
        -(-height // want.shrink[1]), math.ceil(bottom) + reach
    )


class _Narrowed:
    """The picture that one want needs, already resized along its rows."""

    def __init__(self, want: Want, height: int) -> None:
        self._want = want
        self._first, last = _rows(want, height)
        mode = "L" if want.grey else "RGB"
        self._canvas = Image.new(mode, (want.size[0], last - self._first))

    def add(self, band: Image.Image, top: int) -> None:
        want = self._want
        if want.grey:
            band = band.convert("L")
        if want.shrink != (1, 1):
            band = band.reduce(want.shrink)
        at = top // want.shrink[1] - self._first
        first, last = max(0, -at), min(band.height, self._canvas.height - at)
        if first >= last:
            return
        if (first, last) != (0, band.height):
            band = band.crop((0, first, band.width, last))
        left, right = (want.box[side] / want.shrink[0] for side in (0, 2))
        box = (left, 0, right, band.height)
        narrow = band.resize((want.size[0], band.height), want.resampling, box=box)
        self._canvas.paste(narrow, (0, at + first))

    def finished(self) -> Image.Image:
        top, bottom = (edge - self._first for edge in _down(self._want))
        box = (0, top, self._canvas.width, bottom)
        return self._canvas.resize(self._want.size, self._want.resampling, box=box)
