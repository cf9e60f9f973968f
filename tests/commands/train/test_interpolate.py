"""Weights between two states, against numpy; what can't lie between comes from the end."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from artvec.commands.train.weight_choice import interpolated
from artvec.training.checkpoint import State


def network(seed: int) -> nn.Module:
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    for number in range(seed + 1):  # moves the statistics, counts the batches
        net(torch.randn(5, 3) + number)
    return net


def states() -> tuple[State, State]:
    return network(1).state_dict(), network(4).state_dict()


@given(st.floats(0, 1))
def test_every_number_lies_in_proportion(share: float) -> None:
    start, end = states()
    found = interpolated(start, end, share)
    for name in ("0.weight", "0.bias", "1.running_mean", "1.running_var"):
        expected = (1 - share) * start[name].numpy() + share * end[name].numpy()
        np.testing.assert_allclose(found[name].numpy(), expected, rtol=1e-5, atol=1e-6)
    assert found["1.num_batches_tracked"] == end["1.num_batches_tracked"] == 5
    assert found["1.num_batches_tracked"].dtype == torch.int64


def test_the_ends_are_the_states_themselves() -> None:
    start, end = states()
    for share, expected in ((0.0, start), (1.0, end)):
        found = interpolated(start, end, share)
        assert all(torch.equal(found[n], expected[n]) for n in found if "tracked" not in n)


def test_the_states_stay_as_they_were_and_the_network_takes_the_mixture() -> None:
    start, end = states()
    copies = {name: tensor.clone() for name, tensor in end.items()}
    net = network(0)
    net.load_state_dict(interpolated(start, end, 0.3))
    for parameter in net.parameters():
        nn.init.zeros_(parameter)
    assert all(torch.equal(end[name], copies[name]) for name in end)


def test_half_precision_stays_so() -> None:
    start, end = ({"w": torch.tensor([value], dtype=torch.bfloat16)} for value in (1.0, 2.0))
    assert interpolated(start, end, 0.5)["w"].dtype == torch.bfloat16


def test_states_of_two_networks_are_no_pair() -> None:
    start, end = states()
    with pytest.raises(KeyError):
        interpolated({"0.weight": start["0.weight"]}, end, 0.5)
