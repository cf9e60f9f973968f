"""`artvec doctor`: what this machine has and lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from artvec.core.errors import ArtvecError
from artvec_cli import options
from artvec_cli.options import examples
from artvec_cli.render import Output

if TYPE_CHECKING:
    from artvec.commands.doctor import Finding

EPILOG = examples(
    "artvec doctor",
    "artvec doctor --json",
)
_MARKS = {"ok": "ok      ", "note": "note    ", "problem": "PROBLEM "}


def doctor_command(
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    as_json: options.Json = False,
) -> int:
    """Say what this machine has and lacks for artvec; exit 1 if something stops it."""
    from artvec.commands.doctor import examine

    output = Output(quiet, as_json)
    findings = []
    for finding in examine():
        findings.append(finding)
        if finding.verdict != "ok" or not quiet:
            _render(finding, output)
    problems = [finding for finding in findings if finding.verdict == "problem"]
    output.object({"healthy": not problems, "findings": findings})
    if problems:
        first = problems[0]
        raise ArtvecError(f"{len(problems)} of these stop artvec", first.hint)
    return 0


def _render(finding: Finding, output: Output) -> None:
    output.line(f"{_MARKS[finding.verdict]}{finding.subject}: {finding.message}")
    if finding.hint:
        output.line(f"        → {finding.hint}")
