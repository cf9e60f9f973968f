"""Checks the pipeline from samples to vectors with an encoder computable in one's head."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from artvec.core.errors import ArtvecError, OutOfMemory
from artvec.core.types import Decoded, EncoderIdentity, Preprocessing, Recognised, Sample, Skipped
from artvec.encoding.extraction import Clock, Embedded, ExtractOptions, extract
from artvec.images.decode import decode_sample
from artvec.images.find import sample_of

HALF = (0.5, 0.5, 0.5)
SHAPE = Preprocessing(8, 8, "squash", "box", HALF, HALF)


class MeanColour:
    """The vector of a picture is its mean colour; batches are recorded."""

    engine = "fake"
    device = "cpu"
    precision = "fp32"

    def __init__(self, *, streams: int = 1, batch_size: int = 4, most: int = 1000) -> None:
        self.identity = EncoderIdentity("mean colour", "", SHAPE, "pixels", 3)
        self.streams = streams
        self.batch_size = batch_size
        self.most = most
        self.sizes: list[int] = []

    def encode(self, pixels: np.ndarray) -> np.ndarray:
        """Map (B, 8, 8, 3) uint8 to (B, 3) float32."""
        self.sizes.append(len(pixels))
        if len(pixels) > self.most:
            raise OutOfMemory(f"{len(pixels)} pictures don't fit")
        return pixels.mean(axis=(1, 2)).astype(np.float32)


def colour(n: int) -> tuple[int, int, int]:
    return n, 2 * n, 255 - n


def samples(folder: Path, count: int, bad: tuple[int, ...] = ()) -> list[Sample]:
    """Paint `count` plain pictures, picture n in colour n, but some files hold no picture."""
    folder.mkdir(exist_ok=True)
    for n in range(count):
        file = folder / f"{n:03}.png"
        if n in bad:
            file.write_bytes(b"" if n % 2 else b"no picture")
        else:
            Image.new("RGB", (9, 7), colour(n)).save(file)
    return [sample_of(folder / f"{n:03}.png", folder) for n in range(count)]


def run(given: list[Sample], encoder: MeanColour, batch_size: int | None = None) -> list[Embedded]:
    """Run, check every vector against its own sample's colour, return the batches."""
    options = ExtractOptions(batch_size=batch_size)
    batches = [
        each for each in extract(given, encoder, options, Clock()) if isinstance(each, Embedded)
    ]
    for batch in batches:
        expected = [colour(int(sample.path[:3])) for sample in batch.samples]
        assert np.array_equal(batch.vectors, np.array(expected, dtype=np.float32))
    return batches


def paths(batches: list[Embedded]) -> list[list[str]]:
    return [[sample.path for sample in batch.samples] for batch in batches]


def flat(batches: list[Embedded]) -> list[str]:
    return [path for batch in paths(batches) for path in batch]


@pytest.mark.parametrize("streams", [1, 3])
def test_order_is_kept_around_skipped_files(tmp_path: Path, streams: int) -> None:
    """Of 20 files, three in the middle are bad: 17 rows in order, each with its own vector."""
    given = samples(tmp_path, 20, bad=(4, 5, 11))
    rows = flat(run(given, MeanColour(streams=streams)))
    assert rows == [f"{n:03}.png" for n in range(20) if n not in (4, 5, 11)]


def test_every_sample_comes_out_once_with_its_reason(tmp_path: Path) -> None:
    given = samples(tmp_path, 7, bad=(2, 5))
    outcomes = list(extract(given, MeanColour(), ExtractOptions(), Clock()))
    skipped = {each.path: each.reason for each in outcomes if isinstance(each, Skipped)}
    embedded = flat([each for each in outcomes if isinstance(each, Embedded)])
    assert skipped == {"002.png": "not_an_image", "005.png": "empty"}
    assert sorted([*embedded, *skipped]) == [sample.path for sample in given]


def test_bad_files_leave_no_gap_in_the_batches(tmp_path: Path) -> None:
    """The batches are those of a folder without the bad files, to the last bit."""
    noise = np.random.default_rng(0)
    given = samples(tmp_path, 12, bad=(0, 5, 6, 11))
    good = [sample for n, sample in enumerate(given) if n not in (0, 5, 6, 11)]
    for sample in good:
        Image.fromarray(noise.integers(0, 256, (20, 30, 3), dtype=np.uint8)).save(sample.file)
    found = []
    for source in (given, good):
        outcomes = extract(source, MeanColour(batch_size=3), ExtractOptions(), Clock())
        found.append([each for each in outcomes if isinstance(each, Embedded)])
    assert paths(found[0]) == paths(found[1])
    assert [len(batch.samples) for batch in found[0]] == [3, 3, 2]
    for one, other in zip(*found, strict=True):
        assert one.vectors.tobytes() == other.vectors.tobytes()
        assert one.fingerprints == other.fingerprints


@pytest.mark.parametrize(
    ("batch_size", "sizes"), [(None, [4, 4, 2]), (1, [1] * 10), (7, [7, 3]), (64, [10])]
)
def test_batch_sizes(tmp_path: Path, batch_size: int | None, sizes: list[int]) -> None:
    """Ten pictures; the last batch is not lost, whatever its size."""
    encoder = MeanColour()
    run(samples(tmp_path, 10), encoder, batch_size)
    assert encoder.sizes == sizes


def test_nothing_in_nothing_out() -> None:
    assert run([], MeanColour()) == []


def test_known_contents_need_no_forward_pass(tmp_path: Path) -> None:
    """The picture that the collection holds already comes out as recognised, by its hash."""
    given = samples(tmp_path, 5)
    third = decode_sample(given[3], SHAPE, "fast")
    assert isinstance(third, Decoded)
    known = frozenset([third.fingerprint.content_hash])
    encoder = MeanColour()
    outcomes = list(extract(given, encoder, ExtractOptions(known=known), Clock()))
    recognised = [each for each in outcomes if isinstance(each, Recognised)]
    assert recognised == [Recognised(given[3], third.fingerprint.content_hash)]
    assert encoder.sizes == [4]


class _Slow(MeanColour):
    def encode(self, pixels: np.ndarray) -> np.ndarray:
        time.sleep(0.01)
        return super().encode(pixels)


@pytest.mark.parametrize("streams", [1, 2])
def test_memory_does_not_grow_with_the_folder(tmp_path: Path, streams: int) -> None:
    """However slow the encoder, only a few batches are ahead of what has come out.

    Three batches being decoded, one being filled, and one a stream, one waiting, one coming out.
    """
    given = samples(tmp_path, 20) * 10
    consumed = 0

    def feed() -> Iterator[Sample]:
        nonlocal consumed
        for sample in given:
            consumed += 1
            yield sample

    done, furthest = 0, 0
    for batch in extract(feed(), _Slow(streams=streams, batch_size=2), ExtractOptions(), Clock()):
        furthest = max(furthest, consumed - done)
        assert isinstance(batch, Embedded)
        done += len(batch.samples)
    assert (consumed, done) == (200, 200)
    assert furthest <= 2 * (3 + 1 + streams + 1 + 1)


def test_a_caller_who_stops_stops_everything(tmp_path: Path) -> None:
    """After the first batch is taken and the rest refused, no encoding goes on."""
    encoder = _Slow(batch_size=2)
    stream = extract(samples(tmp_path, 20) * 5, encoder, ExtractOptions(), Clock())
    next(iter(stream))
    stream.close()  # type: ignore[attr-defined]
    calls = len(encoder.sizes)
    time.sleep(0.05)
    assert len(encoder.sizes) == calls < 10
    assert not [each for each in threading.enumerate() if each.name.startswith("forward")]


def test_batches_are_halved_when_memory_runs_out(tmp_path: Path) -> None:
    """Of 8 at once, then 4, both too many, 2 fit; nothing larger is tried again."""
    encoder = MeanColour(batch_size=8, most=3)
    assert [len(batch.samples) for batch in run(samples(tmp_path, 20), encoder)] == [8, 8, 4]
    assert encoder.sizes == [8, 4] + [2] * 10


class _LateFailure(MeanColour):
    """Two batches of 8 start together; the second fails only when the first is through."""

    def __init__(self) -> None:
        super().__init__(streams=2, batch_size=8, most=3)
        self.started = threading.Barrier(2, timeout=10)
        self.first_done = threading.Event()
        self.late: list[int] = []

    def encode(self, pixels: np.ndarray) -> np.ndarray:
        second = pixels[0, 0, 0, 0] >= 8
        if len(pixels) == 8:
            self.started.wait()
            assert not second or self.first_done.wait(10)
        elif second:
            self.late.append(len(pixels))
        vectors = super().encode(pixels)
        if pixels[-1, 0, 0, 0] == 7:
            self.first_done.set()
        return vectors


def test_a_late_failure_does_not_raise_the_limit_again(tmp_path: Path) -> None:
    """The first batch has found that only 2 fit; half of 8 must not be tried after that."""
    encoder = _LateFailure()
    run(samples(tmp_path, 16), encoder)
    assert max(encoder.late) <= 2


def test_no_memory_for_a_single_picture_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ArtvecError, match="one image at a time") as caught:
        run(samples(tmp_path, 6), MeanColour(most=0))
    assert "--image-size" in caught.value.hint


@pytest.mark.parametrize("shape", [(4, 5), (3, 3), (4, 3, 1)])
def test_vectors_of_another_shape_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shape: tuple[int, ...]
) -> None:
    """Another width than promised, a row too few, a map instead of a vector."""
    encoder = MeanColour()
    monkeypatch.setattr(encoder, "encode", lambda pixels: np.zeros(shape, dtype=np.float32))
    with pytest.raises(ArtvecError, match="mean colour"):
        run(samples(tmp_path, 4), encoder)


def test_an_encoders_own_error_comes_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(pixels: np.ndarray) -> np.ndarray:
        raise RuntimeError("unsupported operation")

    encoder = MeanColour()
    monkeypatch.setattr(encoder, "encode", broken)
    with pytest.raises(RuntimeError, match="unsupported operation"):
        run(samples(tmp_path, 9), encoder)


def test_the_clock_is_added_to(tmp_path: Path) -> None:
    clock = Clock(decode=100.0, forward=200.0)
    list(extract(samples(tmp_path, 4), _Slow(), ExtractOptions(), clock))
    assert 100 < clock.decode < 110
    assert 200.01 <= clock.forward < 210
