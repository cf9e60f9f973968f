"""The README and the site: short lines, links that lead somewhere, every command and target."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
WRITTEN = [README, ROOT / "indexes/README.md", *sorted((ROOT / "docs").glob("*.md"))]
LINKING = [*WRITTEN, ROOT / "CHANGELOG.md", ROOT / "benchmarks/README.md"]


def prose(page: Path) -> list[str]:
    """Return a page's lines without tables, blocks of code, and what scripts write."""
    generated = r"```.*?```|\[\[\[cog.*?\]\]\]|<!-- (\w+) -->.*?<!-- /\1 -->"
    text = re.sub(generated, "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return [line for line in text.splitlines() if not line.startswith(("|", "    "))]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, spelt as GitHub and MyST do."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_the_readme_is_read_in_a_minute() -> None:
    assert README.stat().st_size <= 10_000


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: str(page.relative_to(ROOT)))
def test_lines_are_short(page: Path) -> None:
    assert [line for line in prose(page) if len(line) > 120] == []


@pytest.mark.parametrize("page", LINKING, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files_and_headings(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", "\n".join(prose(page))):
        if re.match(r"https?:", target):
            continue
        name, _, heading = target.partition("#")
        file = page.parent / name if name else page
        assert file.exists(), f"{page.name}: {target}"
        if heading:
            assert heading in anchors(file), f"{page.name}: {target}"


def test_make_targets_that_the_pages_name_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for page in WRITTEN:
        text = page.read_text(encoding="utf-8")
        for target in set(
            re.findall(r"(?:`|^(?=make [a-z-]+ +#))make ([a-z-]+)", text, re.MULTILINE)
        ):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"{page.name}: {target}"


def test_every_page_is_in_the_contents() -> None:
    contents = (ROOT / "docs/index.md").read_text(encoding="utf-8")
    listed = re.findall(r"^(?:.* <)?([a-z-]+)[*>]?$", contents, re.MULTILINE)
    for page in (ROOT / "docs").glob("*.md"):
        assert page.stem == "index" or any(page.stem.startswith(name) for name in listed)
