"""Match file names, as people list them, to image paths; nothing is read here."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Matches:
    """Names matched to paths.

    Attributes:
        targets: The path of each name, or None.
        unmatched: Names that no image has.
        ambiguous: Names that several images have, or whose image another name has claimed.
    """

    targets: tuple[str | None, ...]
    unmatched: tuple[str, ...]
    ambiguous: tuple[str, ...]


def match_names(names: Sequence[str], paths: Collection[str]) -> Matches:
    """Match each name to the image with this path, else to the only one with this base name.

    Unicode has several forms of one name (`ü` as one character or as two): the exact one comes
    first, then any. A closer match claims an image before others do, then the earlier name.
    """
    lookups = [
        (_exact, _grouped(paths, _exact)),
        (_composed, _grouped(paths, _composed)),
        (_exact, _grouped(paths, _base)),
        (_composed, _grouped(paths, lambda path: _composed(_base(path)))),
    ]
    found = [_nearest(name, lookups) for name in names]
    targets: list[str | None] = [None] * len(names)
    claimed: set[str] = set()
    for at in sorted(range(len(names)), key=lambda at: found[at][0]):
        _, images = found[at]
        if len(images) == 1 and images[0] not in claimed:
            targets[at] = images[0]
            claimed.add(images[0])
    lost = [at for at, target in enumerate(targets) if target is None]
    return Matches(
        tuple(targets),
        tuple(names[at] for at in lost if not found[at][1]),
        tuple(names[at] for at in lost if found[at][1]),
    )


def but_for_case(names: Iterable[str], paths: Collection[str]) -> dict[str, str]:
    """Return the image that each name would be if capitals didn't count, where there is one."""
    images = _grouped(paths, lambda path: _composed(_base(path)).casefold())
    images |= _grouped(paths, lambda path: _composed(path).casefold())
    near = ((name, images.get(_composed(_tidy(name)).casefold())) for name in names)
    return {name: found[0] for name, found in near if found}


def _grouped(paths: Collection[str], respell: Callable[[str], str]) -> dict[str, list[str]]:
    grouped = defaultdict(list)
    for path in dict.fromkeys(paths):
        grouped[respell(path)].append(path)
    return dict(grouped)


def _nearest(
    name: str, lookups: Sequence[tuple[Callable[[str], str], Mapping[str, list[str]]]]
) -> tuple[int, list[str]]:
    """Return how far the closest match is from exact, and the images that it means."""
    for distance, (form, images) in enumerate(lookups):
        for spelling in (name, _tidy(name)):
            if form(spelling) in images:
                return distance, images[form(spelling)]
    return len(lookups), []


def _exact(name: str) -> str:
    return name


def _tidy(name: str) -> str:
    return name.replace("\\", "/").removeprefix("./")


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _base(path: str) -> str:
    return path.rpartition("/")[2]
