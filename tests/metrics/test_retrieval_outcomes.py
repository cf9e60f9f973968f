"""Retrieval by hand: a compass of paintings, ties, the query's own row, classes that lack rows."""

from __future__ import annotations

import numpy as np
import pytest

from artvec.metrics import retrieval
from artvec.metrics.retrieval import RetrievalOutcomes, retrieval_outcomes


def compass(*degrees: float) -> np.ndarray:
    """Return unit vectors in the plane; cosine falls with the angle between them."""
    radians = np.radians(degrees)
    return np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)


def one(outcomes: RetrievalOutcomes) -> dict[str, float]:
    return {name: getattr(outcomes, name)[0] for name in outcomes.__dataclass_fields__}


def test_by_hand() -> None:
    """Neighbours of 0° by angle: 10 wrong, 20 right, 30 right, 40 wrong, 50 wrong, 60 right.

    R = 3. Of the first 3, two are right: R-precision 2/3. MAP@R: precision at rank 2 is 1/2, at
    rank 3 2/3; (1/2 + 2/3) / 3 = 7/18. Precision@5 is 2/5.
    """
    found = one(
        retrieval_outcomes(
            compass(0),
            np.array([1]),
            compass(60, 10, 20, 50, 30, 40) * 7,
            np.array([1, 0, 1, 0, 1, 0]),
        )
    )
    assert found == pytest.approx(
        {
            "precision_at_1": 0,
            "precision_at_5": 2 / 5,
            "recall_at_1": 0,
            "recall_at_5": 1,
            "recall_at_10": 1,
            "r_precision": 2 / 3,
            "map_at_r": 7 / 18,
        }
    )


def test_the_own_row_is_left_out_by_its_number() -> None:
    """Three copies: the query is the middle one. Rows 0 and 2 stay; with them R = 2, all right."""
    gallery = compass(5, 5, 5, 90)
    labels = np.array([0, 0, 0, 1])
    found = one(retrieval_outcomes(gallery[1:2], labels[1:2], gallery, labels, np.array([1])))
    assert found["r_precision"] == found["map_at_r"] == found["precision_at_1"] == 1
    assert found["precision_at_5"] == pytest.approx(2 / 3)  # three other rows, two right


def test_the_own_row_never_counts_even_in_a_small_gallery() -> None:
    """Only the query itself is of its class: nothing to find, so 0, and R-figures are NaN."""
    gallery, labels = compass(0, 90), np.array([3, 1])
    found = one(retrieval_outcomes(gallery[:1], labels[:1], gallery, labels, np.array([0])))
    assert found["recall_at_10"] == found["precision_at_5"] == found["precision_at_1"] == 0
    assert np.isnan([found["r_precision"], found["map_at_r"]]).all()


def test_nothing_but_the_query() -> None:
    found = one(
        retrieval_outcomes(compass(0), np.array([0]), compass(0), np.array([0]), np.array([0]))
    )
    assert found["recall_at_10"] == found["precision_at_5"] == 0
    assert np.isnan(found["map_at_r"])


def test_copies_tie_by_gallery_row_whatever_their_length() -> None:
    """Rows 0 and 1 point the same way; the first one is wrong, so the query has no hit at 1."""
    gallery = compass(30, 30, 200) * np.array([[3], [0.7], [1]], dtype=np.float32)
    found = one(retrieval_outcomes(compass(0), np.array([1]), gallery, np.array([0, 1, 1])))
    assert (found["precision_at_1"], found["recall_at_5"]) == (0, 1)
    found = one(retrieval_outcomes(compass(0), np.array([0]), gallery, np.array([0, 1, 1])))
    assert found["precision_at_1"] == 1


def test_distance_decides_where_cosines_nearly_tie() -> None:
    """1.000° is nearer than 1.001°, though their cosines differ by 3e-7 only."""
    found = one(retrieval_outcomes(compass(0), np.array([1]), compass(1.001, 1), np.array([0, 1])))
    assert found["precision_at_1"] == 1


def test_a_zero_query_takes_rows_in_order() -> None:
    found = one(
        retrieval_outcomes(compass(0) * 0, np.array([1]), compass(0, 10, 20), np.array([0, 1, 1]))
    )
    assert (found["precision_at_1"], found["r_precision"]) == (0, 0.5)


def test_opposite_rows_can_be_found() -> None:
    """Distance 2 is the largest there is, and still before a row that is left out."""
    gallery, labels = compass(0, 180), np.array([1, 1])
    found = one(retrieval_outcomes(compass(0), np.array([1]), gallery, labels, np.array([0])))
    assert found["r_precision"] == found["precision_at_1"] == 1


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three queries at a time give what all at once give, each in its own place."""
    rng = np.random.default_rng(3)
    rows = rng.standard_normal((80, 5)).astype(np.float32)
    labels = rng.choice(6, 80, p=[0.4, 0.3, 0.1, 0.1, 0.06, 0.04])
    whole = retrieval_outcomes(rows, labels, rows, labels, np.arange(80))
    monkeypatch.setattr(retrieval, "_KEYS", 240)
    told: list[tuple[int, int]] = []
    blocks = retrieval_outcomes(
        rows, labels, rows, labels, np.arange(80), lambda done, all_: told.append((done, all_))
    )
    for name in whole.__dataclass_fields__:
        assert np.allclose(
            getattr(whole, name), getattr(blocks, name), rtol=0, atol=1e-14, equal_nan=True
        )
    assert told[0] == (3, 80)
    assert told[-1] == (80, 80)


def test_no_queries_no_outcomes() -> None:
    found = retrieval_outcomes(compass(0)[:0], np.zeros(0, int), compass(0), np.array([0]))
    assert found.map_at_r.shape == (0,)


@pytest.mark.parametrize(
    ("gallery", "labels", "same_row", "message"),
    [
        (compass(0)[:0], np.zeros(0, int), None, "0 rows"),
        (compass(0, 1), np.zeros(1, int), None, "do not fit"),
        (compass(0, 1), np.zeros(2, int), np.array([2]), "between -1 and 1"),
    ],
)
def test_what_does_not_fit_is_refused(
    gallery: np.ndarray, labels: np.ndarray, same_row: np.ndarray | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        retrieval_outcomes(compass(0), np.array([0]), gallery, labels, same_row)
