"""Kill -9 at any moment, run again: the end is that of a run nobody disturbed."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from artvec.collection.manifest import read_manifest
from artvec.collection.reader import open_collection
from artvec.collection.shards import vectors_of
from artvec.commands.search import search_collection
from artvec.commands.verify import verify_collection
from artvec.core.errors import ArtvecError
from tests.support.command_line import run_here

DRIVER = """
import os, signal, sys
home, fatal, seen = sys.argv[1], int(sys.argv[2]), 0
CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.truncate"}

def watch(event, arguments):
    global seen
    writes = event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    if (event in CHANGES or writes) and str(arguments[0]).startswith(home):
        seen += 1
        if seen == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(watch)
from artvec_cli.app import run
code = run(sys.argv[3:])
print(f"changes: {seen}", file=sys.stderr)
sys.exit(code)
"""
"""Runs artvec, and kills it just before the n-th change below a folder."""

FIRST = 1500


def save(file: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    Image.fromarray(rng.integers(0, 255, (4, 4, 3), dtype=np.uint8)).save(file)


@dataclass(frozen=True)
class Case:
    """A command to be killed: how its world is made, and what it leaves."""

    prepare: Callable[[Path], None]
    arguments: tuple[str, ...]


def first_run(home: Path) -> None:
    (home / "art").mkdir()
    for n in range(FIRST):
        save(home / f"art/{n:04d}.bmp", n)


def second_run(home: Path) -> None:
    """Pictures added, changed, deleted and renamed, with metadata that was not there before."""
    first_run(home)
    embed(home)
    for n in range(FIRST, FIRST + 1200):
        save(home / f"art/{n:04d}.bmp", n)
    for n in range(0, 200, 2):
        save(home / f"art/{n:04d}.bmp", n + 10_000)
    for n in range(300, 310):
        (home / f"art/{n:04d}.bmp").unlink()
        (home / f"art/{n + 100:04d}.bmp").rename(home / f"art/renamed-{n}.bmp")
    rows = "".join(f"{n:04d}.bmp,{1600 + n % 300}\n" for n in range(FIRST))
    (home / "facts.csv").write_text(f"filename,year\n{rows}")


def finished(home: Path) -> None:
    first_run(home)
    embed(home)


def indexed(home: Path) -> None:
    """An index that has to follow: pictures were added and removed."""
    finished(home)
    assert run_here("index", "-i", "./mine", "--recipe", "ivf", "-q", cwd=home).code == 0
    for n in range(FIRST, FIRST + 100):
        save(home / f"art/{n:04d}.bmp", n)
    for n in range(10):
        (home / f"art/{n:04d}.bmp").unlink()


def damaged(home: Path) -> None:
    finished(home)
    shard = next(iter(sorted((home / "mine/shards").glob("*.arrow"))))
    data = bytearray(shard.read_bytes())
    data[len(data) // 2] ^= 1
    shard.write_bytes(data)


EMBED = ("embed", "art", "-i", "./mine", "-m", "colour:4x4")
CASES = {
    "embed": Case(first_run, EMBED),
    "embed again": Case(second_run, (*EMBED, "--metadata", "facts.csv")),
    "overwrite": Case(finished, (*EMBED, "--dtype", "float16", "--overwrite")),
    "export": Case(
        finished, ("export", "-i", "./mine", "--format", "parquet", "-o", "out.parquet")
    ),
    "index": Case(finished, ("index", "-i", "./mine", "--recipe", "ivf", "-q")),
    "embed with an index": Case(indexed, EMBED),
    "repair": Case(damaged, ("verify", "-i", "./mine", "--repair")),
}


def embed(home: Path) -> None:
    assert run_here(*EMBED, cwd=home).code == 0


def run(home: Path, arguments: tuple[str, ...], *, fatal: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", DRIVER, str(home), str(fatal), *arguments]
    # Relative names would escape the watch.
    command = [part.replace("./mine", f"{home}/mine") for part in command]
    command = [part if part != "out.parquet" else f"{home}/out.parquet" for part in command]
    return subprocess.run(command, cwd=home, capture_output=True, text=True)


def state(home: Path) -> dict[str, Any]:
    """Everything that a user could tell a collection (and an export) by."""
    collection = open_collection(home / "mine")
    rows = {}
    for table in collection.tables:
        records = table.drop_columns(["embedding"]).to_pylist()
        for record, vector in zip(records, vectors_of(table), strict=True):
            rows[record["path"]] = (repr(record), vector.tobytes())
    manifest = json.loads((home / "mine/collection.json").read_bytes())
    kept = ("encoder", "dtype", "rows", "complete", "columns", "source")
    out = home / "out.parquet"
    return {
        "rows": rows,
        "manifest": {name: manifest[name] for name in kept},
        "failures": manifest["files"]["failures.parquet"],
        "index": index_state(home),
        "export": pq.read_table(out) if out.exists() else None,
        "files": sorted(f.name for f in home.iterdir()),
        "shards": sorted(f.name for f in (home / "mine/shards").iterdir()),
    }


def index_state(home: Path) -> dict[str, Any]:
    """How the collection is searched, times aside, and the files that belong to it."""
    record = json.loads((home / "mine/index/index.json").read_bytes())
    timed = ("latency_ms", "build_seconds")
    there = sorted(f.name for f in (home / "mine/index").iterdir())
    return {"files": there, **{k: v for k, v in record.items() if k not in timed}}


@dataclass(frozen=True)
class World:
    """A case, ready to be killed again and again."""

    case: Case
    pristine: Path
    home: Path
    changes: int
    seconds: float
    undisturbed: dict[str, Any]

    def reset(self) -> None:
        for entry in self.home.iterdir():
            if entry.name != "art":  # pictures are only read
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        for entry in self.pristine.iterdir():
            copy = shutil.copytree if entry.is_dir() else shutil.copy2
            copy(entry, self.home / entry.name)

    def check_finish(self) -> None:
        """Nothing is lost, readers are never lied to, and the same command finishes the work."""
        committed = shards_committed(self.home)
        check_readable(self.home)
        done = run(self.home, (*self.case.arguments, "--json"), fatal=0)
        assert done.returncode == 0, done.stderr
        assert state(self.home) == self.undisturbed
        assert verify_collection(self.home / "mine").complete
        counts = json.loads(done.stdout)
        if "embedded" in counts:
            assert counts["reused"] + counts["embedded"] == counts["found"]
            assert counts["reused"] >= committed


def shards_committed(home: Path) -> int:
    """Count the rows of a first run's shards that a killed run has left whole."""
    try:
        manifest = read_manifest(home / "mine")
    except ArtvecError:
        return 0
    pending = [shard for shard in manifest.shards if shard.pending]
    return sum(shard.rows for shard in pending)


def check_readable(home: Path) -> None:
    """A reader gets the last finished state, or is told that there is none."""
    try:
        collection = open_collection(home / "mine")
    except ArtvecError as error:
        assert "not complete" in error.message or "not a collection" in error.message
    else:
        assert collection.rows in (FIRST, FIRST + 90, FIRST + 1190)
        query = [str(home / "art/0500.bmp")]
        assert search_collection(home / "mine", query).queries[0].hits[0].path == "0500.bmp"


@pytest.fixture(scope="module", params=CASES)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> World:
    case = CASES[request.param]
    home = tmp_path_factory.mktemp("home")
    case.prepare(home)
    pristine = home.with_name(f"{home.name}-pristine")
    shutil.copytree(home, pristine, ignore=shutil.ignore_patterns("art"))
    started = time.monotonic()
    done = run(home, case.arguments, fatal=0)
    seconds = time.monotonic() - started
    assert done.returncode == 0, done.stderr
    changes = int(done.stderr.rpartition("changes: ")[2])
    return World(case, pristine, home, changes, seconds, state(home))


def points(world: World, count: int | None) -> Iterator[int]:
    every = range(1, world.changes + 1)
    yield from every if count is None else random.Random(count).sample(every, count)


def kill_before(world: World, change: int) -> None:
    world.reset()
    killed = run(world.home, world.case.arguments, fatal=change)
    assert killed.returncode == -signal.SIGKILL
    world.check_finish()


def test_killed_before_a_change(world: World) -> None:
    for change in points(world, 1):
        kill_before(world, change)


@pytest.mark.long
def test_killed_before_every_change(world: World) -> None:
    for change in points(world, None):
        kill_before(world, change)


@pytest.mark.long
def test_killed_at_random_moments(world: World) -> None:
    rng = random.Random(7)
    for _ in range(25):
        world.reset()
        command = [sys.executable, "-m", "artvec_cli", *world.case.arguments]
        process = subprocess.Popen(
            command, cwd=world.home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(rng.uniform(0.1, world.seconds))
        process.kill()
        process.wait()
        world.check_finish()
