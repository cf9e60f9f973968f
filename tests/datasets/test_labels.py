"""Checks what folders say about their pictures."""

from __future__ import annotations

import pytest

from artvec.datasets.labels import folder_label, folder_split


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
    assert (folder_label(path), folder_split(path)) == (label, split)
