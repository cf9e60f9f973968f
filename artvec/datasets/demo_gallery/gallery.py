"""Paints the whole demo gallery into a folder, several pictures at a time."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from artvec.core.files import naming
from artvec.datasets.demo_gallery.finishing import finish
from artvec.datasets.demo_gallery.gallery_note import readme
from artvec.datasets.demo_gallery.palettes import mix_palette
from artvec.datasets.demo_gallery.picture import draw_picture
from artvec.datasets.demo_gallery.scenes import compose_scene, kind_of
from artvec.datasets.demo_gallery.styles import PAINTERS, STYLES

# Five splits and six kinds share no divisor, so every kind gets its share of every split.
_SPLIT_TURNS = ("train", "val", "test", "train", "train")


@dataclass(frozen=True)
class Gallery:
    """What was painted, and where."""

    folder: Path
    pictures: int
    scenes: int
    styles: tuple[str, ...]
    seed: int


@dataclass(frozen=True)
class _Job:
    target: Path
    seed: int
    scene: int
    style: str


def paint_gallery(
    folder: Path,
    *,
    seed: int = 0,
    scenes: int = 50,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Gallery:
    """Paint every scene in every style; the same seed gives the same files.

    Args:
        folder: Receives train/, val/ and test/, each with a folder for every style.
        seed: Decides everything that is random.
        scenes: How many scenes to paint; no scene is in two splits.
        workers: Processes to paint with; all cores when None, no pool when 1.
        progress: Called with the pictures done so far and the total.

    Returns:
        The gallery as painted.
    """
    jobs = [
        _Job(_target(folder, number, style=style), seed, number, style)
        for number in range(scenes)
        for style in STYLES
    ]
    for parent in {job.target.parent for job in jobs}:
        parent.mkdir(parents=True, exist_ok=True)
    for done, _ in enumerate(_painted(jobs, workers or os.cpu_count() or 1), start=1):
        if progress is not None:
            progress(done, len(jobs))
    text = readme(seed=seed, scenes=scenes, styles=STYLES)
    (folder / "README.md").write_text(text, encoding="utf-8", newline="\n")
    return Gallery(folder, len(jobs), scenes, STYLES, seed)


def _target(folder: Path, number: int, *, style: str) -> Path:
    split = _SPLIT_TURNS[number % len(_SPLIT_TURNS)]
    return folder / split / style / f"{kind_of(number)}-{number:03d}.jpg"


def _painted(jobs: list[_Job], workers: int) -> Iterator[None]:
    if workers == 1:
        yield from map(_paint, jobs)
        return
    # Spawned, because a caller may already run threads, which do not survive a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        # Ctrl-C reaches them all; from their birth on, it is the caller's to answer.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            painted = pool.map(_paint, jobs, chunksize=5)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        yield from painted


def _paint(job: _Job) -> None:
    rng = np.random.default_rng([job.seed, job.scene, 1 + STYLES.index(job.style)])
    scene = compose_scene(job.seed, job.scene)
    picture = draw_picture(scene, mix_palette(rng), rng=rng)
    painted = finish(PAINTERS[job.style](picture, rng), rng=rng)
    _write(Image.fromarray(painted), job.target)


def _write(image: Image.Image, target: Path) -> None:
    unfinished = target.with_name(f".{target.stem}.{os.getpid()}.part")
    try:
        with naming(target):
            image.save(unfinished, format="JPEG", quality=88)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
