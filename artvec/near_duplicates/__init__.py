"""Which rows show the same picture: exact and altered copies, and those across splits."""

from artvec.copies.find import LOOKS, Found, across_splits, search_copies
from artvec.copies.fingerprints import Fingerprints, fingerprints

__all__ = [
    "LOOKS",
    "Fingerprints",
    "Found",
    "across_splits",
    "fingerprints",
    "search_copies",
]
