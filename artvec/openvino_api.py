"""OpenVINO without its converter: `from artvec.openvino_api import ov`, and nothing is sent.

Importing OpenVINO imports its converter, which starts a process that sends usage statistics and
takes a cold search a seventh of its time. Only a backbone that is converted needs it.
"""

from __future__ import annotations

import os
import sys
from typing import Any

_CONVERTER = "openvino.tools.ovc"

# A module that is None can't be imported, and OpenVINO does without this one.
sys.modules.setdefault(_CONVERTER, None)  # type: ignore[arg-type]
try:
    import openvino as ov
finally:
    if sys.modules[_CONVERTER] is None:
        del sys.modules[_CONVERTER]

# OpenVINO makes its table of numpy types when one is first asked for, and two threads that ask at
# once wait for each other for ever: so it is asked here, before there are any.
ov.Type.f32.to_dtype()


def convert(module: Any, example: Any) -> Any:
    """Convert a torch module to an `ov.Model`, by tracing an example; nothing is sent.

    The converter sends nothing from build servers, which it knows by the variable CI.
    """
    before = os.environ.get("CI")
    os.environ["CI"] = "true"
    try:
        from openvino.tools.ovc import convert_model

        return convert_model(module, example_input=example)
    finally:
        if before is None:
            del os.environ["CI"]
        else:
            os.environ["CI"] = before


__all__ = ["convert", "ov"]
