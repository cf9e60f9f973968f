"""The baseline below every network: a perceptron with one hidden layer, on raw pixels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.neural_network import MLPClassifier

HIDDEN, SEED = 512, 0


def pixel_mlp(pictures: Path) -> float:
    """Return its test accuracy; a tenth of train decides when to stop, val is left out."""
    train, test = (sorted((pictures / split).glob("*/*")) for split in ("train", "test"))
    learner = MLPClassifier((HIDDEN,), early_stopping=True, max_iter=100, random_state=SEED)
    learner.fit(_pixels(train), _labels(train))
    return float(learner.score(_pixels(test), _labels(test)))


def _pixels(files: Sequence[Path]) -> np.ndarray:
    """Return (N, 3072) float32, 0 to 1."""
    read = [np.asarray(Image.open(file).convert("RGB"), dtype=np.float32) for file in files]
    return np.stack(read).reshape(len(files), -1) / 255


def _labels(files: Sequence[Path]) -> list[str]:
    return [file.parent.name for file in files]
