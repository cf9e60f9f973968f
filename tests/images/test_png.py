"""Every PNG there can be: depths, colour types, transparency, interlace, chunks of any bytes."""

from __future__ import annotations

import itertools
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import ImageCms

from artvec.core.types import Decoded, Preprocessing
from artvec.images.byte_sources import FileStream
from artvec.images.decode import decode_sample, load_scaled
from artvec.images.find import sample_of

SIZE = WIDTH, HEIGHT = 13, 11
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
KINDS = [(kind, depth) for kind, depths in DEPTHS.items() for depth in depths]
PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2))
SQUASHED = Preprocessing(8, 8, "squash", "bicubic", (0.5,) * 3, (0.5,) * 3)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _lines(values: np.ndarray, depth: int) -> bytes:
    """Pack (h, w, channels) values, line by line, each after its filter's number."""
    if not values.size:
        return b""
    rows = values.reshape(len(values), -1)
    if depth == 16:
        packed = rows.astype(">u2").view(np.uint8)
    else:
        bits = np.unpackbits(rows.astype(np.uint8)[..., None], axis=-1)[..., 8 - depth :]
        packed = np.packbits(bits.reshape(len(rows), -1), axis=-1)
    return b"".join(b"\0" + row.tobytes() for row in packed)


def _png(
    values: np.ndarray, kind: int, depth: int, before: bytes = b"", adam7: bool = False
) -> bytes:
    height, width = values.shape[:2]
    lines = _lines(values, depth)
    if adam7:
        passes = (*PASSES, (0, 1, 1, 2))
        lines = b"".join(_lines(values[y::down, x::across], depth) for x, y, across, down in passes)
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, adam7)
    pixels = _chunk(b"IDAT", zlib.compress(lines))
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + before + pixels + _chunk(b"IEND", b"")


def _shown(file: Path, data: bytes) -> np.ndarray:
    file.write_bytes(data)
    return np.asarray(load_scaled(file, short_px=4_096, interpolation="bicubic").image)


@pytest.mark.parametrize("adam7", [False, True], ids=["plain", "interlaced"])
@pytest.mark.parametrize("is_holed", [False, True], ids=["opaque", "tRNS"])
@pytest.mark.parametrize(("kind", "depth"), KINDS)
def test_every_depth_and_colour_type(
    tmp_path: Path, kind: int, depth: int, is_holed: bool, adam7: bool
) -> None:
    """Each value is its share of the depth's largest; what is transparent shows the white below.

    Noise, of which the upper left value is the transparent one; of 16 bits the last one differs
    from it in its lowest bit only.
    """
    rng = np.random.default_rng(depth + 100 * kind)
    values = rng.integers(0, 1 << depth, (HEIGHT, WIDTH, CHANNELS[kind]))
    values[0, 0] |= 1
    values[-1, -1] = values[0, 0] ^ 1
    most = (1 << depth) - 1
    before = b""
    if kind == 3:
        palette = rng.integers(0, 256, (1 << depth, 3))
        alphas = rng.integers(0, 256, 1 << depth) if is_holed else np.full(1 << depth, 255)
        before = _chunk(b"PLTE", palette.astype(np.uint8).tobytes())
        before += _chunk(b"tRNS", alphas.astype(np.uint8).tobytes()) if is_holed else b""
        colours, alpha = palette[values[..., 0]], alphas[values[..., 0]] / 255
    else:
        shares = values * 255 / most
        colours = shares[..., :3] if kind & 2 else np.repeat(shares[..., :1], 3, axis=2)
        alpha = shares[..., -1] / 255 if kind & 4 else np.ones((HEIGHT, WIDTH))
    if is_holed and kind in (0, 2):
        before = _chunk(b"tRNS", values[0, 0].astype(">u2").tobytes())
        alpha = (values != values[0, 0]).any(axis=-1) * 1.0
        assert alpha[-1, -1] == 1
    expected = colours * alpha[..., None] + 255 * (1 - alpha[..., None])
    seen = _shown(tmp_path / "a.png", _png(values, kind, depth, before, adam7))
    assert np.abs(seen - expected).max() <= 1.5


def test_bits_beyond_the_depth_do_not_count(tmp_path: Path) -> None:
    """As the specification has it: 0x18 of four bits is 8."""
    data = _png(np.full((8, 8, 1), 8), 0, 4, _chunk(b"tRNS", b"\0\x18"))
    assert (_shown(tmp_path / "a.png", data) == 255).all()


def _linear(shares: np.ndarray) -> np.ndarray:
    return np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)


@pytest.mark.parametrize("kind", [0, 2, 4, 6])
def test_all_bits_of_light_are_used(tmp_path: Path, kind: int) -> None:
    """All 256 levels of sRGB come back from 16 bits of light, in a picture of several bands."""
    levels = np.tile(np.arange(256), (1_100, 1))[..., None].repeat(CHANNELS[kind], axis=2)
    stored = np.rint(_linear(levels / 255) * 65_535).astype(int)
    if kind in (4, 6):
        stored[..., -1] = 65_535
    gamma = _chunk(b"gAMA", struct.pack(">I", 100_000))
    seen = _shown(tmp_path / "a.png", _png(stored, kind, 16, gamma))
    assert np.abs(seen - levels[..., :1]).max() <= 0


def test_light_with_a_transparent_grey(tmp_path: Path) -> None:
    """Of two neighbouring values of 16 bits, one is transparent."""
    values = np.array([[[13_107], [13_108]]] * 8)
    extra = _chunk(b"gAMA", struct.pack(">I", 100_000)) + _chunk(b"tRNS", struct.pack(">H", 13_107))
    seen = _shown(tmp_path / "a.png", _png(values, 0, 16, extra))
    assert (seen[:, 0] == 255).all()
    assert np.abs(seen[:, 1].astype(int) - 124).max() <= 1  # sRGB of a fifth of the light


COLOUR_CHUNKS = (b"gAMA", b"cHRM", b"sRGB", b"cICP", b"iCCP", b"tRNS", b"sBIT", b"bKGD")
OTHER_CHUNKS = (b"pHYs", b"tIME", b"eXIf", b"tEXt", b"hIST", b"acTL", b"mDCV", b"cLLI", b"prVt")
BODIES = st.binary(max_size=40) | st.sampled_from([4, 32, 1, 6, 2]).flatmap(
    lambda size: st.binary(min_size=size, max_size=size)
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    chunks=st.lists(
        st.tuples(st.sampled_from(COLOUR_CHUNKS + OTHER_CHUNKS), BODIES, st.booleans()), max_size=5
    ),
    kind=st.sampled_from([0, 2, 6]),
    depth=st.sampled_from([8, 16]),
)
def test_no_chunk_costs_the_picture(
    tmp_path: Path, chunks: list[tuple[bytes, bytes, bool]], kind: int, depth: int
) -> None:
    """Whatever the chunks hold, whether their checksums are right or not."""
    before = b"".join(
        _chunk(name, body)[: None if is_sound else -1] + (b"" if is_sound else b"\x5a")
        for name, body, is_sound in chunks
    )
    values = np.full((HEIGHT, WIDTH, CHANNELS[kind]), 99)
    (tmp_path / "a.png").write_bytes(_png(values, kind, depth, before))
    seen = decode_sample(sample_of(tmp_path / "a.png"), SQUASHED, "exact")
    assert isinstance(seen, Decoded), seen
    assert (seen.fingerprint.width, seen.fingerprint.height) == SIZE


def test_a_large_profile_is_used(tmp_path: Path) -> None:
    """Printers' profiles are larger than the megabyte that Pillow allows a chunk."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    filled = struct.pack(">I", len(profile) + (3 << 20)) + profile[4:] + bytes(3 << 20)
    chunk = _chunk(b"iCCP", b"large\0\0" + zlib.compress(filled))
    gamma = _chunk(b"gAMA", struct.pack(">I", 100_000))
    seen = _shown(tmp_path / "a.png", _png(np.full((8, 8, 3), 99), 2, 8, chunk + gamma))
    assert (seen == 99).all()


def test_a_file_too_large_for_memory_is_read_with_its_broken_chunk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such files are read piece by piece; each piece shows what hides the chunk."""
    monkeypatch.setattr("artvec.images.byte_sources.IN_MEMORY_BYTES", 9)
    broken = _chunk(b"gAMA", b"\0") + _chunk(b"tEXt", b"a\0b")[:-1] + b"?"
    seen = _shown(tmp_path / "a.png", _png(np.full((8, 8, 3), 99), 2, 8, broken))
    assert (seen == 99).all()


@pytest.mark.parametrize(("begin", "length"), itertools.product((0, 3, 7), (4, 9, 20)))
def test_an_overlay_is_read_wherever_a_read_begins(tmp_path: Path, begin: int, length: int) -> None:
    data = bytes(range(30))
    (tmp_path / "a").write_bytes(data)
    patched = data[:5] + b"wxyz" + data[9:]
    with FileStream(tmp_path / "a") as stream:
        stream.reads_left = 9
        stream.overlay({5: b"wxyz"})
        stream.seek(begin)
        assert stream.read(length) == patched[begin : begin + length]
