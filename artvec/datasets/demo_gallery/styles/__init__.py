"""Names the rendering styles and the function that paints each."""

from __future__ import annotations

from collections.abc import Callable

from artvec.datasets.demo_gallery.fields import Floats
from artvec.datasets.demo_gallery.picture import Picture
from artvec.datasets.demo_gallery.shapes import Rng
from artvec.datasets.demo_gallery.styles.brushed import oil_impasto, pastel, pointillist
from artvec.datasets.demo_gallery.styles.lined import pencil_hatching, woodcut
from artvec.datasets.demo_gallery.styles.pieced import mosaic, poster, stained_glass
from artvec.datasets.demo_gallery.styles.wet import ink_wash, watercolour

PAINTERS: dict[str, Callable[[Picture, Rng], Floats]] = {
    "ink-wash": ink_wash,
    "mosaic": mosaic,
    "oil-impasto": oil_impasto,
    "pastel": pastel,
    "pencil-hatching": pencil_hatching,
    "pointillist": pointillist,
    "poster": poster,
    "stained-glass": stained_glass,
    "watercolour": watercolour,
    "woodcut": woodcut,
}
STYLES: tuple[str, ...] = tuple(PAINTERS)
