"""No weights and no vectors with NaN or infinity: refused by name, skipped with a reason."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import save_file

from artvec.collection.manifest import read_manifest, write_manifest
from artvec.collection.reader import blocks, columns, open_collection
from artvec.collection.shards import open_shard, write_shard
from artvec.commands.cluster import ClusterOptions, cluster_collection
from artvec.commands.duplicates import find_duplicates
from artvec.commands.embed import EmbedOptions, EmbedReport, embed_images
from artvec.commands.export import export_collection
from artvec.commands.search import search_collection
from artvec.commands.verify import repair_collection, verify_collection
from artvec.core.errors import ArtvecError
from artvec.core.types import BackboneRequest, EncoderOptions
from artvec.encoding.backbones import load
from artvec.encoding.backbones.simple_cnn import SimpleCnn
from artvec.encoding.heads import build_head, load_head

Paint = Callable[[Path, int], Path]
State = dict[str, torch.Tensor]
TINY = "test_efficientnet"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def art(tmp_path: Path, paint: Paint) -> Path:
    for n in range(4):
        paint(tmp_path / f"art/{n}.png", n)
    return tmp_path / "art"


def state(name: str) -> State:
    torch.manual_seed(0)
    model = SimpleCnn() if name == "simple_cnn" else timm.create_model(name, pretrained=False)
    return dict(model.state_dict())


def nan_weight(weights: State) -> str:
    weights["conv_stem.weight"][0, 0, 0, :2] = float("nan")
    return r"\(conv_stem.weight: 2 of \d+\)"


def infinite_statistics(weights: State) -> str:
    weights["bn1.running_var"][1] = float("inf")
    return r"\(bn1.running_var: 1 of \d+\)"


def too_large_for_single_precision(weights: State) -> str:
    weights["bn1.bias"] = torch.full_like(weights["bn1.bias"], 1e300, dtype=torch.float64)
    return r"\(bn1.bias: (\d+) of \1\)"


def two_in_half_precision(weights: State) -> str:
    for name in ("bn1.bias", "bn1.weight"):
        weights[name] = weights[name].half()
        weights[name][0] = 1e6  # which is infinite there
    return "; and 1 more tensor"


def the_head(weights: State) -> str:
    weights["classifier.bias"][:] = float("nan")
    return r"\(classifier.bias: 1,000 of 1,000\)"


SPOILT = (
    nan_weight,
    infinite_statistics,
    too_large_for_single_precision,
    two_in_half_precision,
    the_head,
)


@pytest.mark.parametrize("spoil", SPOILT)
@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_weights_that_are_not_finite_are_refused_by_the_tensors_name(
    spoil: Callable[[State], str], suffix: str
) -> None:
    weights = state(TINY)
    where = spoil(weights)
    file = Path(f"w.{suffix}")
    save = torch.save if suffix == "pth" else save_file
    save(weights, file)
    with pytest.raises(ArtvecError, match=f"w.{suffix} hold values that are not finite.*{where}"):
        load(BackboneRequest(TINY, weights=file))


def test_a_mask_may_be_infinite() -> None:
    weights = state("simple_cnn")
    weights["attn_mask"] = torch.tensor([0.0, float("-inf")])
    torch.save(weights, "w.pth")
    with pytest.raises(ArtvecError, match="also holds attn_mask"):  # no word of what is finite
        load(BackboneRequest("simple_cnn", weights=Path("w.pth")))


def test_a_mask_may_hold_nothing_else_that_is_not_finite() -> None:
    for value in (float("nan"), float("inf")):
        weights = state("simple_cnn") | {"mask_token": torch.tensor([0.0, value])}
        torch.save(weights, "w.pth")
        with pytest.raises(ArtvecError, match=r"\(mask_token: 1 of 2\)"):
            load(BackboneRequest("simple_cnn", weights=Path("w.pth")))


def test_a_pretrained_model_is_looked_at_too(monkeypatch: pytest.MonkeyPatch) -> None:
    model = timm.create_model(TINY, pretrained=False)
    model.conv_stem.weight.data[0] = float("nan")
    monkeypatch.setattr(timm, "create_model", lambda *_, **__: model)
    with pytest.raises(ArtvecError, match=rf"the weights of {TINY}.* \(conv_stem.weight: "):
        load(BackboneRequest(f"{TINY}.r160_in1k"))


def test_a_head_that_is_not_finite_is_refused(tmp_path: Path) -> None:
    head = {"layers": "linear", "dim": 3, "classes": ["a", "b"]}
    (tmp_path / "run.json").write_text(json.dumps({"head": head}))
    weights = dict(build_head("linear", 3, 2).state_dict())
    weights["0.bias"][1] = float("inf")
    save_file(weights, tmp_path / "head.safetensors")
    with pytest.raises(ArtvecError, match=r"head.safetensors hold values .* \(0.bias: 1 of 2\)"):
        load_head(tmp_path)


def scaled(factor: float) -> Path:
    """Keep weights of the small CNN whose vectors are so many times as long."""
    weights = state("simple_cnn")
    for name in ("features.7.weight", "features.7.bias"):
        weights[name] *= factor
    torch.save(weights, "long.pth")
    return Path("long.pth")


def small(art: Path, engine: str, **options: Any) -> EmbedReport:
    """Embed with the small CNN."""
    encoder = EncoderOptions(engine, "cpu", options.pop("precision", "fp32"))  # type: ignore[arg-type]
    return embed_images(
        art, EmbedOptions(model="simple_cnn", index="./c", encoder=encoder, **options)
    )


@pytest.mark.parametrize("engine", ["torch", "openvino"])
def test_what_float16_can_not_hold_is_skipped_with_the_way_out(art: Path, engine: str) -> None:
    weights = scaled(1e6)
    report = small(art, engine, weights=weights, dtype="float16")
    assert (report.embedded, report.failed) == (0, 4)
    assert {(f.stage, f.reason) for f in report.failures} == {("forward", "not_finite")}
    assert all("--dtype float32 instead of float16" in f.message for f in report.failures)
    assert any("4 of 4 vectors are not finite: that is the encoder" in n for n in report.notes)
    wide = small(art, engine, weights=weights, dtype="float32", overwrite=True)
    assert (wide.embedded, wide.failed) == (4, 0)
    assert all(np.isfinite(block).all() for block in blocks(open_collection(Path("c"))))


def test_what_overflows_in_half_precision_is_skipped_and_tried_again_in_full(art: Path) -> None:
    weights = scaled(1e7)
    report = small(art, "torch", weights=weights, precision="fp16")
    assert (report.embedded, report.failed) == (0, 4)
    assert all("--precision fp32 instead of fp16" in f.message for f in report.failures)
    assert small(art, "torch", weights=weights, precision="fp32").embedded == 4


@pytest.mark.parametrize("engine", ["torch", "openvino"])
def test_a_network_that_only_computes_nan_is_told(art: Path, engine: str) -> None:
    """Finite weights, but the root of a negative variance."""
    weights = state(TINY)
    weights["bn1.running_var"] = -1 - weights["bn1.running_var"]
    torch.save(weights, "w.pth")
    encoder = EncoderOptions(engine, "cpu", "fp32")  # type: ignore[arg-type]
    options = EmbedOptions(model=TINY, weights=Path("w.pth"), index="./c", encoder=encoder)
    if engine == "openvino":
        with pytest.raises(ArtvecError, match="gives no finite vectors, whatever"):
            embed_images(art, options)
    else:
        report = embed_images(art, options)
        assert (report.embedded, report.failed) == (0, 4)


class Blinking:
    """An encoder of mean colours that gives NaN for pictures that are mostly blue."""

    engine, device, precision, streams, batch_size = "torch", "cpu", "fp32", 1, 3

    def __init__(self, identity: Any) -> None:
        self.identity = identity

    def encode(self, pixels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        vectors = pixels.reshape(len(pixels), -1).astype(np.float32)
        vectors[pixels[..., 2].mean(axis=(1, 2)) > 200] = np.nan
        return vectors


def test_single_pictures_are_skipped_and_the_others_keep_their_vectors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("artvec.encoding.encoders.compiled.ColourGridEncoder", Blinking)
    levels = {f"{n}.png": (10 * n, 20, 250 if n in (1, 5) else 30) for n in range(8)}
    (tmp_path / "art").mkdir()
    for name, rgb in levels.items():
        Image.new("RGB", (8, 8), rgb).save(tmp_path / "art" / name)
    report = embed_images(tmp_path / "art", EmbedOptions(model="colour:4x4", index="./c"))
    assert [f.path for f in report.failures] == ["1.png", "5.png"]
    collection = open_collection(Path("c"))
    paths = columns(collection, ["path"]).column("path").to_pylist()
    assert paths == [name for name in levels if name not in ("1.png", "5.png")]
    for path, vector in zip(paths, np.concatenate(list(blocks(collection))), strict=True):
        assert vector[:3].tolist() == list(levels[path])
    found = search_collection(Path("c"), ["art/1.png"])
    assert [(e.stage, e.reason) for e in found.errors] == [("forward", "not_finite")]


@pytest.fixture
def spoilt(art: Path) -> Iterator[Path]:
    """A collection of which one vector is NaN, as earlier versions could write it."""
    index = embed_images(art, EmbedOptions(model="colour:4x4", index="./c")).index
    manifest = read_manifest(index)
    table = open_shard(index / "shards" / manifest.shards[0].name)
    vectors = np.array(table["embedding"].combine_chunks().flatten()).reshape(4, 48).copy()
    vectors[2] = np.nan
    at = table.schema.get_field_index("embedding")
    kind = table.schema.field(at).type
    column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), type=kind)
    (index / "shards" / manifest.shards[0].name).unlink()
    shard = write_shard(index / "shards", 0, table.set_column(at, table.schema.field(at), column))
    entry = replace(
        manifest.shards[0], name=shard.name, sha256=shard.sha256, size_bytes=shard.size_bytes
    )
    write_manifest(index, replace(manifest, shards=(entry,)), artvec_version="0")
    yield index


USES: dict[str, Callable[[Path], object]] = {
    "search": lambda index: search_collection(index, ["0.png"]),
    "search by it": lambda index: search_collection(index, ["2.png"]),
    "cluster": lambda index: cluster_collection(index, ClusterOptions()),
    "duplicates": lambda index: find_duplicates(index),
    "export": lambda index: export_collection(index, "csv", Path("x.csv")),
}


@pytest.mark.parametrize("use", USES)
def test_a_collection_with_nan_is_told_wherever_it_is_used(spoilt: Path, use: str) -> None:
    with pytest.raises(ArtvecError, match="not finite"):
        USES[use](spoilt)


def test_verify_names_nan_and_repair_embeds_it_again(spoilt: Path) -> None:
    found = verify_collection(spoilt)
    assert not found.complete
    assert any("1 vector is not finite (NaN or infinite)" in note for note in found.notes)
    assert repair_collection(spoilt).rebuilt == 4
    assert verify_collection(spoilt).complete
    assert all(np.isfinite(block).all() for block in blocks(open_collection(spoilt)))
