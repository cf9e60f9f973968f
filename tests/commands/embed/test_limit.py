"""What limited a run is told from seconds that can be divided by hand, and by real runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from artvec.commands.embed import EmbedOptions, dry_run, embed_images
from artvec.commands.embed.core_time import Measured, Meter, Utilisation, stage_seconds, utilisation
from artvec.commands.embed.limiting_stage import (
    Limit,
    find_limit,
    limit_notes,
    rehearsed_limit,
    worth_telling,
)
from artvec.core import runtime
from artvec.core.types import EncoderIdentity, Preprocessing
from artvec.encoding.extraction import Clock

Paint = Callable[[Path, int], Path]
Run = Callable[..., Any]
HALF = (0.5, 0.5, 0.5)
SHAPE = Preprocessing(8, 8, "squash", "box", HALF, HALF)
IDENTITY = EncoderIdentity("named", "", SHAPE, "pixels", 3)


@dataclass(frozen=True)
class Named:
    """An encoder of which only the name plates are looked at."""

    device: str = "cpu"
    engine: str = "openvino"
    precision: str = "fp32"
    streams: int = 2
    batch_size: int = 16
    identity: EncoderIdentity = IDENTITY

    def encode(self, pixels: np.ndarray) -> np.ndarray:
        return np.zeros((len(pixels), self.identity.dim), dtype=np.float32)


def test_core_time_is_divided_by_stage() -> None:
    """Two cores for 10 s are 20: decode 4, main thread 1, the other 9 of the process forward.

    Of the 6 left over, 2 were idle; other programs had 4.
    """
    found = utilisation(Measured(2, 10.0, 14.0, 1.0, 2.0, Clock(decode=4.0, forward=19.0)))
    assert found == Utilisation(2, decode=0.2, forward=0.45, write=0.05, others=0.2, idle=0.1)


def test_busy_seconds_are_of_cores_where_forward_passes_work_on_them() -> None:
    """The calls took 19 s, waiting for cores included; the process took 9 s for them."""
    clock = Clock(decode=4.0, forward=19.0, write=0.5)
    measured = Measured(2, 10.0, 14.0, 1.0, 2.0, clock)
    assert stage_seconds(measured, "cpu") == {"decode": 4.0, "forward": 9.0, "write": 0.5}
    assert stage_seconds(measured, "cuda:0")["forward"] == 19.0


def test_what_a_system_does_not_tell_counts_as_idle() -> None:
    found = utilisation(Measured(2, 10.0, 14.0, 1.0, None, Clock(decode=4.0)))
    assert (found.others, found.idle) == (0.0, pytest.approx(0.3))


@pytest.mark.parametrize("idle", [0.0, 500.0, -1.0])
@pytest.mark.parametrize("process", [0.0, 1.0, 20.2])
def test_shares_sum_to_one_whatever_the_clocks_say(process: float, idle: float) -> None:
    """Ticks are coarse: more than all cores' time, a negative rest, or idle beyond the wall."""
    found = utilisation(Measured(2, 10.0, process, 0.5, idle, Clock(decode=0.7)))
    shares = [found.decode, found.forward, found.write, found.others, found.idle]
    assert sum(shares) == pytest.approx(1)
    assert min(shares) >= 0


def test_where_cores_are_used_the_largest_share_limits() -> None:
    """Forward passes were called for 19 s, decoding took 15: but 15 s of the 19 were waiting."""
    clock = Clock(decode=15.0, decode_waited=4.0, forward=19.0)
    found = find_limit(Measured(2, 10.0, 19.5, 0.5, 0.5, clock), Named())
    assert (found.stage, found.of_cores) == ("decode", True)
    assert found.share == pytest.approx(0.75)


def test_threads_that_wait_while_cores_idle_read() -> None:
    """Two decoding threads were at it for all 10 s, but on a core for 2 s only."""
    clock = Clock(decode=2.0, decode_waited=18.0, forward=3.0)
    found = find_limit(Measured(2, 10.0, 5.0, 0.5, 15.0, clock), Named())
    assert found == Limit("read", 1.0, of_cores=False)


def test_a_slow_disk_below_the_collection() -> None:
    clock = Clock(decode=2.0, decode_waited=1.0, forward=3.0, write=8.0, write_waited=7.5)
    found = find_limit(Measured(2, 10.0, 6.0, 1.0, 14.0, clock), Named())
    assert found == Limit("write", 0.85, of_cores=False)


def test_a_busy_device_limits_though_cores_idle() -> None:
    """It computes for 9.5 of 10 s; decoding keeps 8 cores busy for 3 s."""
    clock = Clock(decode=20.0, decode_waited=4.0, forward=9.5)
    encoder = Named(device="cuda:0", engine="torch", precision="bf16", streams=1)
    found = find_limit(Measured(8, 10.0, 26.0, 2.0, 50.0, clock), encoder)
    assert found == Limit("forward", 0.95, of_cores=False)
    clock = Clock(decode=70.0, decode_waited=9.0, forward=4.0)
    found = find_limit(Measured(8, 10.0, 78.0, 2.0, 1.0, clock), encoder)
    assert (found.stage, found.share) == ("decode", pytest.approx(0.9875))


def test_the_line_says_what_would_help(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "has_bf16", lambda: True)
    forward, decode = Limit("forward", 0.82, True), Limit("decode", 0.7, True)
    assert limit_notes(forward, Named(), "fast") == (
        "forward passes limit the run (82% of the cores' time): --precision bf16 (slightly other "
        "vectors), a smaller backbone, more cores or a GPU would help",
    )
    assert "bf16" not in limit_notes(forward, Named(precision="bf16"), "fast")[0]
    monkeypatch.setattr(runtime, "has_bf16", lambda: False)
    assert "bf16" not in limit_notes(forward, Named(), "fast")[0]
    assert limit_notes(decode, Named(), "exact", others=0.3) == (
        "decoding limits the run (70% of the cores' time, other programs 30%): --decode fast, "
        "smaller pictures or more cores would help",
    )
    assert "--decode" not in limit_notes(decode, Named(), "fast")[0]
    on_card = limit_notes(Limit("forward", 0.95, False), Named(device="cuda:0"), "fast")
    assert "95% of the wall time" in on_card[0] and "a GPU" not in on_card[0]
    assert limit_notes(None, Named(), "fast") == ()


def test_a_rehearsal_adds_up_what_shares_the_cores() -> None:
    """3 ms and 9 ms a picture, one after the other: a quarter and three quarters."""
    found = rehearsed_limit(0.003, 0.009, Named())
    assert (found.stage, found.share, found.of_cores) == ("forward", pytest.approx(0.75), True)
    card = Named(device="cuda:0")
    assert rehearsed_limit(0.003, 0.002, card) == Limit("decode", 1.0, of_cores=False)


def test_short_runs_are_limited_by_nothing() -> None:
    assert not worth_telling(60.0, 64)
    assert not worth_telling(1.9, 10_000)
    assert worth_telling(2.0, 65)


def test_the_meter_measures_this_process() -> None:
    """Half a second of arithmetic in the main thread is found there, and nowhere else."""
    meter = Meter()
    matrix = np.ones((64, 64))
    while meter.read().main < 0.5:
        matrix = np.sin(matrix)
    with meter.writing():
        pass
    measured = meter.read()
    assert 0.5 <= measured.main <= measured.process + 0.01
    assert measured.cores == runtime.cores()
    assert measured.clock.decode == 0


def test_a_run_tells_its_utilisation(tmp_path: Path, paint: Paint, artvec: Run) -> None:
    for n in range(5):
        paint(tmp_path / f"art/{n}.png", n)
    done = artvec("embed", "art", "-m", "colour:4x4", "-v")
    (line,) = [line for line in done.out.splitlines() if line.startswith("time of ")]
    assert line.startswith(f"time of {runtime.cores()} cores: decode ")
    again = artvec("embed", "art", "-m", "colour:4x4", "--overwrite", "--json").json
    use = again["utilisation"]
    assert use.pop("cores") == runtime.cores()
    assert sum(use.values()) == pytest.approx(1)
    assert "limit" not in again  # five pictures
    assert artvec("embed", "art", "-v").out.count("time of") == 0  # nothing was embedded
    assert "utilisation" not in artvec("embed", "art", "--json").json


def test_rehearsal_and_run_name_the_same_limit(
    tmp_path: Path, paint: Paint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of small pictures that go through a real network, forward passes are the limit."""
    monkeypatch.setattr("artvec.commands.embed.limiting_stage._LEAST_S", 0.0)
    for n in range(70):
        paint(tmp_path / f"art/{n}.png", n)
    report = embed_images(tmp_path / "art", EmbedOptions(index=str(tmp_path / "run")))
    foretold = dry_run(tmp_path / "art", EmbedOptions(index=str(tmp_path / "rehearsal")))
    for found in (report, foretold):
        assert found.limit == "forward"
        assert found.notes[-1].startswith("forward passes limit the run (")
    assert report.utilisation is not None
    assert report.utilisation.forward > report.utilisation.decode
