"""What the checks of engines and devices share."""

from __future__ import annotations

import pytest

from artvec.core.types import Backbone, BackboneRequest
from artvec.encoding import backbones


@pytest.fixture(scope="module")
def cnn() -> Backbone:
    """The small CNN, which compiles in a moment."""
    return backbones.load(BackboneRequest("simple_cnn"))
