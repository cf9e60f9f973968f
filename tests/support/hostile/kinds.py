"""One file of every kind that people's folders hold, and what must become of it.

Every picture shows the same four coloured quarters, so that what was seen of it (which way up, in
which colours, at which scale) can be read off the mean colours of its quarters. `python kinds.py`
prints the table of `docs/messy-input.md`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby

from tests.support.hostile import (
    colours,
    damaged,
    honoured_bmp,
    honoured_boxes,
    honoured_others,
    honoured_png,
    odd_files,
    pictures,
)
from tests.support.hostile.pictures import Seen

Made = Callable[[], bytes]


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes:
        group: Heading that it stands under.
        what: The kind in words.
        name: Of its file.
        made: Its bytes.
        expected: What is seen of it, or the reason that it is skipped for.
    """

    group: str
    what: str
    name: str
    made: Made
    expected: Seen | str


KINDS = tuple(
    Kind(group, what, name, made, expected)
    for group, members in (
        ("Formats", pictures.FORMATS),
        ("Colours", colours.COLOURS),
        ("Which way up", colours.ORIENTATIONS),
        ("What a PNG says of its colours", honoured_png.PNG),
        ("What the boxes of AVIF and HEIC say", honoured_boxes.BOXES),
        ("What a BMP says", honoured_bmp.BMP),
        ("What JPEG, WebP and GIF say", honoured_others.OTHERS),
        ("Shapes", pictures.SHAPES),
        ("Several pictures in one file", pictures.SEVERAL),
        ("Cut short", damaged.CUT),
        ("Damaged", damaged.BROKEN),
        ("Claiming too much", damaged.BOMBS),
        ("No pictures", odd_files.NO_PICTURES),
        ("Kinds that can't be read", odd_files.UNREADABLE_KINDS),
        ("Names", odd_files.NAMES),
    )
    for what, name, made, expected in members
)


def table() -> str:
    """Return what becomes of every kind, as Markdown."""
    lines = []
    for group, kinds in groupby(KINDS, key=lambda kind: kind.group):
        lines += ["", f"## {group}", "", "| kind | outcome |", "|---|---|"]
        for kind in kinds:
            seen = isinstance(kind.expected, Seen)
            lines.append(f"| {kind.what} | {kind.expected.told if seen else kind.expected} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(table())
