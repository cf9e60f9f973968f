"""Which rows show the same picture: exact and altered copies, and those across splits."""

from artvec.near_duplicates.find import LOOKS, DuplicateSearch, across_splits, find_near_duplicates
from artvec.near_duplicates.fingerprint_matches import Fingerprints, fingerprints

__all__ = [
    "LOOKS",
    "DuplicateSearch",
    "Fingerprints",
    "across_splits",
    "find_near_duplicates",
    "fingerprints",
]
