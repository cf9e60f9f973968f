"""The probe: scikit-learn's optimum, a strength chosen on val, classes that the gallery lacks."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler

from artvec.metrics.probe import STRENGTHS, fit_probe, fit_probe_at, top_k_hits


def groups(rows: int, noise: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return (N, 12) vectors in five groups, badly scaled and far from the origin."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(5, size=rows)
    centres = np.random.default_rng(99).standard_normal((5, 12))
    rows_ = centres[labels] + noise * rng.standard_normal((rows, 12))
    return (rows_ * 10.0 ** np.arange(-3, 3, 0.5) + 50).astype(np.float32), labels


@pytest.mark.parametrize("strength", [1.0, 1e-2, 1e-4])
def test_the_optimum_is_that_of_scikit_learn(strength: float) -> None:
    """Objective, probabilities of other rows, and predictions; rows in two blocks."""
    vectors, labels = groups(5000, 1.5)
    others, _ = groups(400, 1.5, seed=1)
    scaler = StandardScaler().fit(vectors.astype(float))
    model = LogisticRegression(C=1 / (strength * 5000), tol=1e-10, max_iter=5000)
    model.fit(scaler.transform(vectors), labels)
    probe = fit_probe_at(vectors, labels, 5, strength)
    optimum = log_loss(labels, model.predict_proba(scaler.transform(vectors)))
    optimum += strength / 2 * (model.coef_**2).sum()
    assert probe.objective == pytest.approx(optimum, abs=1e-6)
    expected = model.predict_proba(scaler.transform(others))
    assert np.abs(np.exp(probe.log_probabilities(others)) - expected).max() < 2e-3


@pytest.mark.parametrize("strength", [1.0, 1e-2])
@pytest.mark.parametrize("rows", [12, 199, 200, 201])
def test_rows_span_fewer_dimensions(rows: int, strength: float) -> None:
    """The optimum is scikit-learn's there, too, and predicts other rows alike."""
    rng = np.random.default_rng(0)
    vectors = (rng.standard_normal((rows + 50, 200)) * rng.uniform(0.1, 9, 200) + 3).astype("f4")
    labels = np.arange(rows + 50) % 3
    scaler = StandardScaler().fit(vectors[:rows].astype(float))
    model = LogisticRegression(C=1 / (strength * rows), tol=1e-10, max_iter=5000)
    model.fit(scaler.transform(vectors[:rows]), labels[:rows])
    probe = fit_probe_at(vectors[:rows], labels[:rows], 3, strength)
    optimum = log_loss(labels[:rows], model.predict_proba(scaler.transform(vectors[:rows])))
    optimum += strength / 2 * (model.coef_**2).sum()
    assert probe.objective == pytest.approx(optimum, abs=1e-6)
    expected = model.predict_proba(scaler.transform(vectors[rows:]))
    assert np.abs(np.exp(probe.log_probabilities(vectors[rows:])) - expected).max() < 5e-3


def test_the_strength_is_the_best_on_val() -> None:
    """Every strength fitted from nothing: none beats the chosen one on val."""
    vectors, labels = groups(120, 3)
    val, val_labels = groups(300, 3, seed=1)
    probe = fit_probe(vectors, labels, val, val_labels, 5)

    def accuracy(strength: float) -> float:
        scores = fit_probe_at(vectors, labels, 5, strength).log_probabilities(val)
        return float((scores.argmax(axis=1) == val_labels).mean())

    accuracies = {strength: accuracy(strength) for strength in STRENGTHS}
    assert len(set(accuracies.values())) > 1
    assert probe.strength in STRENGTHS
    assert accuracies[probe.strength] >= max(accuracies.values()) - 2 / 300


def test_val_decides_and_nothing_else() -> None:
    """The same gallery, val labels right or drawn by lot: noise asks for a stronger penalty."""
    vectors, labels = groups(400, 0.5)
    val, val_labels = groups(200, 0.5, seed=1)
    shuffled = np.random.default_rng(0).permutation(val_labels)
    right = fit_probe(vectors, labels, val, val_labels, 5)
    lot = fit_probe(vectors, labels, val, shuffled, 5)
    assert right.strength < lot.strength


def test_a_class_without_gallery_rows_is_never_predicted() -> None:
    """Codes 0 and 5 have no row: -inf, and no hit even among the first seven."""
    vectors, labels = groups(200, 0.3)
    scores = fit_probe_at(vectors, labels % 4 + 1, 6, 0.01).log_probabilities(vectors)
    assert scores.shape == (200, 6)
    assert np.isneginf(scores[:, [0, 5]]).all()
    assert np.allclose(np.exp(scores).sum(axis=1), 1)
    assert not top_k_hits(scores, np.full(200, 5), 7).any()


def test_one_class_is_certain() -> None:
    vectors, _ = groups(30, 1)
    scores = fit_probe_at(vectors, np.full(30, 1), 3, 0.1).log_probabilities(vectors)
    assert (scores[:, 1] == 0).all()
    assert np.isneginf(scores[:, [0, 2]]).all()


def test_constant_dimensions_say_nothing() -> None:
    vectors, labels = groups(200, 0.3)
    more = np.concatenate([vectors, np.full((200, 2), 7, np.float32)], axis=1)
    plain, wider = (fit_probe_at(rows, labels, 5, 0.01) for rows in (vectors, more))
    assert wider.objective == pytest.approx(plain.objective, abs=1e-6)


def test_fewer_rows_than_dimensions() -> None:
    """The Gram matrix is singular then; the penalty makes the problem whole."""
    rng = np.random.default_rng(0)
    vectors, labels = rng.standard_normal((10, 64)).astype(np.float32), np.arange(10) % 3
    probe = fit_probe_at(vectors, labels, 3, 1e-5)
    assert (probe.log_probabilities(vectors).argmax(axis=1) == labels).all()


@pytest.mark.parametrize(
    ("rows", "labels", "strength", "message"),
    [
        (0, np.zeros(0, int), 1.0, "no gallery row"),
        (3, np.array([0, 1]), 1.0, "3 rows need labels"),
        (2, np.array([0, 2]), 1.0, "between 0 and 1"),
        (2, np.array([0, -1]), 1.0, "between 0 and 1"),
        (2, np.array([0, 1]), 0.0, "above 0"),
    ],
)
def test_what_does_not_fit_is_refused(
    rows: int, labels: np.ndarray, strength: float, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        fit_probe_at(np.ones((rows, 2), np.float32), labels, 2, strength)


def test_without_val_rows_there_is_no_strength() -> None:
    vectors, labels = groups(20, 1)
    with pytest.raises(ValueError, match="val rows"):
        fit_probe(vectors, labels, vectors[:0], labels[:0], 5)


def test_top_k_by_hand() -> None:
    """Scores .5 .2 .3: class 2 is second. Equal scores rank by code, so 1 of (0, 1) is second."""
    scores = np.array([[0.5, 0.2, 0.3], [0.4, 0.4, 0.2]])
    assert top_k_hits(scores, np.array([2, 1]), 1).tolist() == [False, False]
    assert top_k_hits(scores, np.array([2, 1]), 2).tolist() == [True, True]
    assert top_k_hits(scores, np.array([1, 2]), 2).tolist() == [False, False]
    assert top_k_hits(scores, np.array([1, 0]), 99).tolist() == [True, True]


def test_equal_scores_are_not_all_hits() -> None:
    scores = np.zeros((4, 4))
    assert top_k_hits(scores, np.arange(4), 1).tolist() == [True, False, False, False]
