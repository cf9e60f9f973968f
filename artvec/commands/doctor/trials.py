"""`python -m artvec.commands.doctor.trials NAME`: use one library a little; results as JSON."""

from __future__ import annotations

import json
import sys
from typing import Any


def formats() -> dict[str, Any]:
    """Name the image formats that can be read, and those that Pillow was built without."""
    from PIL import features

    from artvec.images.opening import readable_formats

    codecs = {"JPEG": "jpg", "PNG": "zlib", "WEBP": "webp", "AVIF": "avif"}
    lacking = [name for name, codec in codecs.items() if not features.check(codec)]
    readable = [name for name in readable_formats() if name not in lacking]
    turbo = features.check_feature("libjpeg_turbo")
    return {"readable": readable, "lacking": lacking, "turbo": turbo}


def openvino() -> dict[str, Any]:
    """Compile a matrix product in fp32, run it, and compare it with numpy's."""
    import numpy as np

    from artvec.core.openvino_api import ov

    rng = np.random.default_rng(0)
    weights = rng.normal(size=(64, 8)).astype(np.float32)
    rows = rng.normal(size=(4, 64)).astype(np.float32)
    given = ov.opset8.parameter([4, 64], np.float32)
    model = ov.Model([ov.opset8.matmul(given, ov.opset8.constant(weights), False, False)], [given])
    compiled = ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    found = compiled([rows])[0]
    error = float(np.abs(found - rows.astype(np.float64) @ weights).max())
    return {"version": ov.__version__.partition("-")[0], "error": error}


def faiss() -> dict[str, Any]:
    """Search three vectors, and count the GPUs that FAISS can use."""
    import faiss as library
    import numpy as np

    index = library.IndexFlatIP(8)
    index.add(np.eye(3, 8, dtype=np.float32))
    _, rows = index.search(np.eye(3, 8, dtype=np.float32), 1)
    assert rows.ravel().tolist() == [0, 1, 2]
    count = getattr(library, "get_num_gpus", lambda: 0)
    return {"gpus": int(count())}


def torch() -> dict[str, Any]:
    """Add two numbers, and name the GPUs."""
    import torch as library

    assert float(library.ones(2).sum()) == 2
    count = library.cuda.device_count() if library.cuda.is_available() else 0
    return {
        "version": library.__version__,
        "cuda": library.version.cuda,
        "threads": library.get_num_threads(),
        "gpus": [library.cuda.get_device_name(number) for number in range(count)],
    }


if __name__ == "__main__":
    trial = {"formats": formats, "openvino": openvino, "faiss": faiss, "torch": torch}[sys.argv[1]]
    sys.stdout.write(f"\n{json.dumps(trial())}\n")
