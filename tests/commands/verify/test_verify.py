"""`verify` finds every flipped bit; `--repair` brings back what the source still has."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from artvec.collection.reader import open_collection
from artvec.collection.shards import vectors_of
from artvec.commands.embed import EmbedOptions, embed_images
from artvec.commands.status import collection_status
from artvec.commands.verify import repair_collection, verify_collection
from artvec.core.errors import ArtvecError

Run = Callable[..., Any]
State = dict[str, tuple[Any, ...]]


def contents(index: Path) -> State:
    """Everything the rows say, by path; order aside."""
    state: State = {}
    for table in open_collection(index).tables:
        records = table.drop_columns(["embedding"]).to_pylist()
        for record, vector in zip(records, vectors_of(table), strict=True):
            plain = {name: bytes(v) if isinstance(v, list) else v for name, v in record.items()}
            state[record["path"]] = (*sorted(plain.items()), vector.tobytes())
    return state


def paint(folder: Path, count: int) -> None:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(count)
    for n in range(count):
        Image.fromarray(rng.integers(0, 255, (5, 4, 3), dtype=np.uint8)).save(folder / f"{n}.bmp")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collection of two shards, with metadata, failures and drawn splits, beside its source."""
    home = tmp_path_factory.mktemp("whole")
    paint(home / "art", 1100)
    (home / "art/broken.jpg").write_bytes(b"no picture")
    names = "".join(f"{n}.bmp,{1600 + n}\n" for n in range(1100))
    (home / "facts.csv").write_text(f"filename,year\n{names}")
    options = EmbedOptions("colour:4x4", str(home / "mine"), metadata=home / "facts.csv")
    embed_images(home / "art", options)
    return home


@pytest.fixture
def home(whole: Path) -> Path:
    """The same, free to be damaged: it lies where it was made, since sources are absolute."""
    pristine = whole.with_name("pristine")
    if not pristine.exists():
        shutil.copytree(whole, pristine)
        STAMPS.update({file: stamp(file) for file in whole.rglob("*") if file.is_file()})
    restore(whole, pristine)
    return whole


STAMPS: dict[Path, tuple[int, ...]] = {}
"""Of files as they were when they were last made what they were."""


def restore(folder: Path, pristine: Path) -> None:
    """Make a folder what it was; files that nobody has touched since are left alone."""
    for place in sorted(folder.rglob("*"), reverse=True):
        if not (pristine / place.relative_to(folder)).exists():
            place.rmdir() if place.is_dir() and not place.is_symlink() else place.unlink()
    for origin in sorted(pristine.rglob("*")):
        place = folder / origin.relative_to(pristine)
        if origin.is_dir():
            place.mkdir(exist_ok=True)
        elif STAMPS.get(place) != stamp(place):
            shutil.copy2(origin, place)
            STAMPS[place] = stamp(place)


def stamp(file: Path) -> tuple[int, ...]:
    if not file.exists():
        return ()
    status = file.lstat()
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def files_of(index: Path) -> list[Path]:
    return sorted(f for f in index.rglob("*") if f.is_file() and f.name != ".lock")


def flip(file: Path, bit: int) -> None:
    data = bytearray(file.read_bytes())
    data[bit // 8] ^= 1 << bit % 8
    file.write_bytes(data)


def is_noticed(index: Path) -> bool:
    try:
        return not verify_collection(index).complete
    except ArtvecError:
        return True


def count_noticed(index: Path, flips: int) -> int:
    rng = random.Random(flips)
    noticed = 0
    for _ in range(flips):
        file = rng.choice(files_of(index))
        bit = rng.randrange(8 * file.stat().st_size)
        flip(file, bit)
        noticed += is_noticed(index)
        flip(file, bit)
    return noticed


def test_every_flipped_bit_is_found(home: Path) -> None:
    assert verify_collection(home / "mine").complete
    assert count_noticed(home / "mine", 60) == 60
    assert verify_collection(home / "mine").complete


@pytest.mark.long
def test_every_one_of_many_flipped_bits_is_found(home: Path) -> None:
    assert count_noticed(home / "mine", 1500) == 1500


def test_every_bit_of_the_manifest_counts(home: Path) -> None:
    file = home / "mine/collection.json"
    data = file.read_bytes()
    for byte in range(0, len(data), 7):
        flip(file, 8 * byte + byte % 8)
        assert is_noticed(home / "mine"), data[max(0, byte - 20) : byte + 20]
        file.write_bytes(data)


def test_another_spelling_of_the_manifest_is_damage(home: Path) -> None:
    file = home / "mine/collection.json"
    file.write_text(json.dumps(json.loads(file.read_bytes()), indent=2))
    assert verify_collection(home / "mine").damaged == ("collection.json",)


def shard(index: Path, number: int) -> Path:
    return sorted((index / "shards").glob("*.arrow"))[number]


def middle(file: Path) -> None:
    flip(file, 4 * file.stat().st_size)


DAMAGES: dict[str, Callable[[Path], None]] = {
    "a bit of the first shard": lambda index: middle(shard(index, 0)),
    "a bit of the last shard": lambda index: middle(shard(index, 1)),
    "the length of a shard's schema": lambda index: flip(shard(index, 0), 8 * 14),
    "a shard cut short": lambda index: os.truncate(shard(index, 0), 5000),
    "an empty shard": lambda index: os.truncate(shard(index, 0), 0),
    "a bit of the failures": lambda index: middle(index / "failures.parquet"),
    "no failures": lambda index: (index / "failures.parquet").unlink(),
    "a bit of the index": lambda index: flip(index / "index/index.json", 30),
    "a bit of the manifest": lambda index: middle(index / "collection.json"),
    "a manifest spelled otherwise": lambda index: (index / "collection.json").write_text(
        json.dumps(json.loads((index / "collection.json").read_bytes()))
    ),
}


UNREADABLE = ("the length of a shard's schema", "a shard cut short", "an empty shard")


@pytest.mark.parametrize("kind", DAMAGES)
def test_repair_brings_everything_back(home: Path, kind: str) -> None:
    index = home / "mine"
    before = contents(index)
    DAMAGES[kind](index)
    assert is_noticed(index)
    report = repair_collection(index)
    assert verify_collection(index).complete
    assert report.lost == ()
    after = contents(index)
    if kind in UNREADABLE:  # nobody knows the splits of its rows any more
        assert report.unreadable_rows == report.rebuilt == 1024
        before, after = without_splits(before), without_splits(after)
    assert after == before
    assert report.rebuilt in (0, 76, 1024)


def without_splits(state: State) -> State:
    return {path: tuple(x for x in row if x[0] != "split") for path, row in state.items()}


@pytest.mark.parametrize("text", [None, b"", b"junk", b"[]"])
def test_a_lost_manifest_is_rebuilt_from_the_shards(
    home: Path, artvec: Run, text: bytes | None
) -> None:
    index = home / "mine"
    splits = {path: dict(row[:-1])["split"] for path, row in contents(index).items()}
    (index / "collection.json").unlink()
    if text is not None:
        (index / "collection.json").write_bytes(text)
    unknown = artvec("verify", "--repair", "-i", index)
    assert unknown.code == 1
    assert "source" in unknown.err and "--source DIR" in unknown.err
    mended = artvec("verify", "--repair", "-i", index, "--source", home / "art", "--json")
    assert mended.code == 0, mended.err
    assert mended.json["complete"] and mended.json["repaired"]["rebuilt"] == 0
    assert {p: dict(row[:-1])["split"] for p, row in contents(index).items()} == splits
    assert "give --metadata again" in mended.err


def test_rows_whose_pictures_are_gone_are_told_lost(home: Path, artvec: Run) -> None:
    index = home / "mine"
    (home / "art/7.bmp").unlink()
    middle(shard(index, 0))
    told = artvec("verify", "-i", index, "--json")
    assert told.code == 1
    assert told.json["damaged"] == [f"shards/{shard(index, 0).name}"]
    assert f"artvec verify --repair -i {index}" in told.err
    done = artvec("verify", "-i", index, "--repair", "--json")
    assert done.code == 1
    assert done.json["repaired"]["lost"] == ["7.bmp"]
    assert done.json["rows"] == 1099
    assert artvec("verify", "-i", index).code == 0


def test_nothing_is_touched_while_the_source_is_away(home: Path, artvec: Run) -> None:
    index = home / "mine"
    middle(shard(index, 0))
    before = {file: file.read_bytes() for file in files_of(index)}
    (home / "art").rename(home / "moved")
    away = artvec("verify", "-i", index, "--repair")
    assert away.code == 1
    assert "can't be reached" in away.err
    assert {file: file.read_bytes() for file in files_of(index)} == before
    assert artvec("verify", "-i", index, "--repair", "--source", home / "moved").code == 0
    assert collection_status(index).complete


def test_another_folder_is_not_taken_for_the_source(home: Path, artvec: Run) -> None:
    index = home / "mine"
    middle(shard(index, 0))
    before = {file: file.read_bytes() for file in files_of(index)}
    paint(home / "other", 3)
    refused = artvec("verify", "-i", index, "--repair", "--source", home / "other")
    assert refused.code == 2
    assert "it is another source" in refused.err
    assert {file: file.read_bytes() for file in files_of(index)} == before


def test_a_foreign_shard_is_told_and_cleared_away(home: Path, tmp_path: Path) -> None:
    paint(tmp_path / "other", 5)
    other = embed_images(
        tmp_path / "other", EmbedOptions("colour:4x4", str(tmp_path / "other-index"))
    )
    index = home / "mine"
    before = contents(index)
    shutil.copy(shard(other.index, 0), index / "shards")
    assert verify_collection(index).foreign == (f"shards/{shard(other.index, 0).name}",)
    repair_collection(index)
    assert verify_collection(index).complete
    assert contents(index) == before


def test_a_run_does_not_copy_rows_out_of_a_damaged_shard(home: Path) -> None:
    index = home / "mine"
    middle(shard(index, 0))
    (home / "art/3.bmp").unlink()  # its shard has to be written anew
    with pytest.raises(ArtvecError, match="doesn't match its checksum") as refused:
        embed_images(home / "art", EmbedOptions(index=str(index)))
    assert "artvec verify --repair" in refused.value.hint
    repair_collection(index)
    assert verify_collection(index).complete


def test_another_collections_shard_under_the_right_name_is_refused(
    home: Path, tmp_path: Path
) -> None:
    embed_images(home / "art", EmbedOptions("simple_cnn", str(tmp_path / "other")))
    mine, other = shard(home / "mine", 1), shard(tmp_path / "other", 1)
    fields = json.loads((home / "mine/collection.json").read_bytes())
    mine.write_bytes(other.read_bytes())
    fields["shards"][1]["size_bytes"] = mine.stat().st_size
    rest = {name: value for name, value in fields.items() if name != "sha256"}
    fields["sha256"] = hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()
    (home / "mine/collection.json").write_text(json.dumps(fields, indent=1))
    with pytest.raises(ArtvecError, match="another encoder"):
        open_collection(home / "mine")


def test_a_damaged_shard_is_not_exported(home: Path, artvec: Run) -> None:
    middle(shard(home / "mine", 1))
    refused = artvec("export", "-i", home / "mine", "--format", "csv", "-o", home / "out.csv")
    assert refused.code == 1
    assert "doesn't match its checksum" in refused.err
    assert not (home / "out.csv").exists()


def test_an_empty_file_is_known_to_fail(home: Path, artvec: Run) -> None:
    (home / "art/empty.png").touch()
    embed_images(home / "art", EmbedOptions(index=str(home / "mine")))
    assert artvec("status", "-i", home / "mine").code == 0
    (home / "art/empty.png").write_bytes(b"something now")
    assert artvec("status", "-i", home / "mine", "--json").json["missing"] == ["empty.png"]


def test_a_repair_that_lost_the_recipe_says_so(home: Path, artvec: Run) -> None:
    assert artvec("index", "-i", home / "mine", "--recipe", "ivf", "-q").code == 0
    (home / "mine/index/index.json").write_text("{")
    mended = artvec("verify", "-i", home / "mine", "--repair")
    assert mended.code == 0, mended.err
    assert f"ask again: artvec index -i {home / 'mine'} --recipe NAME" in mended.err
    assert artvec("index", "-i", home / "mine", "--recipe", "ivf", "-q").code == 0
    only_faiss(home / "mine").unlink()  # the recipe is still known
    assert artvec("verify", "-i", home / "mine", "--repair").code == 0
    assert only_faiss(home / "mine").is_file()


def only_faiss(index: Path) -> Path:
    (file,) = (index / "index").glob("*.faiss")
    return file


def test_the_printed_command_mends_a_collection_of_any_name(home: Path, artvec: Run) -> None:
    odd = home / "it's $HOME `id`"
    (home / "mine").rename(odd)
    middle(shard(odd, 0))
    told = artvec("verify", "-i", odd)
    printed = told.err.splitlines()[-1].removeprefix("hint: mend it: ")
    words = subprocess.run(
        ["sh", "-c", f"printf '%s\\n' {printed}"], capture_output=True, text=True
    )
    assert words.stdout.splitlines() == ["artvec", "verify", "--repair", "-i", str(odd)]
    assert artvec(*words.stdout.splitlines()[1:]).code == 0
