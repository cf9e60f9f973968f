"""Fixtures that many tests share: a cache of their own, painted pictures, a run command line."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from PIL import Image

from tests.support.command_line import Finished, run_here

# The hub's library reads this once, when it is imported; fixtures would come too late.
os.environ["HF_HUB_OFFLINE"] = "1"
WITHOUT_PANDAS = Path(__file__).parent / "support/without_pandas"
# How long an example takes says more of the machine than of the code.
settings.register_profile("artvec", deadline=None)
settings.load_profile("artvec")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the pages' console lines, the longest tests, first: no core waits for them at the end."""
    items.sort(key=lambda item: item.path.name != "test_console_lines.py")


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep compiled encoders apart from the user's; the workers of a session share them."""
    before = dict(os.environ)
    base = tmp_path_factory.getbasetemp()
    session = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    os.environ["ARTVEC_CACHE"] = str(session / "cache")
    os.environ.pop("ARTVEC_INDEXES", None)
    # pyarrow would import pandas in every process that writes a shard, for most of a second.
    path = [str(WITHOUT_PANDAS), *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ["PYTHONPATH"] = os.pathsep.join(path)
    yield
    os.environ.clear()
    os.environ.update(before)


def picture(seed: int, width: int = 96, height: int = 80) -> Image.Image:
    """Return a smooth random picture: fields of colour with a little grain."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (4, 5, 3), dtype=np.uint8))
    grain = rng.normal(0, 6, (height, width, 3))
    smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), dtype=float)
    return Image.fromarray(np.clip(smooth + grain, 0, 255).astype(np.uint8))


@pytest.fixture
def paint() -> Callable[[Path, int], Path]:
    """Return a function that writes the picture of a seed to a file."""

    def write(file: Path, seed: int) -> Path:
        file.parent.mkdir(parents=True, exist_ok=True)
        picture(seed).save(file)
        return file

    return write


@pytest.fixture
def artvec(tmp_path: Path) -> Callable[..., Finished]:
    """Return a function that runs `artvec ARGUMENTS` in the test's folder, in this process."""

    def run(*arguments: str | Path, cwd: Path = tmp_path, stdin: str = "") -> Finished:
        return run_here(*arguments, cwd=cwd, stdin=stdin)

    return run


@pytest.fixture
def artvec_process(tmp_path: Path) -> Callable[..., Finished]:
    """Return a function that runs `artvec ARGUMENTS` as a process in the test's folder."""

    def run(*arguments: str | Path, cwd: Path = tmp_path, stdin: str = "") -> Finished:
        command = [sys.executable, "-m", "artvec_cli", *map(str, arguments)]
        done = subprocess.run(command, cwd=cwd, input=stdin, capture_output=True, text=True)
        return Finished(done.returncode, done.stdout, done.stderr)

    return run
