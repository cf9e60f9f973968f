"""`artvec status`: is a collection complete, and does it still match its pictures?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from artvec.errors import ArtvecError
from artvec_cli import options
from artvec_cli.options import examples
from artvec_cli.render import Output

if TYPE_CHECKING:
    from artvec.status import StatusReport

EXAMPLES = examples(
    "artvec status",
    "artvec status -i paintings --source /mnt/new/paintings",
)
_LISTED = 5


def status_command(
    index: options.Index = None,
    source: options.SourceMoved = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    as_json: options.Json = False,
) -> int:
    """Say whether a collection is complete; exit 1 if it is not."""
    from artvec.collection import locate
    from artvec.status import status

    output = Output(quiet, as_json)
    report = status(locate.existing(index, command="artvec status"), source)
    _render(report, output, listed=None if verbose else _LISTED)
    if not report.complete:
        raise ArtvecError(
            f"{report.index.name} is not complete",
            f"artvec embed {report.source} -i {report.index} brings it up to date",
        )
    return 0


def _render(report: StatusReport, output: Output, *, listed: int | None) -> None:
    output.notes(report.notes)
    state = "complete" if report.complete else "not complete"
    output.line(f"{report.index.name}: {report.rows} rows, {state}")
    encoder = report.encoder
    output.line(
        f"encoder {encoder.backbone}, {encoder.dim} dimensions, {report.dtype}, "
        f"{report.size_bytes / 1e6:.1f} MB; source {report.source}"
    )
    for name in ("missing", "stale", "orphaned", "damaged"):
        paths = getattr(report, name)
        if paths:
            more = ", …" if listed is not None and len(paths) > listed else ""
            output.line(f"{name}: {len(paths)} ({', '.join(paths[:listed])}{more})")
    output.object({name: getattr(report, name) for name in report.__dataclass_fields__})
