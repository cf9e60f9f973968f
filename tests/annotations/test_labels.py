"""Checks what folders say about their pictures."""

from __future__ import annotations

import pytest

from artvec.annotations.folder_labels import folder_label, folder_split
from artvec.annotations.split_names import split_folders


@pytest.mark.parametrize(
    ("path", "label", "split"),
    [
        ("a.jpg", None, None),
        ("baroque/a.jpg", "baroque", None),
        ("paintings/baroque/a.jpg", "baroque", None),
        ("train/baroque/a.jpg", "baroque", "train"),
        ("val/baroque/a.jpg", "baroque", "val"),
        ("valid/baroque/a.jpg", "baroque", "val"),
        ("validation/baroque/a.jpg", "baroque", "val"),
        ("test/europe/baroque/a.jpg", "baroque", "test"),
        ("Train/Baroque/a.jpg", "Baroque", "train"),
        ("train/a.jpg", None, "train"),  # a split is no class
        ("train.jpg", None, None),  # nor is a file a folder
        ("training/a.jpg", "training", None),
        ("europe/test/a.jpg", "test", None),  # only the top folder is a split
        ("test/train/a.jpg", "train", "test"),
    ],
)
def test_label_is_the_leaf_folder_and_split_the_top_one(
    path: str, label: str | None, split: str | None
) -> None:
    folders = split_folders([path])
    assert (folder_label(path, folders), folder_split(path, folders)) == (label, split)


@pytest.mark.parametrize(
    ("tops", "splits"),
    [
        (["training", "testing"], {"training": "train", "testing": "test"}),
        (["Training", "DEV", "Eval"], {"Training": "train", "DEV": "val", "Eval": "test"}),
        (["train", "dev", "evaluation"], {"train": "train", "dev": "val", "evaluation": "test"}),
        (["training", "baroque"], {}),  # a class of its own, for all one knows
        (["dev", "development"], {}),
        (["eval", "evaluation"], {}),  # two names of one split are no two splits
        (["train", "Training"], {"train": "train"}),
        (["Train ", "baroque"], {"Train ": "train"}),
        (["test", "baroque"], {"test": "test"}),  # our own words need no company
        (["training", "testing", "extra"], {"training": "train", "testing": "test"}),
    ],
)
def test_other_words_are_splits_only_beside_another_split(
    tops: list[str], splits: dict[str, str]
) -> None:
    """A folder `training` among folders of styles may hold pictures of trainings."""
    assert split_folders([f"{top}/a.jpg" for top in tops]) == splits


def test_pictures_at_the_top_are_no_folders() -> None:
    assert split_folders(["train", "testing", "baroque/test.jpg"]) == {}


def test_labels_below_respelled_split_folders() -> None:
    folders = split_folders(["training/baroque/a.jpg", "testing/rococo/b.jpg"])
    assert folder_label("training/baroque/a.jpg", folders) == "baroque"
    assert folder_split("testing/rococo/b.jpg", folders) == "test"
