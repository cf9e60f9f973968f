"""Published sets, fetched from archives of the same layout on a loopback server."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torchvision.datasets
from PIL import Image
from scipy.io import savemat
from serving import Site, served

from artvec.datasets import download
from artvec.datasets.catalogue import CATALOGUE, PictureSet
from artvec.errors import ArtvecError
from artvec.get_data import get_data


@pytest.fixture
def site() -> Iterator[Site]:
    with served(Site()) as running:
        yield running


@pytest.fixture(autouse=True)
def _without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "_WAITS_S", (0.0, 0.0))


def jpeg(seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (24, 24, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG")
    return out.getvalue()


def tar(files: dict[str, bytes], mode: str = "w") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as packed:  # type: ignore[call-overload]
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            packed.addfile(member, io.BytesIO(content))
    return out.getvalue()


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


def published(name: str, site: Site, contents: list[bytes], pictures: dict[str, int]) -> PictureSet:
    """Return a set of the catalogue as if small files were published on the test's server."""
    known = CATALOGUE[name]
    files = []
    for remote, content in zip(known.files, contents, strict=True):
        site.files[remote.name] = content
        url = f"{site.url}/{remote.name}"
        files.append(replace(remote, url=url, md5=md5(content), size_bytes=len(content)))
    return replace(known, pictures=pictures, files=tuple(files))


INSIDE = ("train/ukiyo_e/a-0", "train/ukiyo_e/b-1", "train/baroque/c-2", "test/baroque/d-3")
ARTBENCH = {
    f"artbench-10-imagefolder-split/{name}.jpg": jpeg(number) for number, name in enumerate(INSIDE)
}
COUNTS = {"train": 3, "test": 1}


@pytest.fixture
def artbench(site: Site) -> PictureSet:
    return published("artbench10", site, [tar(ARTBENCH)], COUNTS)


def files_of(folder: Path) -> dict[str, bytes]:
    found = (file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in found}


def pictures_of(folder: Path) -> dict[str, bytes]:
    return {path: data for path, data in files_of(folder).items() if path != "set.json"}


EXPECTED = {name.split("/", 1)[1]: content for name, content in ARTBENCH.items()}


def test_artbench_becomes_folders_by_split_and_style(
    artbench: PictureSet, tmp_path: Path, artvec: Callable[..., Any]
) -> None:
    got = get_data(artbench, tmp_path / "set")
    assert pictures_of(tmp_path / "set") == EXPECTED
    assert (got.pictures, got.already) == (COUNTS, False)
    mark = json.loads((tmp_path / "set" / "set.json").read_text())
    assert "fair use" in mark["licence"]
    found = artvec("embed", "set", "-m", "colour:4x4", "--dry-run", "--json").json
    assert (found["found"], found["failed"]) == (4, 0)


def test_hidden_files_of_an_archive_are_left_out(site: Site, tmp_path: Path) -> None:
    twin = "artbench-10-imagefolder-split/train/baroque/._c-2.jpg"
    wanted = published("artbench10", site, [tar(ARTBENCH | {twin: b"resource"})], COUNTS)
    get_data(wanted, tmp_path / "set")
    assert pictures_of(tmp_path / "set") == EXPECTED


def test_a_finished_set_is_recognised_without_the_network(
    artbench: PictureSet, site: Site, tmp_path: Path
) -> None:
    get_data(artbench, tmp_path / "set")
    asked = len(site.asked)
    assert get_data(artbench, tmp_path / "set").already
    assert len(site.asked) == asked


def test_a_lost_picture_is_fetched_again(artbench: PictureSet, tmp_path: Path) -> None:
    get_data(artbench, tmp_path / "set")
    (tmp_path / "set/train/baroque/c-2.jpg").unlink()
    assert not get_data(artbench, tmp_path / "set").already
    assert pictures_of(tmp_path / "set") == EXPECTED


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
    assert not files_of(tmp_path)


def test_a_mirror_has_the_same_files(artbench: PictureSet, site: Site, tmp_path: Path) -> None:
    remote = replace(artbench.files[0], url="http://127.0.0.1:1/gone/" + artbench.files[0].name)
    moved = replace(artbench, files=(remote,))
    with pytest.raises(ArtvecError, match="refused"):
        get_data(moved, tmp_path / "set")
    get_data(moved, tmp_path / "set", mirror=f"{site.url}/")
    assert pictures_of(tmp_path / "set") == EXPECTED


def test_too_few_pictures_are_told(site: Site, tmp_path: Path) -> None:
    wanted = published("artbench10", site, [tar(ARTBENCH)], {"train": 4, "test": 1})
    with pytest.raises(ArtvecError, match=r"'train': 3.*not.*'train': 4"):
        get_data(wanted, tmp_path / "set")


def test_a_folder_of_something_else_is_not_touched(artbench: PictureSet, tmp_path: Path) -> None:
    (tmp_path / "set/train").mkdir(parents=True)
    (tmp_path / "set/train/own.jpg").write_bytes(jpeg(9))
    with pytest.raises(ArtvecError, match="something else") as failure:
        get_data(artbench, tmp_path / "set")
    assert failure.value.usage
    assert list(files_of(tmp_path)) == ["set/train/own.jpg"]


def test_a_folder_of_another_set_is_not_touched(artbench: PictureSet, tmp_path: Path) -> None:
    get_data(artbench, tmp_path / "set")
    with pytest.raises(ArtvecError, match="the set artbench10"):
        get_data(CATALOGUE["cifar10"], tmp_path / "set")
    assert pictures_of(tmp_path / "set") == EXPECTED


def test_cifar_pictures_keep_every_pixel(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["airplane", "automobile"]
    rng = np.random.default_rng(0)
    pixels = {at: rng.integers(0, 256, (2, 3072), dtype=np.uint8) for at in ("one", "two", "last")}
    batches = {
        name: pickle.dumps({"data": data, "labels": [0, 1]}, protocol=2)
        for name, data in pixels.items()
    }
    meta = pickle.dumps({"label_names": names}, protocol=2)
    loader = torchvision.datasets.CIFAR10
    monkeypatch.setattr(loader, "train_list", [[n, md5(batches[n])] for n in ("one", "two")])
    monkeypatch.setattr(loader, "test_list", [["last", md5(batches["last"])]])
    monkeypatch.setattr(loader, "meta", loader.meta | {"md5": md5(meta)})
    inside = {f"cifar-10-batches-py/{n}": b for n, b in (batches | {"batches.meta": meta}).items()}
    wanted = published("cifar10", site, [tar(inside, "w:gz")], {"train": 4, "test": 2})
    get_data(wanted, tmp_path / "set")
    assert set(pictures_of(tmp_path / "set")) == {
        *("train/airplane/00000.png", "train/automobile/00001.png", "train/airplane/00002.png"),
        *("train/automobile/00003.png", "test/airplane/00000.png", "test/automobile/00001.png"),
    }
    # A row holds 1,024 reds, then greens, then blues, line by line.
    read = np.asarray(Image.open(tmp_path / "set/train/airplane/00002.png"))
    assert (read == pixels["two"][0].reshape(3, 32, 32).transpose(1, 2, 0)).all()


PETS = {"images/Great_Pyrenees_1.jpg": jpeg(1), "images/Birman_2.jpg": jpeg(2)}
LISTS = {
    "annotations/trainval.txt": b"Birman_2 1 1 1\nGreat_Pyrenees_1 2 2 1\n",
    "annotations/test.txt": b"Great_Pyrenees_3 2 2 1\nBirman_4 1 1 1\n",
}


@pytest.mark.parametrize(
    ("name", "labels"),
    [("oxford-pets", ("birman", "great_pyrenees")), ("oxford-cats-dogs", ("cat", "dog"))],
)
def test_pets_by_breed_and_by_species(
    site: Site, tmp_path: Path, name: str, labels: tuple[str, str]
) -> None:
    pets = PETS | {"images/Great_Pyrenees_3.jpg": jpeg(3), "images/Birman_4.jpg": jpeg(4)}
    contents = [tar(pets, "w:gz"), tar(LISTS, "w:gz")]
    wanted = published(name, site, contents, {"train": 2, "test": 2})
    get_data(wanted, tmp_path / "set")
    cat, dog = labels
    assert pictures_of(tmp_path / "set") == {
        f"train/{cat}/Birman_2.jpg": jpeg(2),
        f"train/{dog}/Great_Pyrenees_1.jpg": jpeg(1),
        f"test/{dog}/Great_Pyrenees_3.jpg": jpeg(3),
        f"test/{cat}/Birman_4.jpg": jpeg(4),
    }


def test_a_picture_that_lacks_is_told(site: Site, tmp_path: Path) -> None:
    contents = [tar(PETS, "w:gz"), tar(LISTS, "w:gz")]
    wanted = published("oxford-pets", site, contents, {"train": 2, "test": 2})
    with pytest.raises(ArtvecError, match="not as they were published"):
        get_data(wanted, tmp_path / "set")


def test_flowers_in_three_splits(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def matlab(**arrays: list[int]) -> bytes:
        out = io.BytesIO()
        savemat(out, {name: np.array([values]) for name, values in arrays.items()})
        return out.getvalue()

    # 1-based, as published: picture 3 is of class 102, `blackberry lily`.
    labels = matlab(labels=[1, 3, 102, 10, 1, 3])
    splits = matlab(trnid=[3, 1], valid=[2, 4], tstid=[5, 6])
    loader = torchvision.datasets.Flowers102
    sums = {"label": ("imagelabels.mat", md5(labels)), "setid": ("setid.mat", md5(splits))}
    monkeypatch.setattr(loader, "_file_dict", loader._file_dict | sums)
    jpegs = {f"jpg/image_{n:05d}.jpg": jpeg(n) for n in range(1, 7)}
    contents = [tar(jpegs, "w:gz"), labels, splits]
    wanted = published("flowers102", site, contents, {"train": 2, "val": 2, "test": 2})
    get_data(wanted, tmp_path / "set")
    assert pictures_of(tmp_path / "set") == {
        "train/blackberry_lily/image_00003.jpg": jpeg(3),
        "train/pink_primrose/image_00001.jpg": jpeg(1),
        "val/canterbury_bells/image_00002.jpg": jpeg(2),
        "val/globe_thistle/image_00004.jpg": jpeg(4),
        "test/pink_primrose/image_00005.jpg": jpeg(5),
        "test/canterbury_bells/image_00006.jpg": jpeg(6),
    }


def test_the_command_shows_the_licence_before_it_fetches(
    site: Site, artvec: Callable[..., Any]
) -> None:
    done = artvec("data", "get", "oxford-pets", "--mirror", site.url)
    lines = done.err.splitlines()
    assert done.code == 1
    assert "811 MB" in lines[0]
    assert "CC BY-SA 4.0" in lines[1]
    assert lines[2].startswith("error: ") and "404" in lines[2]
    assert lines[3].startswith("hint: ")


def test_the_list_in_json(artvec: Callable[..., Any]) -> None:
    sets = {found["name"]: found for found in artvec("data", "list", "--json").json["sets"]}
    assert {"artbench10", "cifar10", "oxford-pets", "flowers102"} <= set(sets)
    assert sets["cifar10"]["files"][0]["md5"] == torchvision.datasets.CIFAR10.tgz_md5
    assert sets["artbench10"]["pictures"] == {"train": 50_000, "test": 10_000}


def test_a_mistyped_name(artvec: Callable[..., Any]) -> None:
    done = artvec("data", "get", "artbench")
    assert done.code == 2
    assert "artbench10" in done.err
