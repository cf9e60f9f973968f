"""A mistyped word is answered by the whole command as it was meant."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from artvec.commands.embed import EmbedOptions, embed_images
from artvec.core.errors import mistyped

Run = Callable[..., Any]
Paint = Callable[[Path, int], Path]


@pytest.fixture
def paintings(tmp_path: Path, paint: Paint, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for n in range(4):
        paint(tmp_path / f"art/{n}.png", n)
    (tmp_path / "facts.csv").write_text("filename,artist\n0.png,Ada\n")
    for name in ("paintings", "drawings"):
        embed_images(tmp_path / "art", EmbedOptions(model="colour:4x4", index=name))
    return tmp_path


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["serach", "a b.png"], "artvec search 'a b.png'"),
        (["data", "dmeo"], "artvec data demo"),
        (["search", "x.png", "--exlude-self"], "artvec search x.png --exclude-self"),
        (["embed", "art", "--modle=simple_cnn"], "artvec embed art --model=simple_cnn"),
        (["search", "0.png", "-i", "paitings"], "artvec search 0.png -i paintings"),
        (["status", "-ipaitings"], "artvec status -ipaintings"),
        (["status", "--index=Paintings"], "artvec status --index=paintings"),
        (
            ["embed", "art", "-m", "colour:4x4", "-i", "new", "--metadata", "facts.csv",
             "--group", "atrist"],
            "artvec embed art -m colour:4x4 -i new --metadata facts.csv --group artist",
        ),
        (["embed", "art", "-m", "color:4x4", "-i", "n"], "artvec embed art -m colour:4x4 -i n"),
        (["embed", "art", "-m", "resnet5", "-i", "n"], "artvec embed art -m resnet50 -i n"),
        (
            ["embed", "art", "-m", "torchvision:resnet81", "-i", "n"],
            "artvec embed art -m torchvision:resnet18 -i n",
        ),
        (["models", "simple_cn"], "artvec models simple_cnn"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_the_whole_command_is_given(
    paintings: Path, artvec: Run, typed: list[str], meant: str
) -> None:
    done = artvec(*typed)
    assert done.code == 2
    error, hint = done.err.splitlines()
    assert error.startswith("error: ")
    assert hint == f"hint: did you mean: {meant}"


def test_a_missing_value_leads_to_the_commands_own_help(artvec: Run) -> None:
    done = artvec("compare", "--models", "colour:4x4")
    assert done.code == 2
    assert "'--models' requires 2 arguments" in done.err
    assert done.err.endswith("see: artvec compare --help\n")


def test_a_folder_of_pictures_is_no_collection(paintings: Path, artvec: Run) -> None:
    (paintings / "more").mkdir()
    (paintings / "art/0.png").rename(paintings / "more/0.png")
    for typed, hint in (
        (["cluster", "-i", "./art"], "type: artvec cluster -i drawings"),
        (["status", "-i", "./more"], "make one of it: artvec embed ./more"),
    ):
        done = artvec(*typed)
        assert done.code == 2
        assert f"{typed[-1]} is a folder of pictures, not a collection" in done.err
        assert done.err.endswith(f"hint: {hint}\n")


@pytest.mark.parametrize(
    "typed",
    [
        ["zzz"],
        ["search", "x.png", "--zzz"],
        ["status", "-i", "zzz"],
        ["embed", "art", "-m", "zzz9"],
    ],
    ids=" ".join,
)
def test_where_nothing_is_near_nothing_is_guessed(
    paintings: Path, artvec: Run, typed: list[str]
) -> None:
    done = artvec(*typed)
    assert done.code == 2
    assert "did you mean" not in done.err
    assert "hint: " in done.err


def test_the_nearest_come_first_whatever_their_case() -> None:
    failure = mistyped("no such", "ARTIS", ["year", "Artist", "artists"], otherwise="look")
    assert (failure.hint, failure.meant) == ("did you mean Artist or artists?", ("ARTIS", "Artist"))
    assert mistyped("no such", "q", ["year"], otherwise="look").hint == "look"
    assert mistyped("no such", "q", [], otherwise="look").meant is None
