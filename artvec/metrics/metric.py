"""What is known of a figure beside its value: its names, range, direction, reading and source."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Better = Literal["higher", "lower", "neither"]


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure.

    Attributes:
        key: Its name in `--json`.
        title: Its name in prose and on pages.
        short: Its name where there is little room.
        reading: How to read it, in one sentence.
        low: The least value it can take.
        high: The largest one; infinite where there is none.
        better: Which values are better; `neither` where that depends on the purpose.
    """

    key: str
    title: str
    short: str
    reading: str
    low: float = 0.0
    high: float = 1.0
    better: Better = "higher"

    @property
    def scale(self) -> str:
        """Its range and direction in words, as in `0 to 1, higher is better`."""
        if math.isinf(self.high):
            values = f"{self.low:g} or more"
        elif math.isinf(self.low):
            values = f"at most {self.high:g}"
        else:
            values = f"{self.low:g} to {self.high:g}".replace("-", "−")
        return values if self.better == "neither" else f"{values}, {self.better} is better"

    @property
    def is_share(self) -> bool:
        """Whether it is a share of images or neighbours, so that differences are in points."""
        return self.key.endswith("accuracy") or self.key.startswith(("precision_at", "recall_at"))


@dataclass(frozen=True, slots=True)
class Definition:
    """One way of measuring, which gives one or more figures.

    Attributes:
        meaning: What is computed.
        purpose: What it is good for, in one sentence.
        source: Where the method comes from.
        metrics: The figures.
    """

    meaning: str
    purpose: str
    source: str
    metrics: tuple[Metric, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """The names of the figures in `--json`."""
        return tuple(metric.key for metric in self.metrics)
