"""Decide once and for all whether an image is for training, choosing or testing."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field

SHARES = {"train": 0.6, "val": 0.2, "test": 0.2}
_BLOCK = ("train", "val", "test", "train")
"""After a leading train image, so that a class with one image can be learned from."""


@dataclass
class SplitBook:
    """Remembers the split of every image (by content) and draws for new ones.

    Attributes:
        seed: Of the draws.
        remembered: First 8 bytes of a content hash → split, from earlier rows, from the run
            that the encoder is, or from another collection of the same source.
    """

    seed: int = 0
    remembered: dict[int, str] = field(default_factory=dict)
    _drawn: Counter[str | None] = field(default_factory=Counter)
    _groups: dict[str, str] = field(default_factory=dict)
    _sizes: defaultdict[str | None, Counter[str]] = field(
        default_factory=lambda: defaultdict(Counter)
    )

    def remember(self, content_hash: bytes, split: str) -> None:
        """Note the split that an image has elsewhere: in a run, in another collection."""
        self.remembered.setdefault(_key(content_hash), split)

    def recall(
        self, content_hash: bytes, split: str, *, label: str | None, group: str | None
    ) -> None:
        """Note a split drawn by an earlier run, so that drawing goes on where it stopped."""
        known = self.remembered.get(_key(content_hash))
        if known is not None:
            self._bind(group, known)
            return
        self.remembered[_key(content_hash)] = split
        self._count(label, split)
        self._bind(group, split)

    def split_of(
        self,
        content_hash: bytes,
        *,
        given: str | None,
        label: str | None,
        group: str | None,
    ) -> str:
        """Return the split of an image; calls must come in the order of the source.

        Args:
            content_hash: sha256 of the file.
            given: What folders or metadata say; it always wins.
            label: Stratum of the draw.
            group: Images of one group stay together.
        """
        known = self.remembered.get(_key(content_hash))
        if given is not None:
            self.remembered.setdefault(_key(content_hash), given)
            self._bind(group, given)
            return given
        split = known or self._draw(label, group)
        self.remembered.setdefault(_key(content_hash), split)
        self._bind(group, split)
        return split

    def _bind(self, group: str | None, split: str) -> None:
        if group is not None:
            self._groups.setdefault(group, split)

    def _draw(self, label: str | None, group: str | None) -> str:
        if group is None:
            split = self._draw_single(label)
        else:
            split = self._groups.get(group) or self._draw_group(label)
        self._count(label, split)
        return split

    def _count(self, label: str | None, split: str) -> None:
        self._drawn[label] += 1
        self._sizes[label][split] += 1

    def _draw_single(self, label: str | None) -> str:
        """Every five images of a class hold three for training, one to choose, one to test."""
        block, place = divmod(self._drawn[label], len(_BLOCK) + 1)
        if place == 0:
            return "train"
        order = list(_BLOCK)
        random.Random(f"{self.seed}/{label}/{block}").shuffle(order)
        return order[place - 1]

    def _draw_group(self, label: str | None) -> str:
        """A new group goes where its class lacks most, ties by the seed."""
        sizes = self._sizes[label]
        total = sum(sizes.values()) + 1
        tie = random.Random(f"{self.seed}/{label}/{total}")
        return max(SHARES, key=lambda name: (SHARES[name] * total - sizes[name], tie.random()))


def _key(content_hash: bytes) -> int:
    return int.from_bytes(content_hash[:8], "big")
