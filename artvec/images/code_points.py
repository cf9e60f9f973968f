"""Colour spaces by their code points (ITU-T H.273), as PNG's cICP and AVIF's nclx give them."""

from __future__ import annotations

from artvec.images.high_dynamic_range import HLG, PQ, tone_mapped_profile
from artvec.images.profiles import SRGB_CURVE, SRGB_PRIMARIES, Chromaticities, Curve, matrix_profile

_D65 = SRGB_PRIMARIES[:2]
_C = (0.31, 0.316)
_PRIMARIES: dict[int, Chromaticities] = {
    1: SRGB_PRIMARIES,
    4: (*_C, 0.67, 0.33, 0.21, 0.71, 0.14, 0.08),
    5: (*_D65, 0.64, 0.33, 0.29, 0.6, 0.15, 0.06),
    6: (*_D65, 0.63, 0.34, 0.31, 0.595, 0.155, 0.07),
    7: (*_D65, 0.63, 0.34, 0.31, 0.595, 0.155, 0.07),
    8: (*_C, 0.681, 0.319, 0.243, 0.692, 0.145, 0.049),
    9: (*_D65, 0.708, 0.292, 0.17, 0.797, 0.131, 0.046),
    11: (0.314, 0.351, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06),
    12: (*_D65, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06),
    22: (*_D65, 0.63, 0.34, 0.295, 0.605, 0.155, 0.077),
}
"""Source: ITU-T H.273, table 2."""

_BT1886 = Curve(2.4)
_CURVES = {
    1: _BT1886,
    4: Curve(2.2),
    5: Curve(2.8),
    6: _BT1886,
    7: Curve(1 / 0.45, 1 / 1.1115, 0.1115 / 1.1115, 0.25, 0.0913),
    8: Curve(1.0),
    11: _BT1886,
    13: SRGB_CURVE,
    14: _BT1886,
    15: _BT1886,
    17: Curve(2.6, (52.37 / 48) ** (1 / 2.6)),
}
"""Source: ITU-T H.273, table 3; cameras' curves as the screens invert them that they are made for
(ITU-R BT.1886), as Chromium does."""

_SRGB_BY_CONVENTION = frozenset((1, 2, 6, 14, 15))
"""Curves that still pictures in AVIF carry by the habit of video; browsers take them for sRGB's."""

UNSPECIFIED = 2


def png_profile(primaries: int, transfer: int) -> bytes | None:
    """Return the profile of a PNG's code points; None where they name no colours known here."""
    if primaries not in _PRIMARIES:
        return None
    if transfer in (PQ, HLG):
        return tone_mapped_profile(_PRIMARIES[primaries], transfer)
    curve = _CURVES.get(transfer)
    return matrix_profile(_PRIMARIES[primaries], curve) if curve else None


def avif_profile(primaries: int, transfer: int) -> bytes | None:
    """Return the profile of an AVIF's code points; None where they name no colours known here."""
    primaries = 1 if primaries == UNSPECIFIED else primaries
    return png_profile(primaries, 13 if transfer in _SRGB_BY_CONVENTION else transfer)


def curve_of(transfer: int) -> Curve | None:
    """Return the curve of a transfer's code point, where it is one of each channel alone."""
    return _CURVES.get(transfer)


def primaries_of(primaries: int) -> Chromaticities | None:
    """Return the chromaticities of a code point."""
    return _PRIMARIES.get(primaries)
