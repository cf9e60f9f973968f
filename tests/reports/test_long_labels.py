"""Checks that a label of thousands of letters widens no page, and can still be read whole."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from pathlib import Path

import pytest

from artvec.commands.cluster import Findings
from artvec.core.wording import shortened
from artvec.reports.cluster import write_page
from artvec.reports.shared.templates import environment
from artvec.reports.train import write_page as write_run_page
from tests.support.made_run import whole_run

LONG = (f"A{'x' * 3000}1", f"A{'x' * 3000}2", "word " * 600 + '"<i>&')
WIDEST = (
    "Math.max(...[...document.querySelectorAll('body *')].map(e => Math.max("
    "e.scrollWidth, e.getBoundingClientRect().width)))"
)


def _pages(findings: Findings, folder: Path) -> list[Path]:
    """Write a page of clusters and one of a run whose classes bear long names."""
    evaluation = findings.evaluation
    assert evaluation is not None
    labels = [f"{label}{LONG[at % 3]}" for at, label in enumerate(findings.labels)]
    renamed = replace(findings, evaluation=replace(evaluation, classes=LONG))
    vars(renamed)["labels"] = labels  # a cached property
    write_page(folder / "clusters.html", renamed)
    write_run_page(whole_run(Path("run"), [*LONG, "short"], each=12), folder / "run.html")
    return [folder / "clusters.html", folder / "run.html"]


def test_names_that_differ_at_their_ends_still_do() -> None:
    cut = [shortened(name) for name in LONG]
    assert [len(name) for name in cut] == [60, 60, 60]
    assert len(set(cut)) == 3
    assert shortened("x" * 60) == "x" * 60


def test_the_whole_name_is_there_and_escaped() -> None:
    template = environment().from_string("{{ name|cut }}")
    shown = template.render(name=LONG[2])
    title = re.fullmatch(r'<span title="([^"]*)">[^<"]*</span>', shown)
    assert title is not None
    assert html.unescape(title[1]) == LONG[2]
    assert template.render(name="a & b") == "a &amp; b"


def test_no_page_is_widened(findings: Findings, tmp_path: Path) -> None:
    """Nor any table on it: a part that can be scrolled is no excuse for 3,000 letters in a row."""
    pytest.importorskip("websocket", reason="needs websocket-client, which drives the browser")
    from tests.support.browser import CHROMIUM, chromium

    if CHROMIUM is None:
        pytest.skip("needs chromium, which is not installed")
    pages = _pages(findings, tmp_path)
    with chromium(webgl=False) as tab:
        for file in pages:
            for size in ((1280, 900), (390, 844)):
                tab.open(file, size, ready="document.readyState === 'complete'")
                page = "document.documentElement"
                assert tab.run(f"{page}.scrollWidth <= {page}.clientWidth"), file.name
                assert tab.run(WIDEST) < 2 * 1280, file.name
            titles = "[...document.querySelectorAll('[title]')].map(e => e.title)"
            assert tab.run(f"{titles}.some(title => title.includes('{LONG[0]}'))"), "in full"
