"""The arithmetic of docs/performance.md, by hand; and that the page says what it gives."""

from __future__ import annotations

import pytest

from benchmarks import gpu_model
from benchmarks.gpu_model import Forward, Picture


def test_the_page_holds_what_is_rendered() -> None:
    assert gpu_model.render() in gpu_model.DOCS.read_text()


@pytest.mark.parametrize(
    ("forward", "decoded", "speed", "limit"),
    [
        (1_000, 500, 1_000, "card"),  # 16 cores would decode 8,000
        (1_000, 10, 160, "decoding"),
        (9_000, 900, 1 / 0.00035, "one process"),
    ],
)
def test_the_slowest_stage_decides(
    forward: float, decoded: float, speed: float, limit: str
) -> None:
    found = gpu_model.embedding(Forward("net", 224, forward), Picture("jpeg", 1, decoded))
    assert (found.per_second, found.limit) == (pytest.approx(speed), limit)


def test_hours_and_dollars() -> None:
    """3,600,000 pictures at 100 a second are 10 hours, at .50 + 16 × .04 = 1.14 dollars each."""
    spent = gpu_model.hours(3_600_000, gpu_model.Speed(100, "card"))
    assert spent == pytest.approx(10)
    assert gpu_model.dollars(spent) == pytest.approx(11.4)


def test_what_feeds_a_card() -> None:
    """A card of 1,000 pictures a second wants 20 cores that decode 50 each."""
    assert gpu_model.cores_to_feed(Forward("net", 224, 1_000), Picture("jpeg", 1, 50)) == 20


def test_a_batch_of_queries_is_worth_the_copy() -> None:
    """A number is 4 bytes, .16 ns on the bus; 82.6e12 / 2 products a second are 6,608 in that."""
    assert gpu_model.queries_a_copy_is_worth() == pytest.approx(6_608)


@pytest.mark.parametrize(("name", "first"), [("12 MP", 2), ("1,024 px", 5)])
def test_copies_pay_after_some_embeddings(name: str, first: int) -> None:
    """12 MP: (27.0 + 1) / (27.0 − 3.6) ms = 1.2; 1,024 px: (5.02 + 1) / (5.02 − 3.57) = 4.2."""
    picture = next(one for one in gpu_model.PICTURES if one.name == name)
    assert gpu_model.embeddings_that_copies_pay_from(picture) == first
