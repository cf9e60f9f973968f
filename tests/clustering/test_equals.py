"""Equal rows: found by file and by vector, and never apart."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from artvec.clustering.assignment import Assignment
from artvec.clustering.equal_rows import first_of_equals, together


def test_the_first_of_the_same_file_or_the_same_vector() -> None:
    """Row 2 is the file of row 0 with other rounding, row 3 a file with that row's vector."""
    vectors = np.array([[1, 0], [0, 1], [1, 1e-7], [1, -0.0], [0, 1]], dtype=np.float32)
    np.testing.assert_array_equal(first_of_equals(vectors, list("abacd")), [0, 1, 0, 0, 1])  # type: ignore[arg-type]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30), st.integers(2, 8), st.data())
def test_equal_rows_are_together_and_many_are_no_noise(
    contents: list[int], least: int, data: st.DataObject
) -> None:
    rows = np.array(contents)
    labels = data.draw(st.lists(st.integers(-1, 3), min_size=len(rows), max_size=len(rows)))
    first = np.array([contents.index(content) for content in contents])
    scores = np.linspace(0, 1, len(rows), dtype=np.float32)
    found = together(Assignment(np.array(labels, np.int32), scores, scores), first, least)
    for content in set(contents):
        (cluster,) = set(found.clusters[rows == content].tolist())
        assert cluster >= 0 or (rows == content).sum() < least
    clusters = set(found.clusters.tolist()) - {-1}
    assert clusters == set(range(len(clusters)))
