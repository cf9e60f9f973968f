"""Mutated image files, decoded one after the other in a process of its own.

`python -m tests.support.hostile.mutants FIRST COUNT FOLDER` decodes the mutants of the seeds FIRST … FIRST + COUNT - 1.
Before each, it prints the seed; after each, the outcome. Who reads along knows which seed the
process was at when it hung or died.
"""

from __future__ import annotations

import random
import struct
import sys
import warnings
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pillow_heif
from PIL import Image

from artvec.core.types import Decoded, Preprocessing, Skipped
from artvec.images import byte_sources
from artvec.images.decode import decode_sample
from artvec.images.find import sample_of
from tests.support.hostile import boxes
from tests.support.hostile.crafted import saved, tiff, tiff_tags
from tests.support.hostile.honoured_bmp import BMP
from tests.support.hostile.honoured_png import PNG
from tests.support.hostile.tiff_variants import meanings, subsampled
from tests.support.hostile.tiff_writer import CODECS, FAX, JPEG, LZW, WEBP, ZSTD, Storage, write

SIZE = 16
WANTED = {
    fit: Preprocessing(SIZE, SIZE + 2 * (fit == "crop"), fit, "bicubic", (0.5,) * 3, (0.5,) * 3)
    for fit in ("crop", "pad", "squash")
}
REASONS = {"empty", "not_an_image", "truncated", "corrupt", "too_large", "unsupported_mode"}
DEPTHS = ((1, "u"), (8, "u"), (12, "u"), (16, "u"), (32, "f"))
SAYING_MUCH = ("light16.png", "trns-rgb16.png", "cicp-p3.png", "broken.png", "rle4.bmp", "4444.bmp")
INTERESTING = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0xFFFF_FFFF)


def originals() -> list[bytes]:
    """Return small real files: every format, in the ways it is written."""
    pillow_heif.register_heif_opener()
    coarse = np.random.default_rng(7).integers(0, 256, (5, 6, 4), dtype=np.uint8)
    rgba = Image.fromarray(coarse).resize((40, 30), Image.Resampling.BICUBIC)
    rgb, grey = rgba.convert("RGB"), rgba.convert("L")
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a picture"
    wide = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    floats = Image.fromarray(np.asarray(grey).astype(np.float32) / 255)
    frames = {"save_all": True, "append_images": [rgb.rotate(90), rgb.rotate(180)]}
    tiled = tiff(
        {**tiff_tags(32, 16, 1, [8]), 322: (4, [16]), 323: (4, [16]), 324: (4, [-1, -257])},
        grey.resize((32, 16)).tobytes(),
    )
    return [
        saved(rgb, "JPEG", exif=exif),
        saved(rgb, "JPEG", progressive=True, icc_profile=_profile()),
        saved(rgb.convert("CMYK"), "JPEG", restart_marker_rows=1),
        saved(grey, "JPEG", optimize=True),
        saved(rgb, "MPO", **frames),
        saved(rgba, "PNG", icc_profile=_profile(), exif=exif),
        saved(rgb.quantize(16), "PNG", transparency=3),
        saved(wide, "PNG"),
        saved(rgb, "PNG", **frames),
        saved(rgb, "GIF", **frames),
        saved(rgb.quantize(8), "GIF", transparency=1),
        saved(rgb, "BMP"),
        saved(rgb.quantize(64), "BMP"),
        saved(rgb, "WEBP", exif=exif),
        saved(rgba, "WEBP", lossless=True),
        saved(rgb, "WEBP", **frames),
        saved(rgb, "TIFF", exif=exif),
        saved(rgb.convert("CMYK"), "TIFF", compression="tiff_lzw"),
        saved(grey.convert("1"), "TIFF", compression="group4"),
        saved(rgb, "TIFF", compression="jpeg"),
        saved(floats, "TIFF", compression="tiff_adobe_deflate"),
        saved(rgb.convert("LAB"), "TIFF", **{**frames, "append_images": [rgb.convert("LAB")]}),
        tiled,
        tiff(tiff_tags(8, 8, 1, [8]), bytes(range(64)), big=True),
        saved(rgba, "AVIF", speed=10),
        saved(rgb, "HEIF", quality=50),
        *_tiffs(),
        boxes.with_properties(
            saved(rgba, "AVIF", speed=10), boxes.clap(20, 30, -10), boxes.turned(1)
        ),
        *(made() for _, name, made, _ in (*PNG, *BMP) if name in SAYING_MUCH),
    ]


def _tiffs() -> list[bytes]:
    """Return TIFFs of every codec, of depths and meanings that change with it."""
    pictures = {(bits, kind): list(meanings(bits, kind)) for bits, kind in DEPTHS}
    depths = {JPEG: (8, "u"), WEBP: (8, "u"), LZW: (12, "u"), ZSTD: (32, "f")}
    made = [subsampled((2, 2), "<", rows=40)]
    for at, codec in enumerate((*CODECS, 2, 3, 4, JPEG, WEBP)):
        bits, kind = (1, "u") if codec in FAX else depths.get(codec, (16, "u"))
        name = (
            "RGB" if codec == WEBP else "grey" if codec in FAX else ("RGB", "CMYK", "grey")[at % 3]
        )
        picture = next(one for one in pictures[bits, kind] if one.name == name)
        storage = Storage(bits, kind, "<>"[at % 2], at % 4 == 1 and codec != WEBP, codec)
        made.append(write(picture, replace(storage, tiled=at % 3 == 1, big=at % 5 == 1)))
    made += [
        write(one, Storage(tiled=True)) for one in pictures[8, "u"] if one.photometric in (3, 8)
    ]
    return made


def _profile() -> bytes:
    from PIL import ImageCms

    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _flip(data: bytearray, draw: random.Random) -> bytearray:
    for _ in range(draw.choice((1, 1, 2, 5, 40))):
        data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    return data


def _flip_early(data: bytearray, draw: random.Random) -> bytearray:
    for _ in range(draw.choice((1, 2, 4))):
        data[draw.randrange(min(len(data), 200))] = draw.randrange(256)
    return data


def _cut(data: bytearray, draw: random.Random) -> bytearray:
    return data[: draw.randrange(len(data) + 1)]


def _drop(data: bytearray, draw: random.Random) -> bytearray:
    at = draw.randrange(len(data))
    del data[at : at + draw.choice((1, 2, 4, 16, 256))]
    return data


def _double(data: bytearray, draw: random.Random) -> bytearray:
    first, last = sorted(draw.randrange(len(data) + 1) for _ in range(2))
    at = draw.randrange(len(data) + 1)
    return data[:at] + data[first:last] * draw.choice((1, 2, 9)) + data[at:]


def _number(data: bytearray, draw: random.Random) -> bytearray:
    """Overwrite what may be a length, a count or an offset by a number that is awkward for it."""
    code = draw.choice((">H", "<H", ">I", "<I"))
    value = draw.choice((*INTERESTING, len(data), len(data) + 1, draw.randrange(1 << 32)))
    packed = struct.pack(code, value & (0xFFFF if code[1] == "H" else 0xFFFF_FFFF))
    reach = draw.choice((64, 300, len(data)))
    at = draw.randrange(max(1, min(reach, len(data)) - 3))
    data[at : at + len(packed)] = packed
    return data


def _mend_checksums(data: bytearray) -> bytearray:
    """Give a PNG's chunks right checksums again, so that damage is seen by more than these."""
    at = 8
    while data.startswith(b"\x89PNG") and at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4])
        if at + 12 + length > len(data):
            break
        checksum = zlib.crc32(data[at + 4 : at + 8 + length])
        data[at + 8 + length : at + 12 + length] = checksum.to_bytes(4)
        at += 12 + length
    return data


MUTATIONS: tuple[Callable[[bytearray, random.Random], bytearray], ...] = (
    _flip,
    _flip_early,
    _cut,
    _drop,
    _double,
    _number,
    _number,
)


def mutant(seed: int, files: list[bytes]) -> bytes:
    """Return one damaged file; the same for the same seed."""
    draw = random.Random(seed)
    data = bytearray(draw.choice(files))
    if draw.random() < 0.05:  # one file's head on another's body
        other = draw.choice(files)
        data = data[: draw.randrange(len(data))] + other[draw.randrange(len(other)) :]
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        if data:
            data = draw.choice(MUTATIONS)(data, draw)
    return bytes(_mend_checksums(data) if draw.random() < 0.7 else data)


def judged(seed: int, file: Path) -> str:
    """Decode a mutant; return its outcome, or what is wrong with it."""
    draw = random.Random(~seed)
    fit, mode = draw.choice(("crop", "pad", "squash")), draw.choice(("fast", "exact"))
    outcome = decode_sample(sample_of(file), WANTED[fit], mode)
    if isinstance(outcome, Skipped):
        fine = outcome.reason in REASONS and outcome.message and "\n" not in outcome.message
        return outcome.reason if fine else f"WRONG {outcome}"
    if not isinstance(outcome, Decoded):
        return f"WRONG {outcome}"
    seen, pixels = outcome.fingerprint, outcome.pixels
    fine = (
        (pixels.shape, pixels.dtype) == ((SIZE, SIZE, 3), np.uint8)
        and (len(seen.content_hash), len(seen.phash), len(seen.colour)) == (32, 8, 48)
        and 0 < seen.width * seen.height <= 178_956_970
    )
    return "decoded" if fine else f"WRONG shape {pixels.shape} {pixels.dtype} {seen}"


def main(first: int, count: int, folder: Path) -> None:
    """Decode mutants, talking about each."""
    warnings.simplefilter("ignore")
    # Who reads a file that was written this moment waits, lest it changes; these don't.
    byte_sources._TICK_NS = 0
    files = originals()
    file = folder / f"{first}.jpg"
    for seed in range(first, first + count):
        sys.stdout.write(f"{seed} ")
        sys.stdout.flush()
        file.write_bytes(mutant(seed, files))
        sys.stdout.write(f"{judged(seed, file)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
