"""The shortest script that searches by a picture: Pillow, the engine, numpy, nothing checked.

Usage: shortest_search.py PICTURE ENCODER.blob UNITS.npy; lite0's compiled graph, and (N, 1280) unit
vectors. Prints the five best rows with their cosines.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import openvino as ov
from PIL import Image

picture, blob, units = sys.argv[1:]
image = Image.open(picture).convert("RGB")
scale = 256 / min(image.size)
image = image.resize([int(side * scale) for side in image.size], Image.Resampling.BICUBIC)
left, top = (round((side - 224) / 2) for side in image.size)
pixels = np.asarray(image.crop((left, top, left + 224, top + 224)))[None]
hint = {"INFERENCE_PRECISION_HINT": "f32"}  # else the engine computes in bf16 where it can
encoder = ov.Core().import_model(Path(blob).read_bytes(), "CPU", hint)
query = encoder(pixels)[0][0]
cosines = np.load(units, mmap_mode="r") @ (query / np.linalg.norm(query))
best = np.argpartition(-cosines, 5)[:5]
for row in best[np.argsort(-cosines[best])]:
    print(row, cosines[row])
