"""The pictures of a training run, decoded once; cropping and varying them is left to others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import numpy as np
from PIL import Image

from artvec.core import runtime
from artvec.core.choices import Interpolation
from artvec.core.errors import ArtvecError
from artvec.core.progress import Progress, silent
from artvec.core.types import Int64Array, Preprocessing, UInt8Array
from artvec.images.byte_sources import Undecodable
from artvec.images.decode import Scaled, load_scaled
from artvec.images.fit import Frame, fit_pixels
from artvec.images.opening import import_decoders

_AT_ONCE = 256
"""Pictures that may wait in memory for those before them."""


@dataclass(frozen=True, eq=False)
class PictureStore:
    """Pictures as RGB uint8, short sides at most what the store was made with.

    Attributes:
        values: (total,) uint8, picture after picture; a mapped file without a name.
        sizes: (N, 2) int64, width and height as stored.
        full_sizes: (N, 2) int64, width and height as displayed.
        unreadable: Row → why it can't be decoded; it has no pixels, and must be left out.
    """

    values: UInt8Array
    sizes: Int64Array
    full_sizes: Int64Array
    unreadable: Mapping[int, str]
    _ends: Int64Array

    def __len__(self) -> int:
        """Return N."""
        return len(self.sizes)

    def pixels(self, row: int) -> UInt8Array:
        """Return the (h, w, 3) uint8 pixels of a picture, mapped."""
        width, height = (int(side) for side in self.sizes[row])
        end = int(self._ends[row])
        return self.values[end - 3 * width * height : end].reshape(height, width, 3)

    def square(self, row: int, preprocessing: Preprocessing) -> UInt8Array:
        """Return the (S, S, 3) uint8 pixels that an encoder is fed.

        They are those of `images.decode.decode_sample`, bit by bit, where the picture was stored
        unscaled (up to 65,536 pixels a side); else they are resized twice, on the same grid.
        """
        width, height = (int(side) for side in self.full_sizes[row])
        image = Image.fromarray(self.pixels(row))
        return fit_pixels(image, preprocessing, Frame(width, height, (0.0, 0.0, *image.size)))


def default_store_px(preprocessing: Preprocessing) -> int:
    """Return the short side that pictures are stored with: 1.5 times the input's, rounded up."""
    return -(-3 * preprocessing.size_px // 2)


def store_pictures(
    files: Sequence[str | Path],
    folder: Path,
    preprocessing: Preprocessing,
    *,
    store_px: int | None = None,
    progress: Progress = silent,
) -> PictureStore:
    """Decode pictures into a file without a name, which goes when the store does.

    Args:
        files: N.
        folder: Where there is space: a picture of 256 × 256 takes 197 kB.
        preprocessing: Of the backbone; its filter makes large pictures smaller.
        store_px: Their short side then; None for `default_store_px`.
        progress: Takes how many pictures are done, and of how many.

    Raises:
        ArtvecError: There is no space.
    """
    load = partial(
        _load,
        short_px=store_px or default_store_px(preprocessing),
        interpolation=preprocessing.interpolation,
    )
    import_decoders()
    try:
        with TemporaryFile(dir=folder) as file, ThreadPoolExecutor(runtime.cores()) as pool:
            sizes: list[tuple[int, int, int, int]] = []
            broken: dict[int, str] = {}
            for first in range(0, len(files), _AT_ONCE):
                for outcome in pool.map(load, files[first : first + _AT_ONCE]):
                    if isinstance(outcome, str):
                        broken[len(sizes)] = outcome
                        sizes.append((0, 0, 0, 0))
                    else:
                        pixels: UInt8Array = np.asarray(outcome.image)
                        file.write(pixels.data)
                        sizes.append((*outcome.image.size, outcome.width, outcome.height))
                    progress(len(sizes), len(files))
            return _mapped(file, np.array(sizes, np.int64).reshape(-1, 4), broken)
    except OSError as error:
        raise ArtvecError(
            f"the pictures can't be kept in {folder}: {error.strerror}",
            "make space there, or train on stored embeddings: --recipe frozen",
        ) from error


def _load(file: str | Path, *, short_px: int, interpolation: Interpolation) -> Scaled | str:
    try:
        return load_scaled(file, short_px=short_px, interpolation=interpolation)
    except Undecodable as why:
        return why.message


def _mapped(file: IO[bytes], sizes: Int64Array, unreadable: Mapping[int, str]) -> PictureStore:
    """Map a file of pictures with (N, 4) sizes: stored width and height, then the full ones."""
    file.flush()
    # Copied on write: torch warns of memory that can't be written, and nothing may change the file.
    values = np.memmap(file, np.uint8, mode="c") if sizes.any() else np.zeros(0, np.uint8)
    stored, full = sizes[:, :2], sizes[:, 2:]
    return PictureStore(values, stored, full, unreadable, 3 * stored.prod(axis=1).cumsum())
