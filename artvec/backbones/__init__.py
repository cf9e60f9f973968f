"""A name becomes a backbone: weights, preprocessing, identity."""

from artvec.backbones.sources import is_run, known, load, stand_in, untrained

__all__ = ["is_run", "known", "load", "stand_in", "untrained"]
