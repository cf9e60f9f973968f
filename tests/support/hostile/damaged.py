"""Picture files that are cut short, damaged, or claim more than they hold."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

import numpy as np
from PIL import Image

from tests.support.hostile.crafted import (
    PNG_SIGNATURE,
    chunk,
    deflated_zeros,
    png,
    png_header,
    saved,
    tiff,
    tiff_tags,
)
from tests.support.hostile.pictures import EXACT, LOSSY, PICTURE, Seen

NOISE = Image.fromarray(np.random.default_rng(3).integers(0, 256, (60, 80, 3), dtype=np.uint8))
_SAVED = {
    "JPEG": ("jpg", {}),
    "PNG": ("png", {}),
    "GIF": ("gif", {}),
    "BMP": ("bmp", {}),
    "TIFF": ("tif", {"compression": "tiff_lzw"}),
    "WEBP": ("webp", {}),
    "AVIF": ("avif", {"speed": 10}),
    "HEIF": ("heic", {}),
}
_NAMED = {"WEBP": "WebP", "HEIF": "HEIC"}


def _cut(form: str, share: float) -> Callable[[], bytes]:
    def made() -> bytes:
        data = saved(NOISE, form, **_SAVED[form][1])
        return data[: round(share * len(data))] if share <= 1 else data[: int(share)]

    return made


def _without_end(form: str, end: int, **options: object) -> Callable[[], bytes]:
    return lambda: saved(PICTURE, form, **options)[:-end]


WHOLE = "embedded, as all pixels are there"
CUT = (
    *(
        (
            f"{_NAMED.get(form, form)}, {where}",
            f"{form.lower()}-{where.split()[-1]}.{suffix}",
            _cut(form, share),
            "truncated",
        )
        for form, (suffix, _) in _SAVED.items()
        for where, share in (("cut in its header", 20), ("cut in the middle", 0.5))
    ),
    ("JPEG, cut in its last pixels", "jpeg-last.jpg", _cut("JPEG", 0.99), "truncated"),
    ("JPEG without its end marker", "jpeg-end.jpg", _without_end("JPEG", 2), "truncated"),
    ("PNG without IEND", "png-end.png", _without_end("PNG", 12), Seen(EXACT.quarters, told=WHOLE)),
    ("GIF without its trailer", "gif-end.gif",
     lambda: saved(PICTURE.quantize(4, dither=0), "GIF")[:-1], Seen(EXACT.quarters, told=WHOLE)),
    ("WebP without its last byte", "webp-end.webp", _without_end("WEBP", 2, quality=95), "truncated"),
)  # fmt: skip


def _wrong_checksum() -> bytes:
    data = bytearray(saved(PICTURE, "PNG"))
    at = data.index(b"IDAT")
    length = int.from_bytes(data[at - 4 : at])
    data[at + 4 + length] ^= 0xFF
    return bytes(data)


def _flipped_bit() -> bytes:
    data = bytearray(saved(NOISE, "PNG"))
    data[len(data) // 2] ^= 1
    return bytes(data)


def _swapped(form: str, first: int, last: int, **options: object) -> Callable[[], bytes]:
    """Overwrite bytes of a file's body, as a bad sector does."""

    def made() -> bytes:
        data = bytearray(saved(NOISE, form, **options))
        at = len(data) // 2
        data[at + first : at + last] = b"\x55" * (last - first)
        return bytes(data)

    return made


def _damaged_webp() -> bytes:
    data = bytearray(saved(NOISE, "WEBP", lossless=True))
    data[25:200] = bytes(175)
    return bytes(data)


def _many_parts(kind: bytes) -> Callable[[], bytes]:
    """A PNG with 100,000 empty chunks before its pixels."""
    lines = zlib.compress(b"\0\0\0\0")
    return lambda: png(png_header(1, 1, 8, 2), lines, before=chunk(kind, b"") * 100_000)


def _comments() -> bytes:
    """A GIF with a comment of a hundred thousand blocks, joined one by one."""
    data = saved(PICTURE.quantize(4, dither=0), "GIF")
    at = data.index(b"\x2c", 13)
    return data[:at] + b"\x21\xfe" + b"\x01x" * 100_000 + b"\0" + data[at:]


BROKEN = (
    ("PNG with a wrong checksum, its pixels sound by zlib's own", "crc.png", _wrong_checksum, EXACT),
    ("PNG with a flipped bit in its pixels", "flipped.png", _flipped_bit, "corrupt"),
    ("PNG whose pixels are no compressed data", "zlib.png",
     lambda: png(png_header(64, 64, 8, 2), b"\xff" * 500), "corrupt"),
    ("PNG with a broken header", "header.png",
     lambda: PNG_SIGNATURE + b"\0\0\0\x0dIHDR" + b"\xff" * 17 + chunk(b"IDAT", b"") + chunk(b"IEND", b""),
     "corrupt"),
    ("JPEG with a broken header", "header.jpg",
     lambda: b"\xff\xd8\xff\xe0\0\x02\xff\xc0\0\x05\x08\0\0" + b"\xff\xda\0\x02" + bytes(2_000), "corrupt"),
    ("WebP with a damaged bit stream", "stream.webp", _damaged_webp, "corrupt"),
    ("TIFF with damaged pixels", "pixels.tif",
     _swapped("TIFF", 0, 500, compression="tiff_adobe_deflate"), "corrupt"),
    ("AVIF with damaged boxes", "boxes.avif",
     lambda: saved(NOISE, "AVIF", speed=10).replace(b"ispe", b"\xff\xff\xff\xff"), "corrupt"),
    ("PNG in a hundred thousand parts", "parts.png", _many_parts(b"abCd"), "corrupt"),
    ("GIF with a comment in a hundred thousand parts", "parts.gif", _comments, "corrupt"),
    ("JPEG that begins with megabytes of junk", "junk.jpg",
     lambda: b"\xff\xd8\xff\xe0\0\x02" + bytes(3_000_000) + saved(PICTURE, "JPEG"), "corrupt"),
    ("TIFF in a million strips", "strips.tif",
     lambda: tiff({**tiff_tags(1, 1_000_000, 1, [8]), 273: (4, [8] * 1_000_000), 278: (3, [1]),
                   279: (4, [1] * 1_000_000)}), "corrupt"),
    ("JPEG in ten thousand scans", "scans.jpg", lambda: _scans(), "corrupt"),
)  # fmt: skip

SIDE = 60_000
_START = struct.pack("<IHHI", 54, 0, 0, 54)


def _scans() -> bytes:
    """A progressive JPEG of 16 million pixels whose last scan is repeated."""
    data = saved(Image.new("L", (4_096, 4_096), 99), "JPEG", progressive=True)
    at = data.rindex(b"\xff\xda")
    return data[:at] + data[at:-2] * 10_000 + b"\xff\xd9"


def _jpeg_bomb() -> bytes:
    data = bytearray(saved(Image.new("L", (8, 8)), "JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", SIDE, SIDE)
    return bytes(data)


def _webp_bomb() -> bytes:
    body = b"VP8X" + struct.pack("<IB3x", 10, 2) + ((1 << 24) - 2).to_bytes(3, "little") * 2
    body += b"ANIM" + struct.pack("<I6x", 6)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def _offset_gif_bomb() -> bytes:
    """A screen of 10 × 10 whose frame lies far outside."""
    frame = b"\x2c" + struct.pack("<4HB", 50_000, 50_000, 10_000, 10_000, 0)
    return (
        b"GIF89a"
        + struct.pack("<HH3B", 10, 10, 0x80, 0, 0)
        + bytes(6)
        + frame
        + b"\x02\x02L\x01\0;"
    )


def _apng_bomb() -> bytes:
    """A still of 10 × 10 whose animation claims a canvas of its own."""
    control = chunk(b"acTL", struct.pack(">II", 2, 0))
    frame = chunk(b"fcTL", struct.pack(">5I2H2B", 0, SIDE, SIDE, 0, 0, 1, 1, 0, 0))
    return png(png_header(SIDE, SIDE, 8, 6), zlib.compress(bytes(99)), before=control + frame)


def _text_bomb(kind: bytes, head: bytes) -> Callable[[], bytes]:
    unpacked = deflated_zeros(200 << 20)
    return lambda: png(
        png_header(1, 1, 8, 2), zlib.compress(bytes(4)), before=chunk(kind, head + unpacked)
    )


def _exif_bomb() -> bytes:
    """Ten thousand entries that all point to the same thirty thousand bytes."""
    entries = 2_000
    directory = struct.pack("<H", entries)
    for tag in range(entries):
        directory += struct.pack("<HHII", 0x8000 + tag, 7, 30_000, 8)
    exif = b"Exif\0\0II*\0\x08\0\0\0" + directory + bytes(34_000)
    return saved(PICTURE, "JPEG", quality=90, exif=exif)


LARGE = "too_large"
BOMBS = (
    ("PNG of 60,000 × 60,000", "bomb.png",
     lambda: png(png_header(SIDE, SIDE, 8, 2), zlib.compress(bytes(100))), LARGE),
    ("BMP of 60,000 × 60,000", "bomb.bmp",
     lambda: b"BM" + _START + struct.pack("<IiiHHIIiiII", 40, SIDE, SIDE, 1, 24, 0, 0, 0, 0, 0, 0), LARGE),
    ("GIF of 60,000 × 60,000", "bomb.gif",
     lambda: b"GIF89a" + struct.pack("<HH3B", SIDE, SIDE, 0, 0, 0) + b"\x2c"
     + struct.pack("<4HB", 0, 0, SIDE, SIDE, 0) + b"\x02\x02L\x01\0;", LARGE),
    ("GIF with a frame far outside", "offset-bomb.gif", _offset_gif_bomb, LARGE),
    ("TIFF of 60,000 × 60,000", "bomb.tif", lambda: tiff(tiff_tags(SIDE, SIDE, 1, [8])), LARGE),
    ("JPEG of 60,000 × 60,000", "bomb.jpg", _jpeg_bomb, LARGE),
    ("WebP of 16,777,215 × 16,777,215", "bomb.webp", _webp_bomb, LARGE),
    ("Animated PNG of 60,000 × 60,000", "apng-bomb.png", _apng_bomb, LARGE),
    ("PNG with a text of 200 MB (zTXt)", "ztxt.png", _text_bomb(b"zTXt", b"a\0\0"), LARGE),
    ("PNG with a text of 200 MB (iTXt)", "itxt.png", _text_bomb(b"iTXt", b"a\0\1\0\0\0"), LARGE),
    ("PNG with a profile of 200 MB", "iccp.png", _text_bomb(b"iCCP", b"a\0\0"), LARGE),
    ("EXIF that unpacks to 60 MB", "exif-bomb.jpg", _exif_bomb, LOSSY),
)  # fmt: skip
