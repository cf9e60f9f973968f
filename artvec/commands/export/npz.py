"""npz: one array a column, the vectors as `embedding`; `numpy.load` needs no pickle for it."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from artvec.collection.plain_columns import all_vectors, arrays, flat_name, names_in_file, renamed
from artvec.collection.reader import Collection


def write_npz(collection: Collection, file: Path) -> Mapping[str, str]:
    """Write a collection, vectors shard by shard."""
    names = names_in_file(collection, ["embedding"], flat_name)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name, array in arrays(collection, names):
            with archive.open(_member(name), "w", force_zip64=True) as handle:
                np.lib.format.write_array(handle, array, allow_pickle=False)
        with archive.open(_member("embedding"), "w", force_zip64=True) as handle:
            shape = (collection.rows, collection.manifest.encoder.dim)
            header = {"descr": "<f4", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(handle, header)
            for vectors in all_vectors(collection):
                handle.write(np.ascontiguousarray(vectors).tobytes())
    return renamed(names)


def _member(name: str) -> zipfile.ZipInfo:
    """Name a member without today's date: equal collections make equal files."""
    return zipfile.ZipInfo(f"{name}.npy")
