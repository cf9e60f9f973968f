"""A trained run: a backbone and its head, for images that were never seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from artvec.api.display import Tabular, html_table, text_table
from artvec.api.encoder import Encoder
from artvec.api.progress import shown_progress
from artvec.core.errors import ArtvecError
from artvec.core.json_types import to_plain
from artvec.core.types import Float32Array
from artvec.images.in_memory import ImageInput

if TYPE_CHECKING:
    from artvec.commands.train import TrainReport


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a run says of one image.

    Attributes:
        image: As it was given, or its number.
        label: The most probable class.
        probability: Of that class, 0 to 1.
    """

    image: str
    label: str
    probability: float


@dataclass(frozen=True, repr=False)
class Predictions(Tabular, Sequence[Prediction]):
    """Predictions, in the order of the images.

    Attributes:
        images: As they were given, or their numbers.
        classes: C names.
        probabilities: (B, C) float32; each row sums to 1.
    """

    images: tuple[str, ...]
    classes: tuple[str, ...]
    probabilities: Float32Array

    @overload
    def __getitem__(self, at: int) -> Prediction: ...

    @overload
    def __getitem__(self, at: slice) -> tuple[Prediction, ...]: ...

    def __getitem__(self, at: int | slice) -> Prediction | tuple[Prediction, ...]:
        if isinstance(at, slice):
            return tuple(self[number] for number in range(*at.indices(len(self))))
        best = int(self.probabilities[at].argmax())
        return Prediction(self.images[at], self.classes[best], float(self.probabilities[at, best]))

    def __len__(self) -> int:
        return len(self.images)

    @property
    def labels(self) -> list[str]:
        """The most probable class of each image."""
        return [one.label for one in self]

    def records(self) -> list[dict[str, Any]]:
        """Return a record an image: label, probability, image."""
        return [
            {"label": one.label, "probability": one.probability, "image": one.image} for one in self
        ]

    def title(self) -> str:
        """Say how many there are."""
        return f"{len(self)} predictions of {len(self.classes)} classes"


class Run:
    """A trained run: `model=run` embeds with its backbone, `predict` asks its head.

    Args:
        folder: That `artvec train` has written.
        report: What its training found; None for a run of another process.

    Example:
        >>> run = artvec.Run("runs/paintings")
        >>> run.predict(["a.jpg"])[0].label
        'baroque'
    """

    def __init__(self, folder: str | PathLike[str], report: TrainReport | None = None) -> None:
        self.folder = Path(folder).absolute()
        self.report = report
        self._encoder: Encoder | None = None
        if not (self.folder / "run.json").is_file():
            raise ArtvecError(
                f"{folder} is no run: there is no {self.folder / 'run.json'}",
                "give a folder that artvec.train has written",
                usage=True,
            )

    @property
    def name(self) -> str:
        """Name of its folder."""
        return self.folder.name

    @property
    def encoder(self) -> Encoder:
        """The run's backbone as an encoder, loaded at first use."""
        if self._encoder is None:
            self._encoder = Encoder(self.folder)
        return self._encoder

    def predict(self, images: Sequence[ImageInput]) -> Predictions:
        """Predict the labels of images.

        Args:
            images: Paths, PIL images or (H, W, 3) uint8 arrays.

        Raises:
            ArtvecError: An image can't be read, or the run has no head that takes embeddings.

        Example:
            >>> run.predict(["a.jpg", "query.jpg"]).probabilities.shape
            (2, 3)
        """
        from artvec.encoding.heads import load_head, probabilities

        head = load_head(self.folder)
        with shown_progress("predicting") as progress:
            vectors = self.encoder.encode(images, progress=progress)
        names = (
            str(image) if isinstance(image, str | PathLike) else f"image {number}"
            for number, image in enumerate(images, 1)
        )
        return Predictions(tuple(names), head.classes, probabilities(head, vectors))

    def to_dict(self) -> dict[str, Any]:
        """Return what `artvec train --json` prints.

        Raises:
            ArtvecError: The run was trained by another process; its `run.json` has the figures.
        """
        if self.report is None:
            raise ArtvecError(
                f"the run {self.name} was trained earlier", f"read {self.folder / 'run.json'}"
            )
        return train_fields(self.report)

    def records(self) -> list[dict[str, Any]]:
        """Return a record a phase: its name, epochs and figures on the test images."""
        if self.report is None:
            return []
        return [
            {
                "phase": phase.phase.name,
                "epochs": len(phase.result.history),
                "seconds": phase.result.seconds,
                **{name: one.value for name, one in phase.splits["test"].figures.items()},
            }
            for phase in self.report.phases
        ]

    def __repr__(self) -> str:
        return text_table(f"Run({str(self.folder)!r})", self.records())

    def _repr_html_(self) -> str:
        return html_table(f"Run {self.folder}", self.records())


def train_fields(report: TrainReport) -> dict[str, Any]:
    """Lay a run out as `artvec train --json` does; what is undefined is absent."""
    from artvec.commands.train import figures_record

    fields: dict[str, Any] = to_plain(
        {
            "run": report.run,
            "backbone": report.backbone,
            "label_columns": report.label_columns,
            **figures_record(report),
            "page": report.run / "report.html",
        }
    )
    return fields
