"""`artvec train` as a process: its JSON, its run as a backbone, killed and resumed, refusals."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Artvec = Callable[..., Any]
QUICK = ("--recipe", "two-phase", "--epochs", "2", "--set", "head.epochs=3")


@pytest.fixture
def here(painted: Path, tmp_path: Path, artvec: Artvec) -> Path:
    """Copy the painted folder and its collection."""
    shutil.copytree(painted, tmp_path, dirs_exist_ok=True)
    assert artvec("embed", "speckles", "-i", "speckles", "--relink", "-q").code == 0
    return tmp_path


def test_a_run_is_told_and_serves_as_a_backbone(here: Path, artvec: Artvec) -> None:
    told = artvec("train", "speckles", *QUICK, "--name", "first", "--json")
    assert told.code == 0, told.err
    found = told.json
    assert found["run"] == str(here / "runs" / "first")
    assert [phase["name"] for phase in found["phases"]] == ["head", "finetune"]
    for phase in found["phases"]:
        assert phase.keys() >= {"name", "epochs", "best_epoch", "seconds", "train", "val", "test"}
        names = {"accuracy", "top5_accuracy", "loss", "knn20_accuracy", "precision_at_5"}
        for split in ("train", "val", "test"):
            assert phase[split].keys() >= names | {"silhouette_cosine", "nmi"}
    assert found["phases"][0]["epochs"] == 3
    assert found["test"] == found["phases"][-1]["test"]
    judged = {(one["from"], one["to"], one["metric"]) for one in found["verdicts"]}
    for metric in ("accuracy", "precision_at_5", "silhouette_cosine"):
        assert ("head", "finetune", metric) in judged
    assert {one["helped"] for one in found["verdicts"]} <= {"yes", "no", "inconclusive"}
    assert isinstance(found["warnings"], list)
    run = here / "runs" / "first"
    for name in ("model.safetensors", "head.safetensors", "history.csv", "predictions.parquet"):
        assert (run / name).stat().st_size > 0
    assert b"<html" in (run / "report.html").read_bytes()[:200]
    assert (run / "figures" / "loss.png").is_file()

    assert artvec("embed", "speckles", "-m", "runs/first", "-i", "again", "-q").code == 0
    judged_again = artvec("eval", "-i", "again", "--json")
    assert judged_again.code == 0, judged_again.err  # none of its test pictures was trained on
    figures = judged_again.json["metrics"]
    assert figures["head_accuracy"]["value"] == found["test"]["accuracy"]
    for name in ("knn20_accuracy", "precision_at_5", "nmi"):
        assert figures[name]["value"] == pytest.approx(found["test"][name], abs=1e-6)
    assert judged_again.json["n_test"] == 9
    leaking = artvec("eval", "-i", "again", "--gallery", "train", "--queries", "train")
    assert leaking.code == 1
    assert "training pictures of" in leaking.err


@pytest.mark.long
@pytest.mark.parametrize("epoch_file", ["epoch-0.pt", "epoch-1.pt"])
def test_killed_and_resumed_ends_with_the_same_weights(
    here: Path, artvec: Artvec, epoch_file: str
) -> None:
    words = [sys.executable, "-m", "artvec_cli", "train", "speckles", "--recipe", "two-phase"]
    words += ["--epochs", "8", "--set", "all.ema=0.9", "--set", "finetune.interpolate=1", "-q"]
    subprocess.run([*words, "--name", "whole"], cwd=here, check=True, capture_output=True)
    killed = subprocess.Popen([*words, "--name", "killed"], cwd=here, stdout=subprocess.DEVNULL)
    wanted = here / "runs" / "killed" / "checkpoint" / epoch_file
    while not wanted.exists():
        assert killed.poll() is None
        time.sleep(0.005)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert not (here / "runs" / "killed" / "run.json").exists()
    done = artvec("train", "--resume", "--json")
    assert done.code == 0, done.err
    whole, resumed = here / "runs" / "whole", here / "runs" / "killed"
    assert done.json["run"] == str(resumed)
    for name in ("model.safetensors", "head.safetensors"):
        assert (whole / name).read_bytes() == (resumed / name).read_bytes()
    one, two = (json.loads((run / "run.json").read_bytes()) for run in (whole, resumed))
    assert one["test"] == two["test"]
    assert one["verdicts"] == two["verdicts"]


@pytest.mark.long
def test_what_is_refused_before_anything_is_computed(here: Path, artvec: Artvec) -> None:
    (here / "runs" / "taken").mkdir(parents=True)
    (here / "runs" / "taken" / "notes.txt").write_text("mine")
    cases = [
        (("train", "--resume"), "no run under runs was interrupted", "--name"),
        (("train", "--resume", "--name", "none"), "no interrupted run at runs/none", "--resume"),
        (("train", "speckles", "--name", "taken"), "runs/taken is there", "--name"),
        (("train", "speckle"), "neither a collection", "artvec train speckles"),
        (("train", "speckles", "--recipe", "four-phase"), "no recipe", "frozen"),
        (("train", "speckles", "--label", "labl"), "no column 'labl'", "label"),
        (("train", "speckles", "--freeze-until", "blocks.9"), "no block or layer", "features"),
        (("train", "speckles", "--config", "none.toml"), "can't be read as TOML", "--config"),
        (("train", "speckles", "--from", "none.json"), "run's record", "--from"),
        (("train", "speckles", "--watch", "none"), "not a collection", "embed"),
        (("train", "speckles", "--precision", "fp16"), "fp16", "bf16"),
        (("train", "speckles", "--head", "99999999"), "too wide", "at most"),
        (("train", "speckles", "-i", "speckle"), "is a collection, and -i names another", "one"),
        (("train", "speckles", "-m", "colour:4x4"), "no weights to train", "lite0"),
    ]
    for words, message, hint in cases:
        done = artvec(*words)
        assert done.code == 2, (words, done.err)
        error, way_out = done.err.strip().splitlines()[-2:]
        assert message in error, (words, done.err)
        assert hint in way_out, (words, done.err)
    assert [run.name for run in (here / "runs").iterdir()] == ["taken"]


@pytest.mark.long
def test_a_folder_is_embedded_first(here: Path, artvec: Artvec) -> None:
    shutil.rmtree(here / "indexes")
    quick = ("--recipe", "frozen", "--epochs", "1", "--json")
    done = artvec("train", "speckles", "-m", "simple_cnn", *quick)
    assert done.code == 0, done.err
    assert (here / "indexes" / "speckles" / "collection.json").is_file()
    assert done.json["run"] == str(here / "runs" / "speckles")
    # a path means the folder, and the folder its collection; what is new in it is embedded first
    shutil.copy(here / "speckles/red/00.png", here / "speckles/red/new.png")
    done = artvec("train", "./speckles", *quick, "--name", "second")
    assert done.code == 0, done.err
    status = artvec("status", "-i", "speckles", "--json").json
    assert (status["rows"], status["missing"]) == (46, [])
    assert [folder.name for folder in (here / "indexes").iterdir()] == ["speckles"]
    # repeating a run needs nothing but its record
    done = artvec("train", "--from", "runs/second/run.json", "--json")
    assert done.code == 0, done.err
    assert done.json["run"] == str(here / "runs" / "second-2")
    assert done.json["test"] == json.loads((here / "runs/second/run.json").read_bytes())["test"]
