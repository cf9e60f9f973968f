"""What a clustering's report shows beside the clusters: copies, evaluation, skipped files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from artvec_cli.render import Output

if TYPE_CHECKING:
    from artvec.commands.cluster import ClusterReport
    from artvec.near_duplicates import Found
    from artvec.reports.cluster import Evaluated, Findings


def gathered(report: ClusterReport, output: Output) -> Findings:
    """Return the clusters with everything else that is known of their collection."""
    from artvec.collection.failures import known_failures
    from artvec.collection.reader import open_collection
    from artvec.near_duplicates import find_near_duplicates
    from artvec.reports.cluster import Findings

    assert report.projection is not None
    collection = open_collection(report.index)
    with output.progress("looking for copies") as progress:
        copies = find_near_duplicates(collection, progress)
    evaluation, notes = _evaluated(report, copies, output)
    return Findings(
        collection=collection,
        groups=report.groups,
        projection=report.projection,
        quality=report.metrics,
        copies=copies.copies,
        evaluation=evaluation,
        failures=tuple(known_failures(report.index, artvec_version=None).values()),
        notes=(*report.cautions, *notes),
    )


def _evaluated(
    report: ClusterReport, copies: Found, output: Output
) -> tuple[Evaluated | None, tuple[str, ...]]:
    """Evaluate the collection by its labels; where that can't be done, say why."""
    from artvec.commands.evaluate import evaluate_collection
    from artvec.core.errors import ArtvecError
    from artvec.reports.cluster import Evaluated

    try:
        with output.progress("evaluating") as progress:
            found = evaluate_collection(report.index, copies=copies, progress=progress)
    except ArtvecError as refusal:
        return None, (f"not evaluated: {refusal.message}",)
    if found.confusion is None:
        return None, found.warnings
    by = found.confusion.classifier.replace("_", " ").replace("knn20", "20 nearest neighbours")
    evaluated = Evaluated(
        f"the {by}", found.confusion.classes, found.confusion.counts, found.metrics
    )
    return evaluated, found.warnings
