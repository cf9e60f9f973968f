"""Pictures on both sides of a split, and test pictures that a run was trained on: found first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from artvec.collection.reader import Collection, columns
from artvec.commands.evaluate.evaluation_report import Leaks
from artvec.core.errors import ArtvecError
from artvec.evaluation import Selection, content_hashes, trained_on
from artvec.near_duplicates import DuplicateSearch


def find_leaks(collection: Collection, selection: Selection, copies: DuplicateSearch) -> Leaks:
    """Find pictures that a query shares with the gallery or the validation rows.

    Args:
        collection: Files with equal bytes are recognised by their hashes.
        selection: The two sides.
        copies: In the whole collection, altered files among them.
    """
    by_content: dict[bytes, list[int]] = {}
    sides = np.union1d(np.union1d(selection.gallery, selection.val), selection.queries)
    for row, digest in zip(sides.tolist(), content_hashes(collection, sides), strict=True):
        by_content.setdefault(digest, []).append(row)
    taking = set(sides.tolist())
    exact = _across(by_content.values(), selection)
    groups = (one.rows for one in copies.copies if one.kind == "near")
    near = _across((tuple(row for row in group if row in taking) for group in groups), selection)
    return Leaks(
        exact=_paths(collection, exact),
        exact_queries=_queries_in(exact, selection),
        near=_paths(collection, near),
        near_queries=_queries_in(near, selection),
        undecided=copies.unavailable + copies.left,
    )


def training_leaks(
    collection: Collection, selection: Selection, runs: Sequence[Path], *, allow: bool
) -> dict[str, int]:
    """Count the queries that runs were trained on.

    Args:
        collection: Of the queries.
        selection: Its queries are looked up by content.
        runs: Directories.
        allow: Count them, instead of refusing.

    Raises:
        ArtvecError: There are some and they are not allowed; or a run is not whole.
    """
    counts = {
        str(run): int(np.count_nonzero(trained_on(collection, run, selection.queries)))
        for run in runs
    }
    leaking = {run: count for run, count in counts.items() if count}
    for run, count in leaking.items():
        if not allow:
            raise ArtvecError(
                f"{count:,} of the {len(selection.queries):,} test pictures "
                f"were training pictures of {run}",
                "evaluate other images: --queries SPLIT; or report the figures anyway: "
                "--allow-leak",
            )
    return leaking


def _across(groups: Iterable[Sequence[int]], selection: Selection) -> list[tuple[int, ...]]:
    """Keep the groups in which a query meets another row that was learned from or searched."""
    queries = set(selection.queries.tolist())
    known = set(selection.gallery.tolist()) | set(selection.val.tolist())
    return [
        tuple(group)
        for group in groups
        if len(group) > 1 and any(_meets(row, group, known) for row in group if row in queries)
    ]


def _meets(query: int, group: Sequence[int], known: set[int]) -> bool:
    return any(row in known and row != query for row in group)


def _queries_in(groups: Iterable[Sequence[int]], selection: Selection) -> int:
    queries = set(selection.queries.tolist())
    return sum(row in queries for group in groups for row in group)


def _paths(collection: Collection, groups: Iterable[Sequence[int]]) -> tuple[tuple[str, ...], ...]:
    paths = columns(collection, ["path"]).column("path")
    return tuple(tuple(paths[row].as_py() for row in group) for group in groups)
