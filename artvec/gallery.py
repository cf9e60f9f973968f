"""The verb `data demo`: paint the demo gallery, a labelled set of pictures made by a program."""

from __future__ import annotations

from pathlib import Path

from artvec.datasets.demo_gallery import Gallery, paint_gallery
from artvec.errors import ArtvecError
from artvec.progress import Progress, silent


def paint_demo(
    folder: Path, *, seed: int = 0, scenes: int = 50, progress: Progress = silent
) -> Gallery:
    """Paint the gallery into a folder, `<split>/<style>/<scene>.jpg`.

    Raises:
        ArtvecError: The folder holds something else, or can't be written to.
    """
    if folder.is_dir():
        own = {"train", "val", "test", "README.md"}
        strangers = sorted(entry.name for entry in folder.iterdir() if entry.name not in own)
        if strangers:
            raise ArtvecError(
                f"{folder} is not empty (it holds {strangers[0]})",
                "give a new folder: artvec data demo DIR",
                usage=True,
            )
    try:
        return paint_gallery(folder, seed=seed, scenes=scenes, progress=progress)
    except OSError as error:
        raise ArtvecError(
            f"{folder} can't be written to: {error.strerror or error}", "give another folder"
        ) from error
