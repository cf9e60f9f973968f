"""transformers' `image-feature-extraction` pipeline with timm's lite0, from local files.

Usage: transformers_pipeline.py FOLDER OUT.npy MODEL_FOLDER BATCH [tuned]; MODEL_FOLDER gets the
weights as a hub's repository has them, once. Vectors are in the order of sorted paths. Prints
pictures a second once the network is loaded.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import transformers
from pretrained import lite0
from timm.models import save_for_hf


def main(folder: Path, out: str, model: Path, batch: int, tuned: bool) -> None:
    if tuned:
        from artvec.core.runtime import keep_freed_memory

        keep_freed_memory()
    if not model.is_dir():
        _save(model)
    extract = transformers.pipeline("image-feature-extraction", str(model), device="cpu")
    files = [str(file) for file in sorted(folder.rglob("*.jpg"))]
    started = time.perf_counter()
    vectors = extract(files, pool=True, return_tensors=True, batch_size=batch)
    np.save(out, np.concatenate([vector.numpy() for vector in vectors]))
    print(len(files) / (time.perf_counter() - started))


def _save(model: Path) -> None:
    save_for_hf(lite0(classes=1000), str(model), safe_serialization=True)
    config = json.loads((model / "config.json").read_text())
    del config["model_args"]  # a hub's have none, and transformers gives some of these itself
    (model / "config.json").write_text(json.dumps(config))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]), "tuned" in sys.argv)
