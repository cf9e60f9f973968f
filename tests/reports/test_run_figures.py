"""Figures of a training run as files, and its page in a real browser."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from artvec.reports.shared.palette import CATEGORIES
from artvec.reports.train import save_figures, save_rate_curve, write_page
from tests.support.made_run import STYLES, bare_run, whole_run

ALL = {"loss", "accuracy", "rate", "verdicts", "maps", "confusion"}


def pixels_of(file: Path, colour: str) -> int:
    """Count the pixels of nearly a colour."""
    wanted = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)])
    seen = np.asarray(Image.open(file).convert("RGB")).astype(int)
    return int((np.abs(seen - wanted).max(axis=2) < 3).sum())


def test_every_figure_is_drawn_and_drawn_alike_again(tmp_path: Path) -> None:
    report = whole_run(Path("run"), STYLES[:4], each=20)
    files = save_figures(report, tmp_path / "a")
    assert {file.stem for file in files} == ALL == {f.stem for f in (tmp_path / "a").iterdir()}
    for file, again in zip(files, save_figures(report, tmp_path / "b"), strict=True):
        assert min(Image.open(file).size) > 300
        assert file.read_bytes() == again.read_bytes()
    for colour in CATEGORIES[:4]:
        assert pixels_of(tmp_path / "a" / "maps.png", colour) > 100
    assert pixels_of(tmp_path / "a" / "maps.png", CATEGORIES[4]) == 0
    for helped in (CATEGORIES[2], CATEGORIES[5]):  # yes, no
        assert pixels_of(tmp_path / "a" / "verdicts.png", helped) > 50


def test_what_is_not_known_is_not_drawn(tmp_path: Path) -> None:
    report = bare_run(Path("run"))
    assert {f.stem for f in save_figures(report, tmp_path)} == {
        "loss",
        "accuracy",
        "rate",
        "confusion",
    }
    part = report.phases[0]
    result, phase = replace(part.result, history=()), replace(part.phase, monitor="loss")
    part = replace(part, result=result, splits={}, phase=phase)
    assert save_figures(replace(report, phases=(part,)), tmp_path) == ()


def test_what_chose_the_epochs_is_drawn_where_it_is_no_curve_yet(tmp_path: Path) -> None:
    report = bare_run(Path("run"))
    phase = replace(report.phases[0].phase, monitor="silhouette_cosine")
    report = replace(report, phases=(replace(report.phases[0], phase=phase),))
    assert "monitored" in {file.stem for file in save_figures(report, tmp_path)}


def test_hundreds_of_classes_and_names_that_no_font_has(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    names = [f"$\\frac{{{at}}}$ 絵\n\x00\ud800 a rather long name {at}" for at in range(200)]
    save_figures(whole_run(Path("run"), names, each=4), tmp_path)
    assert max(max(Image.open(file).size) for file in tmp_path.iterdir()) < 4500
    told = [str(one.message) for one in recwarn if issubclass(one.category, UserWarning)]
    assert told == [], "a library says nothing of letters that no font has"


@pytest.mark.parametrize("end", [(1.5, 40.0), (1.5, math.nan), (math.inf, math.inf)])
def test_a_range_of_rates(tmp_path: Path, end: tuple[float, float]) -> None:
    rates = np.geomspace(1e-6, 1e-1, 6).tolist()
    save_rate_curve(rates, [2.3, 2.2, 1.9, 1.4, *end], 1e-3, tmp_path / "rates.png")
    assert pixels_of(tmp_path / "rates.png", CATEGORIES[0]) > 500  # the curve
    assert pixels_of(tmp_path / "rates.png", CATEGORIES[1]) > 200  # the suggestion


def test_the_page_in_a_browser(tmp_path: Path) -> None:
    pytest.importorskip("websocket", reason="needs websocket-client, which drives the browser")
    from tests.support.browser import CHROMIUM, chromium

    if CHROMIUM is None:
        pytest.skip("needs chromium, which is not installed")
    file = tmp_path / "report.html"
    write_page(whole_run(Path("run"), [f"class number {at}" for at in range(60)], each=4), file)
    ready = "document.readyState === 'complete'"
    with chromium(webgl=False) as tab:
        for size, dark in (((1280, 900), False), ((390, 844), True)):
            tab.open(file, size, dark=dark, ready=ready)
            page = "document.documentElement"
            assert tab.run(f"{page}.scrollWidth <= {page}.clientWidth"), "nothing sticks out"
            ink = "getComputedStyle(document.querySelector('figure svg text')).fill"
            light, shade = ("rgb(235, 232, 227)", "rgb(31, 30, 28)")
            assert tab.run(ink) == (light if dark else shade), "charts have the page's ink"
        assert tab.complaints == []
        assert {r for r in tab.requests if not r.startswith("data:")} == {file.as_uri()}
