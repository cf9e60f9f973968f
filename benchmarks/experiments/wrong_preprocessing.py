"""What wrong preprocessing costs: a backbone fed with pixels that it was not trained on.

artvec offers no way to do this; a test double with another mean and deviation stands in.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from artvec.annotations.folder_labels import folder_label, folder_split
from artvec.annotations.split_names import split_folders
from artvec.core.types import Backbone, BackboneRequest
from artvec.encoding.backbones.sources import load
from artvec.encoding.encoders.torch_engine import TorchEncoder
from artvec.encoding.extraction import Clock, Embedded, ExtractOptions, extract
from artvec.images.find import find_images
from artvec.metrics.probe import fit_probe, top_k_hits

# Pixels are uint8; a mean of 0 and a deviation of 1 leave them from 0 to 255.
_RAW, _UNSCALED = (0.0, 0.0, 0.0), (1 / 255,) * 3
_VAL_EVERY = 7


def probe_both(pictures: Path, backbone: str) -> dict[str, float]:
    """Return a linear probe's test accuracy with the backbone's own and with no preprocessing."""
    right = load(BackboneRequest(backbone))
    preprocessing = replace(right.identity.preprocessing, mean=_RAW, std=_UNSCALED)
    wrong = replace(right, identity=replace(right.identity, preprocessing=preprocessing))
    return {"right": _accuracy(pictures, right), "wrong": _accuracy(pictures, wrong)}


def _accuracy(pictures: Path, backbone: Backbone) -> float:
    encoder = TorchEncoder(backbone, devices=["cpu"], precision="fp32")
    found = extract(find_images(pictures).samples, encoder, ExtractOptions(), Clock())
    batches = [batch for batch in found if isinstance(batch, Embedded)]
    paths = [sample.path for batch in batches for sample in batch.samples]
    vectors = np.concatenate([batch.vectors for batch in batches])
    folders = split_folders(paths)
    names = [str(folder_label(path, folders)) for path in paths]
    classes, labels = np.unique(names, return_inverse=True)
    test = np.array([folder_split(path, folders) == "test" for path in paths])
    val = ~test & (np.arange(len(paths)) % _VAL_EVERY == 0)
    train = ~test & ~val
    probe = fit_probe(vectors[train], labels[train], vectors[val], labels[val], len(classes))
    scores = probe.log_probabilities(vectors[test])
    return float(top_k_hits(scores, labels[test], 1).mean())
