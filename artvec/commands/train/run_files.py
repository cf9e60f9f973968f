"""What a run leaves in its folder: weights, head, history, predictions, and `run.json` last."""

from __future__ import annotations

import csv
import io
import json
import math
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from safetensors.torch import save
from torch import nn

from artvec.commands.train.inspection import Inspection
from artvec.commands.train.labelled_rows import Material, data_fingerprint
from artvec.commands.train.plan import record_of
from artvec.commands.train.run_context import RunContext
from artvec.commands.train.train_report import PhaseReport, SplitFigures, TrainReport
from artvec.core.files import replaced_whole, write_whole
from artvec.core.results import Interval
from artvec.core.version import __version__
from artvec.encoding.backbones.anchored import Anchor
from artvec.encoding.backbones.run_directory import ANCHOR, MODEL
from artvec.encoding.heads import takes_map
from artvec.encoding.identity import identity_json
from artvec.training.checkpoint import copy_weights
from artvec.training.phase import Epoch

RECORD = "run.json"
FORMAT_VERSION = 1
_PACKAGES = ("torch", "torchvision", "timm", "openvino", "pillow", "pytorch-metric-learning")


def write_run(
    folder: Path, context: RunContext, report: TrainReport, anchor: Anchor | None
) -> None:
    """Write everything but predictions; `run.json`, which makes the folder a run, comes last."""
    write_whole(folder / MODEL, save(_network_state(context.network.start.module)))
    if anchor is not None:
        assert context.network.start.anchor is not None
        write_whole(folder / ANCHOR, save(_network_state(context.network.start.anchor)))
    for column, head in zip(context.setup.plan.labels, context.network.heads, strict=True):
        file = _head_file(column, first=column == context.setup.plan.labels[0])
        write_whole(folder / file, save(copy_weights(head.module)))
    write_whole(folder / "history.csv", _history(report.phases))
    record = _record(context, anchor) | figures_record(report)
    write_whole(folder / RECORD, json.dumps(record, indent=1, allow_nan=False).encode())


def write_predictions(file: Path, material: Material, found: Inspection) -> None:
    """Write a row a picture: path, split, label, the class predicted, all probabilities."""
    classes = material.classes[0]
    splits = np.full(len(material.rows), "train", dtype=object)
    splits[material.val], splits[material.test] = "val", "test"
    probabilities = found.probabilities[0]  # (M, C)
    table = pa.table(
        {
            "path": [sample.path for sample in material.samples],
            "split": pa.array(splits, pa.string()),
            "label": [classes[code] if code >= 0 else None for code in material.labels[:, 0]],
            "predicted": [classes[code] for code in probabilities.argmax(axis=1)],
            "probability": probabilities.max(axis=1),
            "probabilities": pa.FixedSizeListArray.from_arrays(
                pa.array(probabilities.ravel()), len(classes)
            ),
        }
    ).replace_schema_metadata({"classes": json.dumps(classes)})
    with replaced_whole(file) as beside, beside.open("wb") as sink:  # Arrow expands a ~ of a name
        pq.write_table(table, sink)


def _network_state(module: nn.Module) -> dict[str, torch.Tensor]:
    """Return a backbone's weights under its network's own names, without its old classifier."""
    network = getattr(module, "model", module)
    unused = tuple(f"{part}." for part in getattr(module, "unused", ()))
    state = copy_weights(network)
    return {name: of for name, of in state.items() if not unused or not name.startswith(unused)}


def _head_file(column: str, *, first: bool) -> str:
    name = column.replace("%", "%25").replace("/", "%2F")
    return "head.safetensors" if first else f"head-{name}.safetensors"


def _history(phases: Sequence[PhaseReport]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(field.name for field in fields(Epoch))
    for phase in phases:
        writer.writerows(map(astuple, phase.result.history))
    return text.getvalue().encode()


def _record(context: RunContext, anchor: Anchor | None) -> dict[str, Any]:
    """Return what a run began with, and what it is to those who read it as a backbone."""
    identity, material = context.network.start.backbone.identity, context.setup.material
    beside = anchor is not None and not takes_map(context.setup.plan.head)
    wide = {"width": 2 * context.network.start.own.identity.dim} if beside else {}
    described = [
        {"layers": head.layers, "dim": head.dim, **wide, "classes": list(head.classes)}
        for head in context.network.heads
    ]
    return {
        "format_version": FORMAT_VERSION,
        "artvec_version": __version__,
        "backbone": {
            "name": identity.backbone,
            "image_size_px": context.network.start.image_size_px,
            "preprocessing": asdict(identity.preprocessing),
            "anchor": None if anchor is None else asdict(anchor),
        },
        "began_with": json.loads(identity_json(identity)),
        "collection": str(context.setup.collection.folder.absolute()),
        "source": str(context.setup.collection.source),
        "plan": record_of(context.setup.plan),
        "head": described[0],
        "heads": {
            column: {"file": _head_file(column, first=not at), **of}
            for at, (column, of) in enumerate(
                zip(context.setup.plan.labels, described, strict=True)
            )
        },
        "data": {
            "fingerprint": data_fingerprint(material),
            "train": len(material.train),
            "val": len(material.val),
            "test": len(material.test),
            "val_drawn": material.val_drawn,
        },
        "splits": _splits(context),
        "versions": {
            "python": platform.python_version(),
            **{package: version(package) for package in _PACKAGES},
        },
        "device": context.setup.encoder.device,
        "precision": context.setup.encoder.precision,
    }


def figures_record(report: TrainReport) -> dict[str, Any]:
    """Return what a run found, as its record and `--json` hold it."""
    last = report.phases[-1]
    return {
        "phases": [_phase(phase) for phase in report.phases],
        "test": values_of(last.splits.get("test")),
        "test_ci95": _ends(last.splits.get("test")),
        "untrained": {name: values_of(of) for name, of in report.untrained.items()},
        "verdicts": [
            {
                "from": verdict.start,
                "to": verdict.end,
                "metric": verdict.metric,
                "difference": verdict.difference.value,
                "helped": verdict.helped,
                "on": verdict.on,
                **_interval(verdict.difference),
            }
            for verdict in report.verdicts
        ],
        "advice": [asdict(advice) for advice in report.advice],
        "warnings": list(report.warnings),
        "seeds": {
            str(seed): {name: of.value for name, of in figures.items()}
            for seed, figures in report.seeds.items()
        },
        "seconds": report.seconds,
        **({"failure": report.failure} if report.failure else {}),
    }


def values_of(found: SplitFigures | None) -> dict[str, float]:
    """Return the plain figures of a split."""
    return {name: of.value for name, of in _figures_of(found).items()}


def _phase(report: PhaseReport) -> dict[str, Any]:
    watched = {name: values_of(of) for name, of in report.watched.items()}
    return {
        "name": report.phase.name,
        "epochs": len(report.result.history),
        "best_epoch": report.result.best_epoch,
        "seconds": report.result.seconds,
        "share": report.result.share,
        "trainable_parameters": report.trainable_parameters,
        **{name: values_of(report.splits.get(name)) for name in ("train", "val", "test")},
        "ci95": {name: _ends(of) for name, of in report.splits.items()},
        **({"watched": watched} if watched else {}),
    }


def _figures_of(found: SplitFigures | None) -> Mapping[str, Interval]:
    figures = {} if found is None else found.figures
    return {name: of for name, of in figures.items() if math.isfinite(of.value)}


def _ends(found: SplitFigures | None) -> dict[str, list[float]]:
    return {n: [of.low, of.high] for n, of in _figures_of(found).items() if math.isfinite(of.low)}


def _interval(found: Interval) -> dict[str, list[float]]:
    """Return both ends; of a single picture or group there are none."""
    return {"ci95": [found.low, found.high]} if math.isfinite(found.low) else {}


def _splits(context: RunContext) -> dict[str, list[str]]:
    """Return content hashes by split: this run's, and those that its beginning had seen.

    What any run of the chain learned from stays a training picture. So do pictures drawn to choose
    weights by: their stored split is `train`.
    """
    material, earlier = context.setup.material, context.network.start.backbone.splits
    sides = dict(earlier)
    for name, places in (("test", material.test), ("val", material.val), ("train", material.train)):
        side = "train" if material.val_drawn and name == "val" else name
        sides |= {material.hashes[place]: side for place in places.tolist()}
    sides |= {digest: "train" for digest, split in earlier.items() if split == "train"}
    names = ("train", "val", "test")
    return {name: sorted(of.hex() for of, side in sides.items() if side == name) for name in names}
