"""The verb `embed`: a folder of pictures becomes, or stays, a collection."""

from artvec.embed.options import EmbedOptions, EmbedReport
from artvec.embed.repair import RepairReport, repair
from artvec.embed.verb import embed

__all__ = ["EmbedOptions", "EmbedReport", "RepairReport", "embed", "repair"]
