"""What the boxes of an AVIF or HEIC say of how it is to be shown, and what is seen of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from PIL import Image

from tests.support.hostile import boxes, light
from tests.support.hostile.colours import from_p3, wide_profile
from tests.support.hostile.crafted import saved
from tests.support.hostile.honoured_png import AS_P3, DIM_RGB, HALF, LINEAR, PQ
from tests.support.hostile.pictures import LOSSY, PICTURE, QUARTERS, Seen


def _avif(
    *new: bytes, without: bytes = b"", picture: Image.Image = PICTURE, **options: object
) -> Callable[[], bytes]:
    def made() -> bytes:
        data = saved(picture, "AVIF", quality=95, subsampling="4:4:4", speed=10, **options)
        return boxes.with_properties(data, *new, without=without)

    return made


def _heic(*new: bytes, without: bytes = b"") -> Callable[[], bytes]:
    return lambda: boxes.with_properties(saved(PICTURE, "HEIF", quality=95), *new, without=without)


def turned(steps: int, told: str = "turned") -> Seen:
    size = (48, 64) if steps % 2 else (64, 48)
    return Seen(np.rot90(QUARTERS, steps), size, LOSSY.within, told)


def lossy(quarters: np.ndarray, told: str, size: tuple[int, int] = (64, 48)) -> Seen:
    return Seen(quarters, size, LOSSY.within, told)


CORNER = np.tile(QUARTERS[0, 0], (2, 2, 1))
RIGHT = QUARTERS[:, [1, 1]]
TOP_LEFT = boxes.clap(32, 24, -16, -12)
BOXES = (
    *((f"irot {n} (AVIF)", f"irot{n}.avif", _avif(boxes.turned(n)), turned(n)) for n in (1, 2, 3)),
    ("imir 0 (AVIF)", "imir0.avif", _avif(boxes.mirrored(0)), lossy(QUARTERS[::-1], "mirrored")),
    ("imir 1 (AVIF)", "imir1.avif", _avif(boxes.mirrored(1)), lossy(QUARTERS[:, ::-1], "mirrored")),
    ("irot and imir (AVIF)", "irot-imir.avif", _avif(boxes.turned(1), boxes.mirrored(1)),
     lossy(np.rot90(QUARTERS)[:, ::-1], "turned, then mirrored", (48, 64))),
    ("clap at the top left (AVIF)", "clap.avif", _avif(TOP_LEFT), lossy(CORNER, "cut out", (32, 24))),
    ("clap, then irot (AVIF)", "clap-irot.avif", _avif(boxes.clap(32, 48, -16), boxes.turned(1)),
     lossy(np.rot90(QUARTERS[:, [0, 0]]), "cut out, then turned", (48, 32))),
    ("clap elsewhere (AVIF)", "clap-centre.avif", _avif(boxes.clap(32, 24)), lossy(QUARTERS, "whole, as Chromium shows it")),
    ("clap beyond the picture (AVIF)", "clap-large.avif", _avif(boxes.clap(640, 24)), lossy(QUARTERS, "whole")),
    ("clap of half transparent pixels (AVIF)", "clap-alpha.avif",
     _avif(TOP_LEFT, picture=Image.fromarray(HALF)), lossy(CORNER * 128 / 255 + 127, "cut out", (32, 24))),
    ("nclx 12/13, Display P3 (AVIF)", "p3.avif", _avif(boxes.code_points(12, 13), without=b"colr"), lossy(AS_P3, "converted to sRGB")),
    ("nclx 9/1, BT.2020 (AVIF)", "2020.avif", _avif(boxes.code_points(9, 1), without=b"colr"),
     lossy(light.as_srgb(QUARTERS, light.decoded, light.BT2020), "converted to sRGB")),
    ("nclx 1/8, light itself (AVIF)", "linear.avif", _avif(boxes.code_points(1, 8), without=b"colr"), lossy(LINEAR, "converted to sRGB")),
    ("nclx 9/16, PQ (AVIF)", "pq.avif", _avif(boxes.code_points(9, 16), without=b"colr", picture=Image.fromarray(DIM_RGB)),
     lossy(PQ, "tone-mapped to sRGB")),
    ("nclx 2/2, unspecified (AVIF)", "unspecified.avif", _avif(boxes.code_points(2, 2), without=b"colr"), replace(LOSSY, told="as stored")),
    ("A profile (AVIF)", "profile.avif", _avif(icc_profile=wide_profile()), lossy(from_p3(), "converted to sRGB")),
    ("irot 1 (HEIC)", "irot.heic", _heic(boxes.turned(1)), turned(1)),
    ("nclx 12/13, Display P3 (HEIC)", "p3.heic", _heic(boxes.code_points(12, 13), without=b"colr"), lossy(AS_P3, "converted to sRGB")),
)  # fmt: skip
