"""The pictures of a run's rows, decoded once for all phases; what can't be read is left out."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from artvec.collection.stamps import StoredContent, still_holds
from artvec.commands.train.labelled_rows import Material, without
from artvec.commands.train.plan import Plan
from artvec.commands.train.train_options import Listener
from artvec.core.types import Backbone, Int64Array, Preprocessing, Sample
from artvec.encoding.heads import takes_map
from artvec.images.find import sample_of
from artvec.training.inputs import Inputs, StoredPictures
from artvec.training.pictures import PictureStore, store_pictures
from artvec.training.recipes import reads_pictures


@dataclass(frozen=True)
class Pictures:
    """The decoded pictures of a material.

    Attributes:
        store: Of all that were asked for.
        places: (M,) which of them each row of the material is.
    """

    store: PictureStore
    places: Int64Array

    def inputs(
        self, labels: Int64Array, preprocessing: Preprocessing, augment: str
    ) -> StoredPictures:
        """Return all of the store to learn from, given the (M, T) labels of the material."""
        every = np.full((len(self.store), labels.shape[1]), -1)
        every[self.places] = labels
        return StoredPictures(self.store, every, preprocessing, augment)


class ChosenRows:
    """Some rows of other inputs, numbered from 0."""

    def __init__(self, inputs: Inputs, places: Int64Array, labels: Int64Array) -> None:
        self.labels = labels
        self._inputs, self._places = inputs, places

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self._places)

    def batch(self, rows: Int64Array, seed: int, *, augment: bool) -> torch.Tensor:
        """Return what the inputs give for these rows."""
        return self._inputs.batch(self._places[rows], seed, augment=augment)


def reachable(
    material: Material,
    plan: Plan,
    start: Backbone,
    folder: Path,
    listener: Listener,
    proofs: Container[int],
) -> tuple[Material, Pictures | None]:
    """Decode the pictures that phases need; leave out what can't be read any more.

    Raises:
        ArtvecError: There is no space, or too little is left.
    """
    decodes = any(map(reads_pictures, plan.phases))
    if not (decodes or takes_map(plan.head)):
        return material, None
    gone = np.array(
        [
            not _is_there(sample, content_hash, proofs)
            for sample, content_hash in zip(material.samples, material.hashes, strict=True)
        ]
    )
    if not decodes:
        return without(material, gone), None
    with listener.stage("decoding") as progress:
        store = store_pictures(
            [sample.file for sample in material.samples],
            folder,
            start.identity.preprocessing,
            progress=progress,
        )
    gone[list(store.unreadable)] = True
    return without(material, gone), Pictures(store, np.flatnonzero(~gone))


def _is_there(sample: Sample, content_hash: bytes, proofs: Container[int]) -> bool:
    """Say whether a file still holds what was embedded."""
    try:
        now = sample_of(Path(sample.file))
    except OSError:
        return False
    return still_holds(now, StoredContent(sample.size_bytes, content_hash), proofs)
