"""BMP files of any masks and any damage."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from artvec.core.types import Decoded, Preprocessing, Skipped
from artvec.images.decode import decode_sample, load_scaled
from artvec.images.find import sample_of

SQUASHED = Preprocessing(8, 8, "squash", "bicubic", (0.5,) * 3, (0.5,) * 3)
PER_EXAMPLE = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def _bmp(
    bits: int, coding: int, masks: tuple[int, ...], size: tuple[int, int], body: bytes
) -> bytes:
    info = struct.pack("<IiiHHI20x", 124, *size, 1, bits, coding)
    info = (info + struct.pack("<4I", *masks)).ljust(124, b"\0")
    return b"BM" + struct.pack("<I4xI", 138 + len(body), 138) + info + body


@PER_EXAMPLE
@given(st.data())
def test_any_masks_are_followed(tmp_path: Path, data: st.DataObject) -> None:
    """Each channel is its field's share of the field's largest value, wherever the field lies."""
    bits = data.draw(st.sampled_from([16, 32]))
    edges = data.draw(st.lists(st.integers(0, bits), min_size=6, max_size=6, unique=True))
    fields = [sorted(edges)[at : at + 2] for at in (0, 2, 4)]
    order = data.draw(st.permutations(range(3)))
    masks = tuple(((1 << fields[at][1]) - (1 << fields[at][0])) for at in order)
    pixels = np.random.default_rng(0).integers(0, 1 << bits, (6, 8), dtype=np.uint64)
    stored = pixels[::-1].astype(f"<u{bits // 8}").tobytes()
    (tmp_path / "a.bmp").write_bytes(_bmp(bits, 3, (*masks, 0), (8, 6), stored))
    seen = np.asarray(load_scaled(tmp_path / "a.bmp", short_px=99, interpolation="box").image)
    shares = [(pixels & np.uint64(mask)).astype(float) / mask for mask in masks]
    assert np.abs(seen - 255 * np.stack(shares, axis=-1)).max() <= 1


@PER_EXAMPLE
@given(
    codes=st.binary(max_size=60),
    coding=st.sampled_from([1, 2]),
    cut=st.integers(0, 200),
    at=st.integers(14, 60),
    byte=st.integers(0, 255),
)
def test_any_damage_ends_in_a_picture_or_a_reason(
    tmp_path: Path, codes: bytes, coding: int, cut: int, at: int, byte: int
) -> None:
    data = bytearray(_bmp({1: 8, 2: 4}[coding], coding, (0,) * 4, (9, 7), codes))
    data[at] = byte
    (tmp_path / "a.bmp").write_bytes(data[: len(data) - cut % len(data)])
    seen = decode_sample(sample_of(tmp_path / "a.bmp"), SQUASHED, "exact", max_pixels=1 << 16)
    assert isinstance(seen, Decoded | Skipped)
