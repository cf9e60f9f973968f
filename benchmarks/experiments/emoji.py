"""Emoji of several vendors as drawings: fetched as npm packages, rendered with resvg."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from artvec.core.files import replaced_whole

SIDE_PX = 256
# Vendor (a package @iconify-json/VENDOR) to version; each package names its licence in info.json.
VERSIONS = {
    "emojione": "1.2.3",  # CC BY 4.0
    "emojione-monotone": "1.2.1",  # CC BY 4.0
    "emojione-v1": "1.2.3",  # CC BY-SA 4.0
    "fluent-emoji": "1.2.7",  # MIT
    "fluent-emoji-flat": "1.2.6",  # MIT
    "fluent-emoji-high-contrast": "1.2.6",  # MIT
    "noto": "1.2.9",  # Apache 2.0
    "noto-v1": "1.2.5",  # Apache 2.0
    "openmoji": "1.2.29",  # CC BY-SA 4.0
    "twemoji": "1.2.5",  # CC BY 4.0
}


@dataclass(frozen=True)
class Vendor:
    """One vendor's drawings: SVG documents by name, names by category where it has them."""

    name: str
    drawings: dict[str, str]
    categories: dict[str, list[str]]


def read_vendor(name: str, cache: Path) -> Vendor:
    """Read a vendor's package out of `cache`, where `npm pack` puts it if it isn't there."""
    tarball = cache / f"iconify-json-{name}-{VERSIONS[name]}.tgz"
    if not tarball.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        package = f"@iconify-json/{name}@{VERSIONS[name]}"
        with tempfile.TemporaryDirectory(dir=cache) as place:
            command = ["npm", "pack", "--silent", "--pack-destination", place, package]
            subprocess.run(command, check=True)
            (Path(place) / tarball.name).replace(tarball)
    with tarfile.open(tarball) as packed:
        icons = _json(packed, "package/icons.json")
        categories = _json(packed, "package/metadata.json").get("categories", {})
    return Vendor(name, _documents(icons), categories)


def draw(document: str, key: str) -> Image.Image:
    """Render a drawing on paper; its size, place and the paper's tint depend on `key` alone."""
    import resvg_py  # of the extra `experiments`

    rng = np.random.default_rng(list(hashlib.sha256(key.encode()).digest()))
    drawn_px = int(rng.integers(176, 241))
    paper = tuple(int(tint) for tint in rng.integers(232, 256, 3))
    left, top = (int(at) for at in rng.integers(0, SIDE_PX - drawn_px + 1, 2))
    png = resvg_py.svg_to_bytes(svg_string=document, width=drawn_px, height=drawn_px)
    drawing = Image.open(io.BytesIO(png)).convert("RGBA")
    picture = Image.new("RGB", (SIDE_PX, SIDE_PX), paper)
    picture.paste(drawing, (left, top), drawing)
    return picture


def write_drawing(vendor: Vendor, name: str, file: Path) -> None:
    """Write one drawing as a JPEG; one that exists is kept."""
    if file.is_file():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    with replaced_whole(file) as beside:
        draw(vendor.drawings[name], f"{vendor.name} {name}").save(beside, "JPEG", quality=92)


def _json(packed: tarfile.TarFile, member: str) -> Any:
    file = packed.extractfile(member)
    assert file is not None, member
    return json.load(file)


def _documents(icons: dict[str, Any]) -> dict[str, str]:
    """Return whole SVG documents; an alias that also turns its drawing is left out."""
    bodies = dict(icons["icons"])
    for alias, entry in icons.get("aliases", {}).items():
        if set(entry) == {"parent"} and entry["parent"] in icons["icons"]:
            bodies[alias] = icons["icons"][entry["parent"]]
    return {name: _document(icons | entry) for name, entry in bodies.items()}


def _document(icon: dict[str, Any]) -> str:
    box = f"{icon.get('left', 0)} {icon.get('top', 0)} {icon['width']} {icon['height']}"
    links = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    # A square size: what isn't square is centred in it.
    size = f'width="{SIDE_PX}" height="{SIDE_PX}" viewBox="{box}"'
    return f"<svg {links} {size}>{icon['body']}</svg>"
