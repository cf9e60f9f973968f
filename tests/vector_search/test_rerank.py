"""Checks that rows are gathered from wherever their blocks lie, as from one array."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artvec.vector_search.rerank import mapped


@given(
    lengths=st.lists(st.integers(0, 5), min_size=1, max_size=8).filter(any),
    dim=st.integers(1, 9),
    kinds=st.sampled_from([["<f4"], ["<f2"], ["<f4", "<f2"]]),
    lie=st.lists(st.sampled_from(["owned", "strided", "columns", "unaligned"]), min_size=1),
    seed=st.integers(0, 99),
)
def test_rows_are_those_of_the_blocks_put_together(
    lengths: list[int], dim: int, kinds: list[str], lie: list[str], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    blocks = []
    for at, length in enumerate(lengths):
        values = rng.normal(size=(length, dim)).astype(kinds[at % len(kinds)])
        blocks.append(laid_out(values, lie[at % len(lie)]))
    rng.shuffle(blocks)  # addresses fall as well as rise
    whole = np.concatenate(blocks).astype(np.float32)
    vectors = mapped(blocks)
    rows = rng.integers(0, len(whole), 20)
    assert vectors.count == len(whole)
    np.testing.assert_array_equal(vectors.take(rows), whole[rows])
    assert vectors.take(rows).dtype == np.float32
    ends = np.array([0, len(whole) - 1])
    np.testing.assert_array_equal(vectors.take(ends), whole[ends])


def laid_out(values: np.ndarray, lie: str) -> np.ndarray:
    """Return equal values that lie otherwise in memory."""
    length, dim = values.shape
    if lie == "strided":
        wide = np.zeros((2 * length, dim), values.dtype)
        wide[::2] = values
        return wide[::2]
    if lie == "columns":
        return np.asfortranarray(values)
    if lie == "unaligned":
        raw = np.frombuffer(b"." + values.tobytes(), np.uint8)[1:]
        return raw.view(values.dtype).reshape(length, dim)
    return values


def test_mapped_files_and_memory_far_apart(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    parts = [rng.normal(size=(700, 16)).astype(np.float32) for _ in range(6)]
    for at in (0, 3):
        np.save(tmp_path / f"{at}.npy", parts[at])
        parts[at] = np.load(tmp_path / f"{at}.npy", mmap_mode="r")
    rows = rng.integers(0, 4200, 500)
    np.testing.assert_array_equal(mapped(parts).take(rows), np.concatenate(parts)[rows])


@pytest.mark.parametrize("row", [-1, 7, 10**12])
def test_a_row_that_is_not_there_is_refused(row: int) -> None:
    """A window over memory would return something for it."""
    vectors = mapped([np.zeros((4, 3), np.float32), np.zeros((3, 3), np.float32)])
    with pytest.raises(IndexError, match="of 7"):
        vectors.take(np.array([0, row]))


def test_blocks_of_different_widths_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\[3, 4\]"):
        mapped([np.zeros((4, 3), np.float32), np.zeros((3, 4), np.float32)])


def test_no_rows_and_no_blocks() -> None:
    assert mapped([np.zeros((4, 3), np.float32)]).take(np.array([], int)).shape == (0, 3)
    assert mapped([np.zeros((0, 3), np.float32)]).count == 0
