"""What JPEG, WebP and GIF say of how they are to be shown, and what is seen of them."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from PIL import Image

from tests.support.hostile.colours import WHITE, from_p3, wide_profile
from tests.support.hostile.crafted import saved
from tests.support.hostile.honoured_boxes import lossy, turned
from tests.support.hostile.honoured_png import HALF, PALETTE, SRGB_SEEN, colours_of
from tests.support.hostile.pictures import LOSSY, PICTURE, Seen


def _xmp(orientation: int) -> bytes:
    return f'<x:xmpmeta><rdf:Description tiff:Orientation="{orientation}"/></x:xmpmeta>'.encode()


def _exif(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


def _jpeg(
    *segments: tuple[int, bytes], picture: Image.Image = PICTURE, **options: object
) -> Callable[[], bytes]:
    def made() -> bytes:
        data = saved(picture, "JPEG", quality=97, subsampling=0, **options)
        between = (
            bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body
            for marker, body in segments
        )
        return data[:2] + b"".join(between) + data[2:]

    return made


def _profile_part(number: int, total: int) -> tuple[int, bytes]:
    whole = wide_profile()
    half = len(whole) // 2
    part = whole[(number - 1) * half : number * half if number < total else None]
    return 0xE2, b"ICC_PROFILE\0" + bytes([number, total]) + part


def _late_profile() -> bytes:
    marker, body = _profile_part(1, 1)
    segment = bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body
    return _jpeg()().replace(b"\xff\xda", segment + b"\xff\xda", 1)


def _components_named(names: bytes) -> Callable[[], bytes]:
    def made() -> bytes:
        data = bytearray(saved(PICTURE, "JPEG", quality=97, subsampling=0, keep_rgb=True))
        frame, scan = data.index(b"\xff\xc0"), data.index(b"\xff\xda")
        for at, name in enumerate(names):
            data[frame + 10 + 3 * at] = data[scan + 5 + 2 * at] = name
        adobe = data.index(b"\xff\xee")
        del data[adobe : adobe + 16]
        return bytes(data)

    return made


def _gif_of_a_quarter() -> bytes:
    quarter = PICTURE.crop((0, 0, 32, 24)).quantize(4, dither=0)
    data = bytearray(saved(quarter, "GIF"))
    data[6:10] = struct.pack("<HH", 64, 48)
    frame = data.index(b"\x2c\0\0\0\0", 13)
    data[frame + 1 : frame + 5] = struct.pack("<HH", 32, 24)
    return bytes(data)


P3_JPEG = lossy(from_p3(), "converted to sRGB")
OTHERS = (
    ("XMP orientation 6 alone (JPEG)", "xmp.jpg", _jpeg(xmp=_xmp(6)), replace(LOSSY, told="as stored")),
    ("XMP orientation 6, EXIF 3 (JPEG)", "xmp-exif.jpg", _jpeg(xmp=_xmp(6), exif=_exif(3)), turned(2, "turned as EXIF says")),
    ("XMP orientation 6 alone (WebP)", "xmp.webp", lambda: saved(PICTURE, "WEBP", lossless=True, xmp=_xmp(6)), SRGB_SEEN),
    ("Adobe RGB by EXIF alone (JPEG)", "r03.jpg", _jpeg(exif=b"Exif\0\0MM\0*\0\0\0\x08\0\1\x87\x69\0\4\0\0\0\1\0\0\0\x1a\0\0\0\0"
     b"\0\1\xa0\1\0\3\0\0\0\1\0\2\0\0\0\0\0\0"), replace(LOSSY, told="as stored")),
    ("A profile in two parts, the second first (JPEG)", "parts.jpg", _jpeg(_profile_part(2, 2), _profile_part(1, 2)), P3_JPEG),
    ("A profile behind the frame header (JPEG)", "late.jpg", _late_profile, P3_JPEG),
    ("A profile that lacks a part (JPEG)", "lacks.jpg", _jpeg(_profile_part(1, 2)), replace(LOSSY, told="as stored")),
    ("RGB by Adobe's marker (JPEG)", "rgb.jpg", _jpeg(keep_rgb=True), replace(LOSSY, told="as stored")),
    ("RGB by its components' names (JPEG)", "rgb-names.jpg", _components_named(b"RGB"), replace(LOSSY, told="as stored")),
    ("A profile and transparency (WebP)", "profile.webp",
     lambda: saved(Image.fromarray(HALF), "WEBP", lossless=True, icc_profile=wide_profile()),
     colours_of(from_p3() * 128 / 255 + 127, 3, "converted to sRGB, on white")),
    ("A frame smaller than the screen (GIF)", "quarter.gif", _gif_of_a_quarter,
     Seen(np.array([[WHITE, WHITE], [WHITE, PALETTE[0]]]), told="white around it")),
)  # fmt: skip
