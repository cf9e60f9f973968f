"""How Sphinx builds the site: `make site`, offline, every warning an error."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from sphinx.application import Sphinx

from artvec import __version__

ROOT = Path(__file__).parents[1]

# Pages whose text lies where it is used; the site shows it under these names.
ELSEWHERE = {
    "benchmarks": "benchmarks/README.md",
    "changelog": "CHANGELOG.md",
    "on-disk-format": "indexes/README.md",
}

project = "artvec"
author = "the artvec authors"
release = version = __version__
html_title = f"artvec {__version__}"
html_short_title = "artvec"
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_show_copyright = False
smartquotes = False  # they make dashes of flags such as --json
html_copy_source = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#7a4419", "color-brand-content": "#8a4b16"},
    "dark_css_variables": {"color-brand-primary": "#e3a063", "color-brand-content": "#e8ac74"},
}

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
]
exclude_patterns = ["pictures/*.md"]
default_role = "code"
pygments_style = "friendly"
pygments_dark_style = "monokai"

myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist"]
myst_heading_anchors = 4
copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = True

autosummary_generate = True
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}
python_maximum_signature_line_length = 90
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_attr_annotations = False

# The tables of the benchmarks are rendered by a script, a level deeper than their page asks for.
suppress_warnings = ["myst.header"]


def _read_elsewhere(_: Sphinx, page: str, source: list[str]) -> None:
    """Show a file that lies outside docs/, with its links as seen from docs/."""
    if page not in ELSEWHERE:
        return
    file = ROOT / ELSEWHERE[page]
    home = file.parent.relative_to(ROOT)

    def moved(link: re.Match[str]) -> str:
        target = link[1]
        if re.match(r"[a-z]+:|#", target):
            return link[0]
        seen = (home / target).as_posix().removeprefix("./")
        pages = {path: f"{name}.md" for name, path in ELSEWHERE.items()}
        return f"]({pages.get(seen) or f'../{seen}'.removeprefix('../docs/')})"

    source[0] = re.sub(r"\]\(([^)]+)\)", moved, file.read_text(encoding="utf-8"))


def _signature_as_written(
    _: Sphinx, kind: str, _name: str, thing: object, *_rest: object
) -> tuple[str, str] | None:
    """Show annotations as the source has them: `Vectors`, not what the alias stands for."""
    if kind not in ("function", "class", "method") or not callable(thing):
        return None
    try:
        text = str(inspect.signature(thing))
    except ValueError:
        return None
    text = re.sub(r"(: |-> )(['\"])(.*?)\2(?=[,) ]|$)", r"\1\3", text)
    text = re.sub(r"<function (\w+) at 0x\w+>", r"\1", text)
    arguments, _arrow, returned = text.partition(" -> ")
    return arguments, "" if kind == "class" else returned


def setup(app: Sphinx) -> None:
    """Connect what this file adds to Sphinx."""
    app.connect("autodoc-process-signature", _signature_as_written)
    app.connect("source-read", _read_elsewhere)
