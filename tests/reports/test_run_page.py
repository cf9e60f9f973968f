"""The page of a training run: its figures beside scikit-learn's, its words, hostile names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.metrics import classification_report, confusion_matrix

from artvec.commands.train.train_report import TrainReport
from artvec.core.results import Interval
from artvec.reports.train import html_page, write_page
from artvec.training.phase import Phase
from tests.support.made_run import SCRIPT, STYLES, around, bare_run, whole_run

_VOID = {"meta", "link", "image", "use", "path"}


class Reader(HTMLParser):
    """Reads a page as a browser does: elements, text, and tables by their label.

    Attributes:
        elements: Names of all elements.
        text: All that is read.
        tables: Label of the region → rows of texts of cells.
        strong: (label, row, column) of cells that hold bold text.
    """

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.words: list[str] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.strong: set[tuple[str, int, int]] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self._label = ""
        self._open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += attrs
        if tag not in _VOID:
            self._open.append(tag)
        self._label = dict(attrs).get("aria-label") or self._label
        if tag == "table":
            self.tables[self._label] = []
        elif tag == "tr":
            self.tables[self._label].append([])
        elif tag in ("td", "th"):
            self.tables[self._label][-1].append("")
        elif tag == "b" and "td" in self._open:
            table = self.tables[self._label]
            self.strong.add((self._label, len(table) - 1, len(table[-1]) - 1))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "style" in self._open:
            return
        self.words.append(data)
        if {"td", "th"} & set(self._open):
            self.tables[self._label][-1][-1] += ("|" if "small" in self._open else "") + data

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())


@pytest.fixture(scope="module")
def run() -> TrainReport:
    return whole_run(Path("runs/styles"))


@pytest.fixture(scope="module")
def read(run: TrainReport) -> Reader:
    return Reader(html_page(run))


def test_the_first_sentences_say_what_was_learned_how_well_and_how_surely(read: Reader) -> None:
    for told in (
        "tf_efficientnet_lite0 learned 10 classes of style (and artist beside it) in 3 phases: "
        "head, finetune, refine.",
        "Its test accuracy is 95.6 %, with a 95 % interval from 93.6 % to 97.6 %.",
        "Against head alone that is +7.0 points [+5.2, +8.8]: helped.",
        "they cover the choice of these 519 pictures, not that of the training pictures nor the "
        "seed; the spread over 3 seeds is given below",
        "Class ukiyo-e has 3 training pictures.",
    ):
        assert told in read.text


def test_verdicts_are_told_and_drawn_on_one_scale(run: TrainReport) -> None:
    page = html_page(run)
    for told in (
        "Finetune against head, on test",
        "Refine against finetune, on test",
        "Refine against head, on things &amp; &lt;b&gt;",
        "Accuracy +6.2 points [+4.4, +8.0]: <b>helped</b>",
        "Silhouette +0.012 [−0.006, +0.030]: <b>inconclusive</b>",
        "Precision at 5 −11.0 points [−12.8, −9.2]: <b>hurt</b>",
    ):
        assert told in page
    drawn = re.findall(r'class="span" style="left:([\d.]+)%;width:([\d.]+)%"', page)
    ends = [(one.difference.low, one.difference.high) for one in run.verdicts]
    low, high = min(e[0] for e in ends), max(e[1] for e in ends)
    want = [((a - low) / (high - low) * 100, (b - a) / (high - low) * 100) for a, b in ends]
    assert [(float(a), float(b)) for a, b in drawn] == [pytest.approx(w, abs=0.02) for w in want]
    zero = re.search(r'class="zero" style="left:([\d.]+)%"', page)
    assert zero and float(zero[1]) == pytest.approx(-low / (high - low) * 100, abs=0.02)


def test_what_is_exactly_equal_is_told_unchanged(run: TrainReport) -> None:
    same = replace(run.verdicts[0], difference=Interval(0.0, 0.0, 0.0), helped="inconclusive")
    page = html_page(replace(run, verdicts=(same,)))
    assert "[+0.0, +0.0]: <b>unchanged</b>" in page
    assert "<b>inconclusive</b>" not in page


def test_figures_stand_in_their_phase_and_split(run: TrainReport, read: Reader) -> None:
    header, *lines = read.tables["Figures on test"]
    assert header == ["", "untrained", "head", "finetune", "refine"]
    rows = {line[0]: line[1:] for line in lines}
    assert rows["Accuracy"] == [
        "",
        "0.840|0.820 to 0.860",
        "0.930|0.910 to 0.950",
        "0.956|0.936 to 0.976",
    ]
    assert rows["Silhouette"][0] == "0.140|0.125 to 0.155"
    assert [line[0] for line in lines] == [
        "Accuracy",
        "Accuracy, top 5",
        "Loss",
        "20 neighbours",
        "Precision at 5",
        "Silhouette",
        "NMI",
    ]
    best = {row: column for label, row, column in read.strong if label == "Figures on test"}
    assert set(best.values()) == {4}, "the last phase is best, and has the lowest loss"
    assert set(read.tables) >= {"Figures on val", "Figures on train"}
    head = read.tables["Phases"][1]
    assert head == ["head", "head", "12,810", "7 of 8", "5 min 20 s", "1", "+2.0"]


def test_watched_collections_before_and_after(read: Reader) -> None:
    table = read.tables["Figures on things & <b>"]
    assert table[0] == ["", "untrained", "head", "finetune", "refine"]
    assert table[2][0] == "Precision at 5"
    assert [cell[:5] for cell in table[2][1:]] == ["0.670", "0.640", "0.505", "0.466"]


def test_classes_and_confusion_are_scikit_learns(run: TrainReport, read: Reader) -> None:
    final = run.phases[-1].splits["test"]
    known = final.labels >= 0
    labels, told = final.labels[known], final.probabilities[known].argmax(axis=1)
    codes = list(range(len(STYLES)))
    counts = confusion_matrix(labels, told, labels=codes)
    shown = [[int(cell or 0) for cell in line[1:]] for line in read.tables["Confusion matrix"][1:]]
    assert shown == counts.tolist()
    expected = classification_report(
        labels, told, labels=codes, target_names=STYLES, output_dict=True, zero_division=0
    )
    lines = {line[0]: line[1:] for line in read.tables["Classes"][1:]}
    for name, found in lines.items():
        want = expected["macro avg" if name == "mean of classes" else name]
        values = [want["precision"], want["recall"], want["f1-score"]]
        assert found == [*(f"{value:.3f}" for value in values), f"{want['support']:.0f}"]
    weakest = min(STYLES, key=lambda name: expected[name]["f1-score"])
    assert next(iter(lines)) == weakest
    counts[codes, codes] = 0
    true, wrong = np.unravel_index(counts.argmax(), counts.shape)
    assert f"{STYLES[true]} taken for {STYLES[wrong]}: {counts.max()}" in read.text


def test_the_surest_mistakes_are_mistakes(run: TrainReport, read: Reader) -> None:
    final = run.phases[-1].splits["test"]
    rows = read.tables["Surest mistakes"][1:]
    assert len(rows) == 10
    sure = [float(row[3].removesuffix(" %")) for row in rows]
    assert sure == sorted(sure, reverse=True)
    for path, label, told, percent in rows:
        at = run.test_paths.index(path)
        assert STYLES[final.labels[at]] == label != told
        assert STYLES[final.probabilities[at].argmax()] == told
        assert percent == f"{100 * final.probabilities[at].max():.1f} %"


def test_seeds_and_their_spread(run: TrainReport, read: Reader) -> None:
    header, accuracy = read.tables["Figures by seed"][:2]
    assert header == ["", "0", "1", "2", "mean", "standard deviation"]
    values = [0.952, 0.956, 0.960]
    assert [cell[:5] for cell in accuracy[1:4]] == [f"{value:.3f}" for value in values]
    assert accuracy[4:] == ["0.956|0.952 to 0.960", f"{np.std(values, ddof=1):.3f}"]


def test_the_recipe_is_whole_and_what_is_no_default_is_bold(run: TrainReport, read: Reader) -> None:
    shown = read.tables["Recipe"][1:] + read.tables["Defaults"][1:]
    assert sorted(line[0] for line in shown) == sorted(f.name for f in fields(Phase)[1:])
    bold = {
        (read.tables["Recipe"][row][0], column - 1)
        for label, row, column in read.strong
        if label == "Recipe"
    }
    default = Phase(name="any")
    assert bold == {
        (field.name, at)
        for field in fields(Phase)[1:]
        for at, part in enumerate(run.phases)
        if getattr(part.phase, field.name) != getattr(default, field.name)
    }
    assert not any(label == "Defaults" for label, _, _ in read.strong)
    rate = next(line for line in shown if line[0] == "rate")
    assert rate[1:] == ["0.001", "0.0003", "1e-05"]


def test_advice_names_its_flag(read: Reader) -> None:
    assert "refine: The val loss hardly moves: the rate is too low. --rate 1e-4" in read.text


def test_it_needs_nothing_from_elsewhere_and_no_script(run: TrainReport, read: Reader) -> None:
    page = html_page(run)
    assert "script" not in read.elements
    assert "default-src 'none'" in page
    links = [v for n, v in read.attributes if n in ("src", "href", "xlink:href") and v]
    assert links and all(link.startswith(("#", "data:")) for link in links)
    assert "@import" not in page and "url(http" not in page
    assert page.count("<svg") == 6  # loss, accuracy, rate, three maps
    assert SCRIPT not in page and SCRIPT in read.text


def test_little_is_known(tmp_path: Path) -> None:
    report = bare_run(tmp_path)
    read = Reader(html_page(report))
    assert "in 1 phase: head. Its val accuracy is 85.0 %" in read.text
    assert "There is no test split: these are figures of val" in read.text
    assert "--seeds 3 adds the spread over three" in read.text
    assert read.tables["Figures on val"][0] == ["", "head"]
    for absent in ("Did it help?", "Maps", "Watched", "Seeds", "What to try", "Surest", "bold, w"):
        assert absent not in read.text


def odd_runs() -> Iterator[TrainReport]:
    whole = whole_run(Path("odd"), ("a", "b", "c"), each=6)
    head, *others = whole.phases
    nothing = replace(head, result=replace(head.result, history=(), best_epoch=0))
    yield replace(whole, phases=(nothing,))
    yield replace(whole, phases=(nothing, *others))
    yield replace(whole, phases=(replace(head, splits={}),))
    yield replace(whole, seeds={0: {"accuracy": around(0.9, 0.1)}, 1: {}})
    nan = float("nan")
    infinite = float("inf")
    broken = tuple(replace(e, train_loss=nan, val_loss=infinite) for e in head.result.history)
    yield replace(whole, phases=(replace(head, result=replace(head.result, history=broken)),))
    unsure = tuple(replace(v, difference=around(0.0, nan)) for v in whole.verdicts)
    yield replace(whole, verdicts=unsure)
    unlabelled = {
        name: replace(one, labels=np.full_like(one.labels, -1)) for name, one in head.splits.items()
    }
    yield replace(whole, phases=(replace(head, splits=unlabelled),))


@pytest.mark.parametrize("report", odd_runs())
def test_what_went_wrong_has_a_page_too(report: TrainReport) -> None:
    text = Reader(html_page(report)).text
    assert "Recipe" in text and "nan" not in text.lower()


def test_a_run_that_ended_early_says_why(run: TrainReport) -> None:
    why = "phase refine, epoch 2, batch 7: the loss is not finite"
    assert why in Reader(html_page(replace(run, failure=why))).text
    assert "ended early" not in Reader(html_page(run)).text


def test_hundreds_of_classes_stay_readable(tmp_path: Path) -> None:
    names = [f"class number {number}" for number in range(300)]
    page = html_page(whole_run(tmp_path, names, each=6))
    read = Reader(page)
    assert len(page) < 2_000_000
    assert len(read.tables["Confusion matrix"]) == 41
    assert "260 labels with fewer mistakes are left out" in read.text
    assert "The 30 most frequent of 300 classes are named" in read.text
    assert len(read.tables["Classes"]) == 302 and "All 300 classes" in read.text
    assert len(Reader(html_page(whole_run(tmp_path, names[:40]))).tables["Confusion matrix"]) == 41


@cache
def plain_elements(classes: int) -> set[str]:
    return set(Reader(html_page(named(*"abcd"[:classes]))).elements)


def named(*names: str) -> TrainReport:
    """Return a run of one phase in which classes, phase, backbone and collection are so called."""
    run = whole_run(Path("run"), names, each=3, watch=names[0])
    first = replace(run.phases[0], points=None)
    first = replace(first, phase=replace(first.phase, name=names[-1]))
    return replace(run, phases=(first,), backbone=names[1])


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(names=st.lists(st.text(min_size=1, max_size=40), min_size=2, max_size=4, unique=True))
def test_names_are_only_names(names: list[str]) -> None:
    read = Reader(html_page(named(*names)))
    assert set(read.elements) == plain_elements(len(names))
    for name in names:
        assert " ".join(name.split()) in read.text


def test_the_page_is_written_whole(tmp_path: Path) -> None:
    run = bare_run(tmp_path)
    file = tmp_path / "new" / "report.html"
    write_page(run, file)
    assert file.read_text(encoding="utf-8") == html_page(run)
    write_page(replace(run, backbone="half \ud800 letter"), file)
    assert r"half \ud800 letter learned" in file.read_text(encoding="utf-8")
    assert [one.name for one in file.parent.iterdir()] == ["report.html"]
