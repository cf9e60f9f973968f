"""Find the labelled pictures in the unpacked files of each published set; writes nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image


@dataclass(frozen=True)
class Picture:
    """One picture of a set.

    Attributes:
        path: Where it belongs, `<split>/<label>/<file>`.
        content: A file that holds it as it is, or its pixels.
    """

    path: str
    content: Path | Image.Image


Layout = Callable[[Path], Iterator[Picture]]
"""From a folder of unpacked files to all pictures; RuntimeError or OSError if files lack."""


def image_folder(unpacked: Path) -> Iterator[Picture]:
    """Find `<anything>/<split>/<label>/<name>.jpg`, as ArtBench-10 is packed."""
    for file in sorted(unpacked.glob("*/*/*/*.jpg")):
        split, label, name = file.relative_to(unpacked).parts[1:]
        yield Picture(f"{split}/{label}/{name}", file)


def cifar10(unpacked: Path) -> Iterator[Picture]:
    """Read CIFAR-10's batches with torchvision, which checks the MD5 of each."""
    from torchvision.datasets import CIFAR10

    for split in ("train", "test"):
        read = CIFAR10(unpacked, train=split == "train")
        for number, (pixels, target) in enumerate(zip(read.data, read.targets, strict=True)):
            path = f"{split}/{read.classes[target]}/{number:05d}.png"
            yield Picture(path, Image.fromarray(pixels))


def pet_breeds(unpacked: Path) -> Iterator[Picture]:
    """Find the pets by breed, with the official trainval and test lists."""
    return _pets(unpacked, by_species=False)


def cats_and_dogs(unpacked: Path) -> Iterator[Picture]:
    """Find the pets as cats and dogs, with the official trainval and test lists."""
    return _pets(unpacked, by_species=True)


def flowers(unpacked: Path) -> Iterator[Picture]:
    """Find the flowers by species, with the official train, val and test lists."""
    from torchvision.datasets import Flowers102

    for split in ("train", "val", "test"):
        read = Flowers102(unpacked, split)
        for file, target in zip(read._image_files, read._labels, strict=True):
            yield Picture(f"{split}/{_folder_name(read.classes[target])}/{file.name}", file)


def _pets(unpacked: Path, *, by_species: bool) -> Iterator[Picture]:
    from torchvision.datasets import OxfordIIITPet

    for split, listed in (("train", "trainval"), ("test", "test")):
        read = OxfordIIITPet(unpacked, listed)
        names = read.bin_classes if by_species else read.classes
        targets = read._bin_labels if by_species else read._labels
        for file, target in zip(read._images, targets, strict=True):
            yield Picture(f"{split}/{_folder_name(names[target])}/{file.name}", file)


def _folder_name(label: str) -> str:
    """Return a label as it is easily typed anywhere: `Great Pyrenees` → great_pyrenees."""
    return re.sub(r"[^a-z0-9-]+", "_", label.lower()).strip("_")
