"""Nearest rows by cosine: exactly, or proposed by a FAISS index and scored exactly.

The only home of FAISS; it is imported when an index is built or opened, never by a small search.
"""

from artvec.vector_search.exact import exact_search
from artvec.vector_search.vectors import unit_rows

__all__ = ["exact_search", "unit_rows"]
