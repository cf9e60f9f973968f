"""Bars: what a ratio must reach, written `≥ 2.2` (higher is better) or `≤ 1.1` (lower is)."""

from __future__ import annotations

import math

WORSE = 0.1
"""Share by which a ratio may change between two runs before it is named."""


def reached(bar: str, ratio: str) -> bool:
    """Say whether a ratio, as a table shows it, reaches its bar."""
    sign, value = _parts(bar)
    return sign * float(ratio) >= sign * value


def marked(bar: str, ratio: str) -> str:
    """Return the bar with a mark of whether it is reached; empty where there is none."""
    return f"{bar} {'✓' if reached(bar, ratio) else '✗'}" if bar else ""


def change(before: str, now: str) -> float:
    """Return by which share a ratio has changed; 0.2 is a fifth more."""
    old, new = float(before), float(now)
    if old == new:
        return 0.0
    return new / old - 1 if old and math.isfinite(old) else math.inf


def judged(bar: str, change: float) -> str:
    """Name a change of more than 10 %: `worse` or `better` where there is a bar, else `changed`."""
    if abs(change) <= WORSE:
        return ""
    if not bar:
        return "changed"
    return "better" if _parts(bar)[0] * change > 0 else "worse"


def _parts(bar: str) -> tuple[int, float]:
    """Return 1 where higher is better, else -1, and the value.

    Raises:
        ValueError: It is written differently.
    """
    sign, _, value = bar.partition(" ")
    if sign not in ("≥", "≤"):
        raise ValueError(f"a bar is written `≥ 2.2` or `≤ 1.1`, not {bar!r}")
    return (1 if sign == "≥" else -1), float(value)
