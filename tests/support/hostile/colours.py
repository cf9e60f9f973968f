"""Pictures in every colour space and depth, and every way up."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from PIL import Image, ImageCms

from tests.support.hostile.crafted import chunk, png, png_header, saved, tiff, tiff_tags
from tests.support.hostile.pictures import (
    EXACT,
    GREY,
    GREY_SEEN,
    GREYS,
    LOSSY,
    PICTURE,
    QUARTERS,
    RGB,
    Seen,
    black_and_white,
    file,
)
from tests.support.hostile.tiff_writer import Picture, Storage, laid_out, write

WHITE = np.array([255, 255, 255])


def _with_alpha(alpha: int) -> Image.Image:
    picture = PICTURE.convert("RGBA")
    picture.putalpha(alpha)
    return picture


def _over_white(alpha: int) -> Seen:
    share = alpha / 255
    mixed = QUARTERS * share + 255 * (1 - share)
    return Seen(mixed, told="embedded, on white")


def _tiff(photometric: int, bits: list[int], pixels: bytes, **more: object) -> Callable[[], bytes]:
    tags = tiff_tags(64, 48, photometric, bits)
    extra = {int(tag[1:]): value for tag, value in more.items()}
    return lambda: tiff({**tags, **extra}, pixels)


def _rgb16_with_a_transparent_colour() -> bytes:
    lines = b"".join(b"\0" + (line.astype(">u2") * 257).tobytes() for line in RGB)
    red = chunk(b"tRNS", struct.pack(">3H", *(int(c) * 257 for c in QUARTERS[0, 0])))
    return png(png_header(64, 48, 16, 2), zlib.compress(lines), before=red)


def _gif_with_offset() -> bytes:
    """A 64 × 48 screen whose first frame covers the left half only; the rest is transparent."""
    left = PICTURE.crop((0, 0, 32, 48)).quantize(4, dither=0)
    data = saved(left, "GIF", transparency=5)
    return data[:6] + struct.pack("<HH", 64, 48) + data[10:]


# Display P3 has redder reds than sRGB: a matrix profile of its primaries and the gamma 2.2.
def wide_profile(space: bytes = b"RGB ") -> bytes:
    primaries = {
        b"rXYZ": (0.51512, 0.2412, -0.00105),
        b"gXYZ": (0.29198, 0.69225, 0.04189),
        b"bXYZ": (0.1571, 0.06657, 0.78407),
        b"wtpt": (0.9642, 1.0, 0.8249),
    }
    tags = {
        name: b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65_536) for v in xyz))
        for name, xyz in primaries.items()
    }
    curve = b"curv\0\0\0\0" + struct.pack(">IHxx", 1, round(2.2 * 256))
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    offset, table, body = 132 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        table += name + struct.pack(">II", offset + len(body), len(data))
        body += data
    head = struct.pack(
        ">I4xI4s4s4s12x4s", offset + len(body), 2 << 24, b"mntr", space, b"XYZ ", b"acsp"
    )
    white = struct.pack(">3i", 63_190, 65_536, 54_061)
    return (head.ljust(68, b"\0") + white).ljust(128, b"\0") + table + body


def from_p3() -> np.ndarray:
    """Display P3 → light → XYZ → sRGB's light → sRGB, by the textbook."""
    p3 = np.array(
        [[0.51512, 0.2412, -0.00105], [0.29198, 0.69225, 0.04189], [0.1571, 0.06657, 0.78407]]
    )
    srgb = np.array(
        [[0.43607, 0.22249, 0.01392], [0.38515, 0.71687, 0.09708], [0.14307, 0.06061, 0.7141]]
    )
    light = np.clip((QUARTERS / 255) ** (round(2.2 * 256) / 256) @ p3 @ np.linalg.inv(srgb), 0, 1)
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def _inks() -> Image.Image:
    """Pure inks: no cyan, all magenta and yellow is red, and so on."""
    values = np.array([[[0, 255, 255, 0], [255, 0, 255, 0]], [[255, 255, 0, 0], [0, 0, 0, 128]]])
    return Image.fromarray(np.repeat(np.repeat(values, 24, 0), 32, 1).astype(np.uint8), "CMYK")


INKS = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [127, 127, 127]]])


def _without_adobe(data: bytes) -> bytes:
    """Take the APP14 segment out: then CMYK values are ink, not its absence."""
    at = data.index(b"\xff\xee")
    return data[:at] + data[at + 2 + int.from_bytes(data[at + 2 : at + 4]) :]


def _ycck() -> bytes:
    """Inverted CMYK, its first three inks turned into YCbCr by way of RGB, as Photoshop saves it.

    RGB is the inverse of the inverted inks, so it is the inks themselves.
    """
    r, g, b, black = np.moveaxis(np.asarray(_inks()).astype(float), -1, 0)
    k = 255 - black
    y = 0.299 * r + 0.587 * g + 0.114 * b
    planes = [y, 128 + (b - y) / 1.772, 128 + (r - y) / 1.402, k]
    values = np.clip(np.stack(planes, -1).round(), 0, 255).astype(np.uint8)
    # Pillow inverts what it saves as CMYK; the values above are as they have to be stored.
    data = saved(Image.fromarray(255 - values, "CMYK"), "JPEG", quality=98)
    at = data.index(b"Adobe")
    return data[: at + 11] + b"\x02" + data[at + 12 :]


def _lab() -> Image.Image:
    to_lab = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
    )
    return ImageCms.applyTransform(PICTURE, to_lab)


def _grey(kind: type, factor: float) -> Image.Image:
    return Image.fromarray((np.asarray(GREY).astype(float) * factor).astype(kind))


def _palette_with_alpha() -> bytes:
    """The red entry is transparent."""
    picture = PICTURE.quantize(4, dither=0)
    colours = np.array(picture.getpalette()[:12]).reshape(4, 3)
    red = int(np.abs(colours - QUARTERS[0, 0]).sum(axis=1).argmin())
    return saved(picture, "PNG", transparency=red)


def _stored(
    photometric: int, samples: np.ndarray, storage: Storage, tags: dict | None = None
) -> Callable[[], bytes]:
    picture = Picture("", photometric, samples, samples, tags or {})
    return lambda: write(picture, storage)


def _subsampled() -> bytes:
    """Of each 2 × 2 pixels, four luma values, then the Cb and Cr that they share."""
    y, cb, cr = (np.asarray(band) for band in PICTURE.convert("YCbCr").split())
    blocks = [y[::2, ::2], y[::2, 1::2], y[1::2, ::2], y[1::2, 1::2], cb[::2, ::2], cr[::2, ::2]]
    tags = {256: (4, [64]), 257: (4, [48]), 258: (3, [8] * 3), 262: (3, [6]), 277: (3, [3])}
    return laid_out(tags | {530: (3, [2, 2])}, [np.stack(blocks, -1).tobytes()], "<")


GREYS_OF_12_BITS = np.rint(np.asarray(GREY)[..., None] / 255 * 4_095).astype(int)
QUARTER_NUMBERS = np.arange(4).reshape(2, 2).repeat(24, 0).repeat(32, 1)[..., None]
OLD_MAP = np.pad(QUARTERS.reshape(4, 3), ((0, 252), (0, 0))).T.ravel().tolist()
HOLE = np.concatenate([[WHITE], QUARTERS.reshape(4, 3)[1:]]).reshape(2, 2, 3)
HALF_WHITE = np.stack([QUARTERS[:, 0], [WHITE, WHITE]], axis=1)
MANAGED = Seen(from_p3(), within=2, told="embedded, converted to sRGB")
PAPER = Seen(INKS, within=8)
COLOURS = (
    ("Grey, 1 bit", "1bit.png", lambda: saved(black_and_white(), "PNG"),
     Seen(np.array([[[0] * 3, [255] * 3]] * 2))),
    ("Grey, 8 bits", "8bit.png", file(GREY, "PNG"), GREY_SEEN),
    ("Grey, 16 bits (PNG)", "16bit.png", lambda: saved(_grey(np.uint16, 257), "PNG"), GREY_SEEN),
    ("Grey, 16 bits (TIFF)", "16bit.tif", lambda: saved(_grey(np.uint16, 257), "TIFF"), GREY_SEEN),
    ("Grey, 32 bits", "32bit.tif", lambda: saved(_grey(np.int32, 257), "TIFF"), GREY_SEEN),
    ("Grey, floats 0 to 1", "float.tif", lambda: saved(_grey(np.float32, 1 / 255), "TIFF"), GREY_SEEN),
    ("Grey, floats 0 to 255", "float255.tif", lambda: saved(_grey(np.float32, 1), "TIFF"), GREY_SEEN),
    ("Grey, floats with NaN", "nan.tif",
     lambda: saved(Image.fromarray(np.full((4, 4), np.nan, np.float32)), "TIFF"), "unsupported_mode"),
    ("Grey, white is zero (TIFF)", "miniswhite.tif",
     _tiff(0, [8], (255 - np.asarray(GREY)).tobytes()), GREY_SEEN),
    ("Grey, white is zero, 16 bits (TIFF)", "miniswhite16.tif",
     _tiff(0, [16], (65_535 - np.asarray(GREY).astype("<u2") * 257).tobytes()), GREY_SEEN),
    ("Grey, 12 bits (TIFF)", "12bit.tif", _stored(1, GREYS_OF_12_BITS, Storage(12)), GREY_SEEN),
    ("Grey, 32 bits from 0 up", "uint32.tif",
     _stored(1, np.asarray(GREY, np.uint64)[..., None] * 16_843_009, Storage(32)), GREY_SEEN),
    ("Grey, 64-bit floats", "double.tif",
     _stored(1, np.asarray(GREY)[..., None] / 255, Storage(64, "f", ">", codec=8)), GREY_SEEN),
    ("Grey + alpha, a plane each (TIFF)", "la-planar.tif",
     _stored(1, np.stack([GREY, np.full_like(GREY, 255)], -1), Storage(planar=True, codec=8), {338: (3, [2])}),
     replace(GREY_SEEN, told="embedded, on white")),
    ("RGB, 16 bits, a plane a colour (TIFF)", "rgb16-planar.tif",
     _stored(2, RGB.astype(int) * 257, Storage(16, planar=True)), EXACT),
    ("RGB, floats (TIFF)", "rgb-float.tif",
     _stored(2, RGB / 255, Storage(32, "f", ">", codec=8, predictor=3)), EXACT),
    ("Palette whose colours go from 0 to 255 (TIFF)", "old-map.tif",
     _stored(3, QUARTER_NUMBERS, Storage(), {320: (3, OLD_MAP)}), EXACT),
    ("RGB, 16 bits (TIFF)", "rgb16.tif",
     _tiff(2, [16] * 3, (RGB.astype("<u2") * 257).tobytes()), EXACT),
    ("Half transparent (PNG)", "half.png", lambda: saved(_with_alpha(128), "PNG"), _over_white(128)),
    ("Half transparent (WebP, lossless)", "half.webp",
     lambda: saved(_with_alpha(128), "WEBP", lossless=True), replace(_over_white(128), within=2)),
    ("Half transparent (TIFF)", "half.tif", lambda: saved(_with_alpha(127), "TIFF"), _over_white(127)),
    ("Wholly transparent", "clear.png", lambda: saved(_with_alpha(0), "PNG"), _over_white(0)),
    ("Grey with transparency", "la.png",
     lambda: saved(Image.merge("LA", [GREY, Image.new("L", GREY.size, 0)]), "PNG"), _over_white(0)),
    ("Palette with a transparent entry", "palette.png", _palette_with_alpha,
     Seen(HOLE, told="embedded, on white")),
    ("RGB, 16 bits, with a transparent colour", "trns16.png", _rgb16_with_a_transparent_colour,
     Seen(HOLE, told="embedded, on white")),
    ("Grey, 16 bits, with a transparent value", "grey-trns16.png",
     lambda: saved(_grey(np.uint16, 257), "PNG", transparency=0),
     Seen(np.concatenate([[WHITE], GREYS.reshape(4, 3)[1:]]).reshape(2, 2, 3),
          told="embedded, on white")),
    ("GIF whose first frame covers half of it", "offset.gif", _gif_with_offset,
     Seen(HALF_WHITE, told="embedded, on white")),
    ("CMYK JPEG as Adobe writes it (inverted)", "cmyk-adobe.jpg",
     lambda: saved(_inks(), "JPEG", quality=98), PAPER),
    ("CMYK JPEG without Adobe's marker", "cmyk.jpg",
     lambda: _without_adobe(saved(_inks(), "JPEG", quality=97)),
     Seen(INKS, within=8)),
    ("YCCK JPEG as Adobe writes it", "ycck.jpg", _ycck, PAPER),
    ("CMYK TIFF", "cmyk.tif", lambda: saved(_inks(), "TIFF"), Seen(INKS, within=1)),
    ("LAB TIFF", "lab.tif", lambda: saved(_lab(), "TIFF"), Seen(QUARTERS, within=6)),
    ("YCbCr TIFF, 4:2:0", "ycbcr-420.tif", lambda: _subsampled(), Seen(QUARTERS, within=3)),
    ("YCbCr TIFF", "ycbcr.tif", lambda: saved(PICTURE.convert("YCbCr"), "TIFF"), Seen(QUARTERS, within=3)),
    ("Wide-gamut profile (PNG)", "p3.png", lambda: saved(PICTURE, "PNG", icc_profile=wide_profile()), MANAGED),
    ("Wide-gamut profile (JPEG)", "p3.jpg",
     lambda: saved(PICTURE, "JPEG", quality=98, icc_profile=wide_profile()), replace(MANAGED, within=8)),
    ("Wide-gamut profile (TIFF)", "p3.tif", lambda: saved(PICTURE, "TIFF", icc_profile=wide_profile()), MANAGED),
    ("Wide-gamut profile (WebP)", "p3.webp",
     lambda: saved(PICTURE, "WEBP", lossless=True, icc_profile=wide_profile()), MANAGED),
    ("Broken profile", "junk-icc.png",
     lambda: saved(PICTURE, "PNG", icc_profile=wide_profile()[:200] + b"\xff" * 90), EXACT),
    ("Profile of another kind of picture", "cmyk-icc.png",
     lambda: saved(PICTURE, "PNG", icc_profile=wide_profile(b"CMYK")), EXACT),
)  # fmt: skip

STORED = {  # what has to be stored so that a viewer shows the picture upright
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: a.transpose(1, 0, 2)[::-1, ::-1],
    8: lambda a: np.rot90(a, -1),
}


def _oriented(form: str, orientation: int, **options: object) -> Callable[[], bytes]:
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](RGB)))
    exif = Image.Exif()
    exif[0x0112] = orientation
    return lambda: saved(stored, form, exif=exif, **options)


def _exif_behind_the_pixels() -> bytes:
    stored = np.ascontiguousarray(STORED[6](RGB))
    lines = b"".join(b"\0" + line.tobytes() for line in stored)
    exif = Image.Exif()
    exif[0x0112] = 6
    late = chunk(b"eXIf", exif.tobytes().removeprefix(b"Exif\0\0"))
    return png(png_header(48, 64, 8, 2), zlib.compress(lines), after=late)


_FORMS = (
    ("JPEG", "jpg", LOSSY),
    ("PNG", "png", EXACT),
    ("WEBP", "webp", EXACT),
    ("TIFF", "tif", EXACT),
)
ORIENTATIONS = (
    *(
        (
            f"EXIF orientation {orientation} ({form.replace('WEBP', 'WebP')})",
            f"exif-{orientation}.{suffix}",
            _oriented(form, orientation, **({"lossless": True} if form == "WEBP" else {})),
            replace(seen, told="embedded, upright"),
        )
        for form, suffix, seen in _FORMS
        for orientation in STORED
    ),
    ("EXIF behind the pixels (PNG)", "late-exif.png", _exif_behind_the_pixels,
     replace(EXACT, told="embedded, upright")),
    ("An orientation that does not exist", "exif-9.png",
     lambda: saved(PICTURE, "PNG", exif=_exif_bytes(9)), EXACT),
    ("Broken EXIF", "broken-exif.jpg",
     lambda: saved(PICTURE, "JPEG", quality=91, exif=b"Exif\0\0II*\0\xff\xff\xff\x7f" + b"\xee" * 50), LOSSY),
    ("EXIF that is no EXIF", "junk-exif.png",
     lambda: saved(PICTURE, "PNG", exif=b"Exif\0\0junk", compress_level=2), EXACT),
)  # fmt: skip


def _exif_bytes(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()
