"""What a phase learns from, row by row: pictures, or embeddings that are already there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch

from artvec.core.types import Float32Array, Int64Array, Preprocessing, UInt8Array
from artvec.training.augment import augmentation, varied
from artvec.training.pictures import PictureStore


class Inputs(Protocol):
    """Rows with labels.

    Attributes:
        labels: (N, T) codes, a column a label column, -1 unknown.
    """

    labels: Int64Array

    def __len__(self) -> int:
        """Return N."""
        ...

    def batch(self, rows: Int64Array, seed: int, *, augment: bool) -> torch.Tensor:
        """Return what the model takes for (B,) rows, row by row.

        Args:
            rows: Row numbers.
            seed: Another one every epoch; with a row's number it decides that row's augmentation.
            augment: Whether rows are varied, as for training.

        Returns:
            (B, 3, S, S) float32, normalised, channels_last; or (B, D) float32.
        """
        ...


class StoredVectors:
    """Embeddings made before training began, of each picture or of several views of each."""

    def __init__(self, vectors: Float32Array, labels: Int64Array) -> None:
        """Keep them.

        Args:
            vectors: (N, D), or (V, N, D) of V augmented views; without augmentation the first view
                is taken.
            labels: (N, T).
        """
        self._views = vectors if vectors.ndim == 3 else vectors[np.newaxis]
        assert self._views.shape[1] == len(labels)
        self.labels = labels

    def __len__(self) -> int:
        """Return N."""
        return len(self.labels)

    def batch(self, rows: Int64Array, seed: int, *, augment: bool) -> torch.Tensor:
        """Return (B, D) float32; augmented, each row from any of its views."""
        views = np.zeros(len(rows), np.int64)
        if augment and len(self._views) > 1:
            views[:] = [
                np.random.default_rng((seed, row)).integers(len(self._views)) for row in rows
            ]
        return torch.from_numpy(np.ascontiguousarray(self._views[views, rows], dtype=np.float32))


class StoredPictures:
    """Pictures of a store, cropped and varied anew every epoch."""

    def __init__(
        self, store: PictureStore, labels: Int64Array, preprocessing: Preprocessing, augment: str
    ) -> None:
        """Keep them.

        Args:
            store: Of N pictures.
            labels: (N, T).
            preprocessing: Of the backbone.
            augment: Name of an augmentation, see `augment.SETS`.

        Raises:
            ArtvecError: There is no such set.
        """
        assert len(store) == len(labels)
        self.labels = labels
        self._store = store
        self._preprocessing = preprocessing
        self._set = augmentation(augment)
        self._transform = self._set.build(preprocessing)
        self._mean = _per_channel(preprocessing.mean)
        self._std = _per_channel(preprocessing.std)

    def __len__(self) -> int:
        """Return N."""
        return len(self.labels)

    def batch(self, rows: Int64Array, seed: int, *, augment: bool) -> torch.Tensor:
        """Return (B, 3, S, S) float32, normalised, channels_last."""
        pixels = self.augmented(rows, seed) if augment else self.plain(rows)
        images = torch.from_numpy(pixels).permute(0, 3, 1, 2)  # still channels_last in memory
        return images.float().sub_(self._mean).div_(self._std)

    def plain(self, rows: Int64Array) -> UInt8Array:
        """Return the (B, S, S, 3) uint8 pixels that an encoder is fed."""
        return np.stack([self._store.square(int(row), self._preprocessing) for row in rows])

    def augmented(self, rows: Int64Array, seed: int) -> UInt8Array:
        """Return (B, S, S, 3) uint8 pixels, each row varied as (seed, row) decides."""
        return np.stack([self._varied(int(row), seed) for row in rows])

    def _varied(self, row: int, seed: int) -> UInt8Array:
        if self._set.of_square:
            pixels = self._store.square(row, self._preprocessing)
        else:
            pixels = self._store.pixels(row)
        return varied(self._transform, pixels, seed, row)


def _per_channel(values: Sequence[float]) -> torch.Tensor:
    return torch.tensor([255 * value for value in values]).reshape(1, 3, 1, 1)
