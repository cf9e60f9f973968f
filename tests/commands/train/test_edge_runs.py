"""Runs at the edge: too few pictures for intervals, odd column names, heads on anchored runs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import load_file

from artvec.collection.reader import blocks, open_collection
from artvec.commands.embed import EmbedOptions, embed_images
from artvec.commands.train import (
    Listener,
    Plan,
    PlanOverrides,
    TrainOptions,
    TrainReport,
    TrainRequest,
    begun,
    plan_of,
    prepare_resumed_run,
    run_training,
    unfinished,
)
from artvec.core.errors import ArtvecError
from artvec.training.phase import Epoch

QUICK = ("head.epochs=2", "finetune.epochs=1", "finetune.batch_size=16", "finetune.interpolate=1")


def options(name: str, collection: str = "speckles", **overrides: Any) -> TrainOptions:
    """Return what trains the head alone, or two short phases, into `runs/NAME`."""
    frozen = overrides.setdefault("recipe", "frozen") == "frozen"
    settings = ("head.epochs=2",) if frozen else QUICK
    plan = plan_of(PlanOverrides(settings=settings, **overrides))
    return TrainOptions(collection=Path("indexes") / collection, run=Path("runs") / name, plan=plan)


def record(name: str) -> Any:
    return json.loads((Path("runs") / name / "run.json").read_bytes())


def stored(name: str) -> np.ndarray:
    return np.concatenate(list(blocks(open_collection(Path("indexes") / name))))


def facts(columns: dict[str, list[str]]) -> None:
    """Give the rows of `speckles` columns, by a CSV."""
    paths = sorted(file.relative_to("speckles") for file in Path("speckles").rglob("*.png"))
    lines = zip(map(str, paths), *columns.values(), strict=True)
    text = "\n".join(",".join(line) for line in [("filename", *columns), *lines])
    Path("facts.csv").write_text(text + "\n")
    embed_images(Path("speckles"), EmbedOptions(index="speckles", metadata=Path("facts.csv")))


def test_a_single_test_picture_has_figures_without_intervals(here: Path) -> None:
    facts({"split": ["test"] + ["val", "val", "train", "train"] * 11})
    run_training(options("a"))
    verdicts = record("a")["verdicts"]
    assert verdicts
    assert all("difference" in one and "ci95" not in one for one in verdicts)


def test_a_column_may_be_called_anything(here: Path) -> None:
    facts({"../a/b%2F": ["x", "y", "z"] * 15})
    run_training(options("a", labels=("label", "../a/b%2F")))
    file = record("a")["heads"]["../a/b%2F"]["file"]
    assert (Path("runs/a") / file).parent == Path("runs/a")
    assert load_file(Path("runs/a") / file)


def test_a_folder_may_be_called_as_a_home_is(here: Path) -> None:
    run_training(replace(options("a"), run=Path("~/a")))
    assert (here / "~" / "a" / "predictions.parquet").is_file()


def test_a_head_on_an_anchored_run_keeps_its_embedding(here: Path) -> None:
    run_training(options("a", recipe="two-phase"))
    embed_images(Path("speckles"), EmbedOptions(model="runs/a", index="first"))
    run_training(options("b", "first"))
    embed_images(Path("speckles"), EmbedOptions(model="runs/b", index="second"))
    assert stored("first").shape == (45, 2 * 512)
    assert stored("second") == pytest.approx(stored("first"), abs=1e-4)


def test_a_head_on_feature_maps_leaves_out_pictures_that_are_gone(here: Path) -> None:
    embed_images(Path("speckles"), EmbedOptions(model="tf_efficientnet_lite0", index="lite"))
    Path("speckles/red/03.png").unlink()
    report = run_training(options("a", "lite", head="flatten-4"))
    assert any("left out 1 picture gone, unreadable or changed" in note for note in report.warnings)


def test_an_interrupted_run_knows_how_many_seeds_it_was_to_run_with(here: Path) -> None:
    class Stopped(Exception):
        pass

    def stop(epoch: Epoch) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        run_training(replace(options("a"), seeds=2), Listener(epoch=stop))
    assert sorted(run_training(begun(Path("runs/a"))).seeds) == [0, 1]


@pytest.mark.parametrize(
    ("source", "model", "is_its_own"),
    [
        (None, None, True),
        ("speckles", "simple_cnn", True),  # its collection's name, and its source
        ("indexes/speckles", None, True),
        ("a", None, True),  # the run's own name
        ("others", None, False),
        (None, "tf_efficientnet_lite0", False),
    ],
)
def test_what_is_resumed_is_what_was_named(
    here: Path, source: str | None, model: str | None, is_its_own: bool
) -> None:
    def stop(epoch: Epoch) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_training(options("a"), Listener(epoch=stop))
    request = TrainRequest(source=source, model=model, name="a")
    if is_its_own:
        assert prepare_resumed_run(request) == begun(Path("runs/a"))
        return
    with pytest.raises(ArtvecError, match="which is not what was named") as refused:
        prepare_resumed_run(request)
    assert refused.value.hint.endswith("artvec train --resume --name runs/a")


def test_what_a_run_found_is_drawn_before_it_counts_as_finished(here: Path) -> None:
    class Killed(Exception):
        pass

    def draw(report: TrainReport) -> None:
        assert report.phases and report.seconds > 0
        raise Killed

    with pytest.raises(Killed):
        run_training(options("a"), Listener(judged=draw))
    assert unfinished() == [Path("runs/a")]
    drawn: list[TrainReport] = []
    report = run_training(begun(Path("runs/a")), Listener(judged=drawn.append))
    assert drawn[0].verdicts == report.verdicts and unfinished() == []


@pytest.mark.parametrize("given", [("label", "artist", "artist"), ("label", "artist", "")])
def test_columns_have_names_and_are_learned_once(given: tuple[str, ...]) -> None:
    with pytest.raises(ArtvecError, match="named twice, or has no name") as refused:
        plan_of(PlanOverrides(labels=given))
    assert refused.value.usage
    assert refused.value.hint.endswith("--label label,artist")


@pytest.mark.parametrize("field", ["mixup", "cutmix"])
def test_a_loss_that_compares_pictures_is_refused_before_anything_is_learned(field: str) -> None:
    with pytest.raises(ArtvecError, match="supcon wants one class a picture") as refused:
        plan_of(PlanOverrides(settings=(f"finetune.{field}=0.4",)))
    assert refused.value.usage
    plan_of(PlanOverrides(settings=(f"finetune.{field}=0.4",), loss="ce"))


def plan_in(folder: Path, text: str) -> Plan:
    file = folder / "mine.toml"
    file.write_text(text)
    return plan_of(PlanOverrides(config=file))


def test_the_phase_head_has_a_table_as_others_have(tmp_path: Path) -> None:
    phases = plan_in(tmp_path, "[head]\nepochs = 5\n[finetune]\nepochs = 3\n").phases
    assert [phase.epochs for phase in phases[:2]] == [5, 3]
    assert plan_in(tmp_path, 'head = "cosine"\n[finetune]\nepochs = 3\n').head == "cosine"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("finetune = 3", "finetune can't be 3"),
        ('recipe = "scratch"\n[head]\nepochs = 5', "no phase 'head'"),
        ('[[phases]]\nname = "untrained"', "none be all or untrained"),
    ],
)
def test_a_file_that_means_no_phase_is_refused(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ArtvecError, match=told) as refused:
        plan_in(tmp_path, text)
    assert refused.value.usage


@pytest.mark.long
def test_a_first_phase_that_gains_nothing_is_undone(here: Path) -> None:
    """The head that was drawn answers, and the embedding has no anchor: nothing was trained."""
    plan = plan_of(
        PlanOverrides(
            recipe="scratch",
            settings=("scratch.epochs=1", "scratch.rate=1e-12", "scratch.interpolate=none"),
        )
    )
    report = run_training(
        TrainOptions(collection=Path("indexes/speckles"), run=Path("runs/a"), plan=plan)
    )
    assert report.phases[0].result.share == 0
    assert "accuracy" in report.phases[0].splits["test"].figures
