"""The command `search`: the rows of a collection most similar to given pictures."""

from artvec.commands.search.search_results import (
    Hit,
    Picture,
    QueryError,
    QueryHits,
    SearchOptions,
    SearchReport,
)
from artvec.commands.search.searching import search_collection

__all__ = [
    "Hit",
    "Picture",
    "QueryError",
    "QueryHits",
    "SearchOptions",
    "SearchReport",
    "search_collection",
]
