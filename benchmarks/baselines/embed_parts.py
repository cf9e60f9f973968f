"""The parts of `artvec embed` in one process: the bare engine, decoding, and both at once.

Usage: embed_parts.py FOLDER COUNT MODEL PRECISION [WEIGHTS]; prints JSON.

- `forward`: pictures a second of the engine alone on noise, with embed's streams and batch.
- `decode`: pictures a second of decoding alone, a thread a core.
- `forward_share`: processor time that a forward pass takes alone over what it takes inside embed's
  pipeline. There, decoding shares the cores; its threads' time is taken off, all else (batches
  stacked, vectors copied, threads waking each other) is counted as the forward stage's.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from artvec.core.runtime import cores
from artvec.core.types import BackboneRequest, Encoder, EncoderOptions, Sample
from artvec.encoding.extraction import Clock, ExtractOptions, extract
from artvec.encoding.setup import ready_encoder
from artvec.images.decode import decode_sample
from artvec.images.find import find_images


def main(folder: Path, count: int, model: str, precision: str, weights: Path | None) -> None:
    options = EncoderOptions(precision="bf16" if precision == "bf16" else "fp32")
    encoder = ready_encoder(BackboneRequest(model, weights), options).encoder
    samples = find_images(folder).samples[:count]
    _forward(encoder, encoder.streams * encoder.batch_size)  # to warm up
    forward, alone_s = _forward(encoder, len(samples))
    inside_s = _forward_inside(encoder, samples)
    decode = _decode(encoder, samples)
    print(json.dumps({"forward": forward, "decode": decode, "forward_share": alone_s / inside_s}))


def _forward(encoder: Encoder, count: int) -> tuple[float, float]:
    """Return pictures a second, and seconds of processor time a picture."""
    side = encoder.identity.preprocessing.size_px
    shape = (encoder.batch_size, side, side, 3)
    noise = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    batches = -(-count // len(noise))
    with ThreadPoolExecutor(encoder.streams) as pool:
        started, processor = time.perf_counter(), time.process_time()
        list(pool.map(encoder.encode, [noise] * batches))
        seconds, busy = time.perf_counter() - started, time.process_time() - processor
    return batches * len(noise) / seconds, busy / (batches * len(noise))


def _forward_inside(encoder: Encoder, samples: Sequence[Sample]) -> float:
    """Return seconds of processor time a picture."""
    clock, processor = Clock(), time.process_time()
    for _ in extract(samples, encoder, ExtractOptions(), clock):
        pass
    return (time.process_time() - processor - clock.decode) / len(samples)


def _decode(encoder: Encoder, samples: Sequence[Sample]) -> float:
    preprocessing = encoder.identity.preprocessing
    with ThreadPoolExecutor(cores()) as pool:
        started = time.perf_counter()
        list(pool.map(lambda sample: decode_sample(sample, preprocessing, "fast"), samples))
        return len(samples) / (time.perf_counter() - started)


if __name__ == "__main__":
    _folder, _count, _model, _precision, *_weights = sys.argv[1:]
    main(Path(_folder), int(_count), _model, _precision, Path(_weights[0]) if _weights else None)
