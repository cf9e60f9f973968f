"""What the tests of pictures share."""

from __future__ import annotations

import pytest

from artvec.images import byte_sources


@pytest.fixture(autouse=True)
def _without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read pictures that were written this moment at once: nothing changes them in these tests."""
    monkeypatch.setattr(byte_sources, "_TICK_NS", 0)
