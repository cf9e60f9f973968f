"""The share of the trained weights: by hand, on val and watched figures."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from artvec.commands.train.weight_choice import choose_share
from artvec.core.results import Interval

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)


def _figures(**columns: tuple[float, ...]) -> list[Mapping[str, Interval]]:
    rows = zip(*columns.values(), strict=True)
    return [
        {name: Interval(value, value, value) for name, value in zip(columns, row, strict=True)}
        for row in rows
    ]


def test_the_smallest_share_that_keeps_95_hundredths_of_the_gain() -> None:
    """The gain is .20 at its best; .19 of it is there at .75, and .18 at .5."""
    val = _figures(accuracy=(0.7, 0.8, 0.88, 0.89, 0.9))
    assert choose_share(SHARES, val) == 0.75
    assert choose_share(SHARES, val, least=0.9) == 0.5


def test_every_figure_has_to_keep_its_gain() -> None:
    val = _figures(
        accuracy=(0.7, 0.9, 0.9, 0.9, 0.9),
        precision_at_5=(0.5, 0.6, 0.7, 0.7, 0.7),
        silhouette_cosine=(0.1, 0.2, 0.3, 0.495, 0.5),
    )
    assert choose_share(SHARES, val) == 0.75


def test_a_share_between_may_be_best() -> None:
    assert choose_share(SHARES, _figures(accuracy=(0.7, 0.8, 0.9, 0.85, 0.8))) == 0.5


def test_figures_that_nothing_improves_do_not_vote() -> None:
    val = _figures(accuracy=(0.7, 0.9, 0.9, 0.9, 0.9), silhouette_cosine=(0.3, 0.2, 0.1, 0.1, 0.0))
    assert choose_share(SHARES, val) == 0.25


def test_a_phase_that_gained_nothing_is_undone() -> None:
    assert choose_share(SHARES, _figures(accuracy=(0.9, 0.9, 0.8, 0.8, 0.7))) == 0.0


def test_figures_best_at_different_shares_share_the_loss() -> None:
    """At .5 both keep at least .6; nowhere else does the worse one keep as much."""
    val = _figures(accuracy=(0.5, 1.0, 0.8, 0.7, 0.6), precision_at_5=(0.5, 0.5, 0.8, 0.9, 1.0))
    assert choose_share(SHARES, val) == 0.5


def _watched(**columns: tuple[float, ...]) -> list[dict[str, Mapping[str, Interval]]]:
    return [{"things": figures} for figures in _figures(**columns)]


def test_abroad_decides_among_those_that_keep_the_gain() -> None:
    val = _figures(accuracy=(0.7, 0.8, 0.9, 0.9, 0.9))
    assert choose_share(SHARES, val, _watched(precision_at_5=(0.9, 0.8, 0.6, 0.7, 0.5))) == 0.75
    assert choose_share(SHARES, val, _watched(precision_at_5=(0.9, 0.8, 0.7, 0.7, 0.5))) == 0.5


def test_every_watched_collection_counts_alike() -> None:
    """Means over both: .55 at .75 and .60 at 1."""
    val = _figures(accuracy=(0.7, 0.8, 0.8, 0.9, 0.9))
    things = _figures(precision_at_5=(0.9, 0.9, 0.9, 0.6, 0.4))
    towns = _figures(precision_at_5=(0.9, 0.9, 0.9, 0.5, 0.8))
    watched = [{"things": a, "towns": b} for a, b in zip(things, towns, strict=True)]
    assert choose_share(SHARES, val, watched) == 1.0


def test_rounding_does_not_choose() -> None:
    """(.7 + .19) - .7 is below .95 · ((.7 + .2) - .7) by rounding in binary."""
    val = _figures(accuracy=(0.7, 0.7 + 0.19, 0.7 + 0.2, 0.7 + 0.2, 0.7 + 0.2))
    assert choose_share(SHARES, val) == pytest.approx(0.25)
