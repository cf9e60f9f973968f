"""A name becomes a backbone: weights, preprocessing, identity."""

from artvec.encoding.backbones.sources import check_name, is_run, known, load, stand_in, untrained

__all__ = ["check_name", "is_run", "known", "load", "stand_in", "untrained"]
