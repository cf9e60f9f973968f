"""Write TIFFs of any depth, byte order, planes, codec and layout from samples known by value."""

from __future__ import annotations

import io
import lzma
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow
from PIL import Image

NONE, LZW, JPEG, DEFLATE, PACKBITS, LZMA, ZSTD, WEBP = 1, 5, 7, 8, 32_773, 34_925, 50_000, 50_001
TAG_TYPES = {1: "B", 3: "H", 4: "I", 5: "I", 7: "B", 16: "Q"}


@dataclass(frozen=True)
class Storage:
    """How samples are laid out in the file.

    Attributes:
        bits: Of a sample.
        kind: `u`, `i` or `f`.
        order: `<` or `>`.
        planar: Each sample has a plane of its own.
        codec: Compression.
        predictor: 1, 2 or 3.
        tiled: In tiles of 16 × 16, else in strips of `strip_rows`.
        strip_rows: Rows of a strip.
        reversed_bits: Fill order 2.
        big: A BigTIFF.
    """

    bits: int = 8
    kind: str = "u"
    order: str = "<"
    planar: bool = False
    codec: int = NONE
    predictor: int = 1
    tiled: bool = False
    strip_rows: int = 12
    reversed_bits: bool = False
    big: bool = False


@dataclass(frozen=True)
class Picture:
    """Samples, what they mean, and what must be seen.

    Attributes:
        name: In words.
        photometric: What they mean.
        samples: (H, W, samples); whole numbers, or floats.
        seen: (H, W, 3), 0 to 255.
        tags: Further ones: tag → (type, values).
        within: Levels that lossless storage may cost.
    """

    name: str
    photometric: int
    samples: np.ndarray
    seen: np.ndarray
    tags: dict[int, tuple[int, list[int]]] = field(default_factory=dict)
    within: int = 1


def write(picture: Picture, storage: Storage) -> bytes:
    """Return the file."""
    height, width, count = picture.samples.shape
    planes = (
        [picture.samples[..., n : n + 1] for n in range(count)]
        if storage.planar
        else [picture.samples]
    )
    parts = [_packed(part, picture, storage) for plane in planes for part in _parts(plane, storage)]
    tags = {
        256: (4, [width]),
        257: (4, [height]),
        258: (3, [storage.bits] * count),
        259: (3, [storage.codec]),
        262: (3, [picture.photometric]),
        266: (3, [1 + storage.reversed_bits]),
        277: (3, [count]),
        284: (3, [1 + storage.planar]),
        339: (3, ["uif".index(storage.kind) + 1] * count),
    }
    if storage.predictor > 1:
        tags[317] = (3, [storage.predictor])
    if storage.tiled:
        tags |= {322: (3, [16]), 323: (3, [16])}
    else:
        tags[278] = (3, [storage.strip_rows])
    return laid_out(tags | picture.tags, parts, storage.order, big=storage.big)


def laid_out(
    tags: dict[int, tuple[int, list[int]]], parts: list[bytes], order: str, *, big: bool = False
) -> bytes:
    """Return a TIFF of these tags whose strips or tiles are these."""
    where, lengths = (324, 325) if 322 in tags else (273, 279)
    word, inline = (16, 8) if big else (4, 4)
    data, offsets, begin = b"", [], 16
    for part in parts:
        offsets.append(begin + len(data))
        data += part + bytes(len(part) % 2)
    tags = tags | {where: (word, offsets), lengths: (4, [len(part) for part in parts])}
    table, extra = b"", b""
    directory = begin + len(data)
    after = directory + (8 + 20 * len(tags) + 8 if big else 2 + 12 * len(tags) + 4)
    for tag, (kind, values) in sorted(tags.items()):
        packed = struct.pack(f"{order}{len(values)}{TAG_TYPES[kind]}", *values)
        count = len(values) // (2 if kind == 5 else 1)
        table += struct.pack(order + ("HHQ" if big else "HHI"), tag, kind, count)
        if len(packed) > inline:
            table += struct.pack(order + ("Q" if big else "I"), after + len(extra))
            extra += packed + bytes(len(packed) % 2)
        else:
            table += packed.ljust(inline, b"\0")
    mark = b"II" if order == "<" else b"MM"
    if big:
        head = mark + struct.pack(order + "HHHQ", 43, 8, 0, directory)
        return head + data + struct.pack(order + "Q", len(tags)) + table + bytes(8) + extra
    head = (mark + struct.pack(order + "HI", 42, directory)).ljust(16, b"\0")
    return head + data + struct.pack(order + "H", len(tags)) + table + bytes(4) + extra


def _parts(plane: np.ndarray, storage: Storage) -> Iterator[np.ndarray]:
    height, width, _ = plane.shape
    if not storage.tiled:
        for top in range(0, height, storage.strip_rows):
            yield plane[top : top + storage.strip_rows]
        return
    padded = np.pad(plane, ((0, -height % 16), (0, -width % 16), (0, 0)))
    for top in range(0, height, 16):
        for left in range(0, width, 16):
            yield padded[top : top + 16, left : left + 16]


def _packed(part: np.ndarray, picture: Picture, storage: Storage) -> bytes:
    if storage.codec == JPEG:
        return _jpeg(part, picture.photometric, planar=storage.planar)
    if storage.codec == WEBP:
        mode = "RGB" if part.shape[2] == 3 else "RGBA"
        return _encoded(
            Image.fromarray(part.astype(np.uint8), mode), "WEBP", lossless=True, exact=True
        )
    if storage.codec in FAX:
        data = FAX[storage.codec](part[..., 0])
    else:
        data = CODECS[storage.codec](raw(part, storage))
    return (
        np.packbits(np.unpackbits(np.frombuffer(data, np.uint8)), bitorder="little").tobytes()
        if storage.reversed_bits
        else data
    )


def raw(part: np.ndarray, storage: Storage) -> bytes:
    """Return samples as bytes, with the differences of the predictor."""
    bits, order = storage.bits, storage.order
    size = bits // 8
    if storage.predictor == 3:
        first_bytes_first = raw(part, Storage(bits, "f", ">"))
        rows = np.frombuffer(first_bytes_first, np.uint8).reshape(len(part), -1, size)
        rows = rows.swapaxes(1, 2).reshape(len(part), -1, part.shape[2])
        return np.diff(rows, axis=1, prepend=np.zeros_like(rows[:, :1])).tobytes()
    if storage.kind == "f" and bits == 24:
        return _float24(part, order)
    if bits in (16, 32, 64) or bits == 8:
        values = part.astype(f"{storage.kind}{size}")
        if storage.predictor == 2:
            whole = values.view(f"u{size}")
            values = np.diff(whole, axis=1, prepend=np.zeros_like(whole[:, :1]))
        return values.astype(values.dtype.newbyteorder(order)).tobytes()
    if bits == 24:
        eight = part.astype(">u4").view(np.uint8).reshape(*part.shape, 4)[..., 1:]
        return (eight if order == ">" else eight[..., ::-1]).tobytes()
    flat = part.reshape(len(part), -1).astype(np.uint32)
    each = (flat[..., None] >> np.arange(bits - 1, -1, -1, dtype=np.uint32)) & 1
    return np.packbits(each.reshape(len(part), -1).astype(np.uint8), axis=1).tobytes()


def _float24(part: np.ndarray, order: str) -> bytes:
    """A sign, 7 bits of exponent (excess 63), 16 bits of fraction, as values below 2 need."""
    fraction, exponent = np.frexp(part.astype(float))
    exponent = np.where(part == 0, 0, exponent - 1 + 63)
    mantissa = np.where(part == 0, 0, np.floor((2 * fraction - 1) * 65_536))
    word = (exponent.astype(np.uint32) << 16 | mantissa.astype(np.uint32)).astype(">u4")
    eight = word.view(np.uint8).reshape(*part.shape, 4)[..., 1:]
    return (eight if order == ">" else eight[..., ::-1]).tobytes()


def _encoded(image: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def _jpeg(part: np.ndarray, photometric: int, *, planar: bool) -> bytes:
    """A JPEG of these very samples, without the markers that would say what they are."""
    values = np.ascontiguousarray(part.astype(np.uint8))
    options: dict[str, object] = {"quality": 98, "subsampling": 0}
    if planar or values.shape[2] == 1:
        image = Image.fromarray(values[..., 0])
    elif values.shape[2] == 4:
        image = Image.fromarray(255 - values, "CMYK")
    elif photometric == 6:
        image = Image.fromarray(values, "YCbCr")
    else:
        image, options["keep_rgb"] = Image.fromarray(values), True
    data = _encoded(image, "JPEG", **options)
    at, kept = 2, b"\xff\xd8"
    while data[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        kept += data[at:end] if data[at + 1] not in (0xE0, 0xEE) else b""
        at = end
    return kept + data[at:]


def _packbits(data: bytes) -> bytes:
    """Literal runs, and a run of equal bytes wherever there are three."""
    out, at = b"", 0
    while at < len(data):
        run = 1
        while run < 128 and data[at + run : at + run + 1] == data[at : at + 1]:
            run += 1
        if run > 2:
            out += bytes([257 - run]) + data[at : at + 1]
            at += run
        else:
            out += bytes([0]) + data[at : at + 1]
            at += 1
    return out


def _lzw(data: bytes) -> bytes:
    """Source: TIFF 6.0, section 13."""
    bits, table, width = ["100000000"], {bytes([n]): n for n in range(256)}, 9
    here, next_code = b"", 258
    for n in range(len(data)):
        byte = data[n : n + 1]
        if here + byte in table:
            here += byte
            continue
        bits.append(f"{table[here]:0{width}b}")
        table[here + byte] = next_code
        next_code += 1
        width = max(9, min(12, next_code.bit_length()))
        here = byte
        if next_code == 4_095:
            bits.append(f"{256:0{width}b}")
            table, width, next_code = {bytes([n]): n for n in range(256)}, 9, 258
    if here:
        bits.append(f"{table[here]:0{width}b}")
        next_code += 1
        width = max(9, min(12, next_code.bit_length()))
    bits.append(f"{257:0{width}b}")
    text = "".join(bits)
    return int(text.ljust(-(-len(text) // 8) * 8, "0"), 2).to_bytes(-(-len(text) // 8))


def _fax(name: str, **info: int) -> Callable[[np.ndarray], bytes]:
    """Libtiff's encoder, through Pillow: the strip of a file of its own."""

    def packed(ones: np.ndarray) -> bytes:
        image = Image.fromarray((ones * 255).astype(np.uint8)).convert("1")
        tags = {278: image.height, 262: 1, **{int(tag[1:]): value for tag, value in info.items()}}
        data = _encoded(image, "TIFF", compression=name, tiffinfo=tags)
        with Image.open(io.BytesIO(data)) as again:
            (at,), (length,) = again.tag_v2[273], again.tag_v2[279]
        return data[at : at + length]

    return packed


CODECS: dict[int, Callable[[bytes], bytes]] = {
    NONE: lambda data: data,
    LZW: _lzw,
    DEFLATE: zlib.compress,
    32_946: zlib.compress,
    PACKBITS: _packbits,
    LZMA: lzma.compress,
    ZSTD: lambda data: pyarrow.compress(data, codec="zstd", asbytes=True),
}
FAX = {2: _fax("tiff_ccitt"), 3: _fax("group3"), 4: _fax("group4")}
