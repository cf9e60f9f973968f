"""The table of picture sets that can be fetched: where they lie, how large, under which licence.

Sizes and checksums are those of the publishers' files:

- ArtBench-10 (Liao et al. 2022): address from the README of github.com/liaopeiyuan/artbench
  ("256x256 ImageFolder with train-test split"); MD5 from `scripts/download_artbench.py` of
  github.com/BrunoKM/diffusion-influence. No source gives its exact size.
- CIFAR-10, Oxford-IIIT Pet, Flowers 102: addresses and MD5 as in torchvision's loaders, sizes as
  their servers answer.
"""

from __future__ import annotations

from dataclasses import dataclass

from artvec.core.errors import mistyped
from artvec.datasets import layouts
from artvec.datasets.layouts import Layout


@dataclass(frozen=True)
class Remote:
    """One file of a set.

    Attributes:
        url: Where its publisher keeps it.
        md5: Of its bytes; publishers give no other digest.
        size_bytes: As published; what is more than twice as large is refused.
        into: Folder that it is unpacked or put into, as the set's layout expects it.
    """

    url: str
    md5: str
    size_bytes: int
    into: str = "."

    @property
    def name(self) -> str:
        """Return the last part of the address."""
        return self.url.rsplit("/", 1)[1]


@dataclass(frozen=True)
class PictureSet:
    """A published set of labelled pictures.

    Attributes:
        name: As it is asked for.
        title: What it holds.
        pictures: How many in each split.
        classes: How many labels.
        licence: What its publisher allows.
        homepage: Where that is written.
        files: To be fetched, all of them.
        layout: Finds its pictures in the unpacked files.
    """

    name: str
    title: str
    pictures: dict[str, int]
    classes: int
    licence: str
    homepage: str
    files: tuple[Remote, ...]
    layout: Layout

    @property
    def size_bytes(self) -> int:
        """Return what there is to fetch."""
        return sum(file.size_bytes for file in self.files)


_VGG = "https://www.robots.ox.ac.uk/~vgg/data"
_PETS = (
    Remote(
        f"{_VGG}/pets/data/images.tar.gz",
        "5c4f3ee8e5d25df40f4fd59a7f44e54c",
        791_918_971,
        "oxford-iiit-pet",
    ),
    Remote(
        f"{_VGG}/pets/data/annotations.tar.gz",
        "95a8c909bbe2e81eed6a22bccdf3f68f",
        19_173_078,
        "oxford-iiit-pet",
    ),
)
_PET_PICTURES = {"train": 3_680, "test": 3_669}
_PET_LICENCE = "CC BY-SA 4.0"

CATALOGUE = {
    found.name: found
    for found in (
        PictureSet(
            "artbench10",
            "ArtBench-10: paintings in ten styles, 256 × 256",
            {"train": 50_000, "test": 10_000},
            10,
            "fair use; the rights to the works stay with their holders",
            "https://github.com/liaopeiyuan/artbench",
            (
                Remote(
                    "https://artbench.eecs.berkeley.edu/files/artbench-10-imagefolder-split.tar",
                    "64f4d66dcf34b3c77e8c7d68fed2ec8c",
                    2_000_000_000,
                ),
            ),
            layouts.image_folder,
        ),
        PictureSet(
            "cifar10",
            "CIFAR-10: photos of ten kinds of things, 32 × 32",
            {"train": 50_000, "test": 10_000},
            10,
            "none stated; its authors ask to be cited",
            "https://www.cs.toronto.edu/~kriz/cifar.html",
            (
                Remote(
                    "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
                    "c58f30108f718f92721af3b95e74349a",
                    170_498_071,
                ),
            ),
            layouts.cifar10,
        ),
        PictureSet(
            "oxford-pets",
            "Oxford-IIIT Pet: photos of cats and dogs of 37 breeds",
            _PET_PICTURES,
            37,
            _PET_LICENCE,
            f"{_VGG}/pets/",
            _PETS,
            layouts.pet_breeds,
        ),
        PictureSet(
            "oxford-cats-dogs",
            "Oxford-IIIT Pet: the same photos, as cats and dogs",
            _PET_PICTURES,
            2,
            _PET_LICENCE,
            f"{_VGG}/pets/",
            _PETS,
            layouts.cats_and_dogs,
        ),
        PictureSet(
            "flowers102",
            "Oxford Flowers 102: photos of 102 species, few of each to learn from",
            {"train": 1_020, "val": 1_020, "test": 6_149},
            102,
            "none stated; its authors ask to be cited",
            f"{_VGG}/flowers/102/",
            (
                Remote(
                    f"{_VGG}/flowers/102/102flowers.tgz",
                    "52808999861908f626f3c1f4e79d11fa",
                    344_862_509,
                    "flowers-102",
                ),
                Remote(
                    f"{_VGG}/flowers/102/imagelabels.mat",
                    "e0620be6f572b9609742df49c70aed4d",
                    502,
                    "flowers-102",
                ),
                Remote(
                    f"{_VGG}/flowers/102/setid.mat",
                    "a5357ecc9cb78c4bef273ce3793fc85c",
                    14_989,
                    "flowers-102",
                ),
            ),
            layouts.flowers,
        ),
    )
}


def picture_set(name: str) -> PictureSet:
    """Return the set of a name.

    Raises:
        ArtvecError: There is none.
    """
    if name not in CATALOGUE:
        raise mistyped(
            f"no set of pictures is called {name!r}",
            name,
            CATALOGUE,
            otherwise="see them: artvec data list",
        )
    return CATALOGUE[name]
