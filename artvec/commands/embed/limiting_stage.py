"""Which stage limits a run, and what would help, in one line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from artvec.commands.embed.core_time import Measured, utilisation
from artvec.core import runtime
from artvec.core.choices import DecodeMode
from artvec.core.types import Encoder

Stage = Literal["read", "decode", "forward", "write"]

_LEAST_S, _LEAST_IMAGES = 2.0, 65
_IDLE = 0.25
"""Where more of the cores' time is unused, it isn't they that a run waits for."""
_MUCH = 0.25
_NAMES: dict[Stage, str] = {
    "read": "reading files limits",
    "decode": "decoding limits",
    "forward": "forward passes limit",
    "write": "writing limits",
}


@dataclass(frozen=True, slots=True)
class Limit:
    """The stage that a run waits for.

    Attributes:
        stage: Its name.
        share: Of the cores' time that it took, or else of the wall time that it was at work.
        of_cores: Which of both.
    """

    stage: Stage
    share: float
    of_cores: bool


def worth_telling(wall_s: float, images: int) -> bool:
    """Say whether a run is long enough for a limit to matter, and to be told from its ends."""
    return wall_s >= _LEAST_S and images >= _LEAST_IMAGES


def find_limit(measured: Measured, encoder: Encoder) -> Limit:
    """Name the stage that a run waits for.

    Where all stages share cores in use, it is the one that took most of their time. Where a
    device works too, or cores idled, it is the one at work for most of the wall time.
    """
    use, clock = utilisation(measured), measured.clock
    if encoder.device == "cpu" and use.idle < _IDLE:
        shares: dict[Stage, float] = {
            "decode": use.decode,
            "forward": use.forward,
            "write": use.write,
        }
        stage = max(shares, key=lambda name: shares[name])
        return Limit(stage, shares[stage], of_cores=True)
    at_work: dict[Stage, float] = {
        "decode": (clock.decode + clock.decode_waited) / measured.cores,
        "forward": clock.forward / encoder.streams,
        "write": measured.main + clock.write_waited,
    }
    stage = max(at_work, key=lambda name: at_work[name])
    share = min(1.0, at_work[stage] / measured.wall)
    # Threads that wait for Python's own lock would keep a core busy, all together.
    waiting = clock.decode_waited > clock.decode and measured.process < measured.wall
    if stage == "decode" and waiting:
        stage = "read"
    return Limit(stage, share, of_cores=False)


def rehearsed_limit(decode_s: float, forward_s: float, encoder: Encoder) -> Limit:
    """Name the stage that a run will wait for.

    Args:
        decode_s: Wall seconds a picture of decoding alone, on all cores.
        forward_s: Of forward passes alone.
        encoder: Shares the cores with decoding where it works on the CPU.
    """
    stage: Stage = "decode" if decode_s > forward_s else "forward"
    if encoder.device != "cpu":
        return Limit(stage, 1.0, of_cores=False)
    return Limit(stage, max(decode_s, forward_s) / (decode_s + forward_s), of_cores=True)


def limit_notes(
    limit: Limit | None, encoder: Encoder, mode: DecodeMode, *, others: float = 0.0
) -> tuple[str, ...]:
    """Say what limits a run, and what would help.

    Args:
        limit: Of the run; None says nothing.
        encoder: That it uses.
        mode: How it decodes.
        others: Share of the cores' time that other programs took.
    """
    if limit is None:
        return ()
    whose = "cores'" if limit.of_cores else "wall"
    shares = f"{limit.share:.0%} of the {whose} time"
    if others > _MUCH:
        shares += f", other programs {others:.0%}"
    return (f"{_NAMES[limit.stage]} the run ({shares}): {_help(limit, encoder, mode)} would help",)


def _help(limit: Limit, encoder: Encoder, mode: DecodeMode) -> str:
    if limit.stage == "read":
        return "pictures on a faster disk"
    if limit.stage == "write":
        return "more cores" if limit.of_cores else "a collection on a faster disk or a faster core"
    if limit.stage == "decode":
        fast = ["--decode fast"] if mode == "exact" else []
        return _either(*fast, "smaller pictures", "more cores")
    if encoder.device != "cpu":
        lower = ["--precision bf16"] if encoder.precision == "fp32" else []
        return _either(*lower, "a smaller backbone")
    lower = []
    if encoder.engine == "openvino" and encoder.precision == "fp32" and runtime.has_bf16():
        lower = ["--precision bf16 (slightly other vectors)"]
    return _either(*lower, "a smaller backbone", "more cores", "a GPU")


def _either(*ways: str) -> str:
    return f"{', '.join(ways[:-1])} or {ways[-1]}" if len(ways) > 1 else ways[-1]
