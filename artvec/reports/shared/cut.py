"""Long names on pages: cut, with the whole name where the pointer rests; the templates' filter."""

from __future__ import annotations

from jinja2 import Environment
from markupsafe import Markup

from artvec.core.wording import shortened


def add_filters(environment: Environment) -> None:
    """Give templates the filter `cut`."""
    environment.filters["cut"] = _cut


def _cut(text: str) -> str:
    short = shortened(text)
    return short if short == text else Markup('<span title="{}">{}</span>').format(text, short)
