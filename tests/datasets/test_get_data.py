"""Published sets, fetched from archives of the same layout on a loopback server."""

from __future__ import annotations

import io
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torchvision.datasets
from PIL import Image
from scipy.io import savemat

from artvec.collection.lock import writing
from artvec.commands.data.published_sets import get_data
from artvec.core.errors import ArtvecError
from artvec.datasets.catalogue import CATALOGUE, PictureSet
from tests.support.publishing import (
    ARTBENCH,
    COUNTS,
    EXPECTED,
    files_of,
    jpeg,
    md5,
    pictures_of,
    published,
    tar,
)
from tests.support.serving import Site


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


@pytest.mark.parametrize(
    ("left", "marked"),
    [
        (".artvec", False),
        (".artvec/artbench10", False),
        (".artvec/artbench10/unpacked/artbench-10-imagefolder-split", False),
        (".artvec/artbench10/.lock", True),
    ],
)
def test_what_a_killed_call_left_is_gone_on_with(
    artbench: PictureSet, tmp_path: Path, left: str, marked: bool
) -> None:
    if marked:
        get_data(artbench, tmp_path / "set")
    (tmp_path / "set" / left).mkdir(parents=True)
    assert get_data(artbench, tmp_path / "set").already == marked
    assert pictures_of(tmp_path / "set") == EXPECTED
    assert not (tmp_path / "set/.artvec").exists()


def test_a_call_killed_while_it_wrote_the_mark(
    artbench: PictureSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(file: Path, data: bytes) -> None:
        file.with_name(f".{file.name}.partial").write_bytes(data[:9])
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("artvec.commands.data.published_sets.write_whole", killed)
        get_data(artbench, tmp_path / "set")
    get_data(artbench, tmp_path / "set")
    assert pictures_of(tmp_path / "set") == EXPECTED


@pytest.mark.parametrize("name", ["train/baroque/.DS_Store", "train/baroque/own.jpg"])
def test_what_a_user_adds_is_no_reason_to_fetch_again(
    artbench: PictureSet, tmp_path: Path, name: str
) -> None:
    get_data(artbench, tmp_path / "set")
    (tmp_path / "set" / name).write_bytes(b"x")
    assert get_data(artbench, tmp_path / "set").already


def test_one_process_fetches_into_a_folder(
    artbench: PictureSet, site: Site, tmp_path: Path
) -> None:
    with writing(tmp_path / "set/.artvec/artbench10"):
        with pytest.raises(ArtvecError, match="is being written to by process") as failure:
            get_data(artbench, tmp_path / "set")
        assert failure.value.hint == "wait for it, or use another DIR"
    assert not site.asked
    get_data(artbench, tmp_path / "set")
    assert pictures_of(tmp_path / "set") == EXPECTED


def test_a_place_that_is_no_folder(artbench: PictureSet, tmp_path: Path) -> None:
    (tmp_path / "set").write_bytes(b"x")
    with pytest.raises(ArtvecError, match="set can't be written to: Not a directory") as failure:
        get_data(artbench, tmp_path / "set")
    assert "give another folder" in failure.value.hint


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
