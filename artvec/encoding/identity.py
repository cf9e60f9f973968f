"""An encoder's identity as JSON, and back."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, get_args

from artvec.core.choices import Fit, Interpolation
from artvec.core.types import EncoderIdentity, Preprocessing

_MAX_DIM = 1 << 20
_MAX_SIDE_PX = 1 << 14


def identity_json(identity: EncoderIdentity) -> str:
    """Write an identity as canonical JSON."""
    return json.dumps(asdict(identity), sort_keys=True)


def identity_from(fields: Mapping[str, Any]) -> EncoderIdentity:
    """Read an identity back from its JSON fields.

    Raises:
        KeyError, TypeError, ValueError: Fields are missing or of another type.
    """
    return EncoderIdentity(
        str(fields["backbone"]),
        str(fields["weights_sha256"]),
        preprocessing_from(fields["preprocessing"]),
        str(fields["layer"]),
        _within(fields["dim"], _MAX_DIM, "dim"),
    )


def preprocessing_from(fields: Mapping[str, Any]) -> Preprocessing:
    """Read a preprocessing back from its JSON fields.

    Raises:
        KeyError, TypeError, ValueError: Fields are missing or of another type.
    """
    return Preprocessing(
        _within(fields["size_px"], _MAX_SIDE_PX, "size_px"),
        _within(fields["resize_px"], _MAX_SIDE_PX, "resize_px"),
        _one_of(fields["fit"], get_args(Fit)),
        _one_of(fields["interpolation"], get_args(Interpolation)),
        _three(fields["mean"]),
        _three(fields["std"]),
    )


def _within(value: Any, most: int, name: str) -> int:
    """Refuse numbers that no backbone has: a stranger's file must not exhaust memory."""
    number = int(value)
    if not 1 <= number <= most:
        raise ValueError(f"{name} is {number}, not between 1 and {most}")
    return number


def _one_of(value: Any, allowed: tuple[str, ...]) -> Any:
    if value not in allowed:
        raise ValueError(f"{value!r} is none of {', '.join(allowed)}")
    return value


def _three(values: Sequence[float]) -> tuple[float, float, float]:
    red, green, blue = (float(value) for value in values)
    if not all(map(math.isfinite, (red, green, blue))):
        raise ValueError(f"{values} are not finite numbers")
    return red, green, blue
