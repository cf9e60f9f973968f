"""How counts, lists and long names are written in messages and pages."""

from __future__ import annotations

from collections.abc import Sequence


def counted(number: int, noun: str, nouns: str = "") -> str:
    """Return `1 picture`, `2,000 pictures`, `3 copies`.

    Args:
        number: How many.
        noun: For one.
        nouns: For any other number, where it isn't the noun with an s.
    """
    return f"{number:,} {noun if number == 1 else nouns or noun + 's'}"


def first_few(texts: Sequence[str], most: int = 3, separator: str = ", ") -> str:
    """Join the first of several texts; an ellipsis stands for the others."""
    more = f"{separator}…" if len(texts) > most else ""
    return separator.join(texts[:most]) + more


def shortened(text: str, letters: int = 60) -> str:
    """Cut the middle out of a long text: names often differ at their ends."""
    if len(text) <= letters:
        return text
    tail = letters // 3
    return f"{text[: letters - tail - 1]}…{text[-tail:]}"
