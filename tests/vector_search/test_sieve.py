"""Checks that the sieve of long searches loses no row that is near enough, and finds FAISS's."""

from __future__ import annotations

import subprocess
import sys

import faiss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artvec.core.runtime import has_bf16
from artvec.vector_search import exact_search, unit_rows
from artvec.vector_search.sieve import error_bound, sieved


@settings(deadline=None, max_examples=60)
@given(
    dim=st.sampled_from([1, 2, 7, 64, 300, 956, 1280]),
    sizes=st.lists(st.integers(1, 200), min_size=1, max_size=4),
    spread=st.sampled_from([1e-6, 1e-3, 0.1, 1.0]),
    scale=st.sampled_from([1e-37, 1e-30, 1e-3, 1.0, 1e30, 1e37]),
    half=st.booleans(),
    signs=st.booleans(),
    seed=st.integers(0, 2**16),
)
def test_no_row_above_a_floor_is_lost(
    dim: int, sizes: list[int], spread: float, scale: float, half: bool, signs: bool, seed: int
) -> None:
    """Rows close together, or made of signs, round alike; floors lie at rows' own cosines."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal(dim) + spread * rng.standard_normal((sum(sizes), dim))
    queries = rng.standard_normal((20, dim))
    if signs:
        rows, queries = np.sign(rows), np.sign(rows[:1] * rng.choice([1, 1, 1, -1], (20, dim)))
    rows = rows.astype(np.float16) if half else (rows * scale).astype(np.float32)
    rows[rng.integers(len(rows))] = 0
    units = unit_rows(queries)
    exact = unit_rows(rows).astype(np.float64) @ units.astype(np.float64).T  # (N, Q)
    floors = exact[rng.integers(len(rows), size=20), np.arange(20)].astype(np.float32)
    blocks = np.split(rows, np.cumsum(sizes)[:-1])
    seen = list(sieved(blocks, units, floors))
    assert [id(block) for block, _ in seen] == [id(block) for block in blocks]
    first = 0
    for block, survivors in seen:
        own = exact[first : first + len(block)]
        first += len(block)
        if survivors is None:
            norms = np.linalg.norm(block.astype(np.float64), axis=1)
            unbounded = ((norms > 0) & ((norms < 1.1e-37) | (norms > 0.9e37))).any()
            assert unbounded or (own >= floors - 2 * error_bound(dim)).sum() > 20
            continue
        kept = np.zeros(own.shape, dtype=bool)
        kept[survivors.rows, survivors.queries] = True
        assert kept[own > floors + 1e-6].all()
        assert np.allclose(survivors.scores, own[survivors.rows, survivors.queries], atol=2e-6)


def test_a_long_search_finds_what_faiss_finds() -> None:
    """100,000 rows, long enough for the sieve: thousands nearly alike, copies, zero rows."""
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
    if has_bf16():  # elsewhere BLAS's sums decide, which differ at the edges of a block
        assert found.rows[1].tolist() == [1, *range(70_000, 70_009)]


BROKEN = """
import time
import numpy as np
from artvec.vector_search.sieve import sieved
rng = np.random.default_rng(0)
rows = rng.standard_normal((12_000, 1280), dtype=np.float32)  # a tenth of a second, 61 MB
def blocks():
    yield rows[:100]
    yield rows
    raise OSError("the disk is gone")
seen = sieved(blocks(), np.eye(1000, 1280, dtype=np.float32), np.full(1000, 0.9, np.float32))
try:
    {how}
except OSError as error:
    print(error)
time.sleep(0.3)
"""


@pytest.mark.parametrize("how", ["list(seen)", "next(seen); seen.close()", "next(seen); del seen"])
def test_a_search_that_is_broken_off_ends_in_order(how: str) -> None:
    """A block is being multiplied at that moment; in processes, as it might crash them."""
    for _ in range(3):
        command = [sys.executable, "-c", BROKEN.format(how=how)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        assert done.stdout == ("the disk is gone\n" if "list" in how else "")


@pytest.mark.parametrize("value", [1e-39, 3e-39, 1e-37, 1e37])
@pytest.mark.parametrize("dim", [2, 300])
def test_rows_near_the_ends_of_fp32(value: float, dim: int) -> None:
    """One over a length below 3e-39 is more than fp32 holds; no row is lost, none comes first."""
    rng = np.random.default_rng(0)
    rows = (rng.choice([-1, 1, 2], (900, dim)) * value).astype(np.float32)
    queries = rng.standard_normal((300, dim)).astype(np.float32)
    wide = rows.astype(np.float64)
    exact = wide / np.linalg.norm(wide, axis=1, keepdims=True) @ unit_rows(queries).T  # (N, Q)
    floors = np.sort(exact, axis=0)[-20].astype(np.float32)
    (seen,) = sieved([rows], unit_rows(queries), floors)
    if seen[1] is not None:
        kept = np.zeros(exact.shape, dtype=bool)
        kept[seen[1].rows, seen[1].queries] = True
        assert kept[exact > floors + 1e-6].all()
    found = exact_search([rows], queries, 5)
    np.testing.assert_allclose(found.scores, -np.sort(-exact.T, axis=1)[:, :5], atol=2e-6)
