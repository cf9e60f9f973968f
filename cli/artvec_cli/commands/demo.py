"""`artvec demo`: the whole chain on pictures painted here, offline, within minutes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from artvec_cli import options
from artvec_cli.options import examples
from artvec_cli.render import Output

EPILOG = examples(
    "artvec demo",
)
_HOME = Path("artvec-demo")
_STYLES_SHOWN = (1, 4, 6, 9)
_K = 5


def demo_command(
    scenes: Annotated[int, typer.Option(min=5, help="Scenes; each is painted in ten styles.")] = 50,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    as_json: options.Json = False,
) -> int:
    """Paint the demo gallery, embed it, search it, and show the result as a page and a picture."""
    from artvec.commands.data.demo import paint_demo
    from artvec.commands.embed import EmbedOptions, embed_images
    from artvec.commands.search import SearchOptions, search_collection
    from artvec.core.files import naming
    from artvec.reports.search.contact_sheet import html_sheet, png_sheet

    output = Output(quiet, as_json)
    pictures, index = _HOME / "gallery", _HOME / "index"
    with output.progress("painting the gallery") as progress:
        gallery = paint_demo(pictures, scenes=scenes, progress=progress)
    output.line(f"painted  {gallery.pictures} pictures in {pictures} (artvec data demo)")
    with output.progress("embedding") as progress:
        embedded = embed_images(pictures, EmbedOptions(index=str(index)), progress)
    output.line(f"embedded {embedded.rows} rows in {index} (artvec embed {pictures})")
    queries = [_test_picture(pictures, gallery.styles[at], at) for at in _STYLES_SHOWN]
    found = search_collection(index, queries, SearchOptions(k=_K, exclude_self=True))
    page, sheet = _HOME / "search.html", _HOME / "search.png"
    with naming(page):
        page.write_text(html_sheet(found), encoding="utf-8")
    with naming(sheet):
        png_sheet(found.queries).save(sheet)
    for query in found.queries:
        same = sum(hit.label == Path(query.query).parent.name for hit in query.hits)
        output.line(f"searched {query.query}: {same} of {len(query.hits)} hits share its style")
    output.line(f"look at  {sheet} or {page}")
    output.line(f"next     artvec search YOUR.jpg -i {index}; artvec embed YOUR_FOLDER")
    output.object({"gallery": pictures, "index": index, "page": page, "picture": sheet})
    return 0


def _test_picture(gallery: Path, style: str, at: int) -> str:
    pictures = sorted((gallery / "test" / style).iterdir())
    return str(pictures[at % len(pictures)])
