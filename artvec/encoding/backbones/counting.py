"""Parameters, operations and layers of a network, without its weights; nothing is timed here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torchinfo
from torch.utils.flop_counter import FlopCounterMode

from artvec.core.types import BackboneRequest, EncoderIdentity
from artvec.encoding.backbones import sources
from artvec.encoding.backbones.anchored import MARK

_WEIGHTED = (torch.nn.Linear, torch.nn.Conv1d, torch.nn.Conv2d, torch.nn.Conv3d)
_BYTES_A_PARAMETER = 4


@dataclass(frozen=True, slots=True)
class Size:
    """What it takes to make one embedding; the classifier, which plays no part, is left out.

    Attributes:
        parameters: Numbers that were learnt.
        mult_adds: Multiplications with additions for one image.
        depth: Convolutions and linear layers, wherever they stand: also those of shortcuts.
        megabytes: Of all parameters as float32 (10⁶ bytes).
    """

    parameters: int
    mult_adds: int
    depth: int
    megabytes: float


def encoder_size(identity: EncoderIdentity) -> Size:
    """Count the network that makes an encoder's embeddings; a run counts as its architecture.

    An anchored run counts twice: two networks look at every picture.

    Raises:
        ArtvecError: It has no layers (`colour:4x4`), or can't be made here without a download.
    """
    preprocessing = identity.preprocessing
    size_px = preprocessing.size_px
    untrained = sources.untrained(
        BackboneRequest(identity.backbone, image_size_px=size_px, fit=preprocessing.fit), None
    )
    for head in untrained.head:
        untrained.model.set_submodule(head, torch.nn.Identity())
    summary = layer_table(untrained.model, size_px)
    networks = 2 if identity.layer.endswith(MARK) else 1
    return Size(
        parameters=networks * summary.total_params,
        mult_adds=networks * mult_adds(untrained.model, summary.total_mult_adds, size_px),
        depth=sum(isinstance(part, _WEIGHTED) for part in untrained.model.modules()),
        megabytes=networks * summary.total_params * _BYTES_A_PARAMETER / 1e6,
    )


def layer_table(model: torch.nn.Module, size_px: int) -> Any:
    """Return torchinfo's summary of a network for one square image; its text is the table."""
    with torch.random.fork_rng():
        return torchinfo.summary(
            model,
            input_size=(1, 3, size_px, size_px),
            depth=3,
            verbose=0,
            col_names=("input_size", "output_size", "num_params", "mult_adds", "trainable"),
            row_settings=("var_names",),
        )


def mult_adds(model: torch.nn.Module, listed: int, size_px: int) -> int:
    """Return the layer table's total, unless layers do more than it sees.

    torchinfo counts a linear layer once however many tokens pass it, and no attention; torch's
    own counter sees both. For convolutional networks the two agree to a thousandth.
    """
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        model(torch.zeros(1, 3, size_px, size_px))
    counted = counter.get_total_flops() // 2
    return counted if counted > 1.01 * listed else listed
