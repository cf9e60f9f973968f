"""Whether two pictures that lie over each other are one, or only of one kind.

A block that holds one straight edge correlates with any other such block by 1 or -1, and pictures
of one kind share margins, mounts and rulers. So nothing may contradict, outside a band that a
caption could cover, and what agrees has to be telling: many different blocks with structure in two
directions, or several colours.

Source of the thresholds: altered copies of painted demo pictures (seed 101), of 26 photographs and
of 23 kinds of plain pictures (`benchmarks/plain.py`, seed 11), and pairs of different ones. The
figures in docs/duplicates.md come from other seeds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from artvec.core.types import BoolArray, Float64Array
from artvec.near_duplicates.description import (
    BLOCK_PX,
    BLOCKS,
    LUMA,
    Description,
    blocks_of,
    detail_projection,
)

CONTRADICTED, UNDECIDED = -1.0, 0.0
"""Agreement of pictures that show different things, and of those that show too little."""
AGREEMENT = 0.86
"""Least median correlation of the blocks of one picture."""
_OPPOSED_AGREEMENT, _SURE_AGREEMENT = 0.88, 0.93
"""Likewise where some blocks contradict, and where few show anything."""
_TEXTURE = 16.0
"""Variance, in squared levels, from which a block shows something."""
_SAME_BLOCK = 0.85
"""Blocks of a picture that correlate more, or less than its negative, are counted once."""
_MANY, _SEVERAL = 20, 6
"""Distinct blocks that say it alone, and that say it where the light is the same."""
_OPPOSED, _OPPOSED_TEXTURE = 0.4, 64.0
"""A block with that variance contradicts if it correlates less."""
_OFF_LEVELS, _OFF_SHARE = 8.0, 0.3
"""It also does if its mean colour is further off, in levels and in standard deviations."""
_STRAY = 3
"""Blocks that may contradict outside a caption where there are many, and are not exactly alike."""
_EXACT, _SAME_GAIN, _CAPTION = 0.985, 0.1, 3
"""Median correlation of copies that lie exactly over each other, and change of their contrast: what
contradicts then is no noise or clipping, and a caption only from that many blocks on. Cards, forms
and clocks differ in few blocks."""
_UNLIKE = 0.65
"""Blocks with structure and a smaller median show other things."""
_JUDGED = 8
"""Blocks with structure from which their median counts."""
_LIGHT, _SURE_LIGHT = 0.95, 0.985
"""Least correlation of each channel's block means; and where colours alone have to say it."""
_SHADES, _LEFT = 6.0, 3.0
"""Levels by which block means have to vary for that, and by which they may miss it."""
_EQUAL_LEVELS, _EQUAL_SHARE, _EQUAL_PIXELS = 5.5, 0.9, 0.9
"""The light is the same where that share of blocks has mean colours no further apart, and pixels
correlate so well."""
_SMOOTH_LEVELS = 2.5
"""Largest difference of mean colours in pictures without detail: skies have similar gradients."""
_NUMBERS, _FREEDOM = 6, 6
"""Least independent numbers in the colours: in the same light, and beyond a change of light."""
_GAINS = 0.3, 2.0
_DETAIL_SPREAD, _DETAIL = 5.0, 0.97
"""Least spread and correlation of what a quadratic surface leaves of the block means."""
_BIN, _PIXELS, _TINT, _GREY, _GREY_STEP = 16, 0.02, 24.0, 3.0, 8.0


def _bands() -> BoolArray:
    """Return (4, 64): the quarters at the foot, head, right and left that a caption may cover."""
    bands = np.zeros((4, BLOCKS, BLOCKS), dtype=np.bool_)
    bands[0, -2:] = bands[1, :2] = bands[2, :, -2:] = bands[3, :, :2] = True
    return bands.reshape(4, -1)


_BANDS, _TO_DETAIL = _bands(), detail_projection(BLOCKS)


@dataclass(frozen=True, slots=True)
class _Light:
    """How the mean colours of one picture's blocks become the other's, channel by channel.

    Attributes:
        off: (64,), what one gain and one offset per channel leave, in levels.
        correlations: (channels,), without the fifth of the blocks that is furthest off.
        left: (channels,), standard deviation of what the light doesn't explain there, in levels.
        gains: (channels,).
        spread: Largest standard deviation of a channel of the other picture.
        detail: Least correlation of what a quadratic surface leaves; 0 where that is nothing.
        grey: Only greys could be compared.
    """

    off: Float64Array
    correlations: Float64Array
    left: Float64Array
    gains: Float64Array
    spread: float
    detail: float
    grey: bool


def agreement(one: Description, other: Description) -> float:
    """Return how well two pictures agree: see `CONTRADICTED` and `UNDECIDED`.

    The figure is the median correlation of the blocks with structure in two directions, or the
    correlation of all pixels where colours say it.
    """
    scale = np.sqrt(np.maximum(one.power * other.power, 1e-9)) * BLOCK_PX**2
    correlations = np.vecdot(one.centred, other.centred) / scale
    power = np.maximum(one.power, other.power)
    light = _light(one.means, other.means)
    against = (power > _OPPOSED_TEXTURE) & (correlations < _OPPOSED)
    against |= light.off > max(_OFF_LEVELS, _OFF_SHARE * light.spread)
    used = _outside_a_caption(against)
    corners = used & (power > _TEXTURE) & (one.corners | other.corners)
    median = float(np.median(correlations[corners])) if corners.any() else 0.0
    same_light = float(np.abs(light.gains - 1).max()) <= _SAME_GAIN
    exact = same_light and median >= _EXACT
    if exact and int((against & ~used).sum()) < _CAPTION:
        used = np.ones_like(used)
    stray = _STRAY if int(corners.sum()) >= _MANY and not exact else 0
    if int((against & used).sum()) > stray or _fails(light, one.means):
        return CONTRADICTED if same_light else UNDECIDED  # another light may clip
    least = _OPPOSED_AGREEMENT if against.any() else AGREEMENT
    if corners.sum() >= _JUDGED and median < least:
        return CONTRADICTED if median < _UNLIKE else UNDECIDED
    distinct = _distinct(one.centred[corners])
    if distinct >= _MANY:
        return median
    whole = float(_correlation(one.luma[used].ravel(), other.luma[used].ravel()))
    apart = np.abs(one.means - other.means).mean(axis=1)[used]
    equal = float((apart <= _EQUAL_LEVELS).mean()) >= _EQUAL_SHARE and whole >= _EQUAL_PIXELS
    if equal and distinct >= _SEVERAL and median >= _SURE_AGREEMENT:
        return median
    palettes = [_palette(picture.image, used) for picture in (one, other)]
    telling = light.detail != 0 or float(apart.max()) <= _SMOOTH_LEVELS
    if equal and telling and _numbers(min(palettes, key=len)) >= _NUMBERS:
        return whole
    return whole if _relit(light, *palettes) else UNDECIDED


def _outside_a_caption(against: BoolArray) -> BoolArray:
    """Return the blocks outside the band that holds most contradictions; all without any."""
    if not against.any():
        return ~against
    used: BoolArray = ~max(_BANDS, key=lambda band: int((against & band).sum()))
    return used


def _fails(light: _Light, means: Float64Array) -> bool:
    """Say whether no change of light explains the colours."""
    shaded = float(means.std(axis=0).max()) >= _SHADES
    return shaded and bool(((light.correlations < _LIGHT) & (light.left > _LEFT)).any())


def _relit(light: _Light, *palettes: Float64Array) -> bool:
    """Say whether colours alone prove one picture in another light: more of them than it explains.

    Of n colours that vary in so many channels, a gain and an offset in each explain two.
    """
    if light.grey:
        freedom = max(map(_shades, palettes)) - 2
    else:
        freedom = min((len(colours) - 2) * _channels(colours) for colours in palettes)
    low, high = _GAINS
    return (
        freedom >= _FREEDOM
        and float(light.correlations.min()) >= _SURE_LIGHT
        and bool(((light.gains > low) & (light.gains < high)).all())
        and light.detail >= _DETAIL
    )


def _light(one: Float64Array, other: Float64Array) -> _Light:
    """Fit gains and offsets between (64, 3) block means; a grey picture is compared as grey."""
    grey = any(np.abs(means - (means @ LUMA)[:, None]).mean() < _GREY for means in (one, other))
    if grey:
        one, other = (one @ LUMA)[:, None], (other @ LUMA)[:, None]
    inliers = np.ones(len(one), dtype=np.bool_)
    for _ in range(3):  # least squares, trimmed: a caption isn't lit by the same light
        low, high = one[inliers].mean(axis=0), other[inliers].mean(axis=0)
        variance = ((one[inliers] - low) ** 2).sum(axis=0)
        gains = ((one[inliers] - low) * (other[inliers] - high)).sum(axis=0) / (variance + 1e-9)
        off = np.abs(other - high - gains * (one - low)).mean(axis=1)
        inliers = off <= np.partition(off, len(off) * 4 // 5)[len(off) * 4 // 5]
    correlations = _correlation(one[inliers], other[inliers])
    unexplained = np.sqrt(np.maximum(0, 1 - correlations**2))
    details = [_TO_DETAIL @ means for means in (one, other)]
    detailed = min(float(detail.std(axis=0).max()) for detail in details) >= _DETAIL_SPREAD
    return _Light(
        off=off,
        correlations=correlations,
        left=other[inliers].std(axis=0) * unexplained,
        gains=gains,
        spread=float(other[inliers].std(axis=0).max()),
        detail=float(_correlation(*details).min()) if detailed else 0.0,
        grey=grey,
    )


def _distinct(centred: Float64Array) -> int:
    """Count centred (n, 144) blocks that are unlike each other, up to light."""
    units = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-9)
    alike = np.abs(units @ units.T) >= _SAME_BLOCK
    distinct: list[int] = []
    for block in range(len(units)):
        if not alike[block, distinct].any():
            distinct.append(block)
    return len(distinct)


def _palette(image: Float64Array, used: BoolArray) -> Float64Array:
    """Return the colours, (n, 3), that cover some of the blocks used; neighbours count once."""
    pixels = np.stack([blocks_of(channel)[used].ravel() for channel in np.moveaxis(image, 2, 0)], 1)
    bins = pixels.astype(np.int64) // _BIN
    codes, counts = np.unique(bins @ [256, 16, 1], return_counts=True)
    codes, counts = codes[counts >= _PIXELS * len(pixels)], counts[counts >= _PIXELS * len(pixels)]
    found: list[Float64Array] = []
    for code in codes[np.argsort(-counts)]:
        colour = np.array([code // 256, code // 16 % 16, code % 16], dtype=np.float64)
        if all(np.abs(colour - known).max() > 1 for known in found):
            found.append(colour)
    return np.array(found).reshape(-1, 3) * _BIN + _BIN / 2


def _numbers(colours: Float64Array) -> int:
    """Count what colours say beyond the least telling one: three a colour, one a grey."""
    counts = [3 if np.ptp(colour) >= _TINT else 1 for colour in colours]
    return sum(counts) - min(counts, default=0)


def _channels(colours: Float64Array) -> int:
    """Return in how many independent directions colours vary."""
    if len(colours) == 0:
        return 0
    spreads = np.linalg.svd(colours - colours.mean(axis=0), compute_uv=False)
    return int((spreads / np.sqrt(len(colours)) > _BIN / 2).sum())


def _shades(colours: Float64Array) -> int:
    """Count the greys of colours, those nearer than a step once."""
    lumas = np.sort(colours @ LUMA)
    return int((np.diff(lumas, prepend=-np.inf) > _GREY_STEP).sum())


def _correlation(one: Float64Array, other: Float64Array) -> Float64Array:
    """Correlate along the first axis; 0 where one is flat."""
    a, b = one - one.mean(axis=0), other - other.mean(axis=0)
    scale = np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    correlation: Float64Array = (a * b).sum(axis=0) / np.maximum(scale, 1e-6)
    return correlation
