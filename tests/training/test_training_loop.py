"""What a phase changes and what it leaves alone; what it reports; how it ends."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import numpy as np
import pytest
import timm
import torch
from sklearn.metrics import accuracy_score, log_loss
from torch import nn

from artvec.core.types import Int64Array
from artvec.encoding.backbones.penultimate import Penultimate
from artvec.encoding.heads import CosineHead, build_head
from artvec.training.checkpoint import Checkpoint, State
from artvec.training.classifier import Classifier, answers
from artvec.training.inputs import StoredVectors
from artvec.training.loop import Diverged, Task, train_phase
from artvec.training.phase import Epoch, Phase

PHASE = Phase(name="finetune", epochs=3, batch_size=8, rate=1e-2, layer_decay=0.8)


class Noise:
    """Random pictures of 32×32 with labels in turn."""

    def __init__(self, n: int = 24, classes: int = 3, *, columns: int = 1) -> None:
        generator = torch.Generator().manual_seed(n)
        self.labels: Int64Array = np.arange(n * columns).reshape(n, columns) % classes
        self._pictures = torch.randn(n, 3, 32, 32, generator=generator)

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, rows: Int64Array, seed: int, *, augment: bool) -> torch.Tensor:
        return self._pictures[torch.from_numpy(rows)]


class Watching(Noise):
    """Also keeps which rows were asked for."""

    def __init__(self, n: int) -> None:
        super().__init__(n)
        self.asked: list[int] = []

    def batch(self, rows: Int64Array, seed: int, *, augment: bool) -> torch.Tensor:
        if augment:
            self.asked += rows.tolist()
        return super().batch(rows, seed, augment=augment)


def tiny(*, classes: tuple[int, ...] = (3,), head: str = "linear") -> Classifier:
    """Return timm's smallest EfficientNet, six blocks with batch norm, and a head a column."""
    torch.manual_seed(0)
    model = timm.create_model("test_efficientnet", pretrained=False)
    backbone = Penultimate(
        model,
        lambda network, x: network.forward_head(network.forward_features(x), pre_logits=True),
        unused=("classifier",),
    )
    return Classifier(backbone, [build_head(head, 256, n) for n in classes])


def on_vectors(n: int = 60, seed: int = 0, *, columns: int = 1) -> StoredVectors:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, (n, columns))
    centres = np.random.default_rng(9).normal(size=(3, 6))
    vectors = centres[labels[:, 0]] + rng.normal(size=(n, 6))
    return StoredVectors(vectors.astype(np.float32), labels)


def on_stored(phase: Phase, *, head: str = "linear") -> tuple[Classifier, list[float]]:
    """Train a head on vectors; return it, and the loss of every batch."""
    torch.manual_seed(0)
    model = Classifier(nn.Identity(), [build_head(head, 6, 3)])
    trained = train_phase(model, phase, Task(on_vectors(64), on_vectors(30, 1), (3,)))
    return model, list(trained.trace)


def copied(model: nn.Module) -> State:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def changed(before: State, model: nn.Module) -> set[str]:
    return {n for n, t in model.state_dict().items() if not torch.equal(t, before[n])}


@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_what_is_closed_stays_bit_for_bit(ema: float) -> None:
    model = tiny()
    before = copied(model)
    phase = replace(PHASE, trainable="from:conv_head", weight_decay=0.1, l2_sp=0.1, ema=ema)
    train_phase(model, phase, Task(Noise(), Noise(9), (3,)))
    opened = {"backbone.model.conv_head.weight", "heads.0.0.weight", "heads.0.0.bias"}
    opened |= {"backbone.model.bn2.weight", "backbone.model.bn2.bias"}
    assert changed(before, model) == opened  # nor the statistics of bn2


def test_statistics_move_where_asked_for_in_open_blocks_only() -> None:
    model = tiny()
    before = copied(model)
    phase = replace(PHASE, trainable="from:conv_head", batch_norm="train")
    train_phase(model, phase, Task(Noise(), Noise(9), (3,)))
    statistics = {name for name in changed(before, model) if "running" in name}
    assert statistics == {f"backbone.model.bn2.running_{what}" for what in ("mean", "var")}


def test_a_phase_that_opens_all_leaves_the_old_classifier_alone() -> None:
    model = tiny()
    before = copied(model)
    train_phase(model, replace(PHASE, weight_decay=0.1), Task(Noise(), Noise(9), (3,)))
    unchanged = before.keys() - changed(before, model)
    learned = {name for name in unchanged if "running" not in name and "tracked" not in name}
    assert learned == {"backbone.model.classifier.weight", "backbone.model.classifier.bias"}


def test_blocks_are_opened_one_by_one() -> None:
    model = tiny()
    phase = replace(PHASE, trainable="last:2", unfreeze_every=2, schedule="constant")
    stem = "backbone.model.blocks.3.0.conv_pw.weight"
    states: list[tuple[torch.Tensor, torch.Tensor]] = []

    def keep(_: Epoch, checkpoint: Checkpoint) -> None:
        weights = checkpoint.learner.model
        states.append((weights[stem].clone(), weights["heads.0.0.weight"].clone()))

    before = copied(model)[stem]
    train_phase(model, phase, Task(Noise(), Noise(9), (3,)), on_epoch=keep)
    assert [torch.equal(before, lower) for lower, _ in states] == [True, True, False]


def test_every_row_is_seen_once_an_epoch() -> None:
    train = Watching(21)
    train_phase(tiny(), replace(PHASE, trainable="head"), Task(train, Noise(9), (3,)))
    assert sorted(train.asked) == sorted(3 * list(range(21)))


def test_accumulated_batches_are_one_large_batch() -> None:
    whole, one = on_stored(replace(PHASE, batch_size=32, optimizer="sgd"))
    parts, two = on_stored(replace(PHASE, batch_size=16, accumulate=2, optimizer="sgd"))
    assert len(two) == 2 * len(one) == 2 * 3 * 2
    np.testing.assert_allclose(np.reshape(two, (-1, 2)).mean(axis=1), one, rtol=1e-5)
    for a, b in zip(whole.parameters(), parts.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_accumulating_weighs_unknown_labels_as_one_batch_does() -> None:
    inputs = on_vectors(32)
    inputs.labels[::3] = -1
    ends = []
    for size, accumulate in ((32, 1), (8, 4)):
        torch.manual_seed(0)
        model = Classifier(nn.Identity(), [build_head("linear", 6, 3)])
        phase = replace(PHASE, batch_size=size, accumulate=accumulate, optimizer="sgd")
        train_phase(model, phase, Task(inputs, on_vectors(9), (3,)))
        ends.append(model.heads[0][0].weight)
    torch.testing.assert_close(*ends)


def test_figures_are_those_of_scikit_learn() -> None:
    torch.manual_seed(0)
    model = Classifier(nn.Identity(), [build_head("linear", 6, 3)])
    train, val = on_vectors(), on_vectors(30, 1)
    phase = replace(PHASE, label_smoothing=0.3, dropout=0.5, schedule="constant")
    trained = train_phase(model, phase, Task(train, val, (3,)))
    best = trained.history[trained.best_epoch - 1]
    logits = answers(model, val).logits[0].astype(np.float64)
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert best.val_loss == pytest.approx(log_loss(val.labels[:, 0], shares), rel=1e-5)
    assert best.val_accuracy == accuracy_score(val.labels[:, 0], shares.argmax(axis=1))
    assert best.monitored == best.val_accuracy
    assert [epoch.rate for epoch in trained.history] == [1e-2] * 3
    sizes = np.array([len(part) for part in np.array_split(np.arange(60), 8)])
    losses = np.reshape(trained.trace, (3, 8))
    for epoch, batches in zip(trained.history, losses, strict=True):
        assert epoch.train_loss == pytest.approx((batches * sizes).sum() / 60)


def test_losses_of_several_columns_are_summed() -> None:
    torch.manual_seed(0)
    heads = [build_head("linear", 6, 3), build_head("8", 6, 3)]
    model = Classifier(nn.Identity(), heads)
    train, val = on_vectors(columns=2), on_vectors(30, 1, columns=2)
    val.labels[::2, 1] = -1
    first = [answers(model, val).logits[n].astype(np.float64) for n in range(2)]
    phase = replace(PHASE, epochs=1, rate=1e-12)
    trained = train_phase(model, phase, Task(train, val, (3, 3)))
    known = val.labels[:, 1] >= 0
    shares = [np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True) for scores in first]
    expected = log_loss(val.labels[:, 0], shares[0], labels=range(3))
    expected += log_loss(val.labels[known, 1], shares[1][known], labels=range(3))
    assert trained.history[0].val_loss == pytest.approx(expected, rel=1e-5)


def test_every_head_learns_its_own_column() -> None:
    heads = [build_head("linear", 6, 3) for _ in range(2)]
    model = Classifier(nn.Identity(), heads)
    train = on_vectors(columns=1)
    train.labels = np.hstack([train.labels, (train.labels + 1) % 3])
    phase = replace(PHASE, epochs=40, rate=0.1)
    train_phase(model, phase, Task(train, train, (3, 3)))
    said = [scores.argmax(axis=1) for scores in answers(model, train).logits]
    for column, guesses in enumerate(said):
        assert np.mean(guesses == train.labels[:, column]) > 0.8


def test_the_best_epoch_is_kept_and_waiting_has_an_end() -> None:
    """A val set with wrong labels: the less is learned, the better."""
    val = on_vectors(30, 1)
    val.labels = (val.labels + 1) % 3
    torch.manual_seed(0)
    model = Classifier(nn.Identity(), [build_head("linear", 6, 3)])
    after: list[State] = []
    trained = train_phase(
        model,
        replace(PHASE, epochs=20, monitor="loss", patience=2, rate=0.1, schedule="constant"),
        Task(on_vectors(), val, (3,)),
        on_epoch=lambda _, checkpoint: after.append(
            {name: tensor.clone() for name, tensor in checkpoint.learner.model.items()}
        ),
    )
    losses = [epoch.val_loss for epoch in trained.history]
    assert trained.best_epoch == int(np.argmin(losses)) + 1 == 1
    assert len(losses) == 3
    assert not changed(after[0], model)
    assert changed(after[2], model)
    assert not model.training


def test_another_figure_is_asked_from_the_task() -> None:
    figures = iter([0.1, 0.5, 0.3])

    def monitor(model: Classifier) -> float:
        assert not model.training
        return next(figures)

    phase = replace(PHASE, monitor="silhouette_cosine")
    model = Classifier(nn.Identity(), [build_head("linear", 6, 3)])
    trained = train_phase(model, phase, Task(on_vectors(), on_vectors(9), (3,), monitor=monitor))
    assert [epoch.monitored for epoch in trained.history] == [0.1, 0.5, 0.3]
    assert trained.best_epoch == 2


def test_val_sees_the_average_of_the_weights() -> None:
    torch.manual_seed(0)
    model = Classifier(nn.Identity(), [build_head("linear", 6, 3)])
    val = on_vectors(30, 1)
    raw: list[State] = []
    phase = replace(PHASE, epochs=1, ema=0.999, batch_size=30, schedule="constant", rate=0.5)
    weights: list[torch.Tensor] = [model.heads[0][0].weight.detach().clone()]
    original = torch.optim.AdamW.step

    def stepped(self: torch.optim.AdamW) -> None:
        original(self)
        weights.append(model.heads[0][0].weight.detach().clone())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.optim.AdamW, "step", stepped)
        train_phase(
            model, phase, Task(on_vectors(), val, (3,)),
            on_epoch=lambda _, checkpoint: raw.append(dict(checkpoint.learner.model)),
        )  # fmt: skip
    # the first update takes the weights over, the second one weighs them by 2^(-2/3)
    share = 2 ** (-2 / 3)
    expected = (1 - share) * weights[1] + share * weights[2]
    torch.testing.assert_close(model.heads[0][0].weight.detach(), expected)


@pytest.mark.parametrize("loss", ["supcon", "arcface", "triplet"])
def test_a_head_learns_beside_a_loss_that_looks_at_embeddings_only(loss: str) -> None:
    torch.manual_seed(0)
    model = Classifier(nn.Sequential(nn.Linear(6, 4)), [build_head("linear", 4, 3)])
    phase = replace(PHASE, epochs=15, loss=loss, rate=3e-2)
    trained = train_phase(model, phase, Task(on_vectors(), on_vectors(30, 1), (3,)))
    assert trained.history[-1].val_accuracy > 0.7


def test_a_loss_that_is_no_number_ends_the_phase_with_good_weights() -> None:
    train = on_vectors()
    model = Classifier(nn.Identity(), [build_head("linear", 6, 3)])
    phase = replace(PHASE, epochs=9, schedule="constant")
    good: list[State] = []

    def poison(_: Epoch, checkpoint: Checkpoint) -> None:
        good.append({name: tensor.clone() for name, tensor in checkpoint.best.items()})
        if len(good) == 2:
            train._views[0, 5] = np.inf

    with pytest.raises(Diverged) as stopped:
        train_phase(model, phase, Task(train, on_vectors(9), (3,)), on_epoch=poison)
    assert "phase finetune, epoch 3, batch " in stopped.value.message
    assert "rate 0.01" in stopped.value.message
    assert "--set finetune.rate=0.001" in stopped.value.hint
    assert not changed(good[1], model)


def test_a_rate_that_explodes_ends_the_phase_with_the_weights_of_the_start() -> None:
    model = Classifier(nn.Sequential(nn.Linear(6, 6)), [build_head("linear", 6, 3)])
    before = copied(model)
    phase = replace(PHASE, rate=1e30, optimizer="sgd", schedule="constant")
    with pytest.raises(Diverged, match="epoch 1"):
        train_phase(model, phase, Task(on_vectors(), on_vectors(9), (3,)))
    assert not changed(before, model)


def test_dropout_comes_before_heads_of_one_layer_only() -> None:
    model = Classifier(nn.Identity(), [build_head("linear", 6, 3), CosineHead(6, 3)])
    model.heads.append(build_head("8", 6, 3))
    model.dropout = 0.9
    vectors = torch.ones(4, 6)
    embedding, logits = model.train()(vectors)
    again = model(vectors)[1]
    assert torch.equal(embedding, vectors)
    assert [torch.equal(a, b) for a, b in zip(logits, again, strict=True)] == [False, False, True]
    once, twice = model.eval()(vectors)[1], model(vectors)[1]
    assert all(torch.equal(a, b) for a, b in zip(once, twice, strict=True))


def test_classes_weigh_what_they_are_rare() -> None:
    """Nine of ten rows of one class: unweighted, the head says that class everywhere."""
    rng = np.random.default_rng(0)
    labels = (np.arange(200) % 10 == 0).astype(np.int64)[:, np.newaxis]
    vectors = (0.7 * labels + rng.normal(size=(200, 1))).astype(np.float32)
    inputs, epochs = StoredVectors(vectors, labels), count()
    # by accuracy the bold beginning would be the best epoch; here it is the last one
    task = Task(inputs, inputs, (2,), monitor=lambda _: next(epochs))
    phase = replace(PHASE, epochs=20, rate=0.1, monitor="silhouette_cosine")
    said = []
    for balance in ("none", "weights"):
        model = Classifier(nn.Identity(), [build_head("linear", 1, 2)])
        train_phase(model, replace(phase, balance=balance), task)
        said.append(answers(model, inputs).logits[0].argmax(axis=1).mean())
    assert said[0] < 0.05
    assert 0.2 < said[1] < 0.6


def test_mixed_precision_stays_a_number() -> None:
    task = Task(Noise(), Noise(9), (3,), precision="bf16")
    trained = train_phase(tiny(), PHASE, task)
    assert all(np.isfinite(trained.trace))


def test_progress_counts_batches() -> None:
    told: list[tuple[int, int]] = []
    model = Classifier(nn.Identity(), [build_head("linear", 6, 3)])
    train_phase(
        model,
        replace(PHASE, batch_size=20),
        Task(on_vectors(), on_vectors(9), (3,)),
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(done, 9) for done in range(1, 10)]
