"""The fingerprint of a JPEG that libjpeg made smaller is that of the full picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from artvec.core.choices import DecodeMode
from artvec.core.types import Decoded, Fingerprint, Preprocessing
from artvec.images.decode import decode_sample
from artvec.images.find import find_images

PREPROCESSING = Preprocessing(224, 256, "crop", "bicubic", (0.5,) * 3, (0.5,) * 3)


def fingerprint(folder: Path, mode: DecodeMode) -> Fingerprint:
    (sample,) = find_images(folder).samples
    decoded = decode_sample(sample, PREPROCESSING, mode)
    assert isinstance(decoded, Decoded)
    return decoded.fingerprint


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("size", [(1100, 1031), (2400, 2210)])
def test_it_is_that_of_a_full_decode(
    size: tuple[int, int], orientation: int, tmp_path: Path
) -> None:
    coarse = np.random.default_rng(0).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(coarse).resize(size).save(tmp_path / "a.jpg", quality=90, exif=exif)
    fast, exact = (fingerprint(tmp_path, mode) for mode in ("fast", "exact"))
    bits = int.from_bytes(fast.phash) ^ int.from_bytes(exact.phash)
    assert bits.bit_count() <= 2
    colours = (np.frombuffer(each.colour, np.uint8).astype(int) for each in (fast, exact))
    assert np.abs(next(colours) - next(colours)).max() <= 3
