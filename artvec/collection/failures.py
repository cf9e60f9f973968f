"""The list of files that could not become rows: `failures.parquet`."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa

from artvec.core.types import Sample, Skipped

FAILURES = "failures.parquet"
_MAX_BYTES = 256 << 20
"""Decompressed; a list this long is nobody's, but might be made to exhaust memory."""
_SCHEMA = pa.schema(
    [
        ("path", pa.string()),
        ("stage", pa.string()),
        ("reason", pa.string()),
        ("message", pa.string()),
        ("size_bytes", pa.int64()),
        ("mtime_ns", pa.int64()),
        ("ctime_ns", pa.int64()),
        ("inode", pa.uint64()),
        ("artvec_version", pa.string()),
    ]
)


def failures_bytes(failures: Sequence[Skipped], *, artvec_version: str) -> bytes:
    """Lay failures out as a Parquet file."""
    import pyarrow.parquet as pq

    records = [{**asdict(failure), "artvec_version": artvec_version} for failure in failures]
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(records, schema=_SCHEMA), sink)
    return sink.getvalue()


def known_failures(folder: Path, *, artvec_version: str | None) -> dict[str, Skipped]:
    """Return the failures that a version (None: any) has seen, by path; none where unreadable."""
    import pyarrow.parquet as pq  # not above: it imports ssl, and every search imports this module

    try:
        file = pq.ParquetFile(folder / FAILURES)
        groups = (file.metadata.row_group(n) for n in range(file.metadata.num_row_groups))
        if sum(group.total_byte_size for group in groups) > _MAX_BYTES:
            return {}
        records = _with_stamps(file.read()).cast(_SCHEMA).to_pylist()
    except (OSError, pa.ArrowException, ValueError, KeyError):
        return {}
    return {
        record["path"]: Skipped(**{k: v for k, v in record.items() if k != "artvec_version"})
        for record in records
        if artvec_version in (None, record["artvec_version"])
    }


def still_failing(sample: Sample, known: Mapping[str, Skipped]) -> Skipped | None:
    """Return what a sample's bytes are known to fail by, if its file hasn't changed since.

    What was unreadable or gone may be there again, and another precision may give a finite vector:
    these are tried again.
    """
    failure = known_to_fail(sample, known)
    if failure is None or failure.reason == "not_finite":
        return None
    stamp = (failure.ctime_ns, failure.inode)
    return failure if all(stamp) and stamp == (sample.ctime_ns, sample.inode) else None


def known_to_fail(sample: Sample, known: Mapping[str, Skipped]) -> Skipped | None:
    """Return what a sample failed by, if its file has the size and time that it had then."""
    failure = known.get(sample.path)
    if failure is None or failure.reason in ("unreadable", "vanished"):
        return None
    unchanged = (failure.size_bytes, failure.mtime_ns) == (sample.size_bytes, sample.mtime_ns)
    return failure if unchanged else None


def _with_stamps(table: pa.Table) -> pa.Table:
    """Add the columns that earlier versions didn't write; 0 says that a stamp is unknown."""
    for name in ("ctime_ns", "inode"):
        if name not in table.column_names:
            zeros = pa.repeat(pa.scalar(0, _SCHEMA.field(name).type), table.num_rows)
            table = table.append_column(name, zeros)
    return table.select(_SCHEMA.names)
