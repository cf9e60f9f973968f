"""What bash and zsh are offered after Tab, asked for as their completion scripts ask."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from artvec.commands.embed import EmbedOptions, embed_images

Paint = Callable[[Path, int], Path]
HEAVY = {"torch", "timm", "faiss", "scipy", "sklearn", "openvino"}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, paint: Paint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    paint(tmp_path / "art/a.png", 1)
    (tmp_path / "facts.csv").write_text("filename,artist,year\na.png,Ada,1650\n")
    facts = Path("facts.csv")
    for name in ("paintings", "drawings"):
        embed_images(Path("art"), EmbedOptions(model="colour:4x4", index=name, metadata=facts))
    (tmp_path / "runs/first").mkdir(parents=True)
    (tmp_path / "runs/first/run.json").write_text("{}")


def offered(shell: str, line: str) -> set[str]:
    """Ask as the shell's script does for the last word of a line; heavy imports fail the test."""
    words = line.split(" ")
    asked = {
        "bash": {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)},
        "zsh": {"_TYPER_COMPLETE_ARGS": line},
    }[shell]
    code = (
        "import atexit, sys; from artvec_cli.app import run\n"
        "atexit.register(lambda: sys.stderr.write(' '.join(sys.modules))); run([])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **asked, "_ARTVEC_COMPLETE": f"complete_{shell}"},
        capture_output=True,
        text=True,
    )
    assert not {name.partition(".")[0] for name in done.stderr.split()} & HEAVY
    if shell == "bash":
        return set(done.stdout.split())
    # _arguments '*: :(("value":"help" "value"))'
    return set(re.findall(r'"([^"]*)"(?::"[^"]*")?', done.stdout))


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_commands_options_and_values(shell: str) -> None:
    assert offered(shell, "artvec s") >= {"search", "status"}
    assert "demo" in offered(shell, "artvec data d")
    assert "--exclude-self" in offered(shell, "artvec search a.png --ex")
    assert offered(shell, "artvec export --format p") == {"parquet"}


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("artvec search -i ", {"paintings", "drawings"}),
        ("artvec search --index pai", {"paintings"}),
        ("artvec embed art -m tf_efficientnet_lite0", {"tf_efficientnet_lite0"}),
        ("artvec embed art -m runs/", {"runs/first"}),
        ("artvec embed art -m si", {"simple_cnn"}),
        ("artvec embed art --metadata facts.csv --group a", {"artist"}),
        ("artvec embed art -i paintings --group y", {"year"}),
        ("artvec embed art -i nothing --group y", set()),
    ],
)
def test_names_of_this_place(line: str, names: set[str]) -> None:
    assert offered("bash", line) == names


def test_the_script_can_be_shown() -> None:
    for shell, sign in (("bash", "complete -o default -F"), ("zsh", "compdef")):
        done = subprocess.run(
            [sys.executable, "-m", "artvec_cli", "--help"],
            env={**os.environ, "_ARTVEC_COMPLETE": f"source_{shell}"},
            capture_output=True,
            text=True,
        )
        assert sign in done.stdout
