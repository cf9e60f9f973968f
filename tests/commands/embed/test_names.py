"""File names that carry markup or control characters: on the terminal and in contact sheets."""

from __future__ import annotations

import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.support.hostile.pictures import PICTURE

NAMES = (
    "<script>alert(1)</script>.png".replace("/", "\u2215"),
    '"><img src=x onerror=alert(1)>.png',
    "' onmouseover='alert(1).png",
    "{{ 7 * 7 }}{% raw %}.png",
    "javascript:alert(1).png",
    "\x1b]0;owned\x07\x1b[2J.png",
    "line\nerror: forged\r.png",
    "\u202egnp.exe.png",
    "\u2028\u2029\x85.png",
    "\udcff\udcfe.png",
    "[bold red]rich[blink].png",
)
CONTROLS = {chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))} - {"\n"}
CONTROLS |= {"\u202e", "\u2028", "\u2029"}


def _artvec(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "artvec_cli", *arguments]
    return subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a picture and a broken file under each of the names, embedded."""
    place = tmp_path_factory.mktemp("names")
    for label in ("<b>label", "broken"):
        (place / "art" / label).mkdir(parents=True)
    for number, name in enumerate(NAMES):
        PICTURE.rotate(number).save(place / "art/<b>label" / name)
        (place / "art/broken" / name).write_bytes(b"\x89PNG")
    done = _artvec(place, "embed", "art", "-m", "colour:4x4", "-v")
    assert done.returncode == 0, done.stderr
    assert f"{len(NAMES)} embedded" in done.stdout
    (place / "embed.txt").write_text(done.stdout + done.stderr)
    return place


class _Tags(HTMLParser):
    """Collects what a browser would take for elements and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links |= {str(value)[:5] for name, value in attrs if name in ("href", "src")}

    def handle_data(self, data: str) -> None:
        self.text += data


def test_names_cannot_act_on_the_terminal(place: Path) -> None:
    said = (place / "embed.txt").read_text()
    assert not CONTROLS & set(said)
    assert "\nerror: forged" not in said
    queries = [f"art/<b>label/{name}" for name in NAMES]
    found = _artvec(place, "search", *queries, "nothing\x1b[2J.png", "-k", "11")
    assert found.returncode == 0
    assert not CONTROLS & set(found.stdout + found.stderr)
    assert "\nerror: forged" not in found.stdout
    assert "[bold red]rich[blink].png" in found.stdout  # no markup is interpreted


def test_names_cannot_act_in_a_contact_sheet(place: Path) -> None:
    """Only the elements of the template; a picture can be linked and shown, nothing can be run."""
    queries = [f"art/<b>label/{name}" for name in NAMES]
    done = _artvec(place, "search", *queries, "art/broken", "-k", "11", "--html", "sheet.html")
    assert done.returncode == 0, done.stderr
    page = _Tags()
    page.feed((place / "sheet.html").read_text(encoding="utf-8"))
    assert page.tags <= {
        "html", "head", "meta", "title", "style", "body", "h1", "p", "section", "figure", "a",
        "img", "figcaption", "b", "small", "ul", "li",
    }  # fmt: skip
    assert page.attributes <= {"lang", "charset", "name", "content", "class", "href", "src", "alt"}
    assert page.links == {"file:", "data:"}
    assert "{{ 7 * 7 }}{% raw %}.png" in page.text
    assert "<script>alert(1)<\u2215script>.png" in page.text
