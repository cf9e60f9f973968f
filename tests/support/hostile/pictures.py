"""Good pictures of every kind, and what must be seen of them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pillow_heif
from PIL import Image

from tests.support.hostile.crafted import (
    lossless_jpeg,
    png,
    png_header,
    saved,
    tiff,
    tiff_tags,
)
from tests.support.hostile.tiff_writer import LZMA, WEBP, ZSTD, Picture, Storage, write

pillow_heif.register_heif_opener()

QUARTERS = np.array([[[200, 30, 30], [30, 160, 30]], [[30, 30, 180], [240, 230, 90]]])
GREYS = np.array([[[0] * 3, [85] * 3], [[170] * 3, [255] * 3]])
WHITE = np.array([255, 255, 255])


@dataclass(frozen=True)
class Seen:
    """What is seen of a picture.

    Attributes:
        quarters: (2, 2, 3) colours, 0 to 255.
        size: (width, height) as displayed.
        within: Levels that a colour may be off.
        told: In words, for the table.
    """

    quarters: np.ndarray
    size: tuple[int, int] = (64, 48)
    within: int = 1
    told: str = "embedded"


RGB = np.repeat(np.repeat(QUARTERS, 24, axis=0), 32, axis=1).astype(np.uint8)  # (48, 64, 3)
PICTURE = Image.fromarray(RGB)
GREY = Image.fromarray(np.repeat(np.repeat(GREYS, 24, 0), 32, 1)[..., 0].astype(np.uint8))
EXACT = Seen(QUARTERS)
LOSSY = Seen(QUARTERS, within=8)
GREY_SEEN = Seen(GREYS)


def file(image: Image.Image, form: str, **options: object) -> Callable[[], bytes]:
    """Return a function that lays a picture out as a file."""
    return lambda: saved(image, form, **options)


def _planar() -> bytes:
    planes = np.ascontiguousarray(RGB.transpose(2, 0, 1)).tobytes()
    tags = tiff_tags(64, 48, 2, [8, 8, 8])
    where = [~(n * 64 * 48) for n in range(3)]
    return tiff({**tags, 284: (3, [2]), 273: (4, where), 279: (4, [64 * 48] * 3)}, planes)


def _tiff_by(codec: int) -> Callable[[], bytes]:
    return lambda: write(Picture("", 2, RGB, RGB), Storage(codec=codec))


def _tiled() -> bytes:
    tiles = [RGB[y : y + 16, x : x + 16].tobytes() for y in (0, 16, 32) for x in (0, 16, 32, 48)]
    tags = tiff_tags(64, 48, 2, [8, 8, 8])
    for strip_tag in (273, 278, 279):
        del tags[strip_tag]
    where = [~(n * 768) for n in range(12)]
    more = {322: (3, [16]), 323: (3, [16]), 324: (4, where), 325: (4, [768] * 12)}
    return tiff({**tags, **more}, b"".join(tiles))


def _rgb16_png() -> bytes:
    lines = b"".join(b"\0" + (line.astype(">u2") * 257).tobytes() for line in RGB)
    return png(png_header(64, 48, 16, 2), zlib.compress(lines))


def _interlaced() -> bytes:
    """Adam7: seven smaller pictures, each of every so many pixels."""
    passes = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2))
    passes = (*passes, (0, 1, 1, 2))
    data = b""
    for x, y, across, down in passes:
        data += b"".join(b"\0" + line.tobytes() for line in RGB[y::down, x::across])
    return png(png_header(64, 48, 8, 2, interlace=1), zlib.compress(data))


def _bmp(bits: int, pixels: bytes, height: int = 48, compression: int = 0, masks=b"") -> bytes:
    start = 54 + len(masks)
    info = struct.pack(
        "<IiiHHIIiiII", 40, 64, height, 1, bits, compression, len(pixels), 0, 0, 0, 0
    )
    return b"BM" + struct.pack("<IHHI", start + len(pixels), 0, 0, start) + info + masks + pixels


def _bmp_16() -> bytes:
    five = RGB[::-1].astype(np.uint16) >> 3
    return _bmp(16, (five[..., 0] << 10 | five[..., 1] << 5 | five[..., 2]).astype("<u2").tobytes())


def _bmp_rle() -> bytes:
    """Runs of 32 equal pixels, bottom row first, over a palette of the four colours."""
    palette = b"".join(bytes([*colour[::-1], 0]) for colour in QUARTERS.reshape(4, 3).tolist())
    row = {0: b"\x20\x00\x20\x01\0\0", 1: b"\x20\x02\x20\x03\0\0"}
    pixels = row[1] * 24 + row[0] * 24 + b"\0\1"
    start = 54 + 16
    info = struct.pack("<IiiHHIIiiII", 40, 64, 48, 1, 8, 1, len(pixels), 0, 0, 4, 0)
    return b"BM" + struct.pack("<IHHI", start + len(pixels), 0, 0, start) + info + palette + pixels


FORMATS = (
    ("JPEG", "baseline.jpg", file(PICTURE, "JPEG", quality=95), LOSSY),
    ("JPEG, progressive", "progressive.jpg", file(PICTURE, "JPEG", progressive=True), LOSSY),
    ("JPEG with restart markers", "rst.jpg", file(PICTURE, "JPEG", restart_marker_rows=1), LOSSY),
    ("JPEG, grey", "grey.jpg", file(GREY, "JPEG"), replace(GREY_SEEN, within=3)),
    ("JPEG, lossless (Huffman)", "lossless.jpg", lambda: lossless_jpeg(np.asarray(GREY)), GREY_SEEN),
    (
        "JPEG with bytes after its end",
        "garbage.jpg",
        lambda: saved(PICTURE, "JPEG") + b"\0garbage" * 99,
        LOSSY,
    ),
    ("JPEG with a thumbnail", "thumbnail.jpg", lambda: _with_thumbnail(), LOSSY),
    ("PNG", "plain.png", file(PICTURE, "PNG"), EXACT),
    ("PNG, interlaced", "interlaced.png", _interlaced, EXACT),
    ("PNG, 16 bits a colour", "rgb16.png", _rgb16_png, EXACT),
    ("GIF", "plain.gif", file(PICTURE.quantize(4, dither=0), "GIF"), EXACT),
    ("GIF, interlaced", "interlaced.gif", file(PICTURE.quantize(4, dither=0), "GIF", interlace=1), EXACT),
    ("BMP", "plain.bmp", file(PICTURE, "BMP"), EXACT),
    ("BMP, top row first", "top-down.bmp", lambda: _bmp(24, RGB[..., ::-1].tobytes(), -48), EXACT),
    ("BMP, 16 bits", "16bit.bmp", _bmp_16, Seen(QUARTERS, within=8)),
    ("BMP, run-length coded", "rle.bmp", _bmp_rle, EXACT),
    ("TIFF", "plain.tif", file(PICTURE, "TIFF"), EXACT),
    ("TIFF, LZW", "lzw.tif", file(PICTURE, "TIFF", compression="tiff_lzw"), EXACT),
    ("TIFF, Deflate", "zip.tif", file(PICTURE, "TIFF", compression="tiff_adobe_deflate"), EXACT),
    ("TIFF, PackBits", "packbits.tif", file(PICTURE, "TIFF", compression="packbits"), EXACT),
    ("TIFF, JPEG inside", "jpeg.tif", file(PICTURE, "TIFF", compression="jpeg", quality=95), LOSSY),
    *((f"TIFF, {name}", f"{name.split()[0].lower()}.tif", _tiff_by(codec), EXACT)
      for name, codec in (("LZMA", LZMA), ("Zstandard", ZSTD), ("WebP inside", WEBP))),
    ("TIFF in tiles", "tiled.tif", _tiled, EXACT),
    ("TIFF, a plane a colour", "planar.tif", _planar, EXACT),
    (
        "BigTIFF",
        "big.tif",
        lambda: tiff(tiff_tags(64, 48, 2, [8, 8, 8]), RGB.tobytes(), big=True),
        EXACT,
    ),
    ("TIFF, fax group 4", "fax.tif", lambda: saved(black_and_white(), "TIFF", compression="group4"),
     Seen(np.array([[[0] * 3, [255] * 3]] * 2))),
    ("WebP", "lossy.webp", file(PICTURE, "WEBP", quality=95), Seen(QUARTERS, within=10)),
    ("WebP, lossless", "lossless.webp", file(PICTURE, "WEBP", lossless=True), EXACT),
    ("AVIF", "plain.avif", file(PICTURE, "AVIF", quality=95, speed=10), LOSSY),
    ("HEIC", "plain.heic", file(PICTURE, "HEIF", quality=95), LOSSY),
    ("PNG called .jpg", "really-png.jpg", file(PICTURE.copy(), "PNG", compress_level=1), EXACT),
    ("JPEG called .HEIC", "really-jpeg.HEIC", file(PICTURE, "JPEG", quality=94), LOSSY),
)  # fmt: skip


def black_and_white() -> Image.Image:
    values = np.zeros((48, 64), np.uint8)
    values[:, 32:] = 255
    return Image.fromarray(values).convert("1")


def _with_thumbnail() -> bytes:
    """The thumbnail shows the picture upside down: it must not be taken for the picture."""
    small = saved(PICTURE.rotate(180).resize((16, 12)), "JPEG")
    directory = struct.pack("<H", 0) + struct.pack("<I", 14)
    entries = ((0x0103, 3, 6), (0x0201, 4, 14 + 2 + 36 + 4), (0x0202, 4, len(small)))
    second = struct.pack("<H", 3)
    for tag, kind, value in entries:
        second += struct.pack("<HHII", tag, kind, 1, value)
    exif = b"Exif\0\0II*\0\x08\0\0\0" + directory + second + struct.pack("<I", 0) + small
    return saved(PICTURE, "JPEG", exif=exif, quality=93)


def _stretched(width: int, height: int) -> Callable[[], bytes]:
    picture = Image.fromarray(QUARTERS.astype(np.uint8))
    return lambda: saved(picture.resize((width, height), Image.Resampling.NEAREST), "PNG")


SHAPES = (
    ("1 × 1", "1x1.png", lambda: saved(Image.new("RGB", (1, 1), (200, 30, 30)), "PNG"),
     Seen(np.full((2, 2, 3), QUARTERS[0, 0]), (1, 1))),
    ("1 × 10,000", "1x10000.png", lambda: saved(Image.new("RGB", (1, 10_000), (30, 160, 30)), "PNG"),
     Seen(np.full((2, 2, 3), QUARTERS[0, 1]), (1, 10_000))),
    ("10,000 × 1", "10000x1.png", lambda: saved(Image.new("RGB", (10_000, 1), (30, 160, 30)), "PNG"),
     Seen(np.full((2, 2, 3), QUARTERS[0, 1]), (10_000, 1))),
    ("30,000 × 200", "30000x200.png", _stretched(30_000, 200), Seen(QUARTERS, (30_000, 200))),
    ("200 × 30,000", "200x30000.png", _stretched(200, 30_000), Seen(QUARTERS, (200, 30_000))),
    ("4 × 200,000, longer than JPEG allows", "4x200000.png", _stretched(4, 200_000),
     Seen(QUARTERS, (4, 200_000))),
    ("24 million pixels", "6000x4000.png", _stretched(6_000, 4_000), Seen(QUARTERS, (6_000, 4_000))),
    ("24 million pixels (JPEG)", "6000x4000.jpg",
     lambda: saved(PICTURE.resize((6_000, 4_000), Image.Resampling.NEAREST), "JPEG"),
     Seen(QUARTERS, (6_000, 4_000), within=8)),
)  # fmt: skip

_OTHERS = [Image.new("RGB", (64, 48), colour) for colour in ("black", "white")]
_ALL = {"save_all": True, "append_images": _OTHERS}
FIRST = replace(EXACT, told="embedded, the first")
SEVERAL = (
    ("TIFF of several pages", "pages.tif", file(PICTURE, "TIFF", **_ALL), FIRST),
    ("Animated GIF", "moving.gif", file(PICTURE, "GIF", **_ALL), FIRST),
    ("Animated WebP", "moving.webp", file(PICTURE, "WEBP", lossless=True, **_ALL), FIRST),
    ("Animated PNG", "moving.png", file(PICTURE, "PNG", **_ALL), FIRST),
    ("Animated PNG with a still of its own", "still.png",
     lambda: saved(PICTURE, "PNG", default_image=True, save_all=True, append_images=_OTHERS), FIRST),
    ("Animated AVIF", "moving.avif", file(PICTURE, "AVIF", quality=95, speed=10, **_ALL),
     replace(LOSSY, within=12, told="embedded, the first")),
    ("MPO, as stereo cameras write it", "stereo.jpg", file(PICTURE, "MPO", quality=95, **_ALL),
     replace(LOSSY, told="embedded, the first")),
)  # fmt: skip
