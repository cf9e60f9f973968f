"""What a phase changes, and one step of it: forward, backward, pull, clip, update, average."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from timm.utils import ModelEmaV3
from torch import nn

from artvec.core.types import Int64Array
from artvec.training.backbone_blocks import blocks, open_only, opened, opened_at, train_mode
from artvec.training.checkpoint import LearnerState
from artvec.training.classifier import Classifier, autocast
from artvec.training.losses import CROSS_ENTROPY, build_loss, teaches_head
from artvec.training.mixing import mixed
from artvec.training.optimise import build_optimizer, pull
from artvec.training.phase import Phase
from artvec.training.prefetch import worth_ahead
from artvec.training.sampling import class_weights
from artvec.training.task import Batch, Task


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What one batch showed.

    Attributes:
        loss: As it is minimised.
        rows: In the batch.
        known: Of these, with a label in the first column.
        right: Of these, classified rightly; None where pictures were mixed.
    """

    loss: float
    rows: int
    known: int
    right: int | None


class Learner:
    """Holds what a phase trains, and takes its steps."""

    def __init__(self, model: Classifier, phase: Phase, task: Task) -> None:
        """Prepare a phase; the model moves to the task's device.

        Raises:
            ArtvecError: The phase names a part, a loss or an optimiser that isn't there.
        """
        self.model = model.to(task.device).to(memory_format=torch.channels_last)
        self.model.dropout = phase.dropout
        self.steps = 0
        self._phase, self._task = phase, task
        self._blocks = blocks(model.backbone)
        self._pulled = list(opened(self._blocks, phase.trainable).values()) if phase.l2_sp else []
        self._start = [parameter.detach().clone() for parameter in self._pulled]
        self._head_learns = teaches_head(phase.loss)
        self._losses = self._build_losses()
        self.optimizer = build_optimizer(model, self._losses, phase)
        self._average = ModelEmaV3(model, decay=phase.ema, use_warmup=True) if phase.ema else None

    @property
    def judged(self) -> Classifier:
        """The weights that val sees: their average where the phase averages."""
        if self._average is None:
            return self.model
        averaged: Classifier = self._average.module
        return averaged

    @property
    def ahead(self) -> int:
        """How many batches are worth making ahead: none where they are stored embeddings."""
        return worth_ahead(self._task.device) if self._blocks else 0

    def begin_epoch(self, number: int) -> None:
        """Open what epoch `number` (from 1) trains."""
        open_only(self.model, opened_at(self._blocks, self._phase, number))
        train_mode(self.model, self._phase.batch_norm)

    def step(self, batches: Sequence[Batch]) -> list[BatchResult]:
        """Take one step along the mean gradient of batches, as if they were one.

        Returns:
            What each batch showed. After a loss that isn't finite no step is taken, and that batch
            is the last one.
        """
        self.optimizer.zero_grad()
        known = [(self._task.train.labels[rows] >= 0).sum(axis=0) for rows, _ in batches]
        shares = np.array(known) / np.maximum(np.sum(known, axis=0), 1)  # (batches, T)
        results: list[BatchResult] = []
        for (rows, batch), share in zip(batches, shares, strict=True):
            losses, right = self._forward(rows, batch)
            total = losses.detach().sum().item()
            results.append(BatchResult(total, len(rows), int(known[len(results)][0]), right))
            if not math.isfinite(total):
                return results
            (losses * torch.from_numpy(share).to(losses)).sum().backward()  # type: ignore[no-untyped-call]
        self._update()
        return results

    def state(self) -> LearnerState:
        """Return what the next step depends on; the tensors are those that it will change."""
        return LearnerState(
            self.steps,
            self.model.state_dict(),
            self._losses.state_dict(),
            self.optimizer.state_dict(),
            None if self._average is None else self._average.module.state_dict(),
            tuple(self._start),
        )

    def restore(self, state: LearnerState) -> None:
        """Go on from a state of the same phase."""
        self.steps = state.steps
        self.model.load_state_dict(state.model)
        self._losses.load_state_dict(state.losses)
        self.optimizer.load_state_dict(state.optimizer)
        if self._average is not None and state.average is not None:
            self._average.module.load_state_dict(state.average)
        for origin, saved in zip(self._start, state.start, strict=True):
            origin.copy_(saved)

    def _forward(self, rows: Int64Array, batch: torch.Tensor) -> tuple[torch.Tensor, int | None]:
        """Return the (T,) losses of a batch, and how many rows the first head gets right."""
        batch = batch.to(self._task.device, non_blocking=True)
        codes = torch.from_numpy(self._task.train.labels[rows]).to(self._task.device)  # (B, T)
        targets = list(codes.T)
        mixes = self._phase.mixup > 0 or self._phase.cutmix > 0
        if mixes:
            blend = mixed(batch, self._phase, int(torch.randint(2**62, ())))
            batch = blend.inputs
            targets = list(map(blend.targets, targets, self._task.n_classes))
        with autocast(self._task.device, self._task.precision):
            embedding = self.model.backbone(batch)
            logits = self.model.logits(embedding if self._head_learns else embedding.detach())
        columns = zip(self._losses, logits, targets, strict=True)
        losses = torch.stack([loss(embedding, scores, target) for loss, scores, target in columns])
        right = None if mixes else int((logits[0].argmax(dim=1) == codes[:, 0]).sum())
        return losses, right

    def _update(self) -> None:
        pull(self._pulled, self._start, self._phase.l2_sp)
        if self._phase.clip_norm:
            parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
            nn.utils.clip_grad_norm_(parameters, self._phase.clip_norm)
        self.optimizer.step()
        self.steps += 1
        if self._average is not None:
            self._average.update(self.model, step=self.steps)

    def _build_losses(self) -> nn.ModuleList:
        """Build one loss a label column; the head learns beside one that doesn't look at logits."""
        task, phase = self._task, self._phase
        with torch.inference_mode():
            sample = task.train.batch(np.arange(1), 0, augment=False).to(task.device)
            width = self.model.eval().backbone(sample).shape[1]
        spelling = phase.loss if self._head_learns else f"{phase.loss}+{CROSS_ENTROPY}"
        losses = []
        for column, classes in enumerate(task.n_classes):
            weights = None
            if phase.balance == "weights":
                weights = torch.from_numpy(class_weights(task.train.labels[:, column], classes))
            losses.append(build_loss(spelling, width, classes, phase.label_smoothing, weights))
        return nn.ModuleList(losses).to(task.device)
