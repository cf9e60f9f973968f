"""Fill the templates of pages: every name is escaped, long ones are cut."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape
from markupsafe import Markup

from artvec.core.wording import counted, shortened
from artvec.reports.shared.figure_text import decimal


def page(template: str, values: Mapping[str, Any]) -> str:
    """Fill a template, given by its path below `artvec/reports`."""
    return environment().get_template(template).render(values)


def environment() -> Environment:
    """Return what finds and fills templates.

    Its filters: `cut` shortens a name and shows it whole where the pointer rests; `decimal` and
    `counted` write numbers.
    """
    made = Environment(
        loader=PackageLoader("artvec.reports", "."), autoescape=select_autoescape(default=True)
    )
    made.filters |= {"cut": _cut, "decimal": decimal, "counted": counted}
    return made


def _cut(text: str) -> str:
    short = shortened(text)
    return short if short == text else Markup('<span title="{}">{}</span>').format(text, short)
