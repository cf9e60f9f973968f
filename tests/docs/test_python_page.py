"""The code of docs/python.md runs, block after block, as it is written there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import picture

PAGE = Path(__file__).parents[2] / "docs/python.md"
STYLES = ("baroque", "cubist", "romantic")


def test_its_code_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines = ["filename,year"]
    for number in range(30):
        name = "a.jpg" if number == 0 else f"{number}.jpg"
        file = tmp_path / "paintings" / STYLES[number % 3] / name
        file.parent.mkdir(parents=True, exist_ok=True)
        by = 1 + number % 3
        picture(number).point(lambda value, by=by: value // by).save(file)
        lines.append(f"{STYLES[number % 3]}/{name},{1600 + 10 * number}")
    Path("years.csv").write_text("\n".join(lines) + "\n")
    picture(0).save("a.jpg")
    picture(40).save("query.jpg")
    names: dict[str, object] = {}
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) > 8
    for block in blocks:
        exec(compile(block, f"{PAGE.name}: {block.splitlines()[0]}", "exec"), names)
    assert len(names["hits"]) == 5  # type: ignore[arg-type]
    assert names["best"].metadata["year"] < 1700  # type: ignore[attr-defined]
    assert {place.name for place in Path("indexes").iterdir()} == {
        "paintings", "paintings-colour-4x4", "paintings-paintings"
    }  # fmt: skip
    assert "year" in names["tuned"].table.column_names  # type: ignore[attr-defined]
