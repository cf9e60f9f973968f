"""The one table of where backbones come from, and the memory of those seen before."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

from artvec.core import runtime
from artvec.core.errors import ArtvecError
from artvec.core.files import write_whole
from artvec.core.types import Backbone, BackboneRequest, EncoderIdentity, Untrained
from artvec.encoding.backbones import colour, packaged
from artvec.encoding.identity import identity_from

_RUN_FILES = ("run.json", "model.safetensors", "anchor.safetensors")
CODE_VERSION = 1
"""Raise when the same request would yield another identity or other vectors."""


@dataclass(frozen=True, slots=True)
class Source:
    """A place backbones come from.

    Attributes:
        title: For listings.
        claims: Whether a name is this source's.
        load: Makes the backbone.
    """

    title: str
    claims: Callable[[str], bool]
    load: Callable[[BackboneRequest], Backbone]


def load(request: BackboneRequest) -> Backbone:
    """Load a backbone by name, and remember its identity.

    Raises:
        ArtvecError: The name is unknown, or its weights can't be had or don't fit.
    """
    backbone = _loaded(request)
    _remember(request, backbone)
    return backbone


def stand_in(request: BackboneRequest) -> Backbone:
    """Return a backbone that costs what the real one will; nothing is downloaded or remembered.

    Where the weights are not in local files they are random, and their digest is empty.

    Raises:
        ArtvecError: The name is unknown, or nothing is known of it before its download.
    """
    local = request.weights or packaged.weights_file(request.name)
    if local or is_run(request.name) or request.name == "simple_cnn" or colour.claims(request.name):
        return _loaded(request)
    if request.name.startswith(("hf-hub:", "hf_hub:")):
        raise ArtvecError(
            f"nothing is known of {request.name} before its first download",
            "run it once without --dry-run",
        )
    bare = untrained(request, None)
    identity = EncoderIdentity(request.name, "", bare.preprocessing, "pre_logits", bare.dim)
    note = f"the weights of {request.name} would be downloaded first; the estimate leaves that out"
    return Backbone(identity, bare.model, (note,))


def _loaded(request: BackboneRequest) -> Backbone:
    if request.weights is not None and not request.weights.is_file():
        raise ArtvecError(
            f"there is no weights file {request.weights}", "give --weights FILE", usage=True
        )
    source = next(source for source in SOURCES if source.claims(request.name))
    with contextlib.redirect_stdout(sys.stderr):  # torch.hub announces downloads on stdout
        return source.load(request)


@dataclass(frozen=True, slots=True)
class Known:
    """What an equal request yielded before: identity, and notes for the user."""

    identity: EncoderIdentity
    notes: tuple[str, ...]


def known(request: BackboneRequest) -> Known | None:
    """Return what an equal request yielded before, without importing torch.

    None where it was never loaded here, or where any file or library it depends on has changed.
    """
    if colour.claims(request.name):
        return Known(colour.load(request).identity, ())
    try:
        fields = json.loads(_memory_file(request).read_bytes())
        return Known(identity_from(fields["identity"]), tuple(fields["notes"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def untrained(request: BackboneRequest, classes: int | None) -> Untrained:
    """Return an architecture with random weights; `classes` gives it a new linear head.

    Raises:
        ArtvecError: The name is unknown, or has no layers to count.
    """
    name = request.name
    if colour.claims(name) or is_run(name):
        raise ArtvecError(f"{name} has no layers of its own", "give a timm name", usage=True)
    if name == "simple_cnn":
        from artvec.encoding.backbones import simple_cnn

        return simple_cnn.untrained(classes)
    if name.startswith("torchvision:"):
        from artvec.encoding.backbones import torchvision_models

        return torchvision_models.untrained(request, classes)
    from artvec.encoding.backbones import timm_models

    return timm_models.untrained(request, classes)


def check_name(name: str) -> None:
    """Refuse a name that no source knows; no weights are looked for.

    Raises:
        ArtvecError: There is no such backbone.
    """
    if colour.claims(name) or is_run(name) or name == "simple_cnn":
        return
    if name.startswith("torchvision:"):
        from artvec.encoding.backbones import torchvision_models

        torchvision_models.check_name(name)
    else:
        from artvec.encoding.backbones import timm_models

        timm_models.check_name(name)


def is_run(name: str) -> bool:
    """Say whether a name is a run directory."""
    return ("/" in name and not name.startswith(("hf-hub:", "hf_hub:"))) or _has_run_json(name)


def _has_run_json(name: str) -> bool:
    return (Path(name) / "run.json").is_file()


def _load_torchvision(request: BackboneRequest) -> Backbone:
    from artvec.encoding.backbones import torchvision_models

    return torchvision_models.load(request)


def _load_simple_cnn(request: BackboneRequest) -> Backbone:
    from artvec.encoding.backbones import simple_cnn

    return simple_cnn.load(request)


def _load_run(request: BackboneRequest) -> Backbone:
    from artvec.encoding.backbones import run_directory

    return run_directory.load(request, _load_architecture)


def _load_architecture(request: BackboneRequest) -> Backbone:
    """Load what a run was trained from; its record must not lead into other folders."""
    if is_run(request.name):
        raise ValueError(f"it names another folder, {request.name!r}, as its architecture")
    return load(request)


def _load_timm(request: BackboneRequest) -> Backbone:
    from artvec.encoding.backbones import timm_models

    return timm_models.load(request)


SOURCES = (
    Source("colour grid", colour.claims, colour.load),
    Source("torchvision", lambda name: name.startswith("torchvision:"), _load_torchvision),
    Source("simple CNN", lambda name: name == "simple_cnn", _load_simple_cnn),
    Source("run directory", is_run, _load_run),
    Source("timm", lambda name: True, _load_timm),
)


def _remember(request: BackboneRequest, backbone: Backbone) -> None:
    file = _memory_file(request)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        fields = {"identity": asdict(backbone.identity), "notes": backbone.notes}
        write_whole(file, json.dumps(fields).encode())
    except OSError:
        return  # a cache that can't be written only costs time


def _memory_file(request: BackboneRequest) -> Path:
    """Name a request by everything that its identity can depend on."""
    files = [request.weights, packaged.weights_file(request.name)]
    if is_run(request.name):
        files += [Path(request.name) / name for name in _RUN_FILES]
    facts = [
        CODE_VERSION,
        str(Path(request.name).resolve()) if is_run(request.name) else request.name,
        request.image_size_px,
        request.fit,
        [_signature(file) for file in files if file is not None],
        [_version(package) for package in ("timm", "torchvision")],
    ]
    key = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]
    return runtime.cache_folder() / "identities" / f"{key}.json"


def _signature(file: Path) -> tuple[str | int, ...]:
    try:
        status = file.stat()
    except OSError:
        return (str(file.resolve()),)
    times = (status.st_mtime_ns, status.st_ctime_ns)
    return str(file.resolve()), status.st_size, *times, status.st_ino


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
