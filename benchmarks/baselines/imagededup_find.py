"""imagededup over a folder: hash or embed every picture, then list duplicates at its defaults.

Usage: imagededup_find.py FOLDER phash|cnn; `cnn` is given timm's lite0, as its own network would be
downloaded. Prints how many files have a duplicate.
"""

from __future__ import annotations

import sys

from imagededup.methods import CNN, PHash
from imagededup.utils import CustomModel


def main(folder: str, method: str) -> None:
    finder = PHash(verbose=False) if method == "phash" else _cnn()
    found = finder.find_duplicates(encoding_map=finder.encode_images(folder, recursive=True))
    print(sum(1 for others in found.values() if others))


def _cnn() -> CNN:
    from pretrained import lite0
    from timm.data import create_transform, resolve_data_config

    model = lite0(classes=0)
    transform = create_transform(**resolve_data_config({}, model=model))
    return CNN(verbose=False, model_config=CustomModel("lite0", model, transform))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
