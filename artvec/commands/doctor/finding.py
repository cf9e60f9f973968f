"""What the doctor says about one thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "note", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        subject: What was looked at.
        verdict: `ok`; `note` for what costs comfort or speed; `problem` for what stops artvec.
        message: What was found, one line.
        hint: The way out, one line; empty where none is needed.
    """

    subject: str
    verdict: Verdict
    message: str
    hint: str = ""
