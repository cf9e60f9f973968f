"""How counts and long names are written in messages and pages."""

from __future__ import annotations


def counted(number: int, noun: str, nouns: str = "") -> str:
    """Return `1 picture`, `2,000 pictures`, `3 copies`.

    Args:
        number: How many.
        noun: For one.
        nouns: For any other number, where it isn't the noun with an s.
    """
    return f"{number:,} {noun if number == 1 else nouns or noun + 's'}"


def shortened(text: str, letters: int = 60) -> str:
    """Cut the middle out of a long text: names often differ at their ends."""
    if len(text) <= letters:
        return text
    tail = letters // 3
    return f"{text[: letters - tail - 1]}…{text[-tail:]}"
