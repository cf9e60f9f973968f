"""Files fetched from servers that break off, begin anew, or answer with something else."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from artvec.commands.data.published_sets import get_data
from artvec.core.errors import ArtvecError
from artvec.datasets.catalogue import CATALOGUE, PictureSet
from tests.support.publishing import (
    ARTBENCH,
    COUNTS,
    EXPECTED,
    files_of,
    pictures_of,
    published,
    tar,
)
from tests.support.serving import Site


def test_dropped_connections_are_outlasted(
    artbench: PictureSet, site: Site, tmp_path: Path
) -> None:
    site.drops = [1000, 2000, 500]
    get_data(artbench, tmp_path / "set")
    assert [asked for _, asked in site.asked] == [None, "bytes=1000-", "bytes=3000-", "bytes=3500-"]
    assert pictures_of(tmp_path / "set") == EXPECTED


def test_a_second_call_goes_on_where_the_first_gave_up(
    artbench: PictureSet, site: Site, tmp_path: Path
) -> None:
    site.drops = [1000, 0, 0, 0]
    with pytest.raises(ArtvecError, match=r"ended at 1,000 of") as failure:
        get_data(artbench, tmp_path / "set")
    assert "goes on where it stopped" in failure.value.hint
    site.asked.clear()
    get_data(artbench, tmp_path / "set")
    assert [asked for _, asked in site.asked] == ["bytes=1000-"]
    assert pictures_of(tmp_path / "set") == EXPECTED


def test_a_server_without_ranges_begins_anew(
    artbench: PictureSet, site: Site, tmp_path: Path
) -> None:
    site.ranges, site.drops = False, [1000]
    get_data(artbench, tmp_path / "set")
    assert pictures_of(tmp_path / "set") == EXPECTED


def test_a_server_that_never_gets_further_is_given_up(
    artbench: PictureSet, site: Site, tmp_path: Path
) -> None:
    """Without ranges every attempt begins anew: a longer one than the last is no progress."""
    site.ranges, site.drops = False, [1000, 2000] * 20
    with pytest.raises(ArtvecError, match="ended at"):
        get_data(artbench, tmp_path / "set")
    assert len(site.asked) < 8


def test_a_server_that_answers_ranges_in_pieces(
    artbench: PictureSet, site: Site, tmp_path: Path
) -> None:
    site.drops, site.longest = [1000], 3000
    get_data(artbench, tmp_path / "set")
    assert [asked for _, asked in site.asked][:3] == [None, "bytes=1000-", "bytes=4000-"]
    assert pictures_of(tmp_path / "set") == EXPECTED


def test_a_range_that_begins_at_the_beginning(
    artbench: PictureSet, site: Site, tmp_path: Path
) -> None:
    whole = site.files[artbench.files[0].name]
    site.drops, site.ranges = [1000], False
    site.headers = {"Content-Range": f"bytes 0-{len(whole) - 1}/{len(whole)}"}
    get_data(artbench, tmp_path / "set")
    assert pictures_of(tmp_path / "set") == EXPECTED


def test_what_came_before_a_reset_is_kept(site: Site, tmp_path: Path) -> None:
    large = np.random.default_rng(0).bytes(300_000)
    inside = ARTBENCH | {"artbench-10-imagefolder-split/large.bin": large}
    wanted = published("artbench10", site, [tar(inside)], COUNTS)
    site.drops, site.resets = [100_000, 100_000], True
    get_data(wanted, tmp_path / "set")
    assert [asked for _, asked in site.asked] == [None, "bytes=100000-", "bytes=200000-"]


@pytest.mark.parametrize("length", ["many", "-5"])
def test_a_length_that_is_none(
    artbench: PictureSet, site: Site, tmp_path: Path, length: str
) -> None:
    site.headers = {"Content-Length": length}
    get_data(artbench, tmp_path / "set")
    assert pictures_of(tmp_path / "set") == EXPECTED


def test_a_web_page_takes_no_files_place(artbench: PictureSet, site: Site, tmp_path: Path) -> None:
    """The login page of a hotel's network answers every address with 200."""
    name = artbench.files[0].name
    whole = site.files[name]
    site.drops = [1000, 0, 0, 0]
    with pytest.raises(ArtvecError):
        get_data(artbench, tmp_path / "set")
    site.files[name], site.ranges = b"<html>log in</html>", False
    site.headers = {"Content-Type": "text/html; charset=utf-8"}
    with pytest.raises(ArtvecError, match="web page"):
        get_data(artbench, tmp_path / "set")
    site.files[name], site.ranges, site.headers = whole, True, {}
    site.asked.clear()
    get_data(artbench, tmp_path / "set")
    assert [asked for _, asked in site.asked] == ["bytes=1000-"]


def test_a_busy_server_is_asked_again(artbench: PictureSet, site: Site, tmp_path: Path) -> None:
    site.answers = [503, 429]
    get_data(artbench, tmp_path / "set")
    assert pictures_of(tmp_path / "set") == EXPECTED


@pytest.mark.parametrize("code", [403, 404, 416])
def test_a_refusal_is_told_at_once(
    artbench: PictureSet, site: Site, tmp_path: Path, code: int
) -> None:
    site.answers = [code]
    with pytest.raises(ArtvecError, match=f"answers {code}") as failure:
        get_data(artbench, tmp_path / "set")
    assert "--mirror" in failure.value.hint
    assert len(site.asked) == 1


def test_another_file_than_the_published_one_is_refused(
    artbench: PictureSet, site: Site, tmp_path: Path
) -> None:
    name = artbench.files[0].name
    right = site.files[name]
    site.files[name] = right[:-1] + b"x"
    with pytest.raises(ArtvecError, match="MD5"):
        get_data(artbench, tmp_path / "set")
    site.files[name] = right
    get_data(artbench, tmp_path / "set")
    assert pictures_of(tmp_path / "set") == EXPECTED


def test_a_beginning_of_another_file_is_thrown_away(
    artbench: PictureSet, site: Site, tmp_path: Path
) -> None:
    partial = tmp_path / "set/.artvec/artbench10" / f"{artbench.files[0].name}.partial"
    partial.parent.mkdir(parents=True)
    partial.write_bytes(b"x" * 1000)
    get_data(artbench, tmp_path / "set")
    assert [asked for _, asked in site.asked] == ["bytes=1000-", None]
    assert pictures_of(tmp_path / "set") == EXPECTED


def test_a_whole_file_that_was_not_yet_checked_is_not_fetched_again(
    artbench: PictureSet, site: Site, tmp_path: Path
) -> None:
    name = artbench.files[0].name
    partial = tmp_path / "set/.artvec/artbench10" / f"{name}.partial"
    partial.parent.mkdir(parents=True)
    partial.write_bytes(site.files[name])
    get_data(artbench, tmp_path / "set")
    assert [asked for _, asked in site.asked] == [f"bytes={len(site.files[name])}-"]
    assert pictures_of(tmp_path / "set") == EXPECTED


def test_a_file_without_end_is_refused(artbench: PictureSet, site: Site, tmp_path: Path) -> None:
    site.files[artbench.files[0].name] *= 3
    for headers in ({}, {"Content-Length": "?"}):
        site.headers = headers
        with pytest.raises(ArtvecError, match="sends more than"):
            get_data(artbench, tmp_path / "set")
    assert [Path(file).name for file in files_of(tmp_path)] == [".lock"]


def test_a_mirror_has_the_same_files(artbench: PictureSet, site: Site, tmp_path: Path) -> None:
    remote = replace(artbench.files[0], url="http://127.0.0.1:1/gone/" + artbench.files[0].name)
    moved = replace(artbench, files=(remote,))
    with pytest.raises(ArtvecError, match="refused"):
        get_data(moved, tmp_path / "set")
    get_data(moved, tmp_path / "set", mirror=f"{site.url}/")
    assert pictures_of(tmp_path / "set") == EXPECTED


@pytest.mark.parametrize(
    "mirror",
    ["", "http://", "http://[::1", "http://host:abc", "http://a b", "http://a/ü", "file:///etc"],
)
def test_a_mirror_that_is_no_address(artbench: PictureSet, tmp_path: Path, mirror: str) -> None:
    with pytest.raises(ArtvecError, match="no web address") as failure:
        get_data(artbench, tmp_path / "set", mirror=mirror)
    assert failure.value.usage
    assert not (tmp_path / "set").exists()


def test_ctrl_c_says_how_to_go_on(site: Site, tmp_path: Path) -> None:
    name = CATALOGUE["flowers102"].files[0].name
    site.files[name], site.resets, site.drops = b"x" * 4000, True, [1000] + [0] * 9
    command = [sys.executable, "-m", "artvec_cli", "data", "get", "flowers102", "--mirror"]
    got = subprocess.Popen([*command, site.url], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    partial = tmp_path / f"flowers102/.artvec/flowers102/{name}.partial"
    until = time.monotonic() + 30
    while not (partial.is_file() and partial.stat().st_size) and time.monotonic() < until:
        time.sleep(0.02)
    got.send_signal(signal.SIGINT)
    _, told = got.communicate(timeout=30)
    assert got.returncode == 130
    last = "stopped; what came is kept, and the same command goes on from there"
    assert told.splitlines()[-1] == last
    assert partial.stat().st_size == 1000
