"""The weightless baseline: mean colours of a 4×4 grid, the row every deep backbone must beat."""

from __future__ import annotations

from artvec.core.errors import ArtvecError
from artvec.core.types import Backbone, BackboneRequest, EncoderIdentity, Preprocessing

NAME = "colour:4x4"
SIDE = 4


def claims(name: str) -> bool:
    """Say whether a name is this source's."""
    return name.startswith("colour:")


def load(request: BackboneRequest) -> Backbone:
    """Return the baseline: the whole picture averaged to 4×4 pixels, centred on mid-grey.

    Raises:
        ArtvecError: Another grid, weights, a size or a fit was asked for.
    """
    if request.name != NAME:
        raise ArtvecError(
            f"there is no backbone {request.name!r}",
            f"use -m {NAME}",
            usage=True,
            meant=(request.name, NAME),
        )
    if request.weights or request.image_size_px or request.fit not in (None, "squash"):
        raise ArtvecError(
            f"{NAME} takes no weights, no image size and no fit",
            f"leave these options out: -m {NAME}",
            usage=True,
        )
    half = (0.5, 0.5, 0.5)
    preprocessing = Preprocessing(SIDE, SIDE, "squash", "box", half, half)
    dim = SIDE * SIDE * 3
    return Backbone(EncoderIdentity(NAME, "", preprocessing, "pixels", dim), module=None)
