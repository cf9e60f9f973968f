"""Pictures that are in memory, described as samples; decoding is the same as for files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count
from os import PathLike
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from artvec.core.errors import ArtvecError
from artvec.core.types import Sample

ImageInput = str | PathLike[str] | Image.Image | npt.NDArray[Any]
"""A file, or a picture in memory; see `sample_in_memory`."""


def unused_names(images: Iterable[ImageInput], word: str) -> Iterator[str]:
    """Name what is in memory: `image 1`, `image 2`, …, like none of the files."""
    texts = {str(image) for image in images if isinstance(image, str | PathLike)}
    names = (f"{word} {number}" for number in count(1))
    return (name for name in names if name not in texts)


def sample_in_memory(image: Image.Image | npt.NDArray[Any], name: str) -> Sample:
    """Describe a picture that is in memory.

    Args:
        image: Of any mode, or a (H, W, 3) uint8 array of sRGB values.
        name: What it is called in errors.

    Raises:
        ArtvecError: It is neither.
    """
    if isinstance(image, np.ndarray):
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
            raise ArtvecError(
                f"an array of shape {image.shape} and type {image.dtype} is no image",
                "give (height, width, 3) of type uint8, red first; of several arrays, a list",
                usage=True,
            )
        image = Image.fromarray(image)
    if not isinstance(image, Image.Image):
        raise ArtvecError(
            f"a {type(image).__name__} is no image",
            "give a path, a PIL.Image or a (height, width, 3) array of type uint8",
            usage=True,
        )
    return Sample(name, str(getattr(image, "filename", "")), 0, 0, image=image)
