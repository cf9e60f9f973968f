"""The command: arguments, models that are embedded first, runs, leaks, reports, bad input."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from artvec.commands.compare import CompareOptions, compare_collections
from artvec.commands.embed import EmbedOptions, embed_images
from artvec.core.errors import ArtvecError
from tests.support.galleries import colours, gallery, make_run, paint

Run = Callable[..., Any]
UNTIMED = CompareOptions(encoder=None)


def shards(folder: Path) -> dict[str, int]:
    return {str(file): file.stat().st_mtime_ns for file in folder.rglob("*.arrow")}


def test_the_whole_command(workshop: Path, tmp_path: Path, artvec: Run) -> None:
    """JSON keys of the contract, speeds measured, and the three files that can be asked for."""
    page, table, charts = (tmp_path / name for name in ("page.html", "all.csv", "charts"))
    files = ("--html", page, "--csv", table, "--figures", charts)
    done = artvec("compare", "art", "art-cnn", "--json", *files, cwd=workshop)
    assert done.code == 0, done.err
    told = done.json
    by_name = {row["name"]: row for row in told["rows"]}
    assert set(by_name) == {"art", "art-cnn"}
    for pair in told["paired"]:
        assert {"a", "b", "metric", "difference", "ci95", "verdict"} <= set(pair)
        assert pair["ci95"][0] <= pair["difference"] <= pair["ci95"][1]
    cnn = by_name["art-cnn"]
    assert cnn["images_per_second"] > 0 and cnn["ms_per_image"] > 0
    assert {"parameters", "mult_adds", "depth", "size_mb"} <= set(cnn)
    assert not {"parameters", "accuracy_per_million_parameters"} & set(by_name["art"])
    assert not {"images_per_second", "ms_per_image", "engine"} & set(by_name["art"])
    assert any("speed of art is not measured: colour:4x4" in note for note in told["notes"])
    rows = list(csv.DictReader(table.open(newline="")))
    alone = {(r["a"], r["metric"]): r["value"] for r in rows if not r["b"]}
    assert float(alone["art-cnn", "nmi"]) == cnn["metrics"]["nmi"]["value"]
    assert sum(bool(r["b"]) for r in rows) == len(told["paired"])
    for name in ("accuracy-parameters.png", "differences.png"):
        with Image.open(charts / name) as chart:
            assert chart.width > 600
    text = page.read_text()
    assert "<script" not in text and text.count("<svg") == 2
    assert "linear_probe_accuracy" in text and "art-cnn" in text


def test_a_table_for_people(workshop: Path, artvec: Run) -> None:
    done = artvec("compare", "art", "art-cnn", "--no-speed", cwd=workshop)
    assert done.code == 0, done.err
    assert done.out.startswith("78 images in all of them; left out: none\n")
    for text in ("knn20_accuracy", "accuracy/M", "McNemar p (Holm)", "rank", "one in twenty"):
        assert text in done.out
    assert "images/s" in done.out  # a column without values


def test_one_collection_is_a_row_without_pairs(workshop: Path, artvec: Run) -> None:
    done = artvec("compare", "art", "--no-speed", "--json", cwd=workshop)
    assert done.code == 0, done.err
    assert [row["name"] for row in done.json["rows"]] == ["art"]
    assert done.json["paired"] == []


def test_names_are_only_names(here: Path) -> None:
    """A collection called like markup or mathematics is shown as it is called."""
    names = ["<b>&$x_1$", "=1+1"]
    for name in names:
        colours(here / "art", here / "indexes" / name)
    found = compare_collections([f"indexes/{name}" for name in names], UNTIMED)
    from artvec.reports.compare import html_page, save_charts, write_csv

    text = html_page(found)
    assert "&lt;b&gt;&amp;$x_1$" in text and "<b>&" not in text
    assert len(save_charts(found, here / "charts")) == 1  # nothing has parameters
    write_csv(found, here / "all.csv")
    cells = {row["a"] for row in csv.DictReader((here / "all.csv").open(newline=""))}
    assert cells == {"<b>&$x_1$", "'=1+1"}


def test_models_are_embedded_first_and_only_once(here: Path, artvec: Run) -> None:
    facts = here / "facts.csv"
    facts.write_text("filename,artist\ntrain/a/001.png,Leyster\n")
    colours(here / "art", here / "indexes/mine", metadata=facts)
    before = shards(here / "indexes/mine")
    line = ("compare", "--models", "colour:4x4,simple_cnn", "art", "--no-speed", "--json")
    done = artvec(*line)
    assert done.code == 0, done.err
    assert {row["name"] for row in done.json["rows"]} == {"mine", "art-simple_cnn"}
    assert "art-simple_cnn: 78 embedded" in done.err
    made = json.loads((here / "indexes/art-simple_cnn/collection.json").read_text())
    assert made["columns"] == {"artist": "string"}  # as the source's other collection has it
    kept = shards(here / "indexes")
    assert shards(here / "indexes/mine") == before
    assert "embedded" not in artvec(*line).err
    assert shards(here / "indexes") == kept


def test_models_that_cannot_be_had_are_refused_before_any_work(here: Path, artvec: Run) -> None:
    done = artvec("compare", "--models", "colour:4x4,resnet18,eficientnet_b0", "art")
    assert done.code in (1, 2)
    assert "2 of 3 models can't be had" in done.err
    assert "resnet18:" in done.err and "eficientnet_b0:" in done.err
    assert not (here / "indexes").exists()
    one = artvec("compare", "--models", "colour:4x4,colour:9x9", "art")
    assert (one.code, "did you mean" in one.err) == (2, True)
    assert not (here / "indexes").exists()
    twice = artvec("compare", "--models", "colour:4x4,colour:4x4", "art")
    assert (twice.code, "twice" in twice.err) == (2, True)
    nowhere = artvec("compare", "--models", "colour:4x4", "nowhere")
    assert nowhere.code != 0 and not (here / "indexes").exists()


def test_what_is_no_collection(here: Path, artvec: Run) -> None:
    none = artvec("compare")
    assert (none.code, "--models" in none.err) == (2, True)
    colours(here / "art", here / "indexes/art")
    colours(here / "art", here / "indexes/two")
    several = artvec("compare")
    assert (several.code, "artvec compare art two" in several.err) == (2, True)
    unknown = artvec("compare", "art", "twoo")
    assert (unknown.code, "did you mean: artvec compare art two" in unknown.err) == (2, True)
    for n in range(3):
        paint(here / f"other/{n}.png", n, n)
    for name in ("n1", "n2", "n3"):
        colours(here / "other", here / "indexes" / name)
    for typed, hint in (([], "n1 n2 n3"), (["art", "zzzz"], "art two"), (["zzzz"], "n1 n2 n3")):
        assert artvec("compare", *typed).err.endswith(f"hint: type: artvec compare {hint}\n")
    for again in (("art", "art"), ("art", "indexes/art")):
        twice = artvec("compare", *again)
        assert twice.code == 2 and "name it once" in twice.err
    (shard,) = (here / "indexes/two/shards").glob("*.arrow")
    shard.write_bytes(shard.read_bytes()[:-100])
    damaged = artvec("compare", "art", "two")
    assert (damaged.code, "verify --repair" in damaged.err) == (1, True)


def test_a_name_of_one_character_is_refused_twice(here: Path) -> None:
    colours(here / "art", here / "indexes/c")
    with pytest.raises(ArtvecError, match="c is named twice") as caught:
        compare_collections(["c", "c"], UNTIMED)
    assert caught.value.hint == "name it once: artvec compare c"


def test_a_missing_split_is_told(here: Path, artvec: Run) -> None:
    gallery(here / "art")
    colours(here / "art", here / "indexes/art")
    done = artvec("compare", "art", "--queries", "tests")
    assert done.code == 2 and "no row of indexes/art has the split 'tests'" in done.err
    unlike = artvec("compare", "art", "--gallery", "nope").err
    assert unlike.endswith("others: artvec compare art --gallery train --queries train\n")
    assert "artvec embed" in artvec("compare", "art", "--group", "nope").err
    other = artvec("compare", "art", "--queries", "val", "--no-speed", "--json")
    assert other.json["protocol"]["queries"] == 12


def test_a_run_stands_for_what_it_embedded(here: Path) -> None:
    run = make_run(here / "runs/mine", {"train": [], "test": []})
    with pytest.raises(ArtvecError, match="was embedded by runs/mine") as caught:
        compare_collections(["runs/mine"], UNTIMED)
    assert caught.value.usage and "-m runs/mine" in caught.value.hint
    colours(here / "art", here / "indexes/art")
    embed_images(here / "art", EmbedOptions(str(run), "indexes/tuned"))
    found = compare_collections(["art", "runs/mine"], UNTIMED)
    assert {row.name for row in found.rows} == {"art", "tuned"}
    (row,) = [row for row in found.rows if row.name == "tuned"]
    assert row.run == run and row.encoder == "mine"
    with pytest.raises(ArtvecError, match="one collection"):
        compare_collections(["tuned", "runs/mine"], UNTIMED)


def test_queries_that_a_run_was_trained_on(here: Path, artvec: Run) -> None:
    import hashlib

    files = sorted((here / "art/test").rglob("*.png"))[:4]
    hashes = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
    run = make_run(here / "runs/mine", {"train": hashes})
    colours(here / "art", here / "indexes/art")
    embed_images(here / "art", EmbedOptions(str(run), "indexes/tuned"))
    refused = artvec("compare", "art", "tuned", "--no-speed")
    assert refused.code == 1 and refused.out == ""
    assert "4 of the 30 queries were training images" in refused.err
    assert "--allow-leak" in refused.err
    allowed = artvec("compare", "art", "tuned", "--no-speed", "--allow-leak", "--json")
    assert allowed.code == 0, allowed.err
    (leak,) = allowed.json["leaks"]
    assert (leak["name"], leak["queries"]) == ("tuned", 4)


def test_a_run_trained_further_is_refused(here: Path) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    run = make_run(here / "runs/mine", {"train": []})
    embed_images(here / "art", EmbedOptions(str(run), "indexes/tuned"))
    tensors = load_file(run / "model.safetensors")
    save_file(
        {name: torch.add(value, 1) for name, value in tensors.items()}, run / "model.safetensors"
    )
    with pytest.raises(ArtvecError, match="has since become") as caught:
        compare_collections(["tuned"], UNTIMED)
    assert "--overwrite" in caught.value.hint


def test_no_pictures_no_speeds(here: Path) -> None:
    """Speeds are absent, with a line that says why, where no picture can be read any more."""
    index = embed_images(here / "art", EmbedOptions("simple_cnn", "art")).index
    (here / "art").rename(here / "moved")
    found = compare_collections([str(index)])
    assert found.rows[0].cost.speed is None
    assert any("speeds are not measured" in note for note in found.notes)


@pytest.mark.long
def test_a_pretrained_network(here: Path, artvec: Run) -> None:
    """EfficientNet-Lite0 without its classifier: 4,652,008 - 1,281,000 parameters."""
    done = artvec("compare", "--models", "tf_efficientnet_lite0,colour:4x4", "art", "--json")
    assert done.code == 0, done.err
    by_name = {row["name"]: row for row in done.json["rows"]}
    row = by_name["art-tf_efficientnet_lite0"]
    assert row["parameters"] == 4_652_008 - 1_281_000
    assert row["mult_adds"] == pytest.approx(384e6, rel=0.01)
    assert row["images_per_second"] > 0
