"""The command line as a process: streams, exit codes, JSON, imports, awkward names."""

from __future__ import annotations

import html
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from artvec_cli.app import app_for

Run = Callable[..., Any]
Paint = Callable[[Path, int], Path]


def _commands() -> list[list[str]]:
    """Return every command there is as the words it is called by, those of groups, too."""
    group = typer.main.get_command(app_for([]))
    found = []
    for name, command in group.commands.items():
        inner = getattr(command, "commands", None)
        found += [[name]] if inner is None else [[name, one] for one in inner]
    return found


COMMANDS = _commands()
HEAVY = {"torch", "timm", "faiss", "scipy", "sklearn", "openvino", "pyarrow", "numpy", "PIL"}


@pytest.fixture
def indexed(tmp_path: Path, paint: Paint, artvec: Run) -> Path:
    """Return a folder in which ./art is embedded as ./indexes/art."""
    for n in range(8):
        paint(tmp_path / f"art/{'ab'[n % 2]}/{n}.png", n)
    assert artvec("embed", "art", "-m", "colour:4x4", "-q").code == 0
    return tmp_path


def modules_of(command: list[str], cwd: Path) -> set[str]:
    """Run a command line in a fresh process; return the top-level modules it imported."""
    code = (
        "import sys; from artvec_cli.app import run; code = run(sys.argv[1:]); "
        "sys.stdout.flush(); print('\\n' + ' '.join(sys.modules)); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *command], cwd=cwd, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return {name.partition(".")[0] for name in done.stdout.splitlines()[-1].split()}


@pytest.mark.parametrize("command", [[], *COMMANDS], ids=" ".join)
def test_help_is_there_light_and_has_examples(
    command: list[str], tmp_path: Path, artvec: Run
) -> None:
    page = artvec(*command, "--help").out
    assert "--help" in page
    if command:
        assert "Examples:" in page
        for flag in ("--json", "-q", "-v"):
            assert flag in page
    assert not modules_of([*command, "--help"], tmp_path) & HEAVY


def test_every_command_has_a_section_in_the_docs() -> None:
    root = Path(__file__).parents[2]
    pages = [root / "README.md", *(root / "docs").rglob("*.md")]
    headings = {
        line.lstrip("# `").rstrip("`")
        for page in pages
        for line in page.read_text(encoding="utf-8").splitlines()
        if line.startswith("#")
    }
    assert [one for one in COMMANDS if f"artvec {' '.join(one)}" not in headings] == []


def test_the_second_search_imports_neither_torch_nor_pandas(
    tmp_path: Path, paint: Paint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.environ["PYTHONPATH"].partition(os.pathsep)[2])
    for n in range(4):
        paint(tmp_path / f"art/{n}.png", n)
    first = modules_of(["embed", "art"], tmp_path)  # compiles the default backbone once
    assert (
        modules_of(["search", "art/1.png"], tmp_path)
        & {"torch", "timm", "faiss", "scipy", "pandas"}
        == set()
    )
    paint(tmp_path / "art/new.png", 9)
    assert modules_of(["embed", "art"], tmp_path) & {"torch", "timm", "faiss", "scipy"} == set()
    assert "openvino" in first


def test_json_is_pure_and_has_the_promised_keys(indexed: Path, artvec: Run) -> None:
    done = artvec("embed", "art", "--json")
    assert done.json.keys() >= {
        "index", "found", "embedded", "reused", "removed", "failed", "failures", "dim", "seconds",
        "stages", "index_recipe",
    }  # fmt: skip
    assert done.json["index"] == str(indexed / "indexes/art")
    assert done.json["stages"].keys() == {"decode", "forward", "write"}
    found = artvec("search", "art/a/0.png", "nope.png", "-k", "2", "--json")
    assert found.json.keys() >= {"index", "k", "queries", "errors"}
    hit = found.json["queries"][0]["hits"][0]
    assert hit.keys() >= {"rank", "path", "file", "score", "label", "metadata"}
    assert (hit["path"], hit["label"], hit["rank"]) == ("a/0.png", "a", 1)
    assert hit["file"] == str(indexed / "art/a/0.png")
    assert found.json["errors"][0]["query"] == "nope.png"
    assert found.code == 0
    status = artvec("status", "--json").json
    assert status.keys() >= {
        "rows", "encoder", "complete", "missing", "stale", "orphaned", "damaged"
    }  # fmt: skip
    assert (status["rows"], status["complete"]) == (8, True)
    exported = artvec("export", "--format", "npz", "--json").json
    assert exported == {"file": str(indexed / "art.npz"), "rows": 8, "renamed": {}}
    listed = artvec("models", "--json").json["models"]
    assert {"tf_efficientnet_lite0", "colour:4x4", "simple_cnn"} <= {m["name"] for m in listed}
    counted = artvec("models", "simple_cnn", "--json").json
    assert counted["total_parameters"] == 2_122_186
    assert counted.keys() >= {
        "name", "total_parameters", "trainable_parameters", "mult_adds", "dim", "preprocessing",
        "weights",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["search", "art/a/0.png"], 0),
        (["search", "nope.png"], 1),
        (["search", "art/a/0.png", "-k", "0"], 2),
        (["search", "art/a/0.png", "-i", "nope"], 2),
        (["search"], 2),
        (["search", ""], 2),
        (["search", "x" * 300], 1),
        (["export", "--format", "npz", "-o", "."], 2),
        (["status", "--source", "nope"], 2),
        (["search", "art/a/0.png", "--frobnicate"], 2),
        (["nonsense"], 2),
        (["embed", "nowhere"], 2),
        (["embed", "empty"], 1),
        (["embed", "art", "-m", "simple_cnn"], 2),
        (["embed", "art", "--device", "cuda:7"], 2),
        (["embed", "art", "-m", "resnet5", "-i", "new"], 2),
        (["embed", "art", "-m", "resnet50", "-i", "new"], 1),
        (["embed", "junk", "-m", "colour:4x4"], 1),
        (["embed", "mixed", "-m", "colour:4x4"], 0),
        (["embed", "mixed", "-m", "colour:4x4", "--strict"], 1),
        (["status"], 0),
        (["export", "--format", "csv", "-o", "no/such/folder.csv"], 2),
        (["data", "demo", "art"], 2),
        (["models", "resnet5"], 2),
        (["models", "--frozen"], 2),
        (["models", "resnet18.nope"], 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_exit_codes_and_two_lines_of_error(
    indexed: Path, paint: Paint, artvec: Run, arguments: list[str], code: int
) -> None:
    (indexed / "empty").mkdir()
    for folder in ("junk", "mixed"):
        (indexed / folder).mkdir()
        (indexed / folder / "bad.png").write_text("no picture")
    paint(indexed / "mixed/good.png", 1)
    done = artvec(*arguments)
    assert done.code == code, done.err
    assert "Traceback" not in done.err
    if code:
        lines = done.err.splitlines()
        assert sum(line.startswith("error: ") for line in lines) == 1
        assert sum(line.startswith("hint: ") for line in lines) == 1


def test_which_collection_is_meant(indexed: Path, artvec: Run) -> None:
    artvec("embed", "art", "-m", "colour:4x4", "-i", "second")
    several = artvec("search", "a/0.png")
    assert several.code == 2
    assert "art" in several.err and "second" in several.err
    assert "artvec search QUERY -i art" in several.err
    assert artvec("search", "a/0.png", "-i", "second").code == 0
    assert artvec("search", "a/0.png", "-i", "./indexes/second").code == 0
    # The demo counts only when it is alone.
    (indexed / "indexes/second").rename(indexed / "indexes/demo")
    assert artvec("search", "a/0.png").code == 0


def test_paths_on_stdin(indexed: Path, artvec: Run) -> None:
    done = artvec("search", "-", "-k", "1", "--json", stdin="art/a/0.png\nb/1.png\n")
    assert [query["hits"][0]["path"] for query in done.json["queries"]] == ["a/0.png", "b/1.png"]


def test_awkward_names_are_just_names(tmp_path: Path, paint: Paint, artvec: Run) -> None:
    names = [
        "<script>alert(1)</script>.png", "new\nline.png", "a b 'c' \"d\".png", "-k.png",
        "\x1b[31mred.png", "é.png", "e\u0301.png", "\u202eright-to-left.png", "100%.png",
    ]  # fmt: skip
    for seed, name in enumerate(names):
        paint(tmp_path / "art" / name.replace("/", "∕"), seed)
    raw = os.fsencode(tmp_path / "art") + b"/\xff.png"
    Path(os.fsdecode(raw)).write_bytes((tmp_path / "art/100%.png").read_bytes())
    assert artvec("embed", "art", "-m", "colour:4x4").code == 0
    done = artvec("search", "./art/-k.png", "-k", "20", "--html", "hits.html", "--json")
    hits = done.json["queries"][0]["hits"]
    assert {hit["path"] for hit in hits} == {n.replace("/", "∕") for n in names} | {r"\xff.png"}
    page = (tmp_path / "hits.html").read_text()
    assert "<script>alert" not in page
    assert html.escape("<script>alert(1)<") in page
    table = artvec("search", "./art/-k.png", "-k", "20").out
    assert "\x1b" not in table
    assert r"\x1b[31mred.png" in table
    assert r"new\x0aline.png" in table
    assert json.dumps(hits)
    # Every row can be asked for by the path that was shown.
    assert artvec("search", r"\xff.png", "-k", "1", "--json").json["queries"]


def test_the_contact_sheet_stands_alone(indexed: Path, artvec: Run) -> None:
    artvec("search", "a/0.png", "nope.png", "--html", "hits.html")
    page = (indexed / "hits.html").read_text()
    assert page.count("data:image/jpeg;base64,") == 6  # the query and five hits
    assert "http://" not in page and "https://" not in page and "<script" not in page
    assert "nope.png" in page


def test_status_tells_what_changed(indexed: Path, paint: Paint, artvec: Run) -> None:
    paint(indexed / "art/a/new.png", 50)
    paint(indexed / "art/a/0.png", 51)
    (indexed / "art/a/2.png").unlink()
    os.utime(indexed / "art/a/4.png", ns=(1, 1))  # touched, same content: not stale
    done = artvec("status", "--json")
    assert done.code == 1
    report = done.json
    assert report["complete"] is False
    assert report["missing"] == ["a/new.png"]
    assert report["stale"] == ["a/0.png"]
    assert report["orphaned"] == ["a/2.png"]
    artvec("embed", "art")
    shard = next((indexed / "indexes/art/shards").iterdir())
    shard.write_bytes(shard.read_bytes()[:-1])
    damaged = artvec("status", "--json")
    assert damaged.code == 1
    assert damaged.json["damaged"] == [f"shards/{shard.name}"]
    assert artvec("search", "a/4.png").code == 1


def test_quiet_pipes_and_version(indexed: Path, artvec: Run) -> None:
    assert artvec("embed", "art", "-q").err == ""
    assert artvec("--version").out.startswith("artvec 0.")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["embed", ""], "one of the arguments is empty"),
        (["search", "a.jpg", "-i", ""], "one of the arguments is empty"),
        (["search", "a.jpg", "--device", "gpu"], "none of auto, cpu, cuda"),
    ],
)
def test_words_that_mean_nothing_are_refused(
    artvec: Callable[..., Any], arguments: list[str], told: str
) -> None:
    done = artvec(*arguments)
    assert (done.code, done.out) == (2, "")
    assert told in done.err.splitlines()[0]


def test_what_needs_more_memory_than_there_is_says_so(artvec: Run) -> None:
    done = artvec("models", "simple_cnn", "--classes", "99999999999")
    assert done.code == 1
    assert done.err.startswith("error: memory ran out\nhint: ")
