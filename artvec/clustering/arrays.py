"""What the arrays of this room are called."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.floating[Any]]
"""(N, D) float16, float32 or float64."""
