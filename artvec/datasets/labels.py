"""Read labels and splits off the folders of a source."""

from __future__ import annotations

SPLIT_FOLDERS = {
    "train": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
}


def folder_split(path: str) -> str | None:
    """Return the split named by the top folder, if it is one: `train/baroque/a.jpg` → train."""
    top, _, rest = path.partition("/")
    return SPLIT_FOLDERS.get(top.lower()) if rest else None


def folder_label(path: str) -> str | None:
    """Return the leaf folder: `paintings/baroque/a.jpg` → baroque; None at the source's top."""
    parts = path.split("/")[:-1]
    if folder_split(path):
        parts = parts[1:]
    return parts[-1] if parts else None
