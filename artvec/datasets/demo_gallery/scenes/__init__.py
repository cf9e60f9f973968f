"""Composes the numbered scenes of the gallery, one kind after another."""

from __future__ import annotations

import numpy as np

from artvec.datasets.demo_gallery.scenes.abstraction import compose_abstraction
from artvec.datasets.demo_gallery.scenes.landscape import compose_landscape
from artvec.datasets.demo_gallery.scenes.portrait import compose_portrait
from artvec.datasets.demo_gallery.scenes.seascape import compose_seascape
from artvec.datasets.demo_gallery.scenes.still_life import compose_still_life
from artvec.datasets.demo_gallery.scenes.town import compose_town
from artvec.datasets.demo_gallery.shapes import Scene

_COMPOSERS = {
    "landscape": compose_landscape,
    "portrait": compose_portrait,
    "still-life": compose_still_life,
    "seascape": compose_seascape,
    "town": compose_town,
    "abstraction": compose_abstraction,
}
KINDS = tuple(_COMPOSERS)
_WIDTHS = (0.75, 0.8, 1.0, 1.0, 1.25, 4 / 3)


def kind_of(number: int) -> str:
    """Name the kind of a scene; kinds take turns."""
    return KINDS[number % len(KINDS)]


def compose_scene(seed: int, number: int) -> Scene:
    """Compose one scene; the same seed and number give the same shapes."""
    rng = np.random.default_rng([seed, number])
    kind = kind_of(number)
    width = float(rng.choice(_WIDTHS))
    return Scene(kind, width, tuple(_COMPOSERS[kind](rng, width)))
