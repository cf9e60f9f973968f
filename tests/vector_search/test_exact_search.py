"""Checks exact search against a full sort written out, and against FAISS's flat index."""

from __future__ import annotations

import faiss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artvec.core.errors import ArtvecError
from artvec.core.results import Matches
from artvec.vector_search import exact_search, unit_rows

FEW, MANY = 3, 300
both_paths = pytest.mark.parametrize("count", [FEW, MANY])


def all_scores(rows: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """Return (Q, N) cosines in double precision; 0 where either vector is zero."""
    a, b = queries.astype(np.float64), rows.astype(np.float64)
    lengths = np.linalg.norm(a, axis=1)[:, None] * np.linalg.norm(b, axis=1)[None, :]
    return np.where(lengths > 0, a @ b.T / np.where(lengths > 0, lengths, 1), 0.0)


def check(found: Matches, rows: np.ndarray, queries: np.ndarray, k: int) -> None:
    """Compare with a full sort: scores in order, each row's own score, none twice."""
    scores, real = all_scores(rows, queries), min(k, len(rows))
    best = -np.sort(-scores, axis=1)[:, :real]
    assert found.rows.shape == found.scores.shape == (len(queries), k)
    assert (found.rows.dtype, found.scores.dtype) == (np.int64, np.float32)
    assert np.allclose(found.scores[:, :real], best, atol=1e-5)
    own = np.take_along_axis(scores, found.rows[:, :real], axis=1)
    assert np.allclose(own, best, atol=1e-5)
    assert all(len(set(line)) == real for line in found.rows[:, :real].tolist())
    assert (found.rows[:, real:] == -1).all()
    assert (found.scores[:, real:] == -np.inf).all()


@settings(deadline=None, max_examples=150)
@given(
    sizes=st.lists(st.integers(0, 12), max_size=5),
    count=st.sampled_from([1, FEW, MANY]),
    k=st.integers(1, 40),
    dim=st.integers(1, 9),
    half=st.booleans(),
    seed=st.integers(0, 2**16),
)
def test_any_blocks_give_a_full_sort(
    sizes: list[int], count: int, k: int, dim: int, half: bool, seed: int
) -> None:
    """Blocks of any size, empty ones too, some rows zero, some twice, some float16."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((sum(sizes), dim)) * rng.choice([0.0, 0.01, 1, 500], (sum(sizes), 1))
    if len(rows) > 3:
        rows[-1] = rows[0]
    rows = rows.astype(np.float16 if half else np.float32)
    queries = (rng.standard_normal((count, dim)) * 7).astype(np.float32)
    queries[0] = 0
    blocks = np.split(rows, np.cumsum(sizes)[:-1]) if sizes else []
    check(exact_search(blocks, queries, k), rows.reshape(-1, dim), queries, k)


@both_paths
def test_the_same_as_faiss(count: int) -> None:
    """Against IndexFlatIP over all 5,000 rows at once; ties compared by score."""
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((5000, 32)).astype(np.float32)
    queries = rng.standard_normal((count, 32)).astype(np.float32)
    index, units, wanted = faiss.IndexFlatIP(32), rows.copy(), queries.copy()
    faiss.normalize_L2(units)
    faiss.normalize_L2(wanted)
    index.add(units)
    scores, ids = index.search(wanted, 10)
    found = exact_search(np.split(rows, [1024, 2048, 4999]), queries, 10)
    assert np.allclose(found.scores, scores, atol=1e-6)
    differ = found.rows != ids
    assert np.allclose(found.scores[differ], scores[differ], atol=1e-6)
    assert differ.mean() < 0.01


@both_paths
def test_an_example_by_hand(count: int) -> None:
    """The query points east; north-east has cosine 1/√2, north and nothing 0, west -1."""
    rows = np.array([[0, 5], [3, 3], [-2, 0], [0, 0], [9, 0]], dtype=np.float32)
    queries = np.tile(np.array([[2, 0]], dtype=np.float32), (count, 1))
    found = exact_search([rows[:2], rows[2:]], queries, 5)
    assert found.rows.tolist() == [[4, 1, 0, 3, 2]] * count
    assert np.allclose(found.scores, [1, 0.5**0.5, 0, 0, -1], atol=1e-6)


@both_paths
def test_a_zero_query_is_like_nothing(count: int) -> None:
    """Its similarity to everything is 0, so rows come by number."""
    rows = np.random.default_rng(0).standard_normal((6, 4)).astype(np.float32)
    found = exact_search([rows], np.zeros((count, 4), dtype=np.float32), 6)
    assert found.rows.tolist() == [[0, 1, 2, 3, 4, 5]] * count
    assert (found.scores == 0).all()


@both_paths
@pytest.mark.parametrize("k", [1, 5, 1000])
def test_duplicates_tie_by_row_number(count: int, k: int) -> None:
    """A thousand equal rows in two blocks: the first k of them, also where k cuts the tie."""
    rows = np.tile(np.array([[0, 4]], dtype=np.float32), (1000, 1))
    queries = np.tile(np.array([[0, 2]], dtype=np.float32), (count, 1))
    found = exact_search([rows[:900], rows[900:]], queries, k)
    assert (found.scores == 1).all()
    assert (found.rows == np.arange(k)).all()


@both_paths
def test_inputs_are_left_alone(count: int) -> None:
    rng = np.random.default_rng(0)
    block = (rng.standard_normal((50, 8)) * 3).astype(np.float32)
    queries = (rng.standard_normal((count, 8)) * 3).astype(np.float32)
    before = block.copy(), queries.copy()
    block.flags.writeable = queries.flags.writeable = False  # as a mapped shard is
    exact_search([block], queries, 4)
    assert np.array_equal(block, before[0])
    assert np.array_equal(queries, before[1])


@both_paths
@pytest.mark.parametrize("scale", [1e-23, 1e-15, 1e15, 1e19])
def test_length_plays_no_part(count: int, scale: float) -> None:
    """Whole float32 range: squares of such lengths leave it, their cosines don't."""
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((20, 4)).astype(np.float32)
    queries = rng.standard_normal((count, 4)).astype(np.float32)
    found = exact_search([rows * np.float32(scale)], queries, 20)
    expected = -np.sort(-all_scores(rows, queries), axis=1)
    assert np.allclose(found.scores, expected, atol=1e-5)


@both_paths
def test_a_row_that_is_no_number_is_refused(count: int) -> None:
    """Its similarities would be no numbers either, and FAISS would put -1 in its place."""
    rng = np.random.default_rng(0)
    blocks = np.split(rng.standard_normal((6, 4)).astype(np.float32), [3])
    blocks[1][1] = np.nan
    with pytest.raises(ArtvecError, match="1 vector is not finite"):
        exact_search(blocks, rng.standard_normal((count, 4)).astype(np.float32), 6)


@pytest.mark.parametrize("k", [0, -1])
def test_no_neighbour_is_no_question(k: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        exact_search([np.eye(3, dtype=np.float32)], np.eye(3, dtype=np.float32), k)


def test_no_query_no_match() -> None:
    found = exact_search([np.ones((4, 3), dtype=np.float32)], np.ones((0, 3), dtype=np.float32), 2)
    assert found.rows.shape == found.scores.shape == (0, 2)


def test_unit_rows_are_a_copy_of_length_one() -> None:
    """(3, 4) has length 5; zero stays zero; float16 is widened; the argument is untouched."""
    given_rows = np.array([[3, 4], [0, 0]], dtype=np.float16)
    units = unit_rows(given_rows)
    assert units.dtype == np.float32
    assert np.allclose(units, [[0.6, 0.8], [0, 0]])
    assert given_rows.tolist() == [[3, 4], [0, 0]]


@pytest.mark.parametrize("cards", [1, 3])
def test_every_card_answers_a_part_of_the_queries(
    cards: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a card: the CPU's kernel stands in, and notes which cards were asked."""
    asked: set[int] = set()

    def knn(
        _: object, *rest: np.ndarray, metric: int, device: int
    ) -> tuple[np.ndarray, np.ndarray]:
        asked.add(device)
        return faiss.knn(*rest, metric=metric)

    monkeypatch.setattr(faiss, "get_num_gpus", lambda: cards, raising=False)
    monkeypatch.setattr(faiss, "StandardGpuResources", object, raising=False)
    monkeypatch.setattr(faiss, "knn_gpu", knn, raising=False)
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((90, 7)).astype(np.float32)
    queries = rng.standard_normal((MANY, 7)).astype(np.float32)
    check(exact_search(np.split(rows, [40, 41]), queries, 5), rows, queries, 5)
    assert asked == set(range(cards))


def test_a_long_search_finds_what_faiss_finds() -> None:
    """100,000 rows, many queries at once: thousands nearly alike, copies, zero rows."""
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((100_000, 256), dtype=np.float32)
    rows[60_000:65_000] = rows[0] + 0.01 * rows[60_000:65_000]
    rows[70_000:70_300] = rows[1]
    rows[80_000:80_100] = 0
    rows[90_000:] *= rng.choice(np.float32([1e-18, 1e-9, 1e15]), (10_000, 1))
    queries = rng.standard_normal((1000, 256), dtype=np.float32)
    queries[0], queries[1], queries[2] = rows[0], 3 * rows[1], 0
    index = faiss.IndexFlatIP(256)
    index.add(unit_rows(rows))
    scores, ids = index.search(unit_rows(queries), 10)
    found = exact_search(np.split(rows, range(1024, len(rows), 1024)), queries, 10)
    assert np.allclose(found.scores, scores, atol=1e-6)
    differ = found.rows != ids
    assert np.allclose(found.scores[differ], scores[differ], atol=1e-6)
    assert differ[3:].mean() < 0.001  # of the first three, copies and zeros tie
    assert set(found.rows[1].tolist()) <= {1, *range(70_000, 70_300)}
    assert found.rows[2].tolist() == list(range(10))


@pytest.mark.parametrize("value", [1e-39, 3e-39, 1e-37, 1e37])
@pytest.mark.parametrize("dim", [2, 300])
def test_rows_near_the_ends_of_fp32(value: float, dim: int) -> None:
    """One over a length below 3e-39 is more than fp32 holds; the nearest rows are found."""
    rng = np.random.default_rng(0)
    rows = (rng.choice([-1, 1, 2], (900, dim)) * value).astype(np.float32)
    queries = rng.standard_normal((300, dim)).astype(np.float32)
    wide = rows.astype(np.float64)
    exact = wide / np.linalg.norm(wide, axis=1, keepdims=True) @ unit_rows(queries).T  # (N, Q)
    found = exact_search([rows], queries, 5)
    np.testing.assert_allclose(found.scores, -np.sort(-exact.T, axis=1)[:, :5], atol=2e-6)
