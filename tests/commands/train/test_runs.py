"""Runs on small pictures, in this process: what is learned from, refused, repeated and recorded."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import load_file

from artvec.collection.reader import blocks, columns, open_collection
from artvec.commands.embed import EmbedOptions, embed_images
from artvec.commands.train import (
    Listener,
    PlanOverrides,
    TrainOptions,
    TrainReport,
    begun,
    plan_of,
    run_training,
    unfinished,
)
from artvec.commands.train.weight_choice import PARTS
from artvec.core.errors import ArtvecError
from artvec.core.types import BackboneRequest
from artvec.encoding import backbones
from artvec.encoding.heads import load_head, probabilities
from artvec.training.loop import Diverged
from artvec.training.phase import Epoch

QUICK = ("all.epochs=2", "finetune.batch_size=16", "finetune.interpolate=1")
Train = Callable[..., TrainReport]


@pytest.fixture
def run(here: Path) -> Train:
    """Return a function that trains two short phases into `runs/NAME`."""

    def train_(name: str = "a", collection: str = "speckles", **overrides: Any) -> TrainReport:
        settings = (*QUICK, *overrides.pop("settings", ()))
        listener = overrides.pop("listener", Listener())
        seeds = overrides.pop("seeds", 1)
        recipe = overrides.pop("recipe", "two-phase")
        if recipe == "frozen":
            settings = ("all.epochs=2",)
        plan = plan_of(PlanOverrides(recipe=recipe, settings=settings, **overrides))
        options = TrainOptions(
            collection=Path("indexes") / collection, run=Path("runs") / name, plan=plan, seeds=seeds
        )
        return run_training(options, listener)

    return train_


def weights(name: str) -> dict[str, torch.Tensor]:
    return load_file(Path("runs") / name / "model.safetensors")


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(of, other[name]) for name, of in one.items())


def record(name: str) -> Any:
    return json.loads((Path("runs") / name / "run.json").read_bytes())


def test_one_seed_repeats_and_two_differ(run: Train) -> None:
    run("a", seed=1)
    run("b", seed=1)
    run("c", seed=2)
    assert same(weights("a"), weights("b"))
    assert not same(weights("a"), weights("c"))


def test_a_frozen_run_leaves_the_backbone_and_its_vectors_alone(here: Path, run: Train) -> None:
    shutil.rmtree(here / "speckles")  # it needs no picture
    report = run(recipe="frozen")
    (phase,) = report.phases
    start = backbones.load(BackboneRequest("simple_cnn"))
    assert start.module is not None
    own = start.module.state_dict()
    assert all(torch.equal(of, own[f"model.{name}"]) for name, of in weights("a").items())
    for name in ("precision_at_5", "silhouette_cosine", "knn20_accuracy"):
        assert phase.splits["test"].figures[name] == report.untrained["test"].figures[name]
    assert phase.trainable_parameters == 512 * 3 + 3
    assert not {"accuracy", "loss"} & report.untrained["test"].figures.keys()


def test_the_record_names_what_was_learned_from(run: Train) -> None:
    report = run()
    told = record("a")
    assert told["backbone"]["name"] == "simple_cnn"
    assert told["head"]["classes"] == ["blue", "green", "red"]
    sizes = {name: len(hashes) for name, hashes in told["splits"].items()}
    assert sizes == {"train": 27, "val": 9, "test": 9}
    assert len({digest for hashes in told["splits"].values() for digest in hashes}) == 45
    assert told["data"]["train"] == 27
    assert not (Path("runs/a") / "checkpoint").exists()
    figures = told["phases"][-1]["test"]
    assert figures == told["test"]
    assert figures["accuracy"] == report.phases[-1].splits["test"].figures["accuracy"].value
    history = (Path("runs/a") / "history.csv").read_text().splitlines()
    assert len(history) == 1 + 4
    assert history[0].startswith("phase,number,rate,train_loss")


def test_predictions_are_those_of_the_head(run: Train) -> None:
    report = run()
    table = pq.read_table("runs/a/predictions.parquet")
    test = table.filter(np.array(table["split"].to_pylist()) == "test")
    hits = np.mean(
        [
            a == b
            for a, b in zip(test["label"].to_pylist(), test["predicted"].to_pylist(), strict=True)
        ]
    )
    assert hits == report.phases[-1].splits["test"].figures["accuracy"].value
    assert test["path"].to_pylist() == list(report.test_paths)
    assert np.allclose(np.sum(table["probabilities"].to_pylist(), axis=1), 1, atol=1e-5)


def test_several_label_columns_have_a_head_each(here: Path, run: Train) -> None:
    lines = ["filename,label,bright"]
    for file in sorted((here / "speckles").rglob("*.png")):
        label = "" if file.stem == "03" else file.parent.name
        bright = "no" if int(file.stem) % 2 else "yes"
        lines.append(f"{file.relative_to(here / 'speckles')},{label},{bright}")
    (here / "facts.csv").write_text("\n".join(lines) + "\n")
    embed_images(Path("speckles"), EmbedOptions(index="speckles", metadata=here / "facts.csv"))
    report = run(labels=("label", "bright"))
    assert report.label_columns == ("label", "bright")
    assert report.classes == (("blue", "green", "red"), ("no", "yes"))
    told = record("a")
    assert told["heads"]["bright"]["file"] == "head-bright.safetensors"
    assert load_file("runs/a/head-bright.safetensors")["0.weight"].shape == (2, 512)
    head = load_head(Path("runs/a"))
    assert head.classes == ("blue", "green", "red")
    assert probabilities(head, np.zeros((1, 512), np.float32)).shape == (1, 3)
    with pytest.raises(ArtvecError, match="no column 'brigt'") as refused:
        run("b", labels=("brigt",))
    assert "bright" in refused.value.hint


def test_pictures_that_can_not_be_read_are_left_out_and_counted(here: Path, run: Train) -> None:
    gone = here / "speckles" / "red" / "03.png"
    broken = here / "speckles" / "green" / "04.png"
    gone.unlink()
    broken.write_bytes(bytes(broken.stat().st_size))  # as long as it was, and no picture
    report = run()
    left_out = "left out 2 pictures gone, unreadable or changed since embedding"
    assert any(left_out in warning for warning in report.warnings)
    assert sum(len(of.labels) for of in report.phases[-1].splits.values()) == 43


def test_one_class_or_none_is_nothing_to_learn(here: Path, run: Train) -> None:
    for name in ("green", "red"):
        shutil.rmtree(here / "speckles" / name)
    embed_images(Path("speckles"), EmbedOptions(index="speckles"))
    with pytest.raises(ArtvecError, match=r"'blue'.*nothing to tell apart") as refused:
        run()
    assert refused.value.usage
    for file in (here / "speckles" / "blue").iterdir():
        file.rename(here / "speckles" / file.name)
    embed_images(Path("speckles"), EmbedOptions(index="speckles"))
    with pytest.raises(ArtvecError, match=r"no row of .* has a label"):
        run()
    assert not Path("runs").exists()  # nothing was begun


def test_a_class_with_a_single_picture_is_told(here: Path, run: Train) -> None:
    for file in sorted((here / "speckles" / "red").iterdir())[1:]:
        file.unlink()
    embed_images(Path("speckles"), EmbedOptions(index="speckles"))
    report = run()
    assert "1 class has a single training picture: red" in report.warnings


def test_without_a_split_val_training_pictures_serve(here: Path, run: Train) -> None:
    for file in sorted((here / "speckles").rglob("*.png")):
        side = "test" if int(file.stem) % 3 == 0 else "train"
        place = here / "sided" / side / file.parent.name
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, place)
    embed_images(Path("sided"), EmbedOptions(model="simple_cnn", index="sided"))
    report = run(collection="sided")
    data = record("a")["data"]
    assert (data["train"], data["val"], data["test"], data["val_drawn"]) == (24, 6, 15, True)
    assert {n: len(of) for n, of in record("a")["splits"].items()} == {
        "train": 30,
        "val": 0,
        "test": 15,
    }
    assert any("6 training pictures serve to choose weights" in text for text in report.warnings)


def test_a_run_begins_with_another_run(run: Train) -> None:
    run("a")
    embed_images(Path("speckles"), EmbedOptions(model="runs/a", index="speckles-a"))
    run("b", collection="speckles-a")
    assert record("b")["backbone"]["name"] == "simple_cnn"
    shutil.rmtree("runs/a")  # the second run stands on its own
    again = backbones.load(BackboneRequest("runs/b"))
    assert again.identity.dim == 2 * 512  # beside the anchor
    assert set(again.splits.values()) == {"train", "val", "test"}


def test_an_anchor_is_the_backbone_that_the_first_run_began_as(run: Train) -> None:
    run("a")
    embed_images(Path("speckles"), EmbedOptions(model="runs/a", index="speckles-a"))
    run("b", collection="speckles-a")
    began = backbones.load(BackboneRequest("simple_cnn")).module
    assert began is not None
    own = {name.removeprefix("model."): of for name, of in began.state_dict().items()}
    anchors = [load_file(Path("runs") / name / "anchor.safetensors") for name in "ab"]
    assert all(torch.equal(anchor[name], own[name]) for anchor in anchors for name in anchor)
    assert not same(weights("a"), weights("b"))


def test_a_run_with_an_anchor_embeds_what_it_was_judged_by(run: Train) -> None:
    """Cosines by hand: five nearest training rows of the embedded collection, and the head's."""
    report = run("a")
    collection = open_collection(
        embed_images(Path("speckles"), EmbedOptions(model="runs/a", index="own")).index
    )
    vectors = np.concatenate(list(blocks(collection)))  # (N, 1024)
    table = columns(collection, ["label", "split"]).to_pandas()
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    train_rows, test_rows = (np.flatnonzero(table["split"] == side) for side in ("train", "test"))
    nearest = np.argsort(-(units[test_rows] @ units[train_rows].T), axis=1)[:, :5]
    labels = table["label"].to_numpy()
    hits = labels[train_rows][nearest] == labels[test_rows][:, None]
    figures = report.phases[-1].splits["test"].figures
    assert figures["precision_at_5"].value == pytest.approx(hits.mean())
    head = load_head(Path("runs/a"))
    said = np.array(head.classes)[probabilities(head, vectors[test_rows]).argmax(axis=1)]
    assert figures["accuracy"].value == pytest.approx((said == labels[test_rows]).mean())


def test_a_network_that_died_leaves_what_was_known(
    run: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trained vectors of 0 weigh nothing: neighbours are those of the backbone as it came."""

    def nothing(samples: Any, encoder: Any, progress: Any) -> np.ndarray:
        return np.zeros((len(samples), encoder.identity.dim), dtype=np.float32)

    monkeypatch.setattr("artvec.commands.train.run_context.embedded", nothing)
    report = run()
    found, known = (of["test"].figures for of in (report.phases[-1].splits, report.untrained))
    assert found["precision_at_5"] == known["precision_at_5"]
    assert found["silhouette_cosine"].value == pytest.approx(known["silhouette_cosine"].value)
    assert backbones.load(BackboneRequest("runs/a")).module is not None


def test_without_an_anchor_the_trained_embedding_stands_alone(run: Train) -> None:
    run("a", anchor=0.0)
    assert backbones.load(BackboneRequest("runs/a")).identity.dim == 512
    assert not Path("runs/a/anchor.safetensors").exists()


def test_test_pictures_of_a_run_begun_with_another_were_never_trained_on(
    here: Path, run: Train
) -> None:
    run("a")
    trained = {bytes.fromhex(digest) for digest in record("a")["splits"]["train"]}
    assert trained
    lines = ["filename,split"]
    for number, file in enumerate(sorted((here / "speckles").rglob("*.png"))):
        lines.append(f"{file.relative_to(here / 'speckles')},{'test' if number % 2 else 'train'}")
    (here / "other.csv").write_text("\n".join(lines) + "\n")
    wanted = EmbedOptions(model="runs/a", index="other", metadata=here / "other.csv")
    embed_images(Path("speckles"), wanted)
    with pytest.raises(ArtvecError, match=r"test pictures were training pictures of .*runs/a"):
        run("b", collection="other")


def test_scratch_begins_with_weights_of_the_seed(run: Train) -> None:
    slow = ("scratch.rate=1e-12", "scratch.weight_decay=0")
    plans = {
        name: replace(
            plan_of(PlanOverrides(recipe="scratch", epochs=1, seed=seed, settings=slow)),
            head="linear",
        )
        for name, seed in (("a", 1), ("b", 2))
    }
    for name, plan in plans.items():
        run_training(
            TrainOptions(collection=Path("indexes/speckles"), run=Path("runs") / name, plan=plan)
        )
    own = backbones.load(BackboneRequest("simple_cnn")).module
    assert own is not None
    layer = "features.0.weight"
    stored = own.state_dict()[f"model.{layer}"]
    drawn = [weights(name)[layer] for name in plans]
    assert not torch.allclose(drawn[0], drawn[1], atol=1e-3)
    assert not torch.allclose(drawn[0], stored, atol=1e-3)


def test_seeds_are_repeated_in_folders_of_their_own(run: Train) -> None:
    heard: list[Path | int] = []
    listener = Listener(began=heard.append, epoch=lambda epoch: heard.append(epoch.number))
    report = run(seed=3, seeds=2, listener=listener)
    assert heard == [Path("runs/a"), 1, 2, 1, 2, Path("runs/a/seed-4"), 1, 2, 1, 2]
    assert sorted(report.seeds) == [3, 4]
    assert report.seeds[3] == report.phases[-1].splits["test"].figures
    other = json.loads(Path("runs/a/seed-4/run.json").read_bytes())
    assert report.seeds[4]["accuracy"].value == other["test"]["accuracy"]
    run("b", seed=4)
    assert same(weights("a/seed-4"), weights("b"))


@pytest.mark.parametrize(
    ("recipe", "phase"),
    [("frozen", "head"), pytest.param("two-phase", "finetune", marks=pytest.mark.long)],
)
def test_a_seed_that_explodes_is_left_out(run: Train, recipe: str, phase: str) -> None:
    begun_runs: list[Path] = []

    def epoch(told: Epoch) -> None:
        if begun_runs[-1].name == "seed-1" and told.phase == phase:
            raise Diverged("the loss is nan", "lower the rate")
        if begun_runs[-1].name == "seed-2":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(recipe=recipe, seeds=3, listener=Listener(began=begun_runs.append, epoch=epoch))
    notes: list[str] = []
    report = run_training(begun(Path("runs/a")), Listener(note=notes.append))
    assert sorted(report.seeds) == [0, 2]
    assert notes == ["seed 1 is left out of the spread: the loss is nan"]


def test_a_loss_that_explodes_keeps_the_last_good_weights(run: Train) -> None:
    wild = ("finetune.rate=1e30", "finetune.optimizer=sgd", "finetune.warmup_epochs=0")
    with pytest.raises(
        ArtvecError, match=r"phase finetune, epoch 1, batch 2, rate 9.3e.29"
    ) as ended:
        run(settings=wild)
    assert not ended.value.usage
    assert "last good weights are in runs/a" in ended.value.message
    assert [phase["name"] for phase in record("a")["phases"]] == ["head"]
    assert all(of.isfinite().all() for of in weights("a").values())


def test_views_are_embedded_once_and_learned_from(run: Train) -> None:
    report = run(recipe="two-phase", settings=("head.views=2", "head.augment=light"))
    assert len(report.phases[0].result.history) == 2


@pytest.mark.parametrize(("phase", "number"), [("head", 1), ("finetune", 1), ("finetune", 2)])
def test_stopped_and_resumed_is_as_undisturbed(run: Train, phase: str, number: int) -> None:
    def stop(epoch: Epoch) -> None:
        if (epoch.phase, epoch.number) == (phase, number):
            raise KeyboardInterrupt

    settings = ("all.ema=0.9", "finetune.dropout=0.3")
    whole = run("whole", settings=settings)
    with pytest.raises(KeyboardInterrupt):
        run("stopped", settings=settings, listener=Listener(epoch=stop))
    assert unfinished() == [Path("runs/stopped")]
    with pytest.raises(ArtvecError, match="is a run that was interrupted") as refused:
        run("stopped", settings=settings)
    assert "artvec train --name runs/stopped --resume" in refused.value.hint
    again = begun(Path("runs/stopped"))
    resumed = run_training(again)
    assert same(weights("whole"), weights("stopped"))
    assert resumed.verdicts == whole.verdicts
    told, expected = (
        [
            replace(epoch, seconds=0, images_per_second=0)
            for one in report.phases
            for epoch in one.result.history
        ]
        for report in (resumed, whole)
    )
    assert told == expected
    with pytest.raises(ArtvecError, match="is finished"):
        run_training(again)


def test_an_undone_phase_is_resumed_as_it_ended(run: Train) -> None:
    """Interpolated by 0, the weights are those from before the phase, and get no anchor."""

    def stop(report: TrainReport) -> None:
        raise KeyboardInterrupt

    settings = ("finetune.interpolate=0",)
    whole = run("whole", settings=settings)
    with pytest.raises(KeyboardInterrupt):
        run("stopped", settings=settings, listener=Listener(judged=stop))
    resumed = run_training(begun(Path("runs/stopped")))
    assert record("stopped")["backbone"]["anchor"] is None
    assert record("whole")["backbone"]["anchor"] is None
    assert resumed.verdicts == whole.verdicts
    finetuned = [one for one in whole.verdicts if (one.start, one.end) == ("head", "finetune")]
    assert {one.difference.value for one in finetuned} == {0.0}


def test_other_pictures_than_a_run_began_with_are_refused(here: Path, run: Train) -> None:
    def stop(epoch: Epoch) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(listener=Listener(epoch=stop))
    (here / "speckles" / "red" / "03.png").unlink()
    embed_images(Path("speckles"), EmbedOptions(index="speckles"))
    with pytest.raises(ArtvecError, match="have changed since the run began"):
        run_training(begun(Path("runs/a")))
    assert unfinished() == [Path("runs/a")]


def test_every_epoch_is_told(run: Train) -> None:
    heard: list[Epoch] = []
    run(listener=Listener(epoch=heard.append))
    assert [(epoch.phase, epoch.number) for epoch in heard] == [
        ("head", 1),
        ("head", 2),
        ("finetune", 1),
        ("finetune", 2),
    ]


def stripes(here: Path, index: str = "stripes", group: str | None = None) -> None:
    """Embed two classes of six striped pictures, of three artists each."""
    from PIL import Image

    facts = ["filename,artist"]
    for code in range(2):
        for seed in range(6):
            place = here / "stripes" / str(code)
            place.mkdir(parents=True, exist_ok=True)
            noise = np.random.default_rng((7, code, seed)).integers(0, 255, (40, 40, 3))
            noise[:: 2 + 3 * code] = 0
            Image.fromarray(noise.astype(np.uint8)).save(place / f"{seed}.png")
            facts.append(f"{code}/{seed}.png,{code}{seed // 2}")
    Path("facts.csv").write_text("\n".join(facts) + "\n")
    wanted = EmbedOptions(model="colour:4x4", index=index, metadata=Path("facts.csv"), group=group)
    embed_images(Path("stripes"), wanted)


def test_a_watched_collection_is_judged_after_every_phase(here: Path, run: Train) -> None:
    stripes(here)
    report = run(watch=("stripes",))
    assert all("precision_at_5" in phase.watched["stripes"].figures for phase in report.phases)
    assert {verdict.on for verdict in report.verdicts} == {"test", "stripes"}
    weight = record("a")["backbone"]["anchor"]["weight"]
    assert any(weight == pytest.approx(1.5 * part) for part in PARTS)
    told = f"what was learned weighs {weight:.2g} against 1 of what was known, as val and stripes"
    assert any(told in note for note in report.warnings)
    trained = set(record("a")["splits"]["train"])
    assert len(trained) == 27


def test_groups_of_a_watched_collection_are_resampled_whole(here: Path, run: Train) -> None:
    """The same pictures, watched twice: only the intervals differ, by what is resampled."""
    stripes(here)
    stripes(here, "grouped", group="artist")
    report = run(watch=("stripes", "grouped"), anchor=0)
    plain, grouped = (
        [one for one in report.verdicts if one.on == name] for name in ("stripes", "grouped")
    )
    values = ([one.difference.value for one in told] for told in (plain, grouped))
    assert next(values) == pytest.approx(next(values))
    widths = [[one.difference.high - one.difference.low for one in of] for of in (plain, grouped)]
    assert not np.allclose(*widths, atol=1e-3)


def test_a_watched_collection_may_be_called_as_a_split_is(here: Path, run: Train) -> None:
    stripes(here, "test")
    report = run(recipe="frozen", watch=("test", "indexes/test"))
    name = str((here / "indexes" / "test").absolute())
    assert list(report.phases[0].watched) == [name]
    assert {one.on for one in report.verdicts} == {"test", name}
    assert report.untrained["test"].labels.size == 9
