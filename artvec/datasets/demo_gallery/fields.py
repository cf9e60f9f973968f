"""Offers the image arithmetic that the styles share: noise, blur, flow and warps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from scipy import ndimage

from artvec.datasets.demo_gallery.shapes import Rng

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
Size = tuple[int, int]

_LUMA = (0.299, 0.587, 0.114)


def noise(rng: Rng, size: Size, *, scale: float) -> Floats:
    """Make smooth noise, roughly -1 to 1, with spots about scale pixels wide."""
    rows, columns = (int(np.ceil(side / scale)) + 3 for side in size)
    coarse = Image.fromarray(rng.normal(0, 0.5, (rows, columns)).astype(np.float32))
    wide = coarse.resize(
        (int(columns * scale) + 1, int(rows * scale) + 1), Image.Resampling.BICUBIC
    )
    start = int(scale)
    return np.asarray(wide, dtype=np.float64)[start : start + size[0], start : start + size[1]]


def clouds(rng: Rng, size: Size, *, scale: float) -> Floats:
    """Make noise with detail at every size below scale."""
    total = np.zeros(size)
    weight = 1.0
    while scale >= 2:
        total += weight * noise(rng, size, scale=scale)
        scale, weight = scale / 2, weight * 0.6
    return total


def blur(image: Floats, radius: float) -> Floats:
    """Blur a picture or a field, never across colour channels."""
    sigma = (radius, radius, 0)[: image.ndim]
    return np.asarray(ndimage.gaussian_filter(image, sigma, mode="nearest", truncate=3))


def median(image: Floats, passes: int) -> Floats:
    """Flatten small detail but keep edges; more passes flatten larger detail."""
    filtered = to_pillow(image)
    for _ in range(passes):
        filtered = filtered.filter(ImageFilter.MedianFilter(3))
    return np.asarray(filtered, dtype=np.float64) / 255


def to_pillow(image: Floats) -> Image.Image:
    """Round a picture to eight bits for what Pillow does faster."""
    return Image.fromarray((np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8))


def lightness(image: Floats) -> Floats:
    """Give the brightness of each pixel, 0 to 1."""
    red, green, blue = (image[..., at] * weight for at, weight in enumerate(_LUMA))
    return np.asarray(red + green + blue)


def step(field: Floats, edge: float, *, width: float) -> Floats:
    """Rise smoothly from 0 to 1 as the field crosses the edge."""
    ramp = np.clip((field - edge) / width + 0.5, 0, 1)
    return np.asarray(ramp * ramp * (3 - 2 * ramp))


def mix(first: Floats, second: Floats, *, share: Floats) -> Floats:
    """Blend two pictures by a field of shares; share 1 shows the second."""
    return np.asarray(first + (second - first) * share[..., None])


def flow(image: Floats, *, radius: float) -> Floats:
    """Give the direction that runs along the forms, in radians, at each pixel."""
    grey = blur(lightness(image), 1.5)
    down, across = np.gradient(grey)
    double = blur(np.stack([across**2 - down**2, 2 * across * down], axis=-1), radius)
    return np.asarray(np.arctan2(double[..., 1], double[..., 0]) / 2 + np.pi / 2)


def borders(regions: Ints) -> Mask:
    """Mark the pixels whose right or lower neighbour is in another region."""
    edge = np.zeros(regions.shape, dtype=np.bool_)
    edge[:, :-1] |= regions[:, 1:] != regions[:, :-1]
    edge[:-1] |= regions[1:] != regions[:-1]
    return edge


def distance_to(mask: Mask) -> Floats:
    """Measure how far each pixel is from the mask."""
    if not mask.any():
        return np.full(mask.shape, 1e6)
    return np.asarray(ndimage.distance_transform_edt(~mask))


def warp(image: Floats, down: Floats, *, across: Floats) -> Floats:
    """Fetch each pixel from a place shifted by the two fields."""
    rows, columns = (np.asarray(grid) for grid in np.indices(image.shape[:2]))
    high, wide = image.shape[0] - 1, image.shape[1] - 1
    fetch_rows = np.clip(np.rint(rows + down), 0, high).astype(np.int64)
    fetch_columns = np.clip(np.rint(columns + across), 0, wide).astype(np.int64)
    return np.asarray(image[fetch_rows, fetch_columns])


def enlarge(image: Floats) -> Floats:
    """Double both sides, smoothly."""
    if image.ndim == 3:
        return np.stack([enlarge(image[..., at]) for at in range(3)], axis=-1)
    single = Image.fromarray(image.astype(np.float32))
    doubled = single.resize((single.width * 2, single.height * 2), Image.Resampling.BILINEAR)
    return np.asarray(doubled, dtype=np.float64)


def reduce(image: Floats) -> Floats:
    """Halve both sides by averaging four pixels into one."""
    total = image[::2, ::2] + image[1::2, ::2] + image[::2, 1::2] + image[1::2, 1::2]
    return np.asarray(total / 4)


def region_means(image: Floats, regions: Ints) -> Floats:
    """Average the colours of each region; rows follow the region numbers."""
    flat, count = regions.ravel(), int(regions.max()) + 1
    area = np.maximum(np.bincount(flat, minlength=count), 1)
    sums = [np.bincount(flat, image[..., at].ravel(), minlength=count) for at in range(3)]
    return np.stack(sums, axis=1) / area[:, None]
