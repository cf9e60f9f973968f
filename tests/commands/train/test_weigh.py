"""How much the trained half weighs, when watched collections have a say."""

from __future__ import annotations

import pytest

from artvec.commands.train.weight_choice import Precision, choose_anchor
from artvec.encoding.backbones.anchored import Anchor

ASKED = Anchor(1.5, 20.0)


def by_weight(start: float, slope: float) -> Precision:
    """Return a precision that changes with the weight, from that of the backbone as it came."""
    return lambda anchor: start if anchor is None else start + slope * anchor.weight


@pytest.mark.parametrize(
    ("in_domain", "out_of_domain", "weight"),
    [
        (by_weight(0.5, 0.0), by_weight(0.4, -0.01), 1.8),  # 1.8 points lost by the heaviest
        (by_weight(0.5, 0.0), by_weight(0.4, -0.019), 1.5),  # 3.42, then 2.85
        (by_weight(0.5, 0.0), by_weight(0.4, -0.024), 1.2),  # …, 3.24, then 2.88
        (by_weight(0.5, 0.2), by_weight(0.4, -0.024), 1.5),  # .9 of it keeps .9 of the gain
        (by_weight(0.5, 0.0), by_weight(0.4, -0.9), 0.6),  # the lightest there is
        (by_weight(0.5, -0.1), by_weight(0.4, -0.024), 1.2),  # lighter loses less in domain, too
    ],
)
def test_the_heaviest_that_loses_no_more_than_three_points(
    in_domain: Precision, out_of_domain: Precision, weight: float
) -> None:
    chosen = choose_anchor(ASKED, in_domain, out_of_domain)
    assert (chosen.weight, chosen.length) == (pytest.approx(weight), ASKED.length)
