"""The verb `embed`: a folder of pictures becomes, or stays, a collection."""

from artvec.embed.estimate import DryRun, Estimate, dry_run
from artvec.embed.options import EmbedOptions, EmbedReport
from artvec.embed.repair import RepairReport, repair
from artvec.embed.verb import embed

__all__ = [
    "DryRun",
    "EmbedOptions",
    "EmbedReport",
    "Estimate",
    "RepairReport",
    "dry_run",
    "embed",
    "repair",
]
