"""A picture as comparisons need it: blocks of luma and colour; luma and detail of any grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from artvec.core.types import BoolArray, Float64Array

LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601, as Pillow's mode L
BLOCKS, BLOCK_PX = 8, 12
_CORNER, _CORNER_SHARE = 2.0, 0.03
"""Least smaller eigenvalue of a block's structure tensor, in squared levels per pixel and as a
share of the larger one: structure in two directions (Shi, Tomasi, Good Features to Track, 1994)."""


@dataclass(frozen=True, slots=True)
class Description:
    """What a comparison needs of a picture, whatever it is compared with.

    Attributes:
        image: (96, 96, 3).
        luma: (64, 144) of its blocks.
        centred: (64, 144), each block's mean taken off.
        power: (64,) variances of the blocks' luma.
        means: (64, 3) of the blocks' colours.
        corners: (64,) blocks with structure in two directions.
    """

    image: Float64Array
    luma: Float64Array
    centred: Float64Array
    power: Float64Array
    means: Float64Array
    corners: BoolArray


def describe(image: Float64Array) -> Description:
    """Describe a (96, 96, 3) picture."""
    luma = image @ LUMA
    blocks = blocks_of(luma)
    centred = blocks - blocks.mean(axis=1, keepdims=True)
    power = np.vecdot(centred, centred) / BLOCK_PX**2
    return Description(image, blocks, centred, power, _means(image), _corners(luma))


def blocks_of(image: Float64Array) -> Float64Array:
    """Cut (96, 96) into (64, 144), a block each."""
    blocks = image.reshape(BLOCKS, BLOCK_PX, BLOCKS, BLOCK_PX).swapaxes(1, 2)
    return blocks.reshape(BLOCKS**2, BLOCK_PX**2)


def detail_projection(side: int) -> Float64Array:
    """Return the (side², side²) projection that takes the best quadratic surface off a grid."""
    down, across = (axis.ravel() for axis in np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j])
    surface = np.stack([across**0, across, down, across**2, down**2, across * down], axis=1)
    projection: Float64Array = np.eye(side**2) - surface @ np.linalg.pinv(surface)
    return projection


def _means(image: Float64Array) -> Float64Array:
    cut = image.reshape(BLOCKS, BLOCK_PX, BLOCKS, BLOCK_PX, 3)
    means: Float64Array = cut.mean(axis=(1, 3)).reshape(-1, 3)
    return means


def _corners(luma: Float64Array) -> BoolArray:
    """Say which blocks have structure in two directions, by their structure tensors."""
    down, across = np.gradient(luma, axis=0), np.gradient(luma, axis=1)
    xx, yy, xy = (blocks_of(part).mean(axis=1) for part in (across**2, down**2, across * down))
    root = np.sqrt((xx - yy) ** 2 + 4 * xy**2)
    smaller, larger = (xx + yy - root) / 2, (xx + yy + root) / 2
    corners: BoolArray = smaller > np.maximum(_CORNER, _CORNER_SHARE * larger)
    return corners
