"""How pictures are varied for training, each set by its name; uint8 in, uint8 out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode
from torchvision.transforms import v2

from artvec.core.errors import mistyped
from artvec.core.types import Preprocessing, UInt8Array

Transform = Callable[[torch.Tensor], torch.Tensor]
"""Of (3, h, w) uint8 to (3, S, S) uint8."""

_USUAL_AREA = (0.08, 1.0)
"""Shares of the area. Source: Szegedy et al., "Going Deeper with Convolutions", 2015."""
_LIGHT_AREA = (0.35, 1.0)
_LIGHT_JITTER = 0.1
"""Of brightness, contrast and saturation: what two photographs of one painting differ by."""
_TURN_DEG = 15.0
"""Further, and a tenth of the square is border."""
_ART_ZOOM = 1.3
"""How much larger than in evaluation a picture may be shown."""
_DRAWING = frozenset(
    {
        torch.rand,
        torch.randint,
        torch.randperm,
        torch.multinomial,
        torch.Tensor.uniform_,
        torch.Tensor.normal_,
        torch._sample_dirichlet,
    }
)


@dataclass(frozen=True, slots=True)
class AugmentationSet:
    """One way of varying pictures.

    Attributes:
        description: A line for tables.
        of_square: Whether it begins with the square that evaluation sees, else with the picture.
        build: Makes it for a backbone's preprocessing.
    """

    description: str
    of_square: bool
    build: Callable[[Preprocessing], Transform]


def augmentation(name: str) -> AugmentationSet:
    """Return the set of a name.

    Raises:
        ArtvecError: There is none.
    """
    if name not in SETS:
        known = f"augmentations: {', '.join(SETS)}"
        raise mistyped(f"there is no augmentation {name!r}", name, SETS, otherwise=known)
    return SETS[name]


def varied(transform: Transform, pixels: UInt8Array, seed: int, row: int) -> UInt8Array:
    """Return (S, S, 3) pixels made of a row's (h, w, 3); chance depends on (seed, row) alone."""
    writable = np.require(pixels, requirements="W")  # torch warns of others
    with DrawnFrom(seed, row):
        image = transform(torch.from_numpy(writable).permute(2, 0, 1))
    return image.permute(1, 2, 0).contiguous().numpy()


class NativeCrop:
    """A square of about the size that evaluation cuts out, anywhere in the picture.

    Evaluation resizes the short side to `resize_px` and takes a square of `size_px`. Here the
    square is anything between the whole short side and a picture `zoom` times larger than there;
    it is never stretched. So a brush stroke keeps its width in pixels, and its direction.
    """

    def __init__(self, preprocessing: Preprocessing, zoom: float) -> None:
        self._preprocessing = preprocessing
        self._zoom = zoom

    def __call__(self, image: torch.Tensor) -> torch.Tensor:
        """Return (3, S, S) of (3, h, w)."""
        height, width = image.shape[-2:]
        short, size = min(height, width), self._preprocessing.size_px
        least = size / self._preprocessing.resize_px
        zoom = torch.empty(()).uniform_(least, self._zoom).item()
        side = max(1, round(short * least / zoom))
        top = int(torch.randint(height - side + 1, ()))
        left = int(torch.randint(width - side + 1, ()))
        box = (top, left, side, side)
        filter_ = _filter(self._preprocessing)
        cropped: torch.Tensor = v2.functional.resized_crop(
            image, *box, [size, size], interpolation=filter_, antialias=True
        )
        return cropped


def _filter(preprocessing: Preprocessing) -> Any:
    """Return the backbone's filter; torch has two of them for uint8 tensors."""
    bilinear = preprocessing.interpolation == "bilinear"
    return v2.InterpolationMode.BILINEAR if bilinear else v2.InterpolationMode.BICUBIC


def _mean_colour(preprocessing: Preprocessing) -> list[float]:
    return [round(255 * value) for value in preprocessing.mean]


def _chain(*steps: Transform) -> Transform:
    whole: Transform = v2.Compose(steps)
    return whole


def _crop(preprocessing: Preprocessing, area: tuple[float, float]) -> Transform:
    crop: Transform = v2.RandomResizedCrop(
        preprocessing.size_px, scale=area, interpolation=_filter(preprocessing)
    )
    return crop


def _crop_flip(preprocessing: Preprocessing, *then: Transform) -> Transform:
    return _chain(_crop(preprocessing, _USUAL_AREA), v2.RandomHorizontalFlip(), *then)


def _light(preprocessing: Preprocessing) -> Transform:
    jitter = v2.ColorJitter(_LIGHT_JITTER, _LIGHT_JITTER, _LIGHT_JITTER)
    return _chain(_crop(preprocessing, _LIGHT_AREA), v2.RandomHorizontalFlip(), jitter)


def _rotate_flip(preprocessing: Preprocessing) -> Transform:
    smooth, border = v2.InterpolationMode.BILINEAR, _mean_colour(preprocessing)
    return _chain(v2.RandomRotation(_TURN_DEG, smooth, fill=border), v2.RandomHorizontalFlip())


def _randaugment(preprocessing: Preprocessing) -> Transform:
    return _crop_flip(preprocessing, v2.RandAugment(fill=_mean_colour(preprocessing)))


def _trivial(preprocessing: Preprocessing) -> Transform:
    return _crop_flip(preprocessing, v2.TrivialAugmentWide(fill=_mean_colour(preprocessing)))


def _art(preprocessing: Preprocessing) -> Transform:
    return _chain(NativeCrop(preprocessing, _ART_ZOOM), v2.RandomHorizontalFlip())


SETS = {
    "none": AugmentationSet(
        "what evaluation sees, every time", True, lambda _: lambda image: image
    ),
    "flip": AugmentationSet("horizontal flip", True, lambda _: v2.RandomHorizontalFlip()),
    "rotate-flip": AugmentationSet("turn by up to 15 degrees, flip", True, _rotate_flip),
    "light": AugmentationSet("crop of 35 to 100 % of the area, flip, mild jitter", False, _light),
    "crop-flip": AugmentationSet("crop of 8 to 100 % of the area, flip", False, _crop_flip),
    "randaugment": AugmentationSet(
        "crop-flip, then RandAugment (Cubuk et al. 2019)", False, _randaugment
    ),
    "trivial": AugmentationSet(
        "crop-flip, then TrivialAugment (Müller and Hutter 2021)", False, _trivial
    ),
    "art": AugmentationSet(
        "crop near evaluation's scale, undistorted, colours kept; flip", False, _art
    ),
}
"""Sets by name."""


class DrawnFrom(TorchFunctionMode):
    """Gives what torchvision's transforms draw, in this thread, a generator of its own.

    The global generator is left alone: it belongs to the training loop (dropout), which may be at
    work in another thread meanwhile.
    """

    def __init__(self, *entropy: int) -> None:
        """Seed the generator.

        Args:
            entropy: At least 0 each.
        """
        super().__init__()
        seed = np.random.SeedSequence(entropy).generate_state(1, np.uint64)[0]
        self._generator = torch.Generator().manual_seed(int(seed))

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        own = {"generator": self._generator} if func in _DRAWING else {}
        return func(*args, **(kwargs or {}), **own)
