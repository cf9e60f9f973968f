"""The page in a real browser: pointing, clicking, typing, tapping; what it complains of."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("websocket", reason="needs websocket-client, which drives the browser")

from artvec.commands.cluster import Findings
from artvec.reports.cluster import write_page
from tests.support.browser import CHROMIUM, Tab, chromium
from tests.support.small_gallery import EACH, SCRIPT

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium, which is not installed")
SHIFT = 8
STATUS = "document.getElementById('status').textContent"


@pytest.fixture(scope="module")
def browser() -> Iterator[Tab]:
    with chromium() as tab:
        yield tab


@pytest.fixture
def page(findings: Findings, tmp_path: Path) -> Path:
    write_page(tmp_path / "page.html", findings)
    return tmp_path / "page.html"


@pytest.fixture
def tab(browser: Tab, page: Path) -> Iterator[Tab]:
    """Return the open page; whatever happens on it, it complains of nothing and fetches nothing."""
    browser.complaints.clear()
    browser.requests.clear()
    browser.open(page)
    yield browser
    browser.run("0")  # lets late complaints arrive
    assert [c for c in browser.complaints if "GPU stall" not in c] == []
    assert {r for r in browser.requests if not r.startswith("data:")} == {page.as_uri()}


def legend(name: str) -> str:
    buttons = "[...document.querySelectorAll('#legend button')]"
    return f"{buttons}.find(b => b.textContent.startsWith('{name}'))"


def mark(tab: Tab, name: str) -> str:
    """Give a button of the legend an id, and return its selector."""
    tab.run(f"({legend(name)}).id = 'wanted'")
    return "#wanted"


def colour_by(tab: Tab, title: str) -> None:
    """Choose a column from the list by what it says there."""
    tab.run(
        "(list => { list.value = [...list.options].find(o => o.text === "
        f"'{title}').value; list.onchange({{ target: list }}); }})"
        "(document.getElementById('colour-by'))"
    )


def test_pointing_at_a_picture_shows_it(tab: Tab, findings: Findings) -> None:
    tab.mouse("mouseMoved", tab.point(7))
    tab.until("!document.getElementById('tip').hidden")
    assert tab.run("document.querySelector('#tip > p').textContent") == findings.paths[7]
    tab.until("document.querySelector('#tip img')?.naturalWidth > 50")
    assert tab.run("document.querySelector('#tip img').src.startsWith('data:image/webp')")
    tab.mouse("mouseMoved", (5, 5))
    tab.until("document.getElementById('tip').hidden")


def test_a_click_opens_the_picture_with_its_facts(tab: Tab, findings: Findings) -> None:
    row = findings.paths.index("blue/00.jpg")
    tab.click(tab.point(row))
    tab.until("document.getElementById('details').open")
    tab.until("document.querySelectorAll('#details dt').length")
    told = tab.run("document.getElementById('details').innerText")
    assert "blue/00.jpg" in told
    for fact in ("blue", "1500", "Portrait 0 </script>", "80", "60", "the user's cluster, 0"):
        assert fact in told
    file = tab.run("document.querySelector('#details .actions a').href")
    assert file == findings.file(row).as_uri()
    tab.key("Escape")
    tab.until("!document.getElementById('details').open")


def test_the_legend_hides_and_isolates(tab: Tab, findings: Findings) -> None:
    n = findings.collection.rows
    assert tab.run(STATUS) == f"{n} pictures"
    tab.click(tab.middle(mark(tab, "cluster 1")))
    tab.until(f"{STATUS} === '{n - EACH} of {n} pictures'")
    assert tab.run(f"({legend('cluster 1')}).ariaPressed") == "false"
    hidden = next(row for row in range(n) if findings.groups.clusters[row] == 1)
    tab.mouse("mouseMoved", tab.point(hidden))
    time.sleep(0.3)
    assert tab.run("document.getElementById('tip').hidden")
    tab.click(tab.middle("#wanted"))
    tab.until(f"{STATUS} === '{n} pictures'")
    tab.click(tab.middle("#wanted"), times=2)
    tab.until(f"{STATUS} === '{EACH} of {n} pictures'")
    tab.mouse("mouseMoved", tab.point(hidden))
    tab.until("!document.getElementById('tip').hidden")
    tab.click(tab.middle("#legend .all"))
    tab.until(f"{STATUS} === '{n} pictures'")


def test_the_legend_by_keyboard(tab: Tab, findings: Findings) -> None:
    n = findings.collection.rows
    tab.run(f"({legend('cluster 2')}).focus()")
    tab.key("Enter")
    tab.until(f"{STATUS} === '{n - EACH} of {n} pictures'")
    tab.key("Enter", SHIFT)
    tab.until(f"{STATUS} === '{EACH} of {n} pictures'")


def test_any_column_colours_and_numbers_are_a_scale(tab: Tab, findings: Findings) -> None:
    n = findings.collection.rows
    offered = tab.run("[...document.querySelectorAll('#colour-by option')].map(o => o.text)")
    assert {"cluster", "label", "split", "year", "width", "silhouette"} <= set(offered)
    assert "title" in offered  # few enough values here
    colour_by(tab, "label")
    tab.until(f"{legend('green')} && true")
    colour_by(tab, "cluster_2")
    tab.until(f"{legend('the user')} && true")
    colour_by(tab, "__proto__")
    tab.until("document.getElementById('legend').innerText.includes('the user\\'s __proto__, 1')")
    colour_by(tab, "year")
    tab.until("document.querySelector('.ends') && true")
    low, high = tab.run("[...document.querySelectorAll('.ends span')].map(s => s.textContent)")
    years = [1500 + at for at in range(n) if at % 5 != 4]
    assert (int(low), int(high)) == (min(years), max(years))
    tab.run("(e => { e.value = 32; e.oninput(); })(document.querySelector('#legend input'))")
    middle = (min(years) + max(years)) / 2
    later = sum(year >= middle for year in years)
    missing = n - len(years)
    assert tab.run(STATUS) == f"{later + missing} of {n} pictures"


def test_search_finds_paths_and_texts(tab: Tab, findings: Findings) -> None:
    n = findings.collection.rows
    tab.run("document.getElementById('search').focus()")
    for letter in "RED/0":
        tab.key(letter)
    tab.until(f"{STATUS} === '10 of {n} pictures'")
    tab.click(tab.middle("#results button:nth-child(3)"))
    tab.until("document.getElementById('details').open")
    assert "red/02.jpg" in tab.run("document.querySelector('#details h2').textContent")


def test_the_map_by_keyboard(tab: Tab, findings: Findings) -> None:
    tab.run("document.getElementById('map').focus()")
    tab.key("ArrowRight")
    first = tab.run(STATUS)
    assert first in findings.paths
    tab.key("ArrowRight")
    second = tab.run(STATUS)
    points = findings.projection.points
    at = [findings.paths.index(path) for path in (first, second)]
    assert points[at[1], 0] > points[at[0], 0]
    tab.key("Enter")
    tab.until("document.getElementById('details').open")
    assert tab.run("document.querySelector('#details h2').textContent") == second
    assert tab.run("document.activeElement.className") == "close"
    tab.key("Escape")
    tab.until("document.activeElement.id === 'map'")
    before = tab.point(at[1])
    tab.key("+")
    time.sleep(0.3)
    assert tab.point(at[1]) != before
    tab.key("0")
    time.sleep(1)
    assert tab.point(at[1]) == pytest.approx(before, abs=2)


def test_wheel_and_buttons_zoom(tab: Tab) -> None:
    far, near = tab.point(0), tab.point(40)
    apart = abs(far[0] - near[0])
    tab.click(tab.middle("#zoom-in"))
    time.sleep(0.3)
    assert abs(tab.point(0)[0] - tab.point(40)[0]) == pytest.approx(1.5 * apart, rel=0.05)
    tab.click(tab.middle("#zoom-all"))
    apart_now = "Math.abs(map.place(0)[0] - map.place(40)[0])"
    tab.until(f"Math.abs({apart_now} - {apart}) < 2")
    middle, scrolled = tab.middle("#map"), tab.run("scrollY")
    for turn, condition in (
        (-120, f"{apart_now} > {1.05 * apart}"),
        (240, f"{apart_now} < {0.95 * apart}"),
    ):
        deadline = time.monotonic() + 20
        while not tab.run(condition) and time.monotonic() < deadline:
            tab.wheel(middle, turn)  # a busy browser loses one now and then
            time.sleep(0.5)
        assert tab.run(condition), condition
    assert tab.run("scrollY") == scrolled


def test_pictures_of_the_contact_sheets_open(tab: Tab, findings: Findings) -> None:
    medoid = int(findings.groups.medoids[2])
    tab.click(tab.middle("#cluster-2 .medoid button"))
    tab.until("document.getElementById('details').open")
    assert tab.run("document.querySelector('#details h2').textContent") == findings.paths[medoid]
    tab.key("Escape")
    tab.click(tab.middle("#cluster-2 .isolate"))
    tab.until(f"{STATUS} === '{EACH} of {findings.collection.rows} pictures'")


def test_a_file_called_script_is_just_a_name(tab: Tab, findings: Findings) -> None:
    row = findings.paths.index(SCRIPT)
    tab.click(tab.point(row))
    tab.until("document.getElementById('details').open")
    assert tab.run("document.querySelector('#details h2').textContent") == SCRIPT
    tab.until("document.querySelectorAll('#details dt').length")
    assert tab.run("document.querySelectorAll('img[src=\"x\"]').length") == 0


def test_light_and_dark(tab: Tab) -> None:
    colour = "getComputedStyle(document.body).backgroundColor"
    light = tab.run(colour)
    tab.click(tab.middle("#theme"))
    dark = tab.run(colour)
    assert sum(map(int, light[4:-1].split(","))) > 700 > 200 > sum(map(int, dark[4:-1].split(",")))


def test_a_phone_taps_and_nothing_is_wider_than_it(
    browser: Tab, page: Path, findings: Findings
) -> None:
    browser.open(page, (390, 844))
    assert browser.run("document.documentElement.scrollWidth") == 390
    browser.tap(browser.point(11))
    browser.until("document.getElementById('details').open")
    assert browser.run("document.querySelector('#details h2').textContent") == findings.paths[11]


def test_every_control_has_a_name_and_text_stands_out(tab: Tab) -> None:
    nameless = tab.run(
        "[...document.querySelectorAll('button, select, input, a, [tabindex]')].filter(e => "
        "!(e.ariaLabel || e.textContent.trim() || e.labels?.length"
        " || e.querySelector('img[alt]'))).length"
    )
    assert nameless == 0
    for dark in (False, True):
        tab.run(f"document.documentElement.dataset.theme = '{'dark' if dark else 'light'}'")
        for name in (".soft", "#status", "nav a", "#legend small"):
            assert contrast(tab, name) >= 4.5, (name, dark)


def contrast(tab: Tab, selector: str) -> float:
    """Return WCAG's contrast of an element's text against the page."""
    read = "(c => c.match(/[\\d.]+/g).slice(0, 3).map(Number))"
    ink, ground = tab.run(
        f"[getComputedStyle(document.querySelector('{selector}')).color,"
        f" getComputedStyle(document.body).backgroundColor].map({read})"
    )

    def luminance(rgb: list[float]) -> float:
        red, green, blue = (
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
            for c in (value / 255 for value in rgb)
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    high, low = sorted((luminance(ink), luminance(ground)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_pictures_that_are_gone_are_named(browser: Tab, homeless: Findings, tmp_path: Path) -> None:
    write_page(tmp_path / "page.html", homeless)
    browser.complaints.clear()
    browser.open(tmp_path / "page.html")
    browser.mouse("mouseMoved", browser.point(7))
    browser.until("!document.getElementById('tip').hidden")
    told = browser.run("document.querySelector('#tip .frame').textContent")
    assert told == f"{homeless.paths[7]} is not there"
    assert browser.run("document.querySelector('#tip > p').textContent") == homeless.paths[7]
    assert [c for c in browser.complaints if "GPU stall" not in c] == []


def test_without_webgl_the_map_is_drawn_plainly_and_says_so(page: Path, findings: Findings) -> None:
    with chromium(webgl=False) as tab:
        tab.open(page)
        assert "no WebGL" in tab.run("document.getElementById('map-message').textContent")
        tab.mouse("mouseMoved", tab.point(7))
        tab.until("!document.getElementById('tip').hidden")
        assert tab.run("document.querySelector('#tip > p').textContent") == findings.paths[7]
        tab.click(tab.point(7))
        tab.until("document.getElementById('details').open")
