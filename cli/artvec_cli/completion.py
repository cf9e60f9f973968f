"""What the shell offers after Tab: names of what there is; nothing heavy is imported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from artvec.core.errors import ArtvecError

_RUNS = Path("runs")


def collections(incomplete: str) -> list[str]:
    """Offer the collections under the root."""
    from artvec.collection import locate

    return _matching(incomplete, lambda: [folder.name for folder in locate.collections()])


def backbones(incomplete: str) -> list[str]:
    """Offer the backbones that work offline, trained runs, and torchvision's prefix."""
    from artvec.encoding.backbones import colour, packaged

    names = [*packaged.PACKAGES, colour.NAME, "simple_cnn", "torchvision:"]
    return _matching(
        incomplete, lambda: [*names, *(str(file.parent) for file in _RUNS.glob("*/run.json"))]
    )


def sets(incomplete: str) -> list[str]:
    """Offer the published sets of pictures."""
    from artvec.datasets.catalogue import CATALOGUE

    return _matching(incomplete, lambda: list(CATALOGUE))


def columns(context: typer.Context, incomplete: str) -> list[str]:
    """Offer the columns of the metadata file named so far, else of the collection."""
    return _matching(incomplete, lambda: _columns(context.params))


def _columns(given: dict[str, Any]) -> list[str]:
    from artvec.annotations.delimited import read_delimited
    from artvec.collection import locate
    from artvec.collection.manifest import read_manifest

    if given.get("metadata"):
        header = read_delimited(Path(given["metadata"]), "filename").header
        return [name for name in header if name != "filename"]
    folder = locate.existing(given.get("index"), command="artvec")
    return ["label", "split", *read_manifest(folder).columns]


def _matching(incomplete: str, known: Callable[[], list[str]]) -> list[str]:
    try:
        return [name for name in known() if name.startswith(incomplete)]
    except (ArtvecError, OSError, ValueError):
        return []  # a Tab is no place for an error
