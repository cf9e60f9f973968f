"""The command `data get`: a published set becomes `<split>/<label>/<file>`, read by every command.

The folder's `set.json` is written last. Until then `.artvec/` holds what came, so that the next
call goes on.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from artvec.collection.lock import writing
from artvec.core.errors import ArtvecError, command
from artvec.core.files import naming, write_whole
from artvec.core.progress import Progress, silent
from artvec.datasets.archives import unpack
from artvec.datasets.catalogue import PictureSet, Remote
from artvec.datasets.download import AGAIN, check_address, fetch

_SPLITS = ("train", "val", "test")
_WORK, _MARK = ".artvec", "set.json"
_ROOM = 2
"""Times the published size that a download may have: sizes change, disks are finite."""
_UNPACKED = 10
"""Times the archive that its files may have; photographs hardly compress."""
_MEGABYTE = 1_000_000

Stage = Callable[[str], AbstractContextManager[Progress]]


@dataclass(frozen=True)
class Fetched:
    """A set that lies whole in a folder.

    Attributes:
        pictures: How many in each split.
        already: It was all there before.
    """

    name: str
    folder: Path
    pictures: dict[str, int]
    classes: int
    licence: str
    homepage: str
    already: bool
    seconds: float


@contextmanager
def _silent_stage(title: str) -> Iterator[Progress]:
    yield silent


def get_data(
    wanted: PictureSet, folder: Path, *, mirror: str | None = None, stage: Stage = _silent_stage
) -> Fetched:
    """Fetch a set into a folder; a finished one is recognised, a half-finished one goes on.

    Args:
        wanted: A set of the catalogue.
        folder: New, empty, or begun by an earlier call.
        mirror: Address of a folder that holds copies of the set's files, under their own names.
        stage: Opens the display of a stage's progress, by its title.

    Raises:
        ArtvecError: The folder holds something else, can't be written to, or another process is
            fetching into it; a file can't be had, is not the published one, or is not safe to
            unpack.
    """
    started = time.perf_counter()
    if mirror is not None:
        check_address(mirror)
    try:
        already = _is_finished(wanted, folder)
        if not already:
            work = folder / _WORK / wanted.name
            work.mkdir(parents=True, exist_ok=True)
            with writing(work, "DIR"):
                _get(wanted, folder, mirror, stage)
        shutil.rmtree(folder / _WORK, ignore_errors=True)
    except OSError as error:
        raise ArtvecError(
            f"{folder} can't be written to: {error.strerror or error}",
            f"make room or give another folder; then {AGAIN}",
        ) from error
    return Fetched(
        wanted.name,
        folder,
        wanted.pictures,
        wanted.classes,
        wanted.licence,
        wanted.homepage,
        already,
        time.perf_counter() - started,
    )


def _get(wanted: PictureSet, folder: Path, mirror: str | None, stage: Stage) -> None:
    work = folder / _WORK / wanted.name
    for remote in wanted.files:
        with stage(f"downloading {remote.name}, MB") as progress:
            fetch(
                f"{mirror.rstrip('/')}/{remote.name}" if mirror is not None else remote.url,
                work / remote.name,
                md5=remote.md5,
                limit_bytes=_ROOM * remote.size_bytes,
                progress=_in_megabytes(progress),
            )
    unpacked = work / "unpacked"
    shutil.rmtree(unpacked, ignore_errors=True)
    with stage("unpacking") as progress:
        for number, remote in enumerate(wanted.files, 1):
            _unpack(work / remote.name, remote, unpacked)
            progress(number, len(wanted.files))
    with stage("arranging") as progress:
        _arrange(wanted, unpacked, folder, progress)
    os.sync()  # the pictures, before what says that they are there
    _mark(wanted, folder)


def _unpack(file: Path, remote: Remote, unpacked: Path) -> None:
    target = unpacked / remote.into
    if file.name.endswith((".tar", ".tar.gz", ".tgz")):
        unpack(file, target, limit_bytes=_UNPACKED * file.stat().st_size)
    else:
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target / file.name)


def _arrange(wanted: PictureSet, unpacked: Path, folder: Path, progress: Progress) -> None:
    """Move or write every picture to its place, and count them."""
    placed: Counter[str] = Counter()
    total = sum(wanted.pictures.values())
    try:
        for picture in wanted.layout(unpacked):
            file = folder / picture.path
            file.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(picture.content, Image.Image):
                with naming(file):
                    picture.content.save(file)
            else:
                picture.content.replace(file)
            placed[picture.path.split("/", 1)[0]] += 1
            progress(placed.total(), total)
    except (FileNotFoundError, RuntimeError) as error:
        raise _incomplete(wanted, str(error)) from error
    if placed != wanted.pictures:
        raise _incomplete(wanted, f"they hold {dict(placed)} pictures, not {wanted.pictures}")


def _incomplete(wanted: PictureSet, why: str) -> ArtvecError:
    return ArtvecError(
        f"the files of {wanted.name} are not as they were published: {why}",
        f"see {wanted.homepage}",
    )


def _mark(wanted: PictureSet, folder: Path) -> None:
    facts = {
        "name": wanted.name,
        "title": wanted.title,
        "licence": wanted.licence,
        "homepage": wanted.homepage,
        "pictures": wanted.pictures,
        "files": [{"url": file.url, "md5": file.md5} for file in wanted.files],
    }
    write_whole(folder / _MARK, json.dumps(facts, indent=1, ensure_ascii=False).encode())


def _is_finished(wanted: PictureSet, folder: Path) -> bool:
    """Say whether a folder holds all of the set; refuse one that holds something else."""
    if not folder.is_dir() or not any(folder.iterdir()):
        return False
    mark = _read_mark(folder)
    if mark.get("name") == wanted.name:
        counts = {split: _count(folder / split) for split in wanted.pictures}
        return all(counts[split] >= count for split, count in wanted.pictures.items())
    if mark or not _is_begun(wanted, folder):
        holds = f"the set {mark['name']}" if "name" in mark else "something else"
        raise ArtvecError(
            f"{folder} holds {holds}",
            f"give a new folder: {command('data', 'get', wanted.name, 'DIR')}",
            usage=True,
        )
    return False


def _read_mark(folder: Path) -> dict[str, Any]:
    try:
        mark = json.loads((folder / _MARK).read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return mark if isinstance(mark, dict) else {}


def _is_begun(wanted: PictureSet, folder: Path) -> bool:
    """Say whether an earlier call was stopped here, if only between two folders that it made."""
    inside = {entry.name for entry in folder.iterdir()}
    if (folder / _WORK / wanted.name).is_dir():
        return inside <= {_WORK, f".{_MARK}.partial", *_SPLITS}
    return inside == {_WORK} and not any((folder / _WORK).iterdir())


def _count(split: Path) -> int:
    """Count what is not hidden: file managers leave `.DS_Store` and the like."""
    return sum(1 for _ in split.glob("*/[!.]*"))


def _in_megabytes(progress: Progress) -> Progress:
    return lambda done, total: progress(done // _MEGABYTE, max(1, total // _MEGABYTE))
