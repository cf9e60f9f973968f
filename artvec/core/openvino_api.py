"""OpenVINO without its converter: `from artvec.core.openvino_api import ov`, and nothing is sent.

Importing OpenVINO imports its converter, which starts a process that sends usage statistics and
takes half of the import's time. Only a backbone that is converted needs it.
"""

from __future__ import annotations

import os
import sys
import threading
from importlib import import_module
from typing import Any

_CONVERTER = "openvino.tools.ovc"
_CONVERTING = threading.Lock()

# A module that is None can't be imported, and OpenVINO does without this one.
if _CONVERTER not in sys.modules:
    sys.modules[_CONVERTER] = None  # type: ignore[assignment]
try:
    import openvino as ov
finally:
    if sys.modules.get(_CONVERTER, ov) is None:
        sys.modules.pop(_CONVERTER, None)

# OpenVINO makes its table of numpy types when one is first asked for, and two threads that ask at
# once wait for each other for ever: so it is asked here, before there are any.
ov.Type.f32.to_dtype()


def _later(name: str) -> Any:
    """Bring the converter to whoever else in this process asks OpenVINO for it."""
    if name == "convert_model":
        return import_module(_CONVERTER).convert_model
    raise AttributeError(f"module 'openvino' has no attribute {name!r}")


if not hasattr(ov, "convert_model"):
    ov.__getattr__ = _later


def convert(module: Any, example: Any) -> Any:
    """Convert a torch module to an `ov.Model`, by tracing an example; nothing is sent.

    The converter sends nothing from build servers, which it knows by the variable CI when it is
    imported. (Where other code of this process has imported it before, that is settled already.)
    """
    with _CONVERTING:  # the variable is the whole process's
        before = os.environ.get("CI")
        os.environ["CI"] = "true"
        try:
            convert_model = ov.convert_model
            from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

            # Torch would trace twice more and compare; whoever converts compares vectors anyway.
            once = {"check_trace": False}
            return convert_model(
                TorchScriptPythonDecoder(module, example_input=example, trace_kwargs=once)
            )
        finally:
            os.environ.pop("CI", None)
            if before is not None:
                os.environ["CI"] = before


__all__ = ["convert", "ov"]
