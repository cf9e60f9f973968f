"""The linear probe: what a linear classifier can read from frozen embeddings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.linalg import solve_triangular
from scipy.optimize import minimize
from scipy.special import log_softmax
from threadpoolctl import threadpool_limits

from artvec.core.types import BoolArray, Float32Array, Float64Array, FloatArray, Int64Array
from artvec.metrics.blocks import codes_of, in_threads, spans

STRENGTHS = tuple(float(10.0**power) for power in np.arange(0.5, -5.5, -0.5))
"""L2 strengths tried, strongest first: 3.2 to 1e-5 of a row's mean loss, half a decade apart."""

_PATIENCE = 2
"""Weaker strengths tried in vain before the path ends."""

_PART_ROWS = 2048
"""Of the gradient, in a thread: enough of them for the cores to finish together."""

_ROUGH, _FINE = 1e-5, 1e-8
"""What a step must still win of the objective: on the path, where a strength is chosen, and for the
probe that is returned."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A fitted linear classifier.

    Attributes:
        weights: (D, K) float32, for vectors as emitted (standardising is folded in).
        intercept: (K,) float64.
        classes: (K,) int64 codes that the gallery has, ascending.
        n_classes: How many classes there are, with those that the gallery lacks.
        strength: L2 strength λ.
        objective: Mean loss + λ/2 ‖weights on standardised vectors‖² on the gallery.
    """

    weights: Float32Array
    intercept: Float64Array
    classes: Int64Array
    n_classes: int
    strength: float
    objective: float

    def log_probabilities(self, vectors: FloatArray) -> Float64Array:
        """Return (N, C) float64 log-probabilities; -inf for classes that the gallery lacks."""
        found = np.full((len(vectors), self.n_classes), -np.inf)
        for span in spans(len(vectors)):
            logits = vectors[span].astype(np.float64) @ self.weights + self.intercept
            found[span, self.classes] = log_softmax(logits, axis=1)
        return found


def fit_probe(
    gallery: FloatArray, labels: Int64Array, val: FloatArray, val_labels: Int64Array, n_classes: int
) -> Probe:
    """Fit multinomial logistic regression; its L2 strength is the best one on the val rows.

    Best means the highest accuracy, then the lowest loss. Strengths are tried from strong to weak,
    each starting where the last one ended, until two in a row win nothing.

    Args:
        gallery: (N, D) as emitted; standardised by its own mean and deviation.
        labels: (N,) codes 0 … n_classes - 1.
        val: (V, D), never test rows. Where they are a part of the gallery, fit the rest here, then
            the whole with `fit_probe_at` and this probe's strength.
        val_labels: (V,) codes.
        n_classes: How many classes there are; those without a gallery row are never predicted.

    Raises:
        ValueError: There is no gallery or val row, or labels don't fit.

    Source: protocol of Chen et al. 2020 (SimCLR), L2 strength swept as by Radford et al. 2021
    (CLIP).
    """
    if not len(val) or val_labels.shape != (len(val),):
        raise ValueError("the strength is chosen on val rows: there must be some, with labels")
    problem = _problem(gallery, labels, n_classes)
    best, best_score, vain = STRENGTHS[0], (-1.0, 0.0), 0
    solution = start = problem.start()
    with _one_thread_a_product():
        for strength in STRENGTHS:
            solution = problem.minimise(strength, solution, _ROUGH)
            score = _score(problem.probe(strength, solution), val, val_labels)
            vain = 0 if score > best_score else vain + 1
            if not vain:
                best, best_score, start = strength, score, solution
            if vain == _PATIENCE:
                break
        return problem.probe(best, problem.minimise(best, start, _FINE))


def fit_probe_at(gallery: FloatArray, labels: Int64Array, n_classes: int, strength: float) -> Probe:
    """Fit multinomial logistic regression with a given L2 strength.

    Minimises mean cross-entropy + strength/2 ‖W‖² over weights W and intercepts (not penalised) on
    standardised vectors: scikit-learn's `LogisticRegression(C=1 / (strength * N))`.

    Args:
        gallery: (N, D) as emitted.
        labels: (N,) codes 0 … n_classes - 1.
        n_classes: How many classes there are.
        strength: Above 0.

    Raises:
        ValueError: There is no gallery row, labels don't fit, or the strength is not above 0.
    """
    if not strength > 0:
        raise ValueError(f"the strength must be above 0, not {strength}")
    problem = _problem(gallery, labels, n_classes)
    with _one_thread_a_product():
        return problem.probe(strength, problem.minimise(strength, problem.start(), _FINE))


def top_k_hits(scores: FloatArray, labels: Int64Array, k: int) -> BoolArray:
    """Return whether the label is among the k classes of the largest scores.

    Equal scores rank by code, as `argmax` does, so that the first hit is the prediction. A class
    with score -inf was never a candidate, and is no hit however large k.

    Args:
        scores: (N, C), e.g. log-probabilities.
        labels: (N,) codes 0 … C - 1.
        k: At least 1.

    Returns:
        (N,) bool; the mean is the top-k accuracy.
    """
    own = np.take_along_axis(scores, labels[:, None], axis=1)  # (N, 1)
    before = np.arange(scores.shape[1]) < labels[:, None]
    rank = ((scores > own) | ((scores == own) & before)).sum(axis=1)
    hits: BoolArray = (rank < k) & (own[:, 0] > -np.inf)
    return hits


@dataclass(frozen=True, slots=True)
class _Part:
    """Summed loss of some rows, and its gradient: (K, R) by weights, (K,) by intercept."""

    loss: float
    weights: Float32Array
    intercept: Float64Array


@dataclass(frozen=True, slots=True)
class _Problem:
    """The gallery made ready.

    Attributes:
        rows: (N, R) float32, standardised, in coordinates of their own where N < D.
        basis: (D, R) with orthonormal columns that those coordinates are of; None where R is D.
        mean: (D,) of the gallery as emitted.
        deviation: (D,) of the gallery as emitted; 1 where it is 0.
        position: (N,) which of `classes` a row is of.
        classes: (K,) codes that occur.
        n_classes: With those that don't.
        gram: (R, R) mean of x xᵀ.
    """

    rows: Float32Array
    basis: Float64Array | None
    mean: Float64Array
    deviation: Float64Array
    position: Int64Array
    classes: Int64Array
    n_classes: int
    gram: Float64Array

    def start(self) -> Float64Array:
        """Return (R + 1, K) zeros: weights, and intercepts in the last row."""
        return np.zeros((self.rows.shape[1] + 1, len(self.classes)))

    def minimise(self, strength: float, start: Float64Array, tolerance: float) -> Float64Array:
        """Return the (R + 1, K) solution by L-BFGS in coordinates where the curvature is about 1.

        At W = 0 the Hessian is (gram / K + λ) ⊗ (I - 1/K); with its Cholesky factor L, W = L⁻ᵀV.

        Source: preconditioning as in Nocedal and Wright 2006, section 7.2; bound by Böhning 1992.
        """
        width, n_classes = len(self.gram), len(self.classes)
        curvature = self.gram / n_classes + strength * np.eye(width)
        factor = np.zeros((width + 1, width + 1))
        factor[:-1, :-1] = np.linalg.cholesky(curvature)
        factor[-1, -1] = np.sqrt(1.0 / n_classes)  # of the intercepts
        inverse = solve_triangular(factor, np.eye(width + 1), lower=True)

        def value(inner: Float64Array) -> tuple[float, Float64Array]:
            loss, gradient = self._loss(inverse.T @ inner.reshape(start.shape), strength)
            return loss, (inverse @ gradient).ravel()

        found = minimize(
            value,
            (factor.T @ start).ravel(),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": 1000, "maxcor": 20, "ftol": tolerance, "gtol": 0.0},
        )
        weights: Float64Array = inverse.T @ found.x.reshape(start.shape)
        return weights

    def _loss(self, solution: Float64Array, strength: float) -> tuple[float, Float64Array]:
        """Return the objective and its (R + 1, K) gradient."""
        gradient = np.vstack([strength * solution[:-1], np.zeros_like(solution[-1:])])
        loss = 0.5 * strength * float(np.vdot(solution[:-1], solution[:-1]))
        rounded = solution.astype(np.float32)
        for part in in_threads(partial(self._part, rounded), spans(len(self.rows), _PART_ROWS)):
            loss += part.loss / len(self.rows)
            gradient[:-1] += part.weights.T / len(self.rows)
            gradient[-1] += part.intercept / len(self.rows)
        return loss, gradient

    def _part(self, solution: Float32Array, span: slice) -> _Part:
        """Return what some rows add to the loss and its gradient."""
        weights, intercept = np.split(solution, [-1])
        rows, own = self.rows[span], self.position[span]
        at = np.arange(len(rows)), own
        logits = rows @ weights + intercept  # (n, K)
        logits -= logits.max(axis=1, keepdims=True)
        loss = -float(logits[at].sum(dtype=np.float64))
        errors = np.exp(logits, out=logits)
        sums = errors.sum(axis=1, keepdims=True)
        loss += float(np.log(sums).sum(dtype=np.float64))
        errors /= sums
        errors[at] -= 1.0
        # In this order BLAS reads both as they lie.
        return _Part(loss, errors.T @ rows, errors.sum(axis=0, dtype=np.float64))

    def probe(self, strength: float, solution: Float64Array) -> Probe:
        """Return the classifier for vectors as emitted."""
        inner = solution[:-1] if self.basis is None else self.basis @ solution[:-1]  # (D, K)
        weights = inner / self.deviation[:, None]
        return Probe(
            weights.astype(np.float32),
            solution[-1] - self.mean @ weights,
            self.classes,
            self.n_classes,
            strength,
            self._loss(solution, strength)[0],
        )


def _one_thread_a_product() -> threadpool_limits:
    """Keep BLAS to a thread in the whole process: with so few columns two are slower than one."""
    return threadpool_limits(1, "blas")


def _problem(gallery: FloatArray, labels: Int64Array, n_classes: int) -> _Problem:
    if not len(gallery):
        raise ValueError("there is no gallery row to learn from")
    positions, _ = codes_of(labels, len(gallery))
    classes = np.unique(labels)
    if not 0 <= classes[0] <= classes[-1] < n_classes:
        raise ValueError(f"labels must lie between 0 and {n_classes - 1}")
    mean = gallery.mean(axis=0, dtype=np.float64)
    deviation = gallery.std(axis=0, dtype=np.float64)
    deviation[deviation == 0] = 1.0
    rows = np.empty(gallery.shape, np.float32)
    for span in spans(len(rows)):
        rows[span] = (gallery[span] - mean) / deviation
    rows, basis = _within_their_span(rows)
    gram = (rows.T @ rows).astype(np.float64) / len(rows)
    return _Problem(rows, basis, mean, deviation, positions, classes, n_classes, gram)


def _within_their_span(rows: Float32Array) -> tuple[Float32Array, Float64Array | None]:
    """Return fewer than D rows by N coordinates, (N, N), and what these are of, (D, N).

    With an L2 penalty the best weights lie in the span of the rows, and a rotation changes neither
    products nor lengths: the problem stays the same.

    Source: Hastie and Tibshirani 2004, Efficient quadratic regularization for expression arrays.
    """
    if len(rows) >= rows.shape[1]:
        return rows, None
    basis, coordinates = np.linalg.qr(rows.T.astype(np.float64))
    return np.ascontiguousarray(coordinates.T, dtype=np.float32), basis


def _score(probe: Probe, val: FloatArray, val_labels: Int64Array) -> tuple[float, float]:
    """Return accuracy and minus the mean loss over val rows of classes that the probe knows."""
    found = probe.log_probabilities(val)
    own = found[np.arange(len(val)), val_labels]
    known = own[np.isfinite(own)]
    right = float(np.mean(found.argmax(axis=1) == val_labels))
    return right, float(known.mean()) if len(known) else 0.0
