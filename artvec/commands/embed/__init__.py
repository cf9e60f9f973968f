"""The command `embed`: a folder of pictures becomes, or stays, a collection."""

from artvec.commands.embed.embed_options import EmbedOptions, EmbedReport
from artvec.commands.embed.embedding import embed_images
from artvec.commands.embed.rehearsal import DryRun, Estimate, dry_run

__all__ = [
    "DryRun",
    "EmbedOptions",
    "EmbedReport",
    "Estimate",
    "dry_run",
    "embed_images",
]
