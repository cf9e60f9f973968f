"""Every `$ artvec` line of the README runs, one after another, as a reader would type them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

README = Path(__file__).parents[2] / "README.md"


def test_the_five_minute_tour(tmp_path: Path, artvec: Callable[..., Any]) -> None:
    blocks = re.findall(r"```console\n(.*?)```", README.read_text(), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line]
    assert len(lines) > 10
    for line in lines:
        dollar, program, *arguments = shlex.split(line)
        assert (dollar, program) == ("$", "artvec")
        done = artvec(*arguments)
        assert done.code == 0, f"{line}\n{done.err}"
    assert (tmp_path / "hits.html").stat().st_size > 10_000
    assert (tmp_path / "paintings.parquet").is_file()


def test_make_targets_named_in_the_readme_exist() -> None:
    makefile = (README.parent / "Makefile").read_text()
    for target in set(re.findall(r"(?:`|^)make ([a-z-]+)", README.read_text(), re.MULTILINE)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
