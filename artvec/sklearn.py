"""An encoder as a scikit-learn transformer: paths or images in, vectors out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, TransformerMixin

from artvec.api.encoder import Encoder
from artvec.core.choices import Engine, Fit, Precision
from artvec.core.types import Float32Array
from artvec.images.in_memory import ImageInput


class ImageEncoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Turn images into the vectors of an encoder; nothing is learned from them.

    Works in a `Pipeline`, can be cloned, pickled and grid-searched (over `model`, say). What
    `check_estimator` demands of numeric tables doesn't apply: `X` is a list of images.

    Args:
        model: See `artvec.Encoder`, as of the rest.
        fit_mode: How an image is brought to the backbone's square (`fit` is a method here).
        image_size: Side of that square in pixels; None for the weights' own.
        batch_size: Images per forward pass; None for the encoder's own.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        engine: What runs it.
        precision: What it computes in.

    Example:
        >>> model = make_pipeline(ImageEncoder("tf_efficientnet_lite0"), LogisticRegression())
        >>> model.fit(["a.jpg", "query.jpg"], ["baroque", "cubist"]).predict(["a.jpg"])
        array(['baroque'], dtype='<U7')
    """

    def __init__(
        self,
        model: str = "tf_efficientnet_lite0",
        *,
        fit_mode: Fit | None = None,
        image_size: int | None = None,
        batch_size: int | None = None,
        device: str = "auto",
        engine: Engine = "auto",
        precision: Precision = "auto",
    ) -> None:
        self.model = model
        self.fit_mode = fit_mode
        self.image_size = image_size
        self.batch_size = batch_size
        self.device = device
        self.engine = engine
        self.precision = precision

    def fit(self, X: Sequence[ImageInput], y: object = None) -> Self:  # noqa: N803
        """Load the encoder; images and labels are not looked at.

        Args:
            X: Images; see `transform`.
            y: Is ignored.

        Raises:
            ArtvecError: The encoder can't be had.
        """
        self._encoder = self._loaded()
        self.n_features_out_ = self._encoder.dim
        return self

    def transform(self, X: Sequence[ImageInput]) -> Float32Array:  # noqa: N803
        """Return the vectors of images.

        Args:
            X: B paths, PIL images or (H, W, 3) uint8 arrays; a list or an array of paths.

        Returns:
            (B, dim) float32, in the order of the images.

        Raises:
            ArtvecError: An image can't be read.
        """
        if not hasattr(self, "_encoder"):  # nothing is learned, so fitting may be left out
            self._encoder = self._loaded()
        return self._encoder.encode(list(X), batch_size=self.batch_size)

    def get_feature_names_out(self, input_features: object = None) -> npt.NDArray[np.object_]:
        """Return a name a dimension, as `set_output(transform="pandas")` needs them."""
        names = [f"{self.model}_{number}" for number in range(self.n_features_out_)]
        return np.asarray(names, dtype=object)

    def _loaded(self) -> Encoder:
        return Encoder(
            self.model,
            fit=self.fit_mode,
            image_size=self.image_size,
            device=self.device,
            engine=self.engine,
            precision=self.precision,
        )

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_encoder"}

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.no_validation = True
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        return tags
