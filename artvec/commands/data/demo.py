"""The command `data demo`: paint the demo gallery, a labelled set of pictures made by a program."""

from __future__ import annotations

from pathlib import Path

from artvec.core.errors import ArtvecError
from artvec.core.progress import Progress, silent
from artvec.datasets.demo_gallery import STYLES, Gallery, paint_gallery


def paint_demo(
    folder: Path, *, seed: int = 0, scenes: int = 50, progress: Progress = silent
) -> Gallery:
    """Paint the gallery into a folder, `<split>/<style>/<scene>.jpg`.

    Raises:
        ArtvecError: The folder holds something else, or can't be written to.
    """
    if folder.is_dir() and any(folder.iterdir()) and not _is_ours(folder):
        raise ArtvecError(
            f"{folder} is not empty, and not a gallery that artvec painted",
            "give a new folder: artvec data demo DIR",
            usage=True,
        )
    try:
        return paint_gallery(folder, seed=seed, scenes=scenes, progress=progress)
    except OSError as error:
        raise ArtvecError(
            f"{folder} can't be written to: {error.strerror or error}", "give another folder"
        ) from error


def _is_ours(folder: Path) -> bool:
    """Recognise a gallery by the first line of its README, and by nothing else lying there."""
    try:
        title = (folder / "README.md").read_text(encoding="utf-8").splitlines()[0]
    except (OSError, UnicodeDecodeError, IndexError):
        title = ""
    own = {"train", "val", "test", "README.md"}
    begun = own - {"README.md"} >= {entry.name for entry in folder.iterdir()}
    painted = all(_has_styles(split) for split in folder.iterdir() if split.is_dir())
    return painted and (begun or title == "# Demo gallery")


def _has_styles(split: Path) -> bool:
    return {style.name for style in split.iterdir()} <= set(STYLES)
