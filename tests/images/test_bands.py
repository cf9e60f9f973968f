"""Checks that large pictures, made small band by band, come out as if made in one go."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from artvec.images import bands
from artvec.images.bands import Want, resample
from artvec.images.srgb import UnsupportedMode, to_srgb

CHANNELS = {"RGB": 3, "RGBA": 4, "L": 1, "LA": 2, "CMYK": 4, "LAB": 3, "YCbCr": 3}
WIDE = {"I;16": (np.uint16, 65_535), "I": (np.int32, 90_000), "F": (np.float32, 300)}
MODES = [*CHANNELS, *WIDE, "1", "P"]
UPRIGHT = {  # what a viewer does to stored pixels, by the EXIF standard
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a.swapaxes(0, 1)[::-1, ::-1],
    8: lambda a: np.rot90(a),
}
sides = st.integers(1, 200)
sizes = st.tuples(st.integers(1, 60), st.integers(1, 60))


def _noise(mode: str, width: int, height: int) -> Image.Image:
    rng = np.random.default_rng(width * 1000 + height)
    if mode in WIDE:
        kind, highest = WIDE[mode]
        return Image.fromarray((rng.random((height, width)) * highest).astype(kind))
    if mode in CHANNELS:
        return Image.frombytes(mode, (width, height), rng.bytes(width * height * CHANNELS[mode]))
    grey = Image.frombytes("L", (width, height), rng.bytes(width * height))
    if mode == "1":
        return grey.convert("1")
    palette = Image.frombytes("P", (width, height), grey.tobytes())
    palette.putpalette(rng.bytes(768))
    palette.info["transparency"] = 3
    return palette


def _wants(
    width: int, height: int, size: tuple[int, int], slack: tuple[float, float], part: float
) -> list[Want]:
    """The whole in colour and in grey, the whole but for a rest of a pixel, and a part."""
    whole = (0, 0, width, height)
    rest = (slack[0], 0, width, height - slack[1])
    inner = (part * width, part * height, width, (1 - part) * height)
    return [
        Want(size, Image.Resampling.BICUBIC, whole),
        Want((32, 32), Image.Resampling.LANCZOS, whole, grey=True),
        Want((5, 4), Image.Resampling.BOX, rest),
        Want((6, 7), Image.Resampling.BICUBIC, inner),
    ]


@settings(deadline=None, max_examples=100)
@given(
    st.sampled_from(MODES),
    sides,
    sides,
    st.sampled_from(list(UPRIGHT)),
    sizes,
    st.tuples(st.floats(0, 0.9), st.floats(0, 0.9)),
    st.floats(0, 0.45),
    st.integers(1, 3000),
)
def test_bands_are_bit_equal_to_one_go(
    mode: str,
    width: int,
    height: int,
    orientation: int,
    size: tuple[int, int],
    slack: tuple[float, float],
    part: float,
    band_px: int,
) -> None:
    """For every mode, orientation and shape; Pillow's own resize of the whole says how."""
    stored = _noise(mode, width, height)
    whole = to_srgb(stored)
    upright = Image.fromarray(np.ascontiguousarray(UPRIGHT[orientation](np.asarray(whole))))
    wants = _wants(*upright.size, size, slack, part)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bands, "BAND_PX", band_px)
        made = resample(stored, orientation, wants)
    for one, want in zip(made, wants, strict=True):
        source = upright.convert("L") if want.grey else upright
        expected = source.resize(want.size, want.resampling, box=want.box)
        assert one.mode == expected.mode
        off = np.abs(np.asarray(one).astype(int) - np.asarray(expected))
        # Rows that a part doesn't need are left out, which may round a half the other way.
        assert off.max() <= (1 if want is wants[3] else 0)


def test_one_scale_holds_for_all_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    """The upper half alone would be scaled by 1, the lower by 255; the whole is by 255."""
    monkeypatch.setattr(bands, "BAND_PX", 16)
    values = np.repeat([[1.0], [255.0]], 8, axis=0) * np.ones((16, 16), np.float32)
    image = Image.fromarray(values.astype(np.float32))
    (made,) = resample(image, 1, [Want((1, 2), Image.Resampling.BOX, (0, 0, 16, 16))])
    assert np.asarray(made)[:, 0, 0].tolist() == [1, 255]


def test_a_value_that_is_no_colour_in_any_band_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bands, "BAND_PX", 16)
    values = np.zeros((16, 16), np.float32)
    values[15, 15] = np.nan
    with pytest.raises(UnsupportedMode):
        resample(Image.fromarray(values), 1, [Want((1, 1), Image.Resampling.BOX, (0, 0, 16, 16))])


def test_an_extreme_side_is_averaged_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line of 1 × 1,200, black above white: three pixels to one, and the halves stay exact."""
    monkeypatch.setattr(bands, "LONG_PX", 400)
    assert bands.shrink_of((1, 1200)) == (1, 3)
    line = Image.fromarray(np.repeat([[0], [255]], 600, axis=0).astype(np.uint8))
    want = Want((4, 4), Image.Resampling.BOX, (0, 0, 1, 1200), shrink=(1, 3))
    (made,) = resample(line, 1, [want])
    assert np.asarray(made)[:, 0, 0].tolist() == [0, 0, 255, 255]
