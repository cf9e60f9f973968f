"""A collection's groups and map: computed once, stored beside its rows, valid for them alone."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from artvec.collection.lock import writing
from artvec.collection.manifest import FileEntry, file_entry, read_manifest, write_manifest
from artvec.collection.reader import Collection, columns, open_collection
from artvec.core.errors import ArtvecError, command
from artvec.core.files import write_whole
from artvec.core.results import Groups, Projection
from artvec.core.version import __version__
from artvec.encoding.identity import identity_json

FOLDER = "analysis"
GROUPS, MAP = "groups", "map"
_NAME = re.compile(rf"{FOLDER}/({GROUPS}|{MAP})-[0-9a-f]{{12}}\.arrow")
_ABOUT = b"artvec.analysis"
_GROUP_COLUMNS = {
    "cluster": "clusters",
    "probability": "probabilities",
    "outlier_score": "outlier_scores",
    "silhouette": "silhouettes",
}


def stored_groups(collection: Collection) -> Groups | None:
    """Return the groups of today's rows; None where there are none, or those of other rows.

    Raises:
        ArtvecError: They are damaged.
    """
    table, about = _stored(collection, GROUPS)
    if table is None or about["state"] != rows_state(collection):
        return None
    arrays = {name: table.column(column).to_numpy() for column, name in _GROUP_COLUMNS.items()}
    medoids = np.array(about["medoids"], dtype=np.int64)
    return Groups(method=about["method"], medoids=medoids, **arrays)


def store_groups(collection: Collection, groups: Groups) -> None:
    """Make groups the collection's, in place of former ones; whole or not at all.

    Raises:
        ArtvecError: The rows were changed since they were opened, or another process writes.
    """
    arrays = {column: getattr(groups, name) for column, name in _GROUP_COLUMNS.items()}
    about = {"method": groups.method, "medoids": groups.medoids.tolist()}
    _store(collection, GROUPS, pa.table(arrays), about)


def stored_projection(collection: Collection) -> Projection | None:
    """Return the map of today's rows; None where there is none, or that of other rows.

    Raises:
        ArtvecError: It is damaged.
    """
    table, about = _stored(collection, MAP)
    if table is None or about["state"] != rows_state(collection):
        return None
    points = np.column_stack([table.column("x").to_numpy(), table.column("y").to_numpy()])
    return Projection(about["method"], points, about["parameters"])


def store_projection(collection: Collection, projection: Projection) -> None:
    """Make a map the collection's, in place of a former one; whole or not at all.

    Raises:
        ArtvecError: The rows were changed since they were opened, or another process writes.
    """
    x, y = projection.points.T
    about = {"method": projection.method, "parameters": dict(projection.parameters)}
    _store(collection, MAP, pa.table({"x": x, "y": y}), about)


def outdated(collection: Collection) -> tuple[str, ...]:
    """Return which of `groups` and `map` are stored, but are those of other rows.

    Raises:
        ArtvecError: One is damaged.
    """
    found = {kind: _stored(collection, kind)[1] for kind in (GROUPS, MAP)}
    if not any(found.values()):
        return ()
    state = rows_state(collection)
    return tuple(kind for kind, about in found.items() if about and about["state"] != state)


def rows_state(collection: Collection) -> str:
    """Return the digest of encoder and contents, in row order; names and labels don't matter."""
    digest = hashlib.sha256(identity_json(collection.manifest.encoder).encode())
    for chunk in columns(collection, ["content_hash"]).column("content_hash").chunks:
        for value in chunk:
            digest.update(value.as_py())
    return digest.hexdigest()


def is_analysis(name: str) -> bool:
    """Say whether a file, by its path below the collection, is one that is stored here."""
    return _NAME.fullmatch(name) is not None


def whole_analyses(folder: Path) -> dict[str, FileEntry]:
    """Describe the newest file of each kind whose bytes are those its name was given for."""
    found = {}
    for file in sorted((folder / FOLDER).glob("*.arrow"), key=lambda file: file.stat().st_mtime_ns):
        name, entry = f"{FOLDER}/{file.name}", file_entry(file.read_bytes())
        if is_analysis(name) and entry.sha256.startswith(file.stem[-12:]):
            found[kind_of(name)] = name, entry
    return dict(found.values())


def kind_of(name: str) -> str:
    """Return `groups` or `map` for the path of a stored file."""
    return name.removeprefix(f"{FOLDER}/").partition("-")[0]


def _stored(collection: Collection, kind: str) -> tuple[pa.Table | None, Mapping[str, Any]]:
    """Read a stored file after comparing every byte with the manifest."""
    name = next((n for n in collection.manifest.files if _is_of(kind, n)), None)
    if name is None:
        return None, {}
    try:
        data = (collection.folder / name).read_bytes()
    except OSError as error:
        if read_manifest(collection.folder) != collection.manifest:
            raise _changed(collection) from error
        raise _damaged(collection, f"{name} can't be read: {error.strerror}") from error
    if file_entry(data) != collection.manifest.files[name]:
        raise _damaged(collection, f"{name} doesn't match its checksum")
    try:
        table = pa.ipc.open_file(data).read_all()
        return table.combine_chunks(), json.loads(table.schema.metadata[_ABOUT])
    except (pa.ArrowException, ValueError, KeyError, TypeError) as error:
        raise _damaged(collection, f"{name} is none of artvec's: {error}") from error


def _store(collection: Collection, kind: str, table: pa.Table, about: Mapping[str, Any]) -> None:
    state = rows_state(collection)
    described = {_ABOUT: json.dumps({**about, "state": state}).encode()}
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, table.schema.with_metadata(described)) as writer:
        writer.write_table(table)
    data = sink.getvalue()
    entry = file_entry(data)
    name = f"{FOLDER}/{kind}-{entry.sha256[:12]}.arrow"
    folder = collection.folder
    with writing(folder):
        manifest = read_manifest(folder)
        if rows_state(open_collection(folder)) != state:
            raise _changed(collection)
        (folder / FOLDER).mkdir(exist_ok=True)
        write_whole(folder / name, data)
        others = {n: known for n, known in manifest.files.items() if not _is_of(kind, n)}
        changed = replace(manifest, files={**others, name: entry})
        write_manifest(folder, changed, artvec_version=__version__)
        clear_unnamed(folder, changed.files)


def clear_unnamed(folder: Path, files: Mapping[str, FileEntry]) -> None:
    """Delete what lies among the stored files and no manifest names; the caller holds the lock."""
    for file in (folder / FOLDER).glob("*"):
        if file.is_file() and f"{FOLDER}/{file.name}" not in files:
            file.unlink()


def _is_of(kind: str, name: str) -> bool:
    return is_analysis(name) and kind_of(name) == kind


def _changed(collection: Collection) -> ArtvecError:
    return ArtvecError(
        f"the rows of {collection.folder} were changed by another process just now",
        "run the command again",
    )


def _damaged(collection: Collection, why: str) -> ArtvecError:
    return ArtvecError(
        f"{collection.folder} is damaged: {why}",
        f"mend it: {command('verify', '--repair', '-i', collection.folder)}",
    )
