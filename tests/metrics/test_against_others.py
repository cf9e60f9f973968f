"""Every figure equals an independent implementation to 1e-6, on drawn and on hostile inputs."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.agreement import COMPARISONS, Case, adversarial_cases, difference, random_case

every_figure = pytest.mark.parametrize(
    "compare", [compare for _, compare in COMPARISONS.values()], ids=list(COMPARISONS)
)
quietly = pytest.mark.filterwarnings("ignore")


@quietly
@every_figure
def test_on_hostile_inputs(compare: Callable[[Case], Any]) -> None:
    """Ties, duplicates, zeros, classes of one, one class, a gallery that lacks the class."""
    worst = {case.name: difference(case, compare)[0] for case in adversarial_cases()}
    assert max(worst.values()) < 1e-6, worst


@quietly
@every_figure
# The same cases every time: cosines that differ by less than fp32 tells apart may change places.
@settings(deadline=None, max_examples=12, derandomize=True)
@given(seed=st.integers(1000, 10**6))
def test_on_drawn_inputs(compare: Callable[[Case], Any], seed: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert difference(random_case(seed), compare)[0] < 1e-6
