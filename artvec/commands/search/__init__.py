"""The verb `search`: the rows of a collection most similar to given pictures."""

from artvec.search.options import Hit, Picture, QueryError, QueryHits, SearchOptions, SearchReport
from artvec.search.verb import search

__all__ = [
    "Hit",
    "Picture",
    "QueryError",
    "QueryHits",
    "SearchOptions",
    "SearchReport",
    "search",
]
