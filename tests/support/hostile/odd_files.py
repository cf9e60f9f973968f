"""Files that are no pictures, pictures of kinds that can't be read, and awkward names."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable

from tests.support.hostile.bitmaps import Header, bmp
from tests.support.hostile.crafted import saved, tiff, tiff_tags
from tests.support.hostile.pictures import EXACT, PICTURE, Seen


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", "a")
    return buffer.getvalue()


def _constant(data: bytes) -> Callable[[], bytes]:
    return lambda: data


NOT = "not_an_image"
NO_PICTURES = (
    ("No bytes", "empty.jpg", _constant(b""), "empty"),
    ("One byte", "byte.jpg", _constant(b"\xff"), NOT),
    ("Zeros", "zeros.jpg", _constant(bytes(5_000)), NOT),
    ("Text", "text.jpg", _constant(b"Dear reader, this is no image.\n" * 9), NOT),
    ("Text that begins with BM", "bm.bmp", _constant(b"BMW is a maker of cars, and here is more.\n"), NOT),
    ("Text that begins with II", "ii.tif", _constant(b"II. On the second day\n" * 9), NOT),
    ("HTML, as failed downloads leave it", "page.jpg", _constant(b"<!doctype html><title>404</title>"), NOT),
    ("SVG", "drawing.png", _constant(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), NOT),
    ("PDF", "paper.tif", _constant(b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"), NOT),
    ("ZIP", "archive.webp", lambda: _zip(), NOT),
    ("MP4", "film.heic", _constant(b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41" + bytes(40)), NOT),
    ("WAV", "sound.webp", _constant(b"RIFF\x24\0\0\0WAVEfmt " + bytes(40)), NOT),
    ("ELF program", "program.png", _constant(b"\x7fELF\2\1\1" + bytes(90)), NOT),
    ("PPM, a format not read here", "picture.png", lambda: saved(PICTURE, "PPM"), NOT),
    ("JPEG 2000, a format not read here", "j2k.jpg", lambda: saved(PICTURE, "JPEG2000"), NOT),
    ("JPEG XL, a format not read here", "jxl.jpg", _constant(b"\xff\x0a" + bytes(90)), NOT),
    ("Photoshop, a format not read here", "layers.tif", _constant(b"8BPS\0\1" + bytes(90)), NOT),
    ("ICO, a format not read here", "icon.png", lambda: saved(PICTURE, "ICO"), NOT),
)  # fmt: skip


def _twelve_bits() -> bytes:
    data = bytearray(saved(PICTURE, "JPEG"))
    data[data.index(b"\xff\xc0") + 4] = 12
    return bytes(data)


def _frame(marker: int, components: int) -> Callable[[], bytes]:
    """A JPEG of another process, or of other components, than libjpeg knows."""

    def made() -> bytes:
        frame = struct.pack(">BHHB", 8, 8, 8, components) + bytes([1, 0x11, 0]) * components
        scan = bytes([components]) + bytes([1, 0]) * components + bytes([0, 63, 0])
        segments = ((marker, frame), (0xDA, scan))
        parts = (bytes([0xFF, m]) + struct.pack(">H", len(b) + 2) + b for m, b in segments)
        return b"\xff\xd8" + b"".join(parts) + bytes(64) + b"\xff\xd9"

    return made


def _os2_bmp() -> bytes:
    info = struct.pack("<IiiHHIIiiII", 40, 8, 8, 1, 24, 9, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 300, 0, 0, 54) + info + bytes(246)


def _tiff_with(*tags: tuple[int, int]) -> Callable[[], bytes]:
    more = {tag: (3, [value]) for tag, value in tags}
    return lambda: tiff({**tiff_tags(8, 8, 1, [8]), **more}, bytes(64))


KIND = "unsupported_mode"
UNREADABLE_KINDS = (
    ("JPEG, 12 bits a colour", "12bit.jpg", _twelve_bits, KIND),
    ("JPEG-LS", "ls.jpg", _frame(0xF7, 1), KIND),
    ("JPEG of two colours a pixel", "two.jpg", _frame(0xC0, 2), KIND),
    ("TIFF of complex numbers", "complex.tif", _tiff_with((339, 6)), KIND),
    ("TIFF of a camera's raw values", "raw.tif", _tiff_with((262, 32_803)), KIND),
    ("TIFF, JBIG inside", "jbig.tif", _tiff_with((259, 34_661)), KIND),
    ("TIFF, JPEG of the old style inside", "old-jpeg.tif", _tiff_with((259, 6)), KIND),
    ("TIFF of numbers below zero", "negative.tif",
     lambda: tiff({**tiff_tags(8, 8, 1, [8]), 339: (3, [2])}, bytes([9, 250] * 32)), KIND),
    ("TIFF of seven channels", "seven.tif", lambda: tiff(tiff_tags(8, 8, 1, [8] * 7), bytes(448)), KIND),
    ("BMP with a PNG inside", "inside.bmp", lambda: bmp(Header(0, coding=5), 64, 48, saved(PICTURE, "PNG")), KIND),
    ("BMP with masks full of holes", "masks.bmp", lambda: bmp(Header(32, coding=3, masks=(0xF0F000, 0xF00, 0xFF)), 64, 48, bytes(64 * 48 * 4)), KIND),
    ("BMP of an unknown compression", "compressed.bmp", _os2_bmp, KIND),
)  # fmt: skip


def _named(seed: int) -> Callable[[], bytes]:
    """The picture, in a file like no other, so that a row under a wrong name would show."""
    return lambda: saved(PICTURE, "PNG") + bytes([seed])


NAMES = tuple(
    (what, name, _named(seed), Seen(EXACT.quarters, told="embedded, as it is"))
    for seed, (what, name) in enumerate(
        (
            ("Spaces", "a picture  of two .png"),
            ("A line break and a tab", "line\nbreak\ttab.png"),
            ("Quotes and backslashes", 'it\'s "quoted" \\and\\ `run`.png'),
            ("Markup", "<img src=x onerror=alert(1)>&amp;.png"),
            ("Terminal escapes", "\x1b[31mred\x1b[0m\x07.png"),
            ("Right-to-left marks", "\u202egnp.exe\u202c.png"),
            ("A leading dash", "-rf.png"),
            ("A leading equals sign", "=cmd|' calc'!A0.png"),
            ("Only digits", "007.png"),
            ("250 bytes", "x" * 246 + ".png"),
            ("Composed letters (NFC)", "caf\u00e9.png"),
            ("Decomposed letters (NFD)", "cafe\u0301.png"),
            ("Other scripts and emoji", "画-צבע-🎨.png"),
            ("Upper case", "SHOUT.PNG"),
            ("Two suffixes", "archive.tar.png"),
            ("Percent signs and braces", "100% {name} $HOME.png"),
        )
    )
)
