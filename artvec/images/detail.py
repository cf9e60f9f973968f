"""A rectangle of a picture: how users write it, and where it lies in a picture of some size."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from artvec.core.errors import ArtvecError

_NUMBER = re.compile(r"[0-9]{1,9}|[0-9]{0,9}\.[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Detail:
    """A part of a picture as displayed (EXIF orientation applied).

    Attributes:
        left: From the left edge.
        top: From the top edge.
        width: Of the part.
        height: Of the part.
        unit: Pixels, or shares of the picture's width and height.
    """

    left: float
    top: float
    width: float
    height: float
    unit: Literal["pixels", "shares"]

    def box(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Return left, top, right and bottom in pixels of a picture; at least a pixel each way.

        Raises:
            ValueError: It leaves the picture; the message names the picture's size.
        """
        across, down = (width, height) if self.unit == "shares" else (1, 1)
        left = min(round(self.left * across), width - 1)
        top = min(round(self.top * down), height - 1)
        right = max(left + 1, round((self.left + self.width) * across))
        bottom = max(top + 1, round((self.top + self.height) * down))
        if right > width or bottom > height:
            size = f"{width} × {height} pixels"
            raise ValueError(f"the crop reaches to {right}, {bottom}; the picture has {size}")
        return left, top, right, bottom


def parse_detail(text: str) -> Detail:
    """Read `X,Y,W,H`: whole numbers are pixels, a decimal point in any makes all shares (0 to 1).

    Raises:
        ArtvecError: It is not four such numbers, or a side is zero.
    """
    words = [word.strip() for word in text.split(",")]
    if len(words) != 4 or not all(map(_NUMBER.fullmatch, words)):
        raise _wrong(text, "is not four numbers from 0 up")
    left, top, width, height = map(float, words)
    unit: Literal["pixels", "shares"] = "shares" if "." in text else "pixels"
    if not width or not height:
        raise _wrong(text, "is empty")
    if unit == "shares" and max(left + width, top + height) > 1 + 1e-9:
        raise _wrong(text, "leaves the picture: numbers with a decimal point are shares, 0 to 1")
    return Detail(left, top, width, height, unit)


def _wrong(text: str, why: str) -> ArtvecError:
    hint = "give left, top, width, height: 40,0,200,120 in pixels, or 0.5,0,0.5,0.5 in shares"
    return ArtvecError(f"crop {text!r} {why}", hint, usage=True)
