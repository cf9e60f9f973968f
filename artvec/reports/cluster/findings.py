"""What a page shows: the results of other verbs, gathered; nothing is computed here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from artvec.collection.reader import Collection, columns
from artvec.core.results import Copies, Groups, Interval, Projection
from artvec.core.types import Int64Array, Skipped
from artvec.images.find import file_of


@dataclass(frozen=True)
class Evaluated:
    """How well the labels of held-out pictures are told.

    Attributes:
        by: What told them, in words: `linear probe`.
        classes: (C,), the labels.
        confusion: (C, C), pictures by true label (rows) and told label (columns).
        figures: Name as in the contract → value with interval.
    """

    by: str
    classes: tuple[str, ...]
    confusion: Int64Array
    figures: Mapping[str, Interval] = field(default_factory=dict)


@dataclass(frozen=True)
class Findings:
    """Everything that is known of a collection.

    Attributes:
        collection: Its rows.
        groups: Of these rows.
        projection: Of these rows.
        quality: Name of a figure of the grouping → value.
        copies: Rows that show the same picture.
        evaluation: None where there are no labels, or it was not asked for.
        failures: What was skipped.
        notes: What a reader should know beside that.
    """

    collection: Collection
    groups: Groups
    projection: Projection
    quality: Mapping[str, float] = field(default_factory=dict)
    copies: tuple[Copies, ...] = ()
    evaluation: Evaluated | None = None
    failures: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The collection's name."""
        return self.collection.folder.resolve().name

    @cached_property
    def paths(self) -> list[str]:
        """(N,), in row order."""
        found: list[str] = columns(self.collection, ["path"]).column("path").to_pylist()
        return found

    @cached_property
    def labels(self) -> list[str | None]:
        """(N,), in row order."""
        found: list[str | None] = columns(self.collection, ["label"]).column("label").to_pylist()
        return found

    @property
    def have_silhouettes(self) -> bool:
        """Whether there are silhouettes: not of a single cluster, nor of one a row."""
        inside = self.groups.silhouettes[self.groups.clusters >= 0]
        return len(self.groups.medoids) > 1 and bool(np.isfinite(inside).all())

    def file(self, row: int) -> Path:
        """Return where a row's picture should be."""
        return file_of(self.collection.source, self.paths[row])
