"""Every `$ artvec` line of the README and of the site runs, page by page, on one small gallery."""

from __future__ import annotations

import contextlib
import re
import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.command_line import run_here

ROOT = Path(__file__).parents[2]
PAGES = {
    page.name: page
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
    if "```console\n$ artvec" in page.read_text(encoding="utf-8")
}
# These begin with a folder of pictures; the others with what the first of them makes.
FROM_PICTURES = {"README.md", "getting-started.md"}
# What paints the gallery; the committed one was painted so, with fewer scenes.
PAINTS = "data demo paintings"
GALLERY = ROOT / "indexes/demo/pictures"


def lines(page: Path) -> list[str]:
    """Return the arguments of a page's `$ artvec` lines."""
    blocks = re.findall(r"```console\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    return re.findall(r"^\$ artvec (.*)$", "\n".join(blocks), re.MULTILINE)


def artvec(line: str) -> None:
    """Run one command line in this process, in the current folder."""
    done = run_here(*shlex.split(line), cwd=Path.cwd())
    assert done.code == 0, f"artvec {line}\n{done.err}"


@pytest.fixture(scope="session")
def tour(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a gallery of fifty pictures and two collections of it."""
    folder = tmp_path_factory.mktemp("tour")
    with contextlib.chdir(folder):
        shutil.copytree(GALLERY, "paintings")
        artvec("embed ./paintings")
        artvec("embed ./paintings -m colour:4x4 -i paintings-colour")
    return folder


@pytest.fixture
def reader(tmp_path: Path, tour: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return a function that prepares the folder in which somebody reads a page."""

    def prepare(page: str) -> None:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
        (tmp_path / "paintings").symlink_to(tour / "paintings")
        if page in FROM_PICTURES:
            return
        text = PAGES[page].read_text(encoding="utf-8") if page in PAGES else ""
        for name in ("paintings", "paintings-colour"):
            if name == "paintings" or f" {name} " in text.replace("\n", " "):
                shutil.copytree(tour / "indexes" / name, tmp_path / "indexes" / name)

    return prepare


@pytest.mark.parametrize("page", PAGES)
def test_the_lines_of_a_page_run(page: str, reader: Callable[[str], None], tmp_path: Path) -> None:
    reader(page)
    for line in lines(PAGES[page]):
        if line != PAINTS:
            artvec(line)
    for file in re.findall(r"--(?:html|csv) (\S+)", " ".join(lines(PAGES[page]))):
        assert (tmp_path / file).stat().st_size > 0


def test_the_pages_say_how_to_paint_the_gallery() -> None:
    assert PAINTS in lines(PAGES["getting-started.md"])
    assert sum(len(lines(page)) for page in PAGES.values()) > 30


@pytest.mark.parametrize("page", [ROOT / "docs/notebooks.md"], ids=lambda page: page.name)
def test_the_python_of_a_page_runs(page: Path, reader: Callable[[str], None]) -> None:
    reader(page.name)
    names: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        exec(compile(block, page.name, "exec"), names)
    assert names["vectors"].shape == (50, 1280)  # type: ignore[attr-defined]


def test_the_python_of_the_readme_runs(reader: Callable[[str], None]) -> None:
    reader("README.md")
    [block] = re.findall(r"```python\n(.*?)```", PAGES["README.md"].read_text(), re.DOTALL)
    exec(compile(block, "README.md", "exec"), {})
