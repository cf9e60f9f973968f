"""Read labels and splits off the folders of a source."""

from __future__ import annotations

from collections.abc import Mapping


def folder_split(path: str, split_folders: Mapping[str, str]) -> str | None:
    """Return the split of the top folder, if it is one: `train/baroque/a.jpg` → train.

    Args:
        path: Of an image, relative to its source.
        split_folders: See `split_names.split_folders`.
    """
    top, _, rest = path.partition("/")
    return split_folders.get(top) if rest else None


def folder_label(path: str, split_folders: Mapping[str, str]) -> str | None:
    """Return the leaf folder: `paintings/baroque/a.jpg` → baroque; None at the source's top."""
    parts = path.split("/")[:-1]
    if folder_split(path, split_folders):
        parts = parts[1:]
    return parts[-1] if parts else None
