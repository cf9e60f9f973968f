"""The tables of benchmarks/README.md: bars, columns that nobody needs, older results."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import measure, page
from benchmarks.bars import reached
from benchmarks.measure import RESULTS, Figure

OLD = (
    "commit,date,what,parameters,figure,unit,baseline,ratio,rounds,versions\n"
    "abc,2026-11-22,embed,lite0,119,pictures/s,plain,5.526,3,torch=2\n"
)
EMPTY = "# Benchmarks\n\n<!-- results -->\n<!-- /results -->\nend\n"


def tables(results: Path) -> list[str]:
    return page.rendered(EMPTY, results).splitlines()


def measured(results: Path, monkeypatch: pytest.MonkeyPatch, *figures: Figure) -> list[str]:
    monkeypatch.setattr(measure, "RESULTS", results)
    measure.write("embed", list(figures))
    return tables(results)


def test_older_results_render_without_the_columns_they_lack(tmp_path: Path) -> None:
    (tmp_path / "embed-x86_64-2cores.csv").write_text(OLD)
    lines = tables(tmp_path)
    assert "| what | with | figure | baseline | ratio | rounds |" in lines
    assert "| embed | lite0 | 119 pictures/s | plain | **5.526** | 3 |" in lines
    assert "### Bars" not in lines
    assert lines[0] == "# Benchmarks"
    assert lines[-1] == "end"


def test_bars_come_first_and_say_whether_they_are_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = measured(
        tmp_path,
        monkeypatch,
        Figure("embed", "lite0", 119.0, "/s", "plain", 5.5, 3, "≥ 5", 0.93, 531.2),
        Figure("embed", "lite0", 119.0, "/s", "tuned", 2.1, 3, "≥ 2.2"),
        Figure("embed", "lite0", 119.0, "/s", "forward only", 0.8, 3),
    )
    columns = "| what | with | figure | baseline | ratio | bar | of ceiling | peak RSS | rounds |"
    assert columns in lines
    row = "| embed | lite0 | 119 /s | plain | **5.5** | ≥ 5 ✓ | 0.93 | 531.2 MiB | 3 |"
    assert row in lines
    at = lines.index("### Bars")
    name = f"embed-{measure.machine()}"
    assert lines[at + 4 : at + 7] == [
        f"| {name} | embed | lite0 | plain | **5.5** | ≥ 5 ✓ |",
        f"| {name} | embed | lite0 | tuned | **2.1** | ≥ 2.2 ✗ |",
        "",
    ]
    assert at < lines.index(columns)


def test_a_cosine_near_one_keeps_its_distance_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = measured(
        tmp_path,
        monkeypatch,
        Figure("lowest cosine", "lite0", 0.99998, "", "plain", 0.99998, 1, "≥ 0.99999"),
        Figure("lowest cosine", "lite1", 0.9999951, "", "plain", 0.9999951, 1, "≥ 0.99999"),
    )
    assert "| lowest cosine | lite0 | 0.99998 | plain | **0.99998** | ≥ 0.99999 ✗ | 1 |" in lines
    row = "| lowest cosine | lite1 | 0.9999951 | plain | **0.9999951** | ≥ 0.99999 ✓ | 1 |"
    assert row in lines


def test_a_long_table_is_folded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figures = [Figure(f"kind {n}", "", 1.0, "", "plain", 1.0, 1) for n in range(31)]
    lines = measured(tmp_path, monkeypatch, *figures)
    assert "<details><summary>31 rows</summary>" in lines
    assert "</details>" in lines
    assert "| what | figure | baseline | ratio | rounds |" in lines


def test_a_bar_is_reached_from_its_own_side() -> None:
    assert reached("≥ 2.2", "2.2")
    assert not reached("≥ 2.2", "2.199")
    assert reached("≤ 1.1", "1.1")
    assert not reached("≤ 1.1", "1.101")
    with pytest.raises(ValueError, match="2 times"):
        reached("2 times", "3")


def test_the_pages_show_the_committed_results() -> None:
    text = page.README.read_text()
    assert page.rendered(text, RESULTS) == text
    text = page.PERFORMANCE.read_text()
    assert page.with_bars(text, RESULTS) == text
    assert "<!-- bars -->" in text
