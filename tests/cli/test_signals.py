"""Signals stop a process: in good order, at once when repeated, and never within an import."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

HANGS = """
import sys, time
from artvec_cli.signals import stop_in_good_order
received = stop_in_good_order()
try:
    print("ready", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    print("stopping", received, flush=True)
    time.sleep(60)  # as a thread that never ends
"""
IMPORTS = """
import os, signal
from artvec_cli.signals import stop_in_good_order
received = stop_in_good_order()
source = "os.kill(os.getpid(), signal.SIGINT); done = True"
within = compile(source, "<frozen importlib._bootstrap>", "exec")
names = {"os": os, "signal": signal}
try:
    exec(within, names)
    print("import finished", names["done"], received, flush=True)
    signal.pause()
except KeyboardInterrupt:
    print("stopped", flush=True)
"""


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_what_the_first_could_not(sent: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", HANGS], stdout=subprocess.PIPE, text=True) as one:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
        one.send_signal(sent)
        assert one.stdout.readline() == f"stopping [{int(sent)}]\n"
        time.sleep(0.1)
        assert one.poll() is None
        one.send_signal(sent)
        assert one.wait(timeout=10) == -sent


def test_a_signal_within_an_import_waits_for_its_end() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS], capture_output=True, text=True, timeout=30
    )
    assert done.stdout == "import finished True [2]\nstopped\n", done.stderr
