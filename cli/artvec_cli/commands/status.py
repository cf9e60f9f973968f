"""`artvec status`: is a collection complete, and does it still match its pictures?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from artvec.core.errors import ArtvecError, command
from artvec.core.wording import first_few
from artvec_cli import options
from artvec_cli.options import examples
from artvec_cli.render import Output

if TYPE_CHECKING:
    from artvec.commands.status import StatusReport

EPILOG = examples(
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
    from artvec.api.states import Status
    from artvec.collection import locate
    from artvec.commands.status import collection_status

    output = Output(quiet, as_json)
    report = collection_status(locate.existing(index, command="artvec status"), source)
    show(report, output, verbose=verbose)
    output.object(Status(report).to_dict())
    check_complete(report)
    return 0


def check_complete(report: StatusReport) -> None:
    """End with exit code 1, and the command to type next, where a collection is not complete."""
    if report.complete:
        return
    if report.damaged or report.foreign:
        hint = f"mend it: {command('verify', '--repair', '-i', report.index)}"
    else:
        hint = f"bring it up to date: {command('embed', report.source, '-i', report.index)}"
    raise ArtvecError(f"{report.index.name} is not complete", hint)


def show(report: StatusReport, output: Output, *, verbose: bool) -> None:
    """Print a report; of long lists the beginning, all where verbose."""
    listed = None if verbose else _LISTED
    output.notes(report.notes)
    state = "complete" if report.complete else "not complete"
    output.line(f"{report.index.name}: {report.rows} rows, {state}")
    encoder = report.encoder
    output.line(
        f"encoder {encoder.backbone}, {encoder.dim} dimensions, {report.dtype}, "
        f"{report.size_bytes / 1e6:.1f} MB; source {report.source}"
    )
    for name in ("missing", "stale", "orphaned", "damaged", "foreign"):
        paths = getattr(report, name)
        if paths:
            shown = first_few(paths, listed or len(paths))
            output.line(f"{name}: {len(paths)} ({shown})")
