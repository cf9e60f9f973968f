"""Checks that neither importing OpenVINO nor converting a network sends anything anywhere."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

AUDITED = """
import json, os, sys
seen = []
processes = ("os.fork", "os.forkpty", "os.posix_spawn", "os.exec")
def hook(event, arguments):
    if event in processes or event.startswith("socket."):
        seen.append(event)
sys.addaudithook(hook)
{body}
telemetry = "openvino_telemetry" in sys.modules
print(json.dumps({{"seen": seen, "telemetry": telemetry, "CI": os.environ.get("CI")}}))
"""

CONVERT = """
from artvec import backbones
from artvec.encoder_setup import ready_encoder
from artvec.types import BackboneRequest, EncoderOptions
options = EncoderOptions(engine="openvino", device="cpu", precision="fp32")
assert ready_encoder(BackboneRequest("simple_cnn"), options).encoder.engine == "openvino"
"""


def audited(body: str) -> dict[str, object]:
    """Run Python in a process of its own; tell which processes and sockets it asked for."""
    command = [sys.executable, "-c", AUDITED.format(body=body)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    told: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return told


def test_importing_it_starts_no_process_and_no_telemetry(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library's own import does, which shows that this would be seen."""
    monkeypatch.delenv("CI", raising=False)
    ours = audited("from artvec.openvino_api import ov; assert ov.Core().available_devices")
    assert ours == {"seen": [], "telemetry": False, "CI": None}
    assert audited("import openvino")["telemetry"] is True


def test_converting_sends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("ARTVEC_CACHE", str(tmp_path))
    told = audited(CONVERT)
    assert (told["seen"], told["CI"]) == ([], None)
    assert list((tmp_path / "encoders").glob("*"))  # it was converted


def test_the_converter_can_be_imported_afterwards() -> None:
    told = audited(
        "import artvec.openvino_api, os; os.environ['CI'] = 'true'\n"
        "from openvino.tools.ovc import convert_model; assert callable(convert_model)"
    )
    assert told["seen"] == []
