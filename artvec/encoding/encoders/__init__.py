"""A backbone made fast: uint8 pixels in, float32 vectors out."""

from artvec.encoding.encoders.compiled import cached, compile_encoder

__all__ = ["cached", "compile_encoder"]
