"""Checks reading and decoding: turned, reduced, recognised, of every format, and broken."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from functools import cache
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from artvec.core.choices import DecodeMode, Fit
from artvec.core.types import Decoded, Preprocessing, Recognised, Sample, Skipped
from artvec.images.byte_sources import Undecodable
from artvec.images.decode import decode_sample, load_picture
from artvec.images.find import sample_of
from artvec.images.fingerprint import colour_grid, perceptual_hash
from artvec.images.fit import Frame, fit_pixels

HALF = (0.5, 0.5, 0.5)
ORIENTATION = 0x0112
UPRIGHT = {  # what a viewer does to stored pixels, by the EXIF standard
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a.transpose(1, 0, 2)[::-1, ::-1],
    8: lambda a: np.rot90(a),
}


def _preprocessing(size: int = 64, resize: int = 73, fit: Fit = "crop") -> Preprocessing:
    return Preprocessing(size, resize, fit, "bicubic", HALF, HALF)


@cache
def _picture(width: int, height: int, seed: int = 0) -> Image.Image:
    """Return soft fields of colour under fine diagonal lines, so that a shift would show."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    fields = np.asarray(Image.fromarray(coarse).resize((width, height), 3), dtype=float)
    lines = 25 * np.sin(np.add.outer(np.arange(height) / 9, np.arange(width) / 13))[..., None]
    return Image.fromarray(np.clip(fields + lines, 0, 255).astype(np.uint8))


def _bytes(image: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def _turned(image: Image.Image, form: str, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return _bytes(image, form, exif=exif)


def _decoded(
    file: Path, data: bytes, mode: DecodeMode = "exact", wanted: Preprocessing | None = None
) -> Decoded:
    file.write_bytes(data)
    outcome = decode_sample(sample_of(file), wanted or _preprocessing(), mode)
    assert isinstance(outcome, Decoded), outcome
    return outcome


def _reason(file: Path, data: bytes) -> tuple[str, str]:
    file.write_bytes(data)
    outcome = decode_sample(sample_of(file), _preprocessing(), "exact")
    assert isinstance(outcome, Skipped), outcome
    assert (outcome.path, outcome.size_bytes) == (str(file), len(data))
    assert outcome.message and "\n" not in outcome.message
    return outcome.stage, outcome.reason


def _fitted(image: Image.Image, wanted: Preprocessing) -> np.ndarray:
    return fit_pixels(image, wanted, Frame(image.width, image.height))


def _difference(first: Decoded, second: Decoded) -> float:
    return float(np.abs(first.pixels.astype(float) - second.pixels).mean())


def _bits_apart(first: bytes, second: bytes) -> int:
    return (int.from_bytes(first) ^ int.from_bytes(second)).bit_count()


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", UPRIGHT)
def test_exact_turns_a_picture_upright(tmp_path: Path, form: str, orientation: int) -> None:
    """The stored pixels, turned in numpy by the standard's table, are what is embedded."""
    data = _turned(_picture(120, 90), form, orientation)
    plain = Image.open(io.BytesIO(_bytes(_picture(120, 90), form))).convert("RGB")
    upright = Image.fromarray(np.ascontiguousarray(UPRIGHT[orientation](np.asarray(plain))))
    seen = _decoded(tmp_path / "a.img", data)
    assert np.array_equal(seen.pixels, _fitted(upright, _preprocessing()))
    expected = (120, 90) if orientation < 5 else (90, 120)
    assert (seen.fingerprint.width, seen.fingerprint.height) == expected
    assert seen.fingerprint.phash == perceptual_hash(upright)
    assert seen.fingerprint.colour == colour_grid(upright)


@pytest.mark.parametrize("orientation", [0, 9, 65_535])
@pytest.mark.parametrize("mode", ["fast", "exact"])
def test_an_orientation_that_does_not_exist_is_none(
    tmp_path: Path, mode: DecodeMode, orientation: int
) -> None:
    seen = _decoded(tmp_path / "a", _turned(_picture(600, 450), "JPEG", orientation), mode)
    plain = _decoded(tmp_path / "a", _bytes(_picture(600, 450), "JPEG"), mode)
    assert np.array_equal(seen.pixels, plain.pixels)
    assert seen.fingerprint.width == 600


@pytest.mark.parametrize("size", [(2048, 1536), (2051, 1537), (1537, 2051)])
@pytest.mark.parametrize("orientation", UPRIGHT)
def test_fast_is_aligned_with_exact(
    tmp_path: Path, size: tuple[int, int], orientation: int
) -> None:
    """On these lines a shift by half a reduced pixel would cost more than two grey levels."""
    data = _turned(_picture(*size), "JPEG", orientation)
    fast = _decoded(tmp_path / "a.jpg", data, "fast")
    exact = _decoded(tmp_path / "a.jpg", data, "exact")
    assert not np.array_equal(fast.pixels, exact.pixels)
    assert _difference(fast, exact) < 2
    shown = size if orientation < 5 else size[::-1]
    assert (fast.fingerprint.width, fast.fingerprint.height) == shown
    assert _bits_apart(fast.fingerprint.phash, exact.fingerprint.phash) <= 4
    grids = [np.frombuffer(seen.fingerprint.colour, np.uint8).astype(int) for seen in (fast, exact)]
    assert np.abs(grids[0] - grids[1]).max() <= 4


@pytest.mark.parametrize("fit", ["pad", "squash"])
@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_fast_is_aligned_for_every_fit(tmp_path: Path, fit: Fit, orientation: int) -> None:
    wanted = _preprocessing(64, 64, fit)
    data = _turned(_picture(2051, 1537), "JPEG", orientation)
    fast = _decoded(tmp_path / "a.jpg", data, "fast", wanted)
    assert _difference(fast, _decoded(tmp_path / "a.jpg", data, "exact", wanted)) < 2


@pytest.mark.parametrize(("short", "reduced"), [(99, False), (399, False), (400, True)])
def test_reduces_only_from_four_times_the_resize_size(
    tmp_path: Path, short: int, reduced: bool
) -> None:
    """With a resize to 100 pixels the limit is a short side of 400."""
    wanted = _preprocessing(90, 100)
    for size in ((short, 900), (900, short)):
        data = _bytes(_picture(*size), "JPEG")
        fast = _decoded(tmp_path / "a.jpg", data, "fast", wanted)
        exact = _decoded(tmp_path / "a.jpg", data, "exact", wanted)
        assert np.array_equal(fast.pixels, exact.pixels) != reduced


def test_only_jpegs_are_reduced(tmp_path: Path) -> None:
    for form in ("PNG", "WEBP", "BMP"):
        data = _bytes(_picture(600, 450), form)
        fast = _decoded(tmp_path / "a", data, "fast")
        assert np.array_equal(fast.pixels, _decoded(tmp_path / "a", data).pixels)


def test_content_hash_is_the_files(tmp_path: Path) -> None:
    data = _bytes(_picture(50, 40), "PNG")
    sample = _decoded(tmp_path / "a.png", data).sample
    seen = decode_sample(sample, _preprocessing(), "fast")
    assert isinstance(seen, Decoded)
    assert seen.sample == sample
    assert seen.fingerprint.content_hash == hashlib.sha256(data).digest()


def test_known_content_is_recognised_undecoded(tmp_path: Path) -> None:
    """Even content that could not be decoded: the hash comes first."""
    file = tmp_path / "a.png"
    file.write_bytes(b"no image")
    digest = hashlib.sha256(b"no image").digest()
    seen = decode_sample(sample_of(file), _preprocessing(), "fast", known={digest})
    assert seen == Recognised(sample_of(file), digest)
    other = decode_sample(sample_of(file), _preprocessing(), "fast", known={bytes(32)})
    assert isinstance(other, Skipped)


LOSSLESS = ["PNG", "GIF", "BMP", "TIFF", "WEBP"]


@pytest.mark.parametrize("form", [*LOSSLESS, "JPEG", "AVIF", "HEIF"])
@pytest.mark.parametrize("name", ["plain", "wrong.jpg", "wrong.heic"])
def test_decodes_every_format_whatever_its_name(tmp_path: Path, form: str, name: str) -> None:
    """Four squares of one colour each survive even a lossy format to within a few levels."""
    pillow_heif.register_heif_opener()
    colours = np.array([[[200, 30, 30], [30, 160, 30]], [[30, 30, 180], [240, 230, 90]]])
    image = Image.fromarray(colours.astype(np.uint8)).resize((64, 64), Image.Resampling.NEAREST)
    options = {"lossless": True} if form == "WEBP" else {}
    seen = _decoded(
        tmp_path / name, _bytes(image, form, **options), "exact", _preprocessing(64, 64)
    )
    off = np.abs(seen.pixels[16::32, 16::32].astype(int) - colours)
    assert off.max() <= (0 if form in LOSSLESS else 8)


def test_decodes_the_first_picture_of_a_multi_picture_jpeg(tmp_path: Path) -> None:
    """MPO, as stereo and phone cameras write it, is a JPEG with others behind it."""
    first, second = _picture(1600, 1200), _picture(1600, 1200, seed=1)
    data = _bytes(first, "MPO", save_all=True, append_images=[second])
    exact = _decoded(tmp_path / "a.jpg", data)
    plain = Image.open(io.BytesIO(_bytes(first, "JPEG")))
    assert np.array_equal(exact.pixels, _fitted(plain, _preprocessing()))
    assert _difference(_decoded(tmp_path / "a.jpg", data, "fast"), exact) < 2


@pytest.mark.parametrize(("form", "options"), [("GIF", {}), ("WEBP", {"lossless": True})])
def test_the_first_frame_of_an_animation_counts(
    tmp_path: Path, form: str, options: dict[str, bool]
) -> None:
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "lime", "blue")]
    data = _bytes(frames[0], form, save_all=True, append_images=frames[1:], **options)
    assert (_decoded(tmp_path / "a", data).pixels == [255, 0, 0]).all()


def test_no_bytes_are_empty(tmp_path: Path) -> None:
    assert _reason(tmp_path / "a.jpg", b"") == ("read", "empty")


def test_a_vanished_file(tmp_path: Path) -> None:
    gone = Sample("sub/a.jpg", str(tmp_path / "a.jpg"), 7, 8)
    seen = decode_sample(gone, _preprocessing(), "fast")
    assert isinstance(seen, Skipped)
    assert seen == Skipped("sub/a.jpg", "read", "vanished", seen.message, 7, 8)


def test_an_unreadable_file(tmp_path: Path) -> None:
    """A folder in a file's place can be read by nobody, not even by root."""
    seen = decode_sample(Sample("a", str(tmp_path), 0, 0), _preprocessing(), "fast")
    assert isinstance(seen, Skipped)
    assert (seen.stage, seen.reason) == ("read", "unreadable")


@pytest.mark.parametrize(
    "data",
    [
        b"Dear reader, this is no image.\n",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7\n",
        b"RIFF\x24\0\0\0WAVEfmt " + bytes(40),  # a sound has RIFF before it as WebP has
        b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41" + bytes(40),  # a film, ftyp as HEIC has
    ],
    ids=["text", "svg", "pdf", "wav", "mp4"],
)
def test_what_is_no_image(tmp_path: Path, data: bytes) -> None:
    assert _reason(tmp_path / "a.jpg", data) == ("decode", "not_an_image")


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "TIFF", "AVIF"])
@pytest.mark.parametrize("kept", [8, 12, 20, 60, 0.3, 0.5, 0.8])
def test_a_file_cut_short_is_truncated(tmp_path: Path, form: str, kept: float) -> None:
    """Only its first bytes, or a share of it."""
    data = _bytes(_picture(200, 150), form)
    length = int(kept if kept > 1 else kept * len(data))
    assert _reason(tmp_path / "a", data[:length]) == ("decode", "truncated")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png(width: int, height: int, pixels: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = _chunk(b"IHDR", header) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def test_the_crafted_png_is_one(tmp_path: Path) -> None:
    """Two red pixels: else the tests below would pass for another reason."""
    line = b"\0" + bytes([255, 0, 0] * 2)
    assert (_decoded(tmp_path / "a", _png(2, 1, zlib.compress(line))).pixels == [255, 0, 0]).all()


def test_damaged_pixels_are_corrupt(tmp_path: Path) -> None:
    """A whole file whose compressed data are none."""
    assert _reason(tmp_path / "a", _png(64, 64, b"\xff" * 500)) == ("decode", "corrupt")


def test_a_bomb_is_too_large(tmp_path: Path) -> None:
    """A few bytes that claim 3.6 thousand million pixels are refused by their header."""
    data = _png(60_000, 60_000, zlib.compress(bytes(100)))
    assert _reason(tmp_path / "a", data) == ("decode", "too_large")


def test_a_picture_for_showing_is_upright_and_small(tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(_turned(_picture(1200, 600), "JPEG", 6))
    shown = load_picture(file, side_px=100)
    assert (shown.mode, shown.size) == ("RGB", (50, 100))
    assert load_picture(file, side_px=5000).size == (600, 1200)
    with pytest.raises(Undecodable) as caught:
        load_picture(tmp_path / "none.jpg", side_px=100)
    assert caught.value.reason == "vanished"
