"""`artvec verify`: is every byte of a collection intact? And mend it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from artvec.errors import ArtvecError
from artvec_cli import options
from artvec_cli.commands import status
from artvec_cli.options import examples
from artvec_cli.render import Output

if TYPE_CHECKING:
    from artvec.embed import RepairReport

EXAMPLES = examples(
    "artvec verify",
    "artvec verify -i paintings --repair",
    "artvec verify --repair --source /mnt/new/paintings",
)


def verify_command(
    index: options.Index = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Embed again what is damaged; the rest is kept.")
    ] = False,
    source: options.SourceMoved = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    as_json: options.Json = False,
) -> int:
    """Compare every byte of a collection with its checksums; exit 1 if it is not whole."""
    from artvec.collection import locate
    from artvec.status import verify

    output = Output(quiet, as_json)
    find = locate.repairable if repair else locate.existing
    folder = find(index, command="artvec verify")
    mended = _mend(folder, source, output) if repair else None
    with output.progress("verifying") as progress:
        report = verify(folder, source, progress)
    status.show(report, output, verbose=verbose)
    fields = status.fields_of(report)
    if mended:
        fields["repaired"] = {
            "rebuilt": mended.rebuilt,
            "lost": mended.lost,
            "unreadable_rows": mended.unreadable_rows,
        }
    output.object(fields)
    if mended and (mended.lost or mended.unreadable_rows > mended.rebuilt):
        raise ArtvecError(
            "not every row could be brought back: pictures are no longer in the source",
            "restore them (--json lists them) and run artvec embed again",
        )
    status.check_complete(report)
    return 0


def _mend(folder: Path, source: Path | None, output: Output) -> RepairReport:
    from artvec.embed import repair

    with output.progress("repairing") as progress:
        mended = repair(folder, source, progress)
    output.notes(mended.notes)
    output.line(f"repaired: {mended.rebuilt} rows embedded again, {len(mended.lost)} lost")
    return mended
