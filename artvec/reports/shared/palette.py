"""Colours of categories and scales, the same on the page and in figures."""

from __future__ import annotations

CATEGORIES = (
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#a9246d", "#64d99a",
    "#7e70ec", "#8f5127", "#a3b46b", "#90cacf", "#4f50c6", "#6b7b55", "#79508a", "#a28acd",
    "#497d8c", "#b7924b", "#c19ebd", "#1bd3f9", "#6896ee", "#cbc24a", "#188d15", "#ae5ecf",
    "#68bf9b", "#a371aa", "#73a86f", "#337344", "#926673", "#a447b1",
)  # fmt: skip
"""The first six are Okabe and Ito's (2008); each further one is, of an OKLCH grid of lightness .5
to .8, the colour farthest from those before it as seen with normal, protan and deutan vision
(Machado et al. 2009). All stand out on white and on black."""

NONE = "#999999"
"""Noise, and where there is no value."""

SCALE = "cividis"
"""Matplotlib's name of the scale for numbers: the same to readers with and without red-green vision
(Nuñez et al. 2018)."""

SCALE_STOPS = (
    "#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#c3b369",
    "#e1cc55", "#fee838",
)  # fmt: skip
"""The same, sampled evenly from low to high."""


def colour_of(number: int) -> str:
    """Return the colour of a category; they come again after the thirtieth, -1 has none."""
    return NONE if number < 0 else CATEGORIES[number % len(CATEGORIES)]
