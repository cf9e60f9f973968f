"""Mixed batches show what their shares say, and nothing else depends on chance than the seed."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from artvec.core.errors import ArtvecError
from artvec.training.mixing import mixed
from artvec.training.phase import Phase

PLAIN = Phase(name="a")
MIXUP, CUTMIX = replace(PLAIN, mixup=0.4), replace(PLAIN, cutmix=1.0)
EITHER = replace(PLAIN, mixup=0.4, cutmix=1.0)


def constant_images(count: int) -> torch.Tensor:
    """Return pictures each of which shows the number of its row everywhere."""
    numbers = torch.arange(count, dtype=torch.float32)
    images = numbers.reshape(-1, 1, 1, 1).expand(-1, 3, 16, 16)
    return images.contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("phase", [MIXUP, CUTMIX, EITHER])
def test_pixels_agree_with_shares(phase: Phase) -> None:
    images = constant_images(6)
    for seed in range(20):
        batch = mixed(images, phase, seed)
        torch.testing.assert_close(batch.shares.sum(dim=1), torch.ones(6))
        shown = batch.inputs.mean(dim=(1, 2, 3))  # mean of two constants, by their shares
        torch.testing.assert_close(shown, batch.shares @ torch.arange(6.0), rtol=1e-4, atol=1e-4)
        assert batch.inputs.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(images, constant_images(6))


def test_cutmix_pastes_and_mixup_blends() -> None:
    pasted = mixed(constant_images(6), CUTMIX, 1).inputs
    assert (pasted == pasted.round()).all()
    assert not (mixed(constant_images(6), MIXUP, 1).inputs.frac() == 0).all()
    kinds = {
        bool((mixed(constant_images(6), EITHER, s).inputs.frac() == 0).all()) for s in range(9)
    }
    assert kinds == {True, False}


def test_stored_embeddings_are_blended_but_not_cut() -> None:
    vectors = torch.randn(5, 7)
    batch = mixed(vectors, MIXUP, 0)
    torch.testing.assert_close(batch.inputs, batch.shares @ vectors)
    with pytest.raises(ArtvecError, match="cutmix needs pictures") as caught:
        mixed(vectors, EITHER, 0)
    assert caught.value.usage


def test_targets_are_shares_of_classes_and_an_unknown_label_has_none() -> None:
    batch = mixed(constant_images(4), MIXUP, 0)
    labels = torch.tensor([2, 0, 0, -1])
    known = torch.tensor([[0, 0, 1], [1, 0, 0], [1, 0, 0], [0, 0, 0]], dtype=torch.float32)
    torch.testing.assert_close(batch.targets(labels, 3), batch.shares @ known)


@pytest.mark.parametrize("phase", [MIXUP, CUTMIX, EITHER])
def test_chance_is_the_seeds_alone(phase: Phase) -> None:
    images = torch.rand(6, 3, 8, 8)
    state = torch.get_rng_state()
    one = mixed(images, phase, 5)
    assert torch.equal(torch.get_rng_state(), state)
    torch.rand(7)
    again, other = mixed(images, phase, 5), mixed(images, phase, 6)
    assert torch.equal(one.inputs, again.inputs)
    assert torch.equal(one.shares, again.shares)
    assert not torch.equal(one.shares, other.shares)
