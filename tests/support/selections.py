"""Selections written by hand: which labels the gallery has, and which the queries."""

from __future__ import annotations

import numpy as np

from artvec.evaluation import Selection

CLASSES = tuple("abcdefgh")
Labels = list[int]


def selection_of(gallery: Labels, queries: Labels, *, among_themselves: bool = False) -> Selection:
    """Return gallery rows first, then queries; or the gallery's own rows asking one another."""
    rows = np.arange(len(gallery) + len(queries))
    own = rows[: len(gallery)]
    return Selection(
        gallery_split="train",
        query_split="train" if among_themselves else "test",
        gallery=own,
        queries=own if among_themselves else rows[len(gallery) :],
        val=rows[:0],
        val_drawn=False,
        labels=np.array([*gallery, *queries], dtype=np.int64),
        classes=CLASSES,
    )
