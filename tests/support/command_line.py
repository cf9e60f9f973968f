"""The command line run within a test's own process."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Finished:
    """What a command line left: its exit code and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def run_here(*arguments: str | Path, cwd: Path, stdin: str = "") -> Finished:
    """Run `artvec ARGUMENTS` in this process: a second less than one of its own."""
    from artvec_cli.app import run

    streams = [io.TextIOWrapper(io.BytesIO(text.encode()), "utf-8") for text in (stdin, "", "")]
    before = sys.stdin, sys.stdout, sys.stderr
    with contextlib.chdir(cwd), warnings.catch_warnings():
        sys.stdin, sys.stdout, sys.stderr = streams
        try:
            code = run([str(argument) for argument in arguments])
        finally:
            sys.stdin, sys.stdout, sys.stderr = before
    written = []
    for stream in streams[1:]:
        stream.flush()
        written.append(stream.buffer.getvalue().decode())  # type: ignore[attr-defined]
    return Finished(code, *written)
