"""Fixtures of the tests that fetch: a server, and a small ArtBench-10 on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from artvec.datasets import download
from artvec.datasets.catalogue import PictureSet
from tests.support.publishing import ARTBENCH, COUNTS, published, tar
from tests.support.serving import Site, served


@pytest.fixture
def site() -> Iterator[Site]:
    with served(Site()) as running:
        yield running


@pytest.fixture(autouse=True)
def _without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "_WAITS_S", (0.0, 0.0))


@pytest.fixture
def artbench(site: Site) -> PictureSet:
    return published("artbench10", site, [tar(ARTBENCH)], COUNTS)
