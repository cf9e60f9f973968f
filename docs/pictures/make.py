"""Make the pictures of the documentation anew: `python -m docs.pictures.make`, in some minutes.

They come from the demo gallery, so the same code gives the same pictures. `training.png` needs a
run of all phases (20 minutes of two cores): `--training`. `stages.png` is drawn by
`python -m benchmarks.stages`.
"""

from __future__ import annotations

import html
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

import artvec as artvec_library
from tests.support.browser import Tab, chromium

HERE = Path(__file__).parent
_WINDOW_PX = (1250, 1056)
_CLUSTER_PX = 290
_SCALE = 0.8
_NOTEBOOK_PX = (900, 600)
_NOTEBOOK_STYLE = """
body { font: 13px system-ui, sans-serif; margin: 16px }
pre { background: #f5f5f5; border: 1px solid #e0e0e0; padding: 6px 8px }
table { border-collapse: collapse } td, th { padding: 3px 8px; text-align: right }
"""
_QUERY = 0
_POINT = 137  # a picture in the middle of the map


def artvec(folder: Path, *arguments: str) -> None:
    """Run a command line in a folder."""
    subprocess.run([sys.executable, "-m", "artvec_cli", *arguments], cwd=folder, check=True)


def search_picture(folder: Path) -> None:
    """Save what `artvec demo` shows: four queries, each with its nearest pictures."""
    artvec(folder, "demo")
    sheet = Image.open(folder / "artvec-demo/search.png").convert("RGB")
    sheet.save(HERE / "search.jpg", quality=88, optimize=True)


def report_picture(folder: Path) -> None:
    """Save the page of the gallery's clusters: the map above, a contact sheet below."""
    artvec(folder, "embed", "artvec-demo/gallery", "-i", "paintings")
    artvec(folder, "cluster", "-i", "paintings", "--report")
    both = _map_and_cluster(folder / "indexes/paintings/reports/clusters.html", folder)
    both.save(HERE / "report.jpg", quality=88, optimize=True, progressive=True)


def notebook_picture(folder: Path) -> None:
    """Save what hits, figures and groups show in a notebook, each below the line that asked."""
    paintings = artvec_library.open(folder / "indexes/paintings")
    query = paintings.paths[_QUERY]
    cells = {
        f"paintings.search({query!r}, k=5, exclude_self=True)": paintings.search(
            query, k=5, exclude_self=True
        ),
        "paintings.evaluate()": paintings.evaluate(),
        'paintings.cluster(map="none")': paintings.cluster(map="none"),
    }
    body = "".join(
        f"<pre>{html.escape(line)}</pre>{shown._repr_html_()}" for line, shown in cells.items()
    )
    page = folder / "notebook.html"
    page.write_text(
        f"<meta charset=utf-8><style>{_NOTEBOOK_STYLE}</style><body data-ready=yes>{body}"
    )
    with chromium() as tab:
        tab.open(page, _NOTEBOOK_PX)
        height = tab.run("document.documentElement.scrollHeight")
        tab.open(page, (_NOTEBOOK_PX[0], int(height)))
        shot = _screenshot(tab, folder / "notebook.png")
    shot.quantize(200).save(HERE / "notebook.png", optimize=True)


def training_picture(folder: Path) -> None:
    """Save the maps of the test pictures after each phase."""
    artvec(folder, "train", "paintings")
    maps = Image.open(folder / "runs/paintings/figures/maps.png").convert("RGB")
    maps.thumbnail((1400, 1400))
    maps.quantize(64).save(HERE / "training.png", optimize=True)


def _map_and_cluster(page: Path, folder: Path) -> Image.Image:
    """Return the top of a page, with a picture under the pointer, above one contact sheet."""
    with chromium() as tab:
        tab.open(page, _WINDOW_PX)
        tab.run("document.documentElement.style.scrollbarWidth = 'none'")
        tab.point(_POINT)  # waits for the map, and scrolls to it
        tab.run("window.scrollTo({top: 0, behavior: 'instant'})")
        box = "document.querySelector('#map canvas').getBoundingClientRect()"
        x, y = tab.run(f"(([x, y], b) => [b.x + x, b.y + y])(map.place({_POINT}), {box})")
        tab.mouse("mouseMoved", (x, y))
        tab.until("!document.querySelector('#tip').hidden")
        above = _screenshot(tab, folder / "map.png")
        tab.mouse("mouseMoved", (5, 5))
        tab.run("document.querySelector('#cluster-3').scrollIntoView({behavior: 'instant'})")
        time.sleep(1)  # pictures are unpacked as they come into view
        below = _screenshot(tab, folder / "cluster.png").crop((0, 0, _WINDOW_PX[0], _CLUSTER_PX))
    both = Image.new("RGB", (_WINDOW_PX[0], _WINDOW_PX[1] + _CLUSTER_PX))
    both.paste(above, (0, 0))
    both.paste(below, (0, _WINDOW_PX[1]))
    return both.resize((round(both.width * _SCALE), round(both.height * _SCALE)))


def _screenshot(tab: Tab, file: Path) -> Image.Image:
    tab.screenshot(file)
    return Image.open(file).convert("RGB")


def main() -> None:
    """Make the pictures in a folder of their own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        search_picture(folder)
        report_picture(folder)
        notebook_picture(folder)
        if "--training" in sys.argv:
            training_picture(folder)


if __name__ == "__main__":
    main()
