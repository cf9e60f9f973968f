"""Mixes the colours of one picture: a mood chosen and shifted at random."""

from __future__ import annotations

import colorsys
from typing import get_args

from artvec.datasets.demo_gallery.shapes import Paint, Rng, Role

Colour = tuple[float, float, float]
Palette = dict[Role, Colour]

# One line a mood; the columns are the roles in order, skin left out.
_MOODS = (
    "5b9bd5 cfe6f2 fff7e0 8fb3c9 6fa65a 3f7a3d d94f3d f2b035 2b2f3a",  # clear day
    "3d3a6b f29a5c ffe2a0 8a5a83 6b4a63 3f2f4a e4572e f7b32b 1f1a2b",  # sunset
    "16284f 3f5f96 f6ecc0 34507f 263f61 1a2c49 d9914a 7f9fd7 0a1020",  # night
    "9cb4c4 efdcb8 fff3d6 b79a7c c4762f 7a4a21 a8301c e8b23a 2d1c14",  # autumn
    "a9d8e6 f7e3ea ffffff b6d3a8 8cc06d 5c9a58 e77fa3 f5d76a 3c4a45",  # spring
    "b9c2c7 dde0dc f6f4ee a7b3b5 84959a 5f7075 a55d4b c9b07a 333b40",  # mist
    "e8c48a f7e4bd fff5e2 d49a6a c0703f 8b4527 2f7f86 e0a03a 3a1d18",  # desert
    "9fb7d1 e4ecf3 ffffff b7c6d8 8fa3bd 5b6f8d b3413e e3c26f 22304a",  # winter
    "18a6b8 b7ecdf fff9d9 3fb7a0 1f8f6b 136b4e ff6b5c ffc53a 10323a",  # lagoon
    "7a4f7f e9b4b8 fff0ea b98aa6 9a5b84 643a66 d63a5e f4a259 2b1530",  # rose
    "2f5d5a a8c9a8 f4f1d0 6f9a86 4a7d66 27503f c4563a d9b24c 121f1d",  # jade
    "6e5a3f c6a874 f8e8c6 9b7f56 7d5a35 4f3621 a33b26 d69a3a 1d1510",  # studio
    "1f3fa0 7fb0ea fffbd0 4f6fc6 2f8f9a 1d5a6f f25c2e ffd93b 0f1538",  # cobalt
    "f0b7a0 fbe3cf fff8ee c89aa0 7f8fa6 4c5f7a e06a4e f3c969 28303f",  # dawn
)
_SKINS = ("f3d3bd", "e8bd9b", "d6a27c", "b97f58", "8d5a3b", "5f3b28")


def mix_palette(rng: Rng) -> Palette:
    """Choose a mood and shift its hue, strength and light."""
    colours = [_parse(code) for code in str(rng.choice(_MOODS)).split()]
    hue, strength = rng.normal(0, 0.04), rng.uniform(0.6, 1.25)
    light = rng.uniform(0.85, 1.12)
    shifted = [_shift(colour, hue, strength=strength, light=light) for colour in colours]
    skin = blend(_parse(str(rng.choice(_SKINS))), shifted[1], share=rng.uniform(0.0, 0.3))
    return dict(zip(get_args(Role), [*shifted, skin], strict=True))


def colour_of(paint: Paint, palette: Palette) -> Colour:
    """Look up a paint; lighter goes towards white, darker towards the mood's dark."""
    base = palette[paint.role]
    if paint.shade >= 0:
        return blend(base, (1.0, 1.0, 0.97), share=min(paint.shade, 0.9))
    return blend(base, palette["dark"], share=min(-paint.shade, 0.95))


def blend(first: Colour, second: Colour, *, share: float) -> Colour:
    """Mix two colours; share 1 gives the second."""
    red, green, blue = (a + (b - a) * share for a, b in zip(first, second, strict=True))
    return red, green, blue


def _parse(code: str) -> Colour:
    red, green, blue = (int(code[at : at + 2], 16) / 255 for at in (0, 2, 4))
    return red, green, blue


def _shift(colour: Colour, hue: float, *, strength: float, light: float) -> Colour:
    tone, saturation, value = colorsys.rgb_to_hsv(*colour)
    return colorsys.hsv_to_rgb(
        (tone + hue) % 1, min(saturation * strength, 1), min(value * light, 1)
    )
