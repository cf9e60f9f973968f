"""A backbone made fast, for images that are in no collection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from artvec.core.choices import DecodeMode, Engine, Fit, Precision
from artvec.core.errors import ArtvecError
from artvec.core.progress import Progress, silent
from artvec.core.types import (
    BackboneRequest,
    EncoderIdentity,
    EncoderOptions,
    Float32Array,
    Sample,
    Skipped,
)
from artvec.encoding.extraction import Clock, Embedded, ExtractOptions, extract
from artvec.encoding.setup import ready_encoder
from artvec.images.find import sample_of
from artvec.images.in_memory import ImageInput, sample_in_memory, unused_names

if TYPE_CHECKING:
    from artvec.api.run import Run


class Encoder:
    """An encoder: images to vectors, as `artvec embed` makes them.

    Torch is imported only where nothing compiled earlier serves. Several threads may use it.

    Args:
        model: A backbone's name (`artvec models`), a run directory or a `Run`.
        weights: A local weights file instead of the pretrained ones.
        fit: How an image is brought to the backbone's square; None for the backbone's default.
        image_size: Side of that square in pixels; None for the weights' own.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        engine: What runs it.
        precision: What it computes in.

    Raises:
        ArtvecError: There is no such backbone, its weights can't be had, or the options
            contradict each other.

    Example:
        >>> encoder = artvec.Encoder("tf_efficientnet_lite0")
        >>> encoder.encode(["a.jpg", "query.jpg"]).shape
        (2, 1280)
    """

    def __init__(
        self,
        model: str | PathLike[str] | Run = "tf_efficientnet_lite0",
        *,
        weights: str | PathLike[str] | None = None,
        fit: Fit | None = None,
        image_size: int | None = None,
        device: str = "auto",
        engine: Engine = "auto",
        precision: Precision = "auto",
    ) -> None:
        name = model_name(model)
        file = None if weights is None else Path(weights)
        request = BackboneRequest(name, file, image_size, fit)
        self._ready = ready_encoder(request, EncoderOptions(engine, device, precision))

    @property
    def identity(self) -> EncoderIdentity:
        """What must be equal for two vectors to be comparable."""
        return self._ready.encoder.identity

    @property
    def dim(self) -> int:
        """Width of a vector."""
        return self.identity.dim

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know about how it was loaded."""
        return self._ready.notes

    def encode(
        self,
        images: Sequence[ImageInput],
        *,
        batch_size: int | None = None,
        decode: DecodeMode = "fast",
        progress: Progress = silent,
    ) -> Float32Array:
        """Return the vectors of images, as the backbone emits them, not normalised.

        Args:
            images: Paths, PIL images or (H, W, 3) uint8 arrays; in any mixture.
            batch_size: Images per forward pass; None for the encoder's own.
            decode: `fast` may read large JPEG files at a reduced scale.
            progress: Is called with images done and images to do.

        Returns:
            (B, dim) float32, in the order of the images.

        Raises:
            ArtvecError: An image can't be read (the message names it); nothing is left out.

        Example:
            >>> encoder.encode([PIL.Image.open("a.jpg"), np.zeros((64, 64, 3), np.uint8)]).shape
            (2, 1280)
        """
        samples = _samples(images)
        options = ExtractOptions(decode, batch_size)
        rows: dict[str, list[int]] = {}
        for row, sample in enumerate(samples):
            rows.setdefault(sample.path, []).append(row)
        distinct = {sample.path: sample for sample in samples}.values()
        vectors = np.empty((len(samples), self.dim), dtype=np.float32)
        done = 0
        for outcome in extract(distinct, self._ready.encoder, options, Clock()):
            if isinstance(outcome, Skipped):
                raise ArtvecError(
                    f"{outcome.path} can't be encoded: {outcome.reason} ({outcome.message})",
                    "give another image",
                )
            assert isinstance(outcome, Embedded)  # no content is known beforehand
            for sample, vector in zip(outcome.samples, outcome.vectors, strict=True):
                vectors[rows[sample.path]] = vector
            done += len(outcome.samples)
            progress(done, len(distinct))
        return vectors

    def __repr__(self) -> str:
        encoder = self._ready.encoder
        return (
            f"Encoder({self.identity.backbone!r}: {self.dim} dimensions, {encoder.engine} in "
            f"{encoder.precision} on {encoder.device})"
        )


def model_name(model: str | PathLike[str] | Run) -> str:
    """Return a model as `artvec embed -m` takes it."""
    return str(getattr(model, "folder", model))


def _samples(images: Sequence[ImageInput]) -> list[Sample]:
    """Describe images; each gets a path of its own, which its vector is found by."""
    if isinstance(images, str | PathLike) or not hasattr(images, "__len__"):
        raise ArtvecError(
            "images are to be given as a list", "give [image], also of a single one", usage=True
        )
    names = unused_names(images, "image")
    samples = []
    for image in images:
        if isinstance(image, str | PathLike):
            try:
                sample = replace(sample_of(Path(image)), path=str(image))
            except OSError as error:
                raise ArtvecError(
                    f"{image} can't be read: {error.strerror}", "give an existing image file"
                ) from error
        else:
            sample = sample_in_memory(image, next(names))
        samples.append(sample)
    return samples
