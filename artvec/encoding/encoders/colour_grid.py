"""The encoder of the weightless baseline: pixels centred on mid-grey, in numpy."""

from __future__ import annotations

import numpy as np

from artvec.core.types import EncoderIdentity, Float32Array, UInt8Array


class ColourGridEncoder:
    """Flatten (B, 4, 4, 3) uint8 pixels to (B, 48) float32 in [-1, 1]."""

    engine = "numpy"
    device = "cpu"
    precision = "fp32"
    streams = 1
    batch_size = 256

    def __init__(self, identity: EncoderIdentity) -> None:
        self.identity = identity

    def encode(self, pixels: UInt8Array) -> Float32Array:
        """Map (B, 4, 4, 3) uint8 to (B, 48) float32."""
        flat = pixels.reshape(len(pixels), -1).astype(np.float32)
        return (flat - np.float32(127.5)) / np.float32(127.5)
