"""Writes the note that tells a stranger what the demo gallery is."""

from __future__ import annotations

_NOTE = """# Demo gallery

These pictures are not art. A program painted them: it composed {scenes} scenes
from simple shapes (landscapes, portraits, still lifes, seascapes, towns and
abstractions) and rendered each in {count} styles, with colours, mark sizes and
light chosen at random for every picture. They exist to try the tool on.

- Pictures: {pictures}
- Seed: {seed} (the same seed and number of scenes give the same pictures)
- Layout: split/style/kind-scene.jpg; no scene is in two splits
- Styles: {styles}

The style names say what the program imitates. A result on these pictures says
nothing about results on real paintings, which are much harder to tell apart.

Licence: CC0 1.0, no rights reserved.
https://creativecommons.org/publicdomain/zero/1.0/
"""


def readme(*, seed: int, scenes: int, styles: tuple[str, ...]) -> str:
    """Fill in the note."""
    return _NOTE.format(
        seed=seed,
        scenes=scenes,
        count=len(styles),
        pictures=scenes * len(styles),
        styles=", ".join(styles),
    )
