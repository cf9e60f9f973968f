"""The nouns that travel between rooms; no work is done here."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from artvec.core.choices import Engine, Fit, Interpolation, Precision

if TYPE_CHECKING:
    import torch
    from PIL import Image

UInt8Array = npt.NDArray[np.uint8]
UInt16Array = npt.NDArray[np.uint16]
UInt32Array = npt.NDArray[np.uint32]
Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]
Int32Array = npt.NDArray[np.int32]
Int64Array = npt.NDArray[np.int64]
UInt64Array = npt.NDArray[np.uint64]
BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.floating[Any]]
"""Of any precision."""

Stage = Literal["find", "read", "decode", "forward"]
Reason = Literal[
    "empty",
    "not_an_image",
    "truncated",
    "corrupt",
    "too_large",
    "unsupported_mode",
    "unreadable",
    "vanished",
    "bad_name",
    "outside",
    "not_finite",
]


@dataclass(frozen=True, slots=True)
class Sample:
    """One image file of a source.

    Attributes:
        path: Relative to the source root, POSIX separators; the row's identity.
        file: Where the file is, as the operating system spells it.
        size_bytes: Size of the file.
        mtime_ns: Modification time, nanoseconds since the epoch.
        ctime_ns: When the file system last changed anything about the file, which no program can
            set; 0 where that says nothing.
        inode: The file behind the name; 0 where the file system has none.
        image: The picture, where it is in memory; nothing is read of a file then.
    """

    path: str
    file: str
    size_bytes: int
    mtime_ns: int
    ctime_ns: int = 0
    inode: int = 0
    image: Image.Image | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that could not become a row, and why. Bad images are data, not exceptions."""

    path: str
    stage: Stage
    reason: Reason
    message: str
    size_bytes: int
    mtime_ns: int
    ctime_ns: int = 0
    inode: int = 0


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """How a picture becomes the pixels a backbone was trained on; part of its identity.

    Attributes:
        size_px: Side of the square the backbone sees.
        resize_px: What the picture is resized to before its centre is taken.
        fit: `crop` resizes the short side, as timm's evaluation transform does; `pad` resizes the
            long side and adds borders of the mean colour; `squash` resizes both sides.
        interpolation: PIL's filter of that name.
        mean: Per channel (R, G, B), on the scale 0 to 1.
        std: Per channel (R, G, B), on the scale 0 to 1.
    """

    size_px: int
    resize_px: int
    fit: Fit
    interpolation: Interpolation
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class EncoderIdentity:
    """What must be equal for two vectors to be comparable.

    Attributes:
        backbone: Name, as `artvec embed -m` takes it.
        weights_sha256: Digest of the tensors that make the embedding; empty without weights.
        preprocessing: From the weights' own configuration.
        layer: Where in the backbone the embedding is read.
        dim: Width of the embedding.
    """

    backbone: str
    weights_sha256: str
    preprocessing: Preprocessing
    layer: str
    dim: int


@dataclass(frozen=True, slots=True)
class BackboneRequest:
    """What a user asked for, before anything is loaded.

    Attributes:
        name: A timm name, `torchvision:NAME`, `colour:4x4`, `simple_cnn` or a run directory.
        weights: A local weights file instead of the pretrained ones.
        image_size_px: Overrides the weights' own input size.
        fit: Overrides the backbone's default.
    """

    name: str
    weights: Path | None = None
    image_size_px: int | None = None
    fit: Fit | None = None


@dataclass(frozen=True)
class Backbone:
    """A loaded backbone: weights, preprocessing and identity.

    Attributes:
        identity: See `EncoderIdentity`.
        module: Maps normalised (B, 3, size, size) float32 to (B, dim) float32; None where the
            embedding is computed without torch (`colour:4x4`).
        notes: For the user, about how it was loaded.
        splits: Content hash (32 bytes) → split of the images it was trained on.
    """

    identity: EncoderIdentity
    module: torch.nn.Module | None
    notes: tuple[str, ...] = ()
    splits: dict[bytes, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Untrained:
    """An architecture without its weights, for counting.

    Attributes:
        model: Classifier with random weights.
        head: Name prefixes of its classifier.
        preprocessing: Of the weights it would have.
        dim: Width of its embedding.
    """

    model: torch.nn.Module
    head: tuple[str, ...]
    preprocessing: Preprocessing
    dim: int


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a single decode tells about a picture beside its pixels.

    Attributes:
        content_hash: sha256 of the file's bytes.
        phash: 64-bit perceptual hash, big-endian.
        colour: (48,) uint8, mean RGB of a 4×4 grid, row by row.
        width: Of the picture as displayed (EXIF orientation applied).
        height: As displayed.
    """

    content_hash: bytes
    phash: bytes
    colour: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Decoded:
    """A sample with pixels of shape (size, size, 3) uint8, ready for a batch."""

    sample: Sample
    fingerprint: Fingerprint
    pixels: UInt8Array


@dataclass(frozen=True, slots=True)
class Recognised:
    """A sample whose content the collection already holds: no decode, no forward pass."""

    sample: Sample
    content_hash: bytes


class Encoder(Protocol):
    """A backbone made fast for inference.

    Attributes:
        identity: Of the backbone it was made from.
        engine: `openvino`, `torch` or `numpy`.
        device: `cpu`, `cuda:0`, …; `cuda` for several cards.
        precision: `fp32`, `bf16` or `fp16`.
        streams: How many batches it works on at once without slowing each other down.
        batch_size: The batch it likes best.
    """

    identity: EncoderIdentity
    engine: str
    device: str
    precision: str
    streams: int
    batch_size: int

    def encode(self, pixels: UInt8Array) -> Float32Array:
        """Map (B, H, W, 3) uint8 to (B, dim) float32; safe to call from `streams` threads."""
        ...


@dataclass(frozen=True, slots=True)
class EncoderOptions:
    """How to run an encoder; recorded with a collection, never part of its identity."""

    engine: Engine = "auto"
    device: str = "auto"
    precision: Precision = "auto"


AUTO = EncoderOptions()
