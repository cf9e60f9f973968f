"""Luma, and what a smooth surface leaves of it: the arithmetic that grids and looks share."""

from __future__ import annotations

import numpy as np

from artvec.core.types import Float64Array

LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601, as Pillow's mode L


def detail_projection(side: int) -> Float64Array:
    """Return the (side², side²) projection that takes the best quadratic surface off a grid."""
    down, across = (axis.ravel() for axis in np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j])
    surface = np.stack([across**0, across, down, across**2, down**2, across * down], axis=1)
    projection: Float64Array = np.eye(side**2) - surface @ np.linalg.pinv(surface)
    return projection
