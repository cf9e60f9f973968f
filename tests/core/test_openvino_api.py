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
    python = event == "subprocess.Popen" and "python" in str(arguments[0])  # not uname, ldconfig
    if python or event in processes or event.startswith("socket."):
        seen.append(event)
sys.addaudithook(hook)
{body}
telemetry = "openvino_telemetry" in sys.modules
print(json.dumps({{"seen": seen, "telemetry": telemetry, "CI": os.environ.get("CI")}}))
"""

CONVERT = """
from artvec.encoding import backbones
from artvec.encoding.setup import ready_encoder
from artvec.core.types import BackboneRequest, EncoderOptions
options = EncoderOptions(engine="openvino", device="cpu", precision="fp32")
assert ready_encoder(BackboneRequest("simple_cnn"), options).encoder.engine == "openvino"
"""


def audited(body: str) -> dict[str, object]:
    """Run Python in a process of its own; tell which processes and sockets it asked for."""
    command = [sys.executable, "-c", AUDITED.format(body=body)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    told: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return told


def test_what_is_sent_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library's own import takes its telemetry along (told here to send nothing)."""
    monkeypatch.setenv("CI", "true")
    assert audited("import openvino")["telemetry"] is True
    for start in (
        "os.waitpid(os.fork() or os._exit(0), 0)",
        "import subprocess; subprocess.run([sys.executable, '-c', ''], check=True)",
        "import socket; socket.socket().close()",
    ):
        assert audited(start)["seen"]


def test_importing_it_starts_no_process_and_no_telemetry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    ours = audited("from artvec.core.openvino_api import ov; assert ov.Core().available_devices")
    assert ours == {"seen": [], "telemetry": False, "CI": None}


def test_converting_sends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("ARTVEC_CACHE", str(tmp_path))
    told = audited(CONVERT)
    assert (told["seen"], told["CI"]) == ([], None)
    assert list((tmp_path / "encoders").glob("*"))  # it was converted


def test_two_threads_that_convert_leave_the_environment_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    told = audited(
        """
import time, threading, torch
from artvec.core import openvino_api
seen_within = []
def slow(decoder):
    seen_within.append(os.environ.get("CI"))
    time.sleep(0.3)
    seen_within.append(os.environ.get("CI"))
openvino_api.ov.convert_model = slow
work = (torch.nn.ReLU(), torch.zeros(2))
threads = [threading.Thread(target=openvino_api.convert, args=work) for _ in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert seen_within == ["true"] * 4, seen_within
"""
    )
    assert told["CI"] is None


def test_other_code_still_finds_the_converter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    audited(
        "import artvec.core.openvino_api, openvino\n"
        "from openvino import convert_model\n"
        "assert callable(convert_model) and callable(openvino.convert_model)\n"
        "assert not hasattr(openvino, 'something_else')"
    )
