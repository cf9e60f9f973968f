"""The names of splits, and the spellings by which people mean them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

SPLITS = ("train", "val", "test")

_SPELLINGS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
    "testing": "test",
    "eval": "test",
    "evaluation": "test",
}
_SURE_FOLDERS = ("train", "val", "valid", "validation", "test")
"""Top folders that are splits whatever lies beside them; the others may be subjects."""


def split_named(text: str) -> str:
    """Return the split that a text means, in any case: `Training` → train; others as they are."""
    return _SPELLINGS.get(text.strip().casefold(), text)


def split_folders(paths: Iterable[str]) -> Mapping[str, str]:
    """Return the top folders of a source that are splits, with the split of each.

    `training`, `dev`, `eval` and the like are splits only where the top folders make at least two
    different ones: a single folder `training` may well be a class.
    """
    tops = {path.partition("/")[0] for path in paths if "/" in path}
    named = {top: split_named(top) for top in tops if split_named(top) in SPLITS}
    if len(set(named.values())) > 1:
        return named
    return {top: split for top, split in named.items() if top.strip().casefold() in _SURE_FOLDERS}
