"""Small files of the catalogue's layouts, as if they were published on the test's server."""

from __future__ import annotations

import hashlib
import io
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from artvec.datasets.catalogue import CATALOGUE, PictureSet
from tests.support.serving import Site


def jpeg(seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (24, 24, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG")
    return out.getvalue()


def tar(files: dict[str, bytes], mode: str = "w") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as packed:  # type: ignore[call-overload]
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            packed.addfile(member, io.BytesIO(content))
    return out.getvalue()


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


def published(name: str, site: Site, contents: list[bytes], pictures: dict[str, int]) -> PictureSet:
    """Return a set of the catalogue as if small files were published on the test's server."""
    known = CATALOGUE[name]
    files = []
    for remote, content in zip(known.files, contents, strict=True):
        site.files[remote.name] = content
        url = f"{site.url}/{remote.name}"
        files.append(replace(remote, url=url, md5=md5(content), size_bytes=len(content)))
    return replace(known, pictures=pictures, files=tuple(files))


INSIDE = ("train/ukiyo_e/a-0", "train/ukiyo_e/b-1", "train/baroque/c-2", "test/baroque/d-3")
ARTBENCH = {
    f"artbench-10-imagefolder-split/{name}.jpg": jpeg(number) for number, name in enumerate(INSIDE)
}
COUNTS = {"train": 3, "test": 1}


def files_of(folder: Path) -> dict[str, bytes]:
    found = (file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in found}


def pictures_of(folder: Path) -> dict[str, bytes]:
    return {path: data for path, data in files_of(folder).items() if path != "set.json"}


EXPECTED = {name.split("/", 1)[1]: content for name, content in ARTBENCH.items()}
