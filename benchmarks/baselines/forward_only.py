"""The engine alone: forward passes per second of the kept encoder, and decodes per second.

Usage: forward_only.py FOLDER COUNT; prints `forward decode` in pictures a second.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from artvec.core.runtime import cores
from artvec.core.types import AUTO, BackboneRequest
from artvec.encoding.setup import ready_encoder
from artvec.images.decode import decode_sample
from artvec.images.find import find_images


def main(folder: str, count: int) -> None:
    encoder = ready_encoder(BackboneRequest("tf_efficientnet_lite0"), AUTO).encoder
    batch = np.random.default_rng(0).integers(0, 256, (16, 224, 224, 3), dtype=np.uint8)
    samples = find_images(Path(folder)).samples[:count]
    preprocessing = encoder.identity.preprocessing
    with ThreadPoolExecutor(cores()) as pool:
        list(pool.map(encoder.encode, [batch] * 4))
        started = time.perf_counter()
        list(pool.map(encoder.encode, [batch] * 60))
        forward = 960 / (time.perf_counter() - started)
        started = time.perf_counter()
        list(pool.map(lambda s: decode_sample(s, preprocessing, "fast"), samples))
        decode = len(samples) / (time.perf_counter() - started)
    print(forward, decode)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
