"""`artvec verify`: is every byte of a collection intact? And mend it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from artvec.core.errors import ArtvecError, command
from artvec_cli import options
from artvec_cli.commands import status
from artvec_cli.options import examples
from artvec_cli.render import Output

if TYPE_CHECKING:
    from artvec.commands.status import StatusReport
    from artvec.commands.verify import RepairReport

EPILOG = examples(
    "artvec verify",
    "artvec verify -i paintings --repair",
    "artvec verify --repair --source /mnt/new/paintings",
    "artvec verify --export paintings.parquet",
)


def verify_command(
    index: options.Index = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Embed again what is damaged; the rest is kept.")
    ] = False,
    source: options.SourceMoved = None,
    exported: Annotated[
        Path | None,
        typer.Option("--export", metavar="FILE", help="Compare an exported file, too."),
    ] = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    as_json: options.Json = False,
) -> int:
    """Compare every byte of a collection with its checksums; exit 1 if it is not whole."""
    from artvec.collection import locate
    from artvec.commands.export import format_of, matches
    from artvec.commands.verify import verify_collection

    output = Output(quiet, as_json)
    find = locate.repairable if repair else locate.existing
    folder = find(index, command="artvec verify")
    mended = _mend(folder, source, output) if repair else None
    with output.progress("verifying") as progress:
        report = verify_collection(folder, source, progress)
    status.show(report, output, verbose=verbose)
    same = matches(folder, exported) if exported and not report.damaged else None
    output.object(_fields(report, mended, same))
    if mended and (mended.lost or mended.unreadable_rows > mended.rebuilt):
        raise ArtvecError(
            "not every row could be brought back: pictures are no longer in the source",
            "restore them (--json lists them) and run artvec embed again",
        )
    status.check_complete(report)
    if exported is not None and same is False:
        raise ArtvecError(
            f"{exported} is not what {report.index.name} exports today",
            "write it anew: "
            + command("export", "-i", folder, "--format", format_of(exported), "-o", exported),
        )
    return 0


def _fields(report: StatusReport, mended: RepairReport | None, same: bool | None) -> dict[str, Any]:
    from artvec.api.states import Status

    fields = Status(report).to_dict()
    if mended:
        names = ("rebuilt", "lost", "unreadable_rows")
        fields["repaired"] = {name: getattr(mended, name) for name in names}
    if same is not None:
        fields["export_matches"] = same
    return fields


def _mend(folder: Path, source: Path | None, output: Output) -> RepairReport:
    from artvec.commands.verify import repair_collection

    with output.progress("repairing") as progress:
        mended = repair_collection(folder, source, progress)
    output.notes(mended.notes)
    output.line(f"repaired: {mended.rebuilt} rows embedded again, {len(mended.lost)} lost")
    return mended
