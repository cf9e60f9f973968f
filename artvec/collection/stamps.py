"""What was read under which stamp: lets a run pass over a file without reading it again.

A program can set a file's modification time, so size and time alone don't prove that the content
is the same. The time of the last change and the inode do, on one machine; where they differ or
aren't known (a restored backup, a copied disk, a network mount with inodes of its own), the
content decides.

`stamps.npy` is a set of 64-bit digests, a row's content together with the stamp it was read
under. A digest says nothing about rows, so a file that lags behind the shards proves less, but
never anything wrong.
"""

from __future__ import annotations

import hashlib
import io
import struct
from array import array
from bisect import bisect_left
from collections.abc import Container, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from artvec.collection.manifest import Manifest, file_entry
from artvec.core.files import sha256_of
from artvec.core.runtime import cores
from artvec.core.types import Sample

STAMPS = "stamps.npy"
_UINT64 = (1 << 64) - 1


def proof_of(sample: Sample, content_hash: bytes) -> int | None:
    """Return the digest of a content and the stamp of its file; None where the stamp is unknown."""
    if not (sample.ctime_ns and sample.inode):
        return None
    stamp = struct.pack(
        "<qqqQ",
        sample.size_bytes,
        sample.mtime_ns,
        sample.ctime_ns,
        sample.inode & _UINT64,
    )
    return int.from_bytes(hashlib.blake2b(content_hash + stamp, digest_size=8).digest(), "little")


@dataclass(frozen=True, slots=True)
class Proofs:
    """What a collection can prove, 8 bytes a row instead of a Python set's 70.

    Attributes:
        digests: In ascending order.
    """

    digests: array[int] = field(default_factory=lambda: array("Q"))

    def __contains__(self, proof: object) -> bool:
        """Say whether a digest is among them."""
        if not isinstance(proof, int):
            return False
        at = bisect_left(self.digests, proof)
        return at < len(self.digests) and self.digests[at] == proof


def read_proofs(folder: Path, manifest: Manifest | None) -> Proofs:
    """Return what a collection can prove; nothing where it has no such file, or a damaged one."""
    entry = manifest.files.get(STAMPS) if manifest else None
    try:
        data = (folder / STAMPS).read_bytes() if entry else b""
    except OSError:
        return Proofs()
    if file_entry(data) != entry:
        return Proofs()
    try:
        digests = np.load(io.BytesIO(data), allow_pickle=False).astype(np.uint64)
    except (ValueError, EOFError, TypeError):
        return Proofs()
    return Proofs(array("Q", np.sort(digests, axis=None).tobytes()))


@dataclass(frozen=True, slots=True)
class StoredContent:
    """What a collection knows of a row's file: its size, and the sha256 of its content."""

    size_bytes: int
    content_hash: bytes


def still_holds(sample: Sample, stored: StoredContent, proofs: Container[int]) -> bool:
    """Say whether a file still holds what was embedded; reads it where nothing proves that.

    Args:
        sample: The file as it is now.
        stored: What the collection knows of it.
        proofs: See `read_proofs`.
    """
    if sample.size_bytes != stored.size_bytes:
        return False
    if proof_of(sample, stored.content_hash) in proofs:
        return True
    try:
        return sha256_of(Path(sample.file)) == stored.content_hash.hex()
    except OSError:
        return False


def changed_paths(
    files: Sequence[tuple[Sample, StoredContent]], proofs: Container[int]
) -> tuple[str, ...]:
    """Return the paths of files that no longer hold what was embedded; see `still_holds`."""
    with ThreadPoolExecutor(cores()) as pool:
        held = pool.map(lambda file: still_holds(file[0], file[1], proofs), files)
        return tuple(file[0].path for file, same in zip(files, held, strict=True) if not same)


def proofs_bytes(proofs: array[int]) -> bytes:
    """Lay proofs out as a file; equal ones as equal bytes."""
    sink = io.BytesIO()
    np.save(sink, np.unique(np.array(proofs, dtype="<u8")))
    return sink.getvalue()
