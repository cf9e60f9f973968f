"""Present a TIFF as a Pillow picture that is decoded when it is loaded, without libtiff."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from artvec.images.tiff.codes import CMYK, unsupported
from artvec.images.tiff.colours import Painter, fixed_whites, mode_of, needs_whites, whites_of
from artvec.images.tiff.directory import Stream, read_directory
from artvec.images.tiff.layout import Layout, read_layout
from artvec.images.tiff.refusals import check
from artvec.images.tiff.samples import block_bytes, blocks

_MAX_PROFILE_BYTES = 4 << 20


class TiffPicture(Image.Image):
    """The first picture of a TIFF; its mode is L, LA, La, RGB, RGBA, RGBa or CMYK.

    Attributes:
        orientation: By its tag, 1 to 8, still to be applied.
        codec_bytes: What decoding takes beside the picture.
    """

    format = "TIFF"
    format_description = "TIFF"

    def __init__(self, stream: Stream) -> None:
        """Read its tags, and no pixel.

        Raises:
            UnsupportedMode: It is of a kind that can't be read.
            Undecodable: It comes in too many parts.
            ValueError: Its tags contradict each other.
            EOFError: The file ends before they do.
        """
        super().__init__()
        directory = read_directory(stream)
        self._layout: Layout | None = read_layout(directory)
        layout = self._layout
        check(layout)
        self._mode, self._size = mode_of(layout), (layout.width, layout.height)
        self.codec_bytes = block_bytes(layout)
        orientation = directory.number(274, 1)
        self.orientation = orientation if 1 <= orientation <= 8 else 1
        if 0 < directory.count(34_675) <= _MAX_PROFILE_BYTES:
            self.info["icc_profile"] = directory.values(34_675, _MAX_PROFILE_BYTES).tobytes()
        if layout.photometric == CMYK and layout.alpha and "icc_profile" in self.info:
            raise unsupported("of inks with a profile and transparency")

    def load(self) -> Any:
        """Decode it, unless that has been done.

        Raises:
            UnsupportedMode: It holds values that are no colours.
            ValueError: It is damaged.
            EOFError: The file ends before its pixels do.
        """
        if self._layout is not None:
            self.im = _decoded(self._layout, self.mode).im
            if self._layout.alpha and self._layout.alpha.is_guess:
                self._drop_padding()
            self._layout = None
        return super().load()

    def _drop_padding(self) -> None:
        """Keep a fourth channel that no tag explains only where it says something."""
        lowest, highest = self.im.getband(3).getextrema()
        if lowest == highest:
            self.im = self.im.convert("RGB")
            self._mode = "RGB"


def _decoded(layout: Layout, mode: str) -> Image.Image:
    whites = whites_of(layout, blocks(layout)) if needs_whites(layout) else fixed_whites(layout)
    painter = Painter(layout, whites)
    canvas = Image.new(mode, (layout.width, layout.height))
    for block in blocks(layout):
        pixels = np.ascontiguousarray(painter.pixels(block.samples))
        size = pixels.shape[1], pixels.shape[0]
        piece = Image.frombuffer(mode, size, pixels, "raw", mode, 0, 1)
        canvas.paste(piece, (block.left, block.top))
    return canvas
