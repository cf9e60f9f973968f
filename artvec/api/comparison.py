"""What a comparison of encoders found."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from artvec.api.display import Tabular
from artvec.api.results import finite_or_none, interval_of, intervals_of, plain_object
from artvec.core.json_types import without_none

if TYPE_CHECKING:
    from artvec.commands.compare import Comparison as ComparisonReport
    from artvec.commands.compare import Pair
    from artvec.commands.compare import Row as ComparedRow


@dataclass(frozen=True, repr=False)
class Comparison(Tabular):
    """Encoders side by side on the same images, with intervals of their differences.

    Attributes:
        report: All that was found; see `artvec.commands.compare.Comparison`.
    """

    report: ComparisonReport

    def to_dict(self) -> dict[str, Any]:
        """Return what `artvec compare --json` prints; what doesn't apply is absent."""
        report, protocol = self.report, self.report.protocol
        return plain_object(
            {
                "rows": [_compared_fields(row) for row in report.rows],
                "paired": [_pair_fields(pair) for pair in report.pairs],
                "rankings": report.rankings,
                "protocol": without_none(
                    {name: getattr(protocol, name) for name in protocol.__dataclass_fields__}
                ),
                "leaks": report.leaks,
                "cautions": report.cautions,
                "notes": report.notes,
            }
        )

    def records(self) -> list[dict[str, Any]]:
        """Return a record a pair and figure: the difference a minus b, and its verdict."""
        return [
            {
                "figure": pair.metric,
                "a": pair.a,
                "b": pair.b,
                "difference": pair.difference.value,
                "low": finite_or_none(pair.difference.low),
                "high": finite_or_none(pair.difference.high),
                "verdict": pair.verdict,
            }
            for pair in self.report.pairs
        ]

    def shown(self) -> list[dict[str, Any]]:
        """Return the ranking: a record a collection."""
        from artvec.commands.compare import ranking_table

        titles, lines = ranking_table(self.report.rows)
        return [dict(zip(titles, line, strict=True)) for line in lines]

    def title(self) -> str:
        """Say in a sentence who is best, as far as that can be said."""
        report = self.report
        words = (*report.rankings.words, *report.cautions)
        return f"{len(report.rows)} collections, {report.protocol.images:,} images. " + " ".join(
            words
        )


def _compared_fields(row: ComparedRow) -> dict[str, Any]:
    own = {n: getattr(row, n) for n in row.__dataclass_fields__ if n not in ("metrics", "cost")}
    own["geometry"] = {name: value for name, value in row.geometry.items() if math.isfinite(value)}
    metrics = intervals_of(row.metrics)
    return without_none({**own, **row.ranking, "metrics": metrics, "engine": row.cost.engine})


def _pair_fields(pair: Pair) -> dict[str, Any]:
    fields = without_none({name: getattr(pair, name) for name in pair.__dataclass_fields__})
    interval = interval_of(fields.pop("difference"))
    return fields | {"difference": interval.pop("value")} | interval
