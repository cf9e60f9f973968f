"""Checks of every way to store a TIFF against pixels known by construction."""

from __future__ import annotations

import io
import struct
import zlib
from collections import Counter
from dataclasses import replace
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from artvec.images.byte_sources import Undecodable
from artvec.images.decode import load_picture
from tests.support.hostile.tiff_variants import GREY, RGB, meanings, subsampled, variants
from tests.support.hostile.tiff_writer import (
    CODECS,
    FAX,
    JPEG,
    LZMA,
    LZW,
    NONE,
    PACKBITS,
    WEBP,
    ZSTD,
    Picture,
    Storage,
    laid_out,
    write,
)

EVERY = 331
"""A prime, so that all depths, meanings, orders, planes, codecs and layouts come to meet."""
VARIANTS = tuple(variants())
PICTURES = {picture.name: picture for picture in meanings(8, "u")}
PLAIN = PICTURES["RGB"]
SRGB_TO_XYZ = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
)
"""Source: IEC 61966-2-1."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "a.tif"


def _decoded_pixels(data: bytes, file: Path) -> np.ndarray:
    file.write_bytes(data)
    return np.asarray(load_picture(file, side_px=4_096)).astype(int)


def _why(data: bytes, file: Path) -> Undecodable:
    file.write_bytes(data)
    with pytest.raises(Undecodable) as raised:
        load_picture(file, side_px=4_096)
    return raised.value


def _off(data: bytes, picture: Picture, file: Path) -> float:
    """How many levels the middles of the picture's cells are off."""
    seen = _decoded_pixels(data, file)
    assert seen.shape == picture.seen.shape
    return float(np.abs(seen - picture.seen)[4::8, 8::16].max())


def _wrong(every: int, file: Path) -> list[str]:
    wrong = []
    for picture, storage in VARIANTS[::every]:
        within = picture.within + (4 if storage.codec == JPEG else 0) + 0.5
        try:
            off = _off(write(picture, storage), picture, file)
        except Undecodable as error:
            wrong.append(f"{picture.name} {storage}: {error}")
            continue
        if off > within:
            wrong.append(f"{picture.name} {storage}: {off:.1f} levels off")
    return wrong


def test_variants_are_seen_in_their_colours(file: Path) -> None:
    assert _wrong(EVERY, file) == []


@pytest.mark.long
def test_more_variants_are_seen_in_their_colours(file: Path) -> None:
    assert _wrong(5, file) == []


def test_the_variants_cover_what_they_should() -> None:
    chosen = VARIANTS[::EVERY]
    assert len(chosen) > 200
    for name in ("bits", "kind", "order", "planar", "predictor", "tiled", "reversed_bits", "big"):
        every = {getattr(storage, name) for _, storage in VARIANTS}
        counts = Counter(getattr(storage, name) for _, storage in chosen)
        assert set(counts) == every, name
    assert {storage.codec for _, storage in chosen} >= set(CODECS)
    assert {picture.name for picture, _ in chosen} == {picture.name for picture, _ in VARIANTS}


@pytest.mark.parametrize("codec", [*FAX, JPEG, WEBP])
def test_codecs_of_certain_pictures(codec: int, file: Path) -> None:
    picture = next(meanings(1, "u")) if codec in FAX else PLAIN
    storage = Storage(1 if codec in FAX else 8, codec=codec, strip_rows=16)
    assert _off(write(picture, storage), picture, file) <= 4


def test_a_range_of_its_own_compressed_by_jpeg_is_refused_by_name(file: Path) -> None:
    data = write(PICTURES["YCbCr, studio range"], Storage(codec=JPEG, strip_rows=16))
    assert "of a range of their own, compressed by JPEG" in str(_why(data, file))


@pytest.mark.parametrize("blocks", [(2, 2), (2, 1), (4, 1), (1, 2), (4, 2), (4, 4)])
@pytest.mark.parametrize("order", ["<", ">"])
def test_shared_colour_differences(blocks: tuple[int, int], order: str, file: Path) -> None:
    """4:2:0 and its like; strips of a height that is no multiple of the blocks'."""
    picture = Picture("", 6, RGB, RGB)
    assert _off(subsampled(blocks, order, rows=24), picture, file) <= 4
    assert _off(subsampled(blocks, order, rows=40), picture, file) <= 4


@pytest.mark.parametrize("top", [1.0, 255.0, 65_535.0])
def test_floats_are_white_by_their_largest_value(top: float, file: Path) -> None:
    picture = Picture("", 2, RGB / 255 * top, RGB)
    assert _off(write(picture, Storage(32, "f")), picture, file) <= 1


def test_floats_that_overshoot_are_clipped(file: Path) -> None:
    samples = RGB / 255
    samples[0, 0], samples[0, 1] = 1.2, -0.1
    seen = _decoded_pixels(write(Picture("", 2, samples, RGB), Storage(32, "f")), file)
    assert (seen[0, :2] == [[255] * 3, [0] * 3]).all()
    assert (seen[1:] == RGB[1:]).all()


@pytest.mark.parametrize(("bits", "kind"), [(32, "u"), (64, "u"), (32, "i"), (64, "i"), (16, "i")])
def test_wide_numbers_are_white_by_their_largest_value(bits: int, kind: str, file: Path) -> None:
    picture = Picture("", 1, GREY, GREY.repeat(3, 2))
    assert _off(write(picture, Storage(bits, kind)), picture, file) <= 1


def test_a_fourth_channel_that_no_tag_explains(file: Path) -> None:
    """It is alpha where it varies, padding where it is the same everywhere."""
    with_alpha = replace(PICTURES["RGB + alpha"], tags={})
    assert _off(write(with_alpha, Storage()), with_alpha, file) <= 1
    padded = np.concatenate([RGB, np.zeros_like(RGB[..., :1])], 2)
    assert _off(write(Picture("", 2, padded, RGB), Storage()), PLAIN, file) <= 1


def test_greys_without_a_meaning_are_black_at_zero(file: Path) -> None:
    """As libtiff takes them; of fax, zero is white."""
    tags = {256: (4, [48]), 257: (4, [40]), 258: (3, [8])}
    data = laid_out(tags, [GREY.astype(np.uint8).tobytes()], "<")
    assert (_decoded_pixels(data, file) == GREY).all()


def _behind(first: bytes, second: bytes) -> bytes:
    """Let a little-endian TIFF's first directory be followed by another file's."""
    base, joined = len(first), bytearray(first + second)
    (one,), (two,) = struct.unpack_from("<I", first, 4), struct.unpack_from("<I", second, 4)
    (entries,) = struct.unpack_from("<H", first, one)
    struct.pack_into("<I", joined, one + 2 + 12 * entries, base + two)
    (entries,) = struct.unpack_from("<H", second, two)
    for at in range(base + two + 2, base + two + 2 + 12 * entries, 12):
        tag, kind, count, value = struct.unpack_from("<HHII", joined, at)
        if count * {3: 2, 4: 4}[kind] > 4 or tag == 273:
            struct.pack_into("<I", joined, at + 8, base + value)
    return bytes(joined)


@pytest.mark.parametrize("kind", [1, 4, 5, 0, 2])
def test_small_copies_and_masks_before_the_picture_are_passed_over(kind: int, file: Path) -> None:
    """A page of its own is none of these."""
    small = Picture("", 2, RGB[::4, ::4], RGB[::4, ::4], {254: (4, [kind])})
    storage = Storage(strip_rows=40)
    data = _behind(write(small, storage), write(PLAIN, storage))
    assert _decoded_pixels(data, file).shape == ((40, 48, 3) if kind & 5 else (10, 12, 3))
    if kind & 5:
        assert _off(data, PLAIN, file) <= 1


def test_a_small_copy_alone_is_the_picture(file: Path) -> None:
    data = write(replace(PLAIN, tags={254: (4, [1])}), Storage())
    assert _off(data, PLAIN, file) <= 1


@pytest.mark.parametrize("more", [1, 60, -60])
def test_wrong_lengths_of_a_plain_strip_cost_nothing(more: int, file: Path) -> None:
    data = bytearray(write(PLAIN, Storage(strip_rows=40)))
    length = struct.pack("<HHII", 279, 4, 1, RGB.size)
    assert data.count(length) == 1
    at = data.index(length)
    struct.pack_into("<I", data, at + 8, len(data) + more if more > 0 else RGB.size + more)
    assert _off(bytes(data), PLAIN, file) <= 1


def test_a_strip_whose_length_is_zero_goes_on_to_the_end(file: Path) -> None:
    data = bytearray(write(PLAIN, Storage(codec=8, strip_rows=40)))
    at = data.index(struct.pack("<HHI", 279, 4, 1))
    data[at + 8 : at + 12] = bytes(4)
    assert _off(bytes(data), PLAIN, file) <= 1


def test_the_white_of_lab_colours_is_honoured(file: Path) -> None:
    """Of D65, as some programs write it: sRGB's own white, so that nothing is adapted."""
    values = RGB / 255
    light = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    xyz = light @ SRGB_TO_XYZ.T
    shares = xyz / SRGB_TO_XYZ.sum(axis=1)
    roots = np.where(shares > 0.008856, np.cbrt(shares), 7.787 * shares + 16 / 116)
    lightness = 116 * roots[..., 1] - 16
    a, b = 500 * (roots[..., 0] - roots[..., 1]), 200 * (roots[..., 1] - roots[..., 2])
    stored = np.stack([lightness * 655.35, a * 256 % 65_536, b * 256 % 65_536], axis=-1)
    tags = {318: (5, [3_127, 10_000, 3_290, 10_000])}
    lab = Picture("", 8, np.rint(stored).astype(int) % 65_536, RGB, tags)
    assert _off(write(lab, Storage(16)), lab, file) <= 1


UNREAD = {
    "complex numbers": (Storage(), {339: (3, [6] * 3)}, "complex"),
    "JPEG of the old style": (Storage(), {259: (3, [6])}, "JPEG of the old style"),
    "JBIG": (Storage(), {259: (3, [34_661])}, "JBIG"),
    "an unknown codec": (Storage(), {259: (3, [999])}, "codec 999"),
    "a camera's raw values": (Storage(), {262: (3, [32_803])}, "raw values"),
    "depths that differ": (Storage(), {258: (3, [8, 8, 4])}, "depth"),
    "other inks": (Storage(), {262: (3, [5]), 332: (3, [2])}, "inks"),
    "seventeen bits": (Storage(), {258: (3, [17] * 3)}, "17-bit"),
    "negative numbers": (Storage(16, "i"), {}, "-129 to"),
}


@pytest.mark.parametrize("what", UNREAD)
def test_what_cannot_be_read_is_named_with_a_remedy(what: str, file: Path) -> None:
    storage, tags, named = UNREAD[what]
    samples = RGB - 139 if storage.kind == "i" else RGB
    why = _why(write(Picture("", 2, samples, RGB, tags), storage), file)
    assert why.reason == "unsupported_mode"
    assert named in why.message
    assert why.message.endswith("save it as 8-bit PNG or TIFF")


def test_floats_that_are_no_colours_are_refused(file: Path) -> None:
    """Among them floats whose bytes come in another order than the header says."""
    data = bytearray(write(Picture("", 2, RGB / 255, RGB), Storage(32, "f")))
    swapped = np.frombuffer(bytes(data[16 : 16 + RGB.size * 4]), "<f4").astype(">f4").tobytes()
    data[16 : 16 + len(swapped)] = swapped
    assert _why(bytes(data), file).reason == "unsupported_mode"
    for value in (np.nan, np.inf, -1.0):
        odd = RGB / 255
        odd[3, 3, 1] = value
        assert (
            _why(write(Picture("", 2, odd, RGB), Storage(32, "f")), file).reason
            == "unsupported_mode"
        )


@pytest.mark.parametrize("codec", [NONE, LZW, JPEG, 8, PACKBITS, LZMA, ZSTD, WEBP, 4])
def test_damage_is_told_as_such_and_on_no_terminal(
    codec: int, file: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The codec's own library is heard only through the reason."""
    picture = next(meanings(1, "u")) if codec in FAX else PLAIN
    noise = np.random.default_rng(1).integers(0, 2 if codec in FAX else 256, picture.samples.shape)
    storage = Storage(1 if codec in FAX else 8, codec=codec, strip_rows=40)
    data = write(replace(picture, samples=noise), storage)
    whole = _decoded_pixels(data, file)
    assert whole.shape == RGB.shape
    length = int.from_bytes(data[4:8], "little") - 16
    cut = _why(data[: 16 + length // 2], file)
    assert cut.reason == "truncated"
    empty = bytearray(data)
    empty[16 : 16 + length] = bytes(length)
    if codec not in (NONE, PACKBITS):  # to which all bytes are pixels
        assert _why(bytes(empty), file).reason in ("corrupt", "unsupported_mode")
    assert capfd.readouterr() == ("", "")


def test_a_flipped_bit_is_found_by_the_checksum(file: Path) -> None:
    data = bytearray(write(PLAIN, Storage(codec=8, strip_rows=40)))
    packed = zlib.compress(RGB.astype(np.uint8).tobytes())
    at = data.index(packed)
    data[at + len(packed) - 1] ^= 1
    assert _why(bytes(data), file).reason == "corrupt"


def test_parts_cannot_claim_more_than_a_picture_needs(file: Path) -> None:
    """Tiles beyond all measure, strips that all are one, pixels of a JPEG that are more."""
    tags = {256: (4, [1]), 257: (4, [4_000]), 258: (3, [8]), 259: (3, [8]), 262: (3, [1])}
    tile = {322: (4, [1 << 20]), 323: (4, [16])}
    parts = [zlib.compress(bytes(16))] * 250
    assert _why(laid_out(tags | tile, parts, "<"), file).reason == "corrupt"
    large = write(Picture("", 2, RGB.repeat(9, 0), RGB), Storage(codec=JPEG, strip_rows=360))
    small = large.replace((360).to_bytes(4, "little"), (40).to_bytes(4, "little"))
    assert _why(small, file).reason == "corrupt"


@pytest.mark.parametrize(
    "codec", [None, "tiff_lzw", "tiff_adobe_deflate", "packbits", "zstd", "lzma"]
)
def test_what_another_library_writes_is_seen(codec: str | None, file: Path) -> None:
    Image.fromarray(RGB.astype(np.uint8)).save(file, compression=codec)
    assert (np.asarray(load_picture(file, side_px=99)) == RGB).all()


@pytest.mark.parametrize("bits", [16, 32, 64])
@pytest.mark.parametrize("name", ["grey", "RGB", "RGB + alpha"])
def test_floats_that_libtiff_wrote_in_the_wrong_order_are_refused(
    bits: int, name: str, file: Path
) -> None:
    """Big-endian and with predictor 3: it swaps bytes before it takes their differences."""
    picture = next(one for one in meanings(bits, "f") if one.name == name)
    storage = Storage(bits, "f", ">", codec=8, predictor=3)
    right, swapped = picture.samples, picture.samples.astype(f"f{bits // 8}").byteswap()
    assert _off(write(picture, storage), picture, file) <= 1
    for samples in (swapped, np.where(right > 0.5, 1.0, 0.0).astype(swapped.dtype).byteswap()):
        wrong = write(replace(picture, samples=samples), storage)
        assert _why(wrong, file).reason == "unsupported_mode"


def test_values_that_fill_more_room_than_their_bits_are_refused(file: Path) -> None:
    """12 bits in words of 16, YCbCr colours that share no differences: as old programs wrote."""
    for codec in (NONE, LZW, 8, ZSTD):
        words = write(Picture("", 1, GREY * 16, RGB), Storage(16, codec=codec))
        twelve = words.replace(b"\x02\x01\x03\0\x01\0\0\0\x10", b"\x02\x01\x03\0\x01\0\0\0\x0c")
        assert twelve != words
        assert _why(twelve, file).reason == "unsupported_mode"
        shared = {530: (3, [2, 2])}
        whole = write(Picture("", 6, RGB, RGB, shared), Storage(codec=codec))
        assert _why(whole, file).reason == "unsupported_mode"


def test_jpeg_data_that_name_other_colours_are_refused(file: Path) -> None:
    """JFIF's colours are YCbCr; readers don't agree on whom to believe."""
    buffer = io.BytesIO()
    Image.fromarray(RGB.astype(np.uint8)).save(buffer, "JPEG", quality=98, subsampling=0)
    tags = {256: (4, [48]), 257: (4, [40]), 258: (3, [8] * 3), 259: (3, [7]), 277: (3, [3])}
    for photometric, reason in ((2, "unsupported_mode"), (6, None)):
        data = laid_out(tags | {262: (3, [photometric])}, [buffer.getvalue()], "<")
        if reason:
            assert _why(data, file).reason == reason
        else:
            assert _off(data, PLAIN, file) <= 4


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_profile_and_orientation_are_honoured(orientation: int, file: Path) -> None:
    """Through the second reader, too: 16 bits, a plane a colour."""
    tags = {274: (3, [orientation])}
    upright = Image.fromarray(RGB.astype(np.uint8))
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    stored = upright.transpose(Image.Transpose(undo[orientation])) if orientation > 1 else upright
    samples = np.asarray(stored).astype(int) * 257
    seen = _decoded_pixels(
        write(Picture("", 2, samples, samples, tags), Storage(16, planar=True)), file
    )
    assert (seen == RGB).all()


@pytest.mark.parametrize(("dtype", "top"), [("u1", 255), ("u2", 65_535), ("f4", 1)])
def test_lerc(dtype: str, top: int, file: Path) -> None:
    """Esri's codec; pixels that it leaves out have no colour, so such a picture is refused."""
    values = (RGB * (top / 255)).astype(dtype)
    tags = {256: (4, [48]), 257: (4, [40]), 258: (3, [8 * values.itemsize] * 3), 259: (3, [34_887])}
    tags |= {262: (3, [2]), 277: (3, [3]), 339: (3, [1 + 2 * (dtype == "f4")] * 3)}
    tags[50_674] = (4, [4, 0])
    planes = imagecodecs.lerc_encode(values, planar=False)
    assert _off(laid_out(tags, [planes], "<"), PLAIN, file) <= 1
    valid = np.ones(RGB.shape[:2], bool)
    valid[3, 3] = False
    holed = imagecodecs.lerc_encode(values, planar=False, masks=valid)
    assert _why(laid_out(tags, [holed], "<"), file).reason == "unsupported_mode"
