"""An encoder's identity as JSON, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from artvec.types import EncoderIdentity, Preprocessing


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
        int(fields["dim"]),
    )


def preprocessing_from(fields: Mapping[str, Any]) -> Preprocessing:
    """Read a preprocessing back from its JSON fields.

    Raises:
        KeyError, TypeError, ValueError: Fields are missing or of another type.
    """
    return Preprocessing(
        int(fields["size_px"]),
        int(fields["resize_px"]),
        fields["fit"],
        fields["interpolation"],
        _three(fields["mean"]),
        _three(fields["std"]),
    )


def _three(values: Sequence[float]) -> tuple[float, float, float]:
    red, green, blue = (float(value) for value in values)
    return red, green, blue
