"""`artvec cluster`: what groups there are, how good they are, and who belongs where."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from artvec.core.choices import ClusterMethod, MapMethod
from artvec.core.errors import ArtvecError
from artvec.core.wording import counted
from artvec_cli import options, places
from artvec_cli.options import examples
from artvec_cli.render import Output, table

if TYPE_CHECKING:
    from artvec.commands.cluster import ClusterOptions, ClusterReport, LabelTable

EPILOG = examples(
    "artvec cluster",
    "artvec cluster --method kmeans --clusters 12",
    "artvec cluster -i paintings --min-cluster-size 8 --map tsne",
    "artvec cluster --report",
    "artvec cluster --full --figures figures",
)
_PAGE = "clusters.html"
_ANNOUNCED_FROM_S = 10
_MOST_COLUMNS = 12


def cluster_command(
    index: options.Index = None,
    method: Annotated[
        ClusterMethod,
        typer.Option(help="hdbscan finds the number of clusters, and leaves noise out."),
    ] = "hdbscan",
    clusters: Annotated[
        int | None,
        typer.Option(
            help="Number of clusters for kmeans, agglomerative. Default: the number of labels, "
            "else the best."
        ),
    ] = None,
    min_cluster_size: Annotated[
        int | None,
        typer.Option(
            min=2,
            help="Smallest cluster of hdbscan. Default: half the square root of the rows, at "
            "least 5.",
        ),
    ] = None,
    map_method: Annotated[
        MapMethod | None,
        typer.Option(
            "--map", help="Kind of map; none makes no map. Default: the stored map, else umap."
        ),
    ] = None,
    new_map: Annotated[
        bool, typer.Option("--new-map", help="Make a new map even if one is stored.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Random seed.")] = 0,
    page: Annotated[
        bool, typer.Option("--report", help="Write a page to look at: reports/clusters.html.")
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="Write the page, and thumbnails of all rows beside it.")
    ] = False,
    figures: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write figures for papers (PNG) to this folder."),
    ] = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    as_json: options.Json = False,
) -> int:
    """Group the pictures of a collection; write reports/clusters.csv and a map beside them."""
    from artvec.api.results import Clusters
    from artvec.collection import locate
    from artvec.commands.cluster import ClusterOptions, cluster_collection

    output = Output(quiet, as_json)
    looks = _Looks(page or full, full, figures)
    folder = locate.existing(index, command="artvec cluster")
    _check(folder, looks, map_method)
    wanted = ClusterOptions(
        method,
        clusters,
        min_cluster_size,
        map_method,
        new_map,
        seed,
    )
    _announce(folder, wanted, output)
    with output.progress(f"grouping {folder.name}") as progress:
        report = cluster_collection(folder, wanted, progress)
    _show(report, output, verbose=verbose)
    files = _drawn(report, looks, output)
    output.object(Clusters(report).to_dict() | files)
    return 0


@dataclass(frozen=True, slots=True)
class _Looks:
    """What to draw: the page, its thumbnails in a folder, figures in a folder."""

    page: bool
    full: bool
    figures: Path | None

    @property
    def any(self) -> bool:
        return self.page or self.figures is not None


def _check(folder: Path, looks: _Looks, map_method: MapMethod | None) -> None:
    if looks.any and map_method == "none":
        raise ArtvecError(
            "a report needs a map", "leave out --map, or give umap or tsne", usage=True
        )
    if looks.page and (folder / "reports" / _PAGE).is_dir():
        raise ArtvecError(
            f"{folder / 'reports' / _PAGE} is a folder", "move it away: the page is written there"
        )
    if looks.page:
        places.check_folder(folder / "reports", "-i COLLECTION")
    places.check({}, looks.figures)


def _drawn(report: ClusterReport, looks: _Looks, output: Output) -> dict[str, Any]:
    """Write what there is to look at, and return it for the JSON object."""
    if not looks.any:
        return {}
    from artvec.commands.cluster import collect_findings
    from artvec.reports.cluster import write_page

    with output.progress("near-duplicates and evaluation") as progress:
        findings = collect_findings(report, progress)
    files: dict[str, Any] = {}
    try:
        if looks.page:
            place = report.csv.with_name(_PAGE)
            with output.progress("thumbnails") as progress:
                written = write_page(place, findings, full=looks.full, progress=progress)
            output.notes(written.notes)
            output.line(f"report: {written.file}")
            files["report"] = written.file
        if looks.figures is not None:
            from artvec.reports.cluster.figures import write_figures

            drawn = write_figures(looks.figures, findings)
            output.line(f"figures: {looks.figures} ({len(drawn)})")
            files["figures"] = list(drawn)
    except OSError as failure:
        raise ArtvecError(
            f"the report of {report.index} can't be written: {failure.strerror}",
            "free space or fix permissions, and run the command again; clusters and map are stored",
        ) from failure
    return files


def _announce(folder: Path, wanted: ClusterOptions, output: Output) -> None:
    """Say what a long run will take, before it begins."""
    from artvec.commands.cluster import expect

    cost = expect(folder, wanted)
    if cost.total_seconds >= _ANNOUNCED_FROM_S:
        minutes = cost.total_seconds / 60
        duration = f"{minutes:.0f} minutes" if minutes >= 2 else f"{cost.total_seconds:.0f} seconds"
        output.notes(
            [f"this takes about {duration} and {cost.memory_bytes / 1e9:.1f} GB of memory"]
        )


def _show(report: ClusterReport, output: Output, *, verbose: bool) -> None:
    output.notes(report.notes)
    output.line(
        f"{report.index.name}: {counted(report.n_clusters, 'cluster')} by {report.method}, "
        f"{counted(report.rows, 'row')}, {100 * report.noise_share:.1f} % noise"
    )
    output.line(
        f"reduced to {counted(report.reduced_dim, 'dimension')}, "
        f"{100 * report.variance_kept:.1f} % of the variance kept"
    )
    if output.json:
        return
    if report.metrics:
        table(("figure", "value"), [(n, f"{v:.3f}") for n, v in report.metrics.items()], {})
    if report.label_table is not None and (verbose or report.n_clusters <= _MOST_COLUMNS):
        _show_labels(report.label_table)
    output.line(f"rows: {report.csv}")
    if verbose:
        output.line(", ".join(f"{name} {seconds:.1f} s" for name, seconds in report.stages.items()))


def _show_labels(labels: LabelTable) -> None:
    clusters = range(labels.counts.shape[1] - 1)
    rows = [
        (name, *(str(count) if count else "." for count in counts))
        for name, counts in zip(labels.labels, labels.counts, strict=True)
    ]
    table(("label", *map(str, clusters), "noise"), rows, {}, shorten=["label"])
