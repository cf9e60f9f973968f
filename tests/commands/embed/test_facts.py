"""Checks where labels and splits come from, what is said of them, and what a re-run remembers."""

from __future__ import annotations

import unicodedata
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from artvec.collection.manifest import read_manifest
from artvec.collection.reader import columns, open_collection
from artvec.commands.compare import plan_models
from artvec.commands.embed import EmbedOptions, EmbedReport, embed_images
from artvec.commands.search import SearchOptions, search_collection
from artvec.commands.verify import repair_collection
from artvec.core.errors import ArtvecError
from artvec.evaluation.selection import select


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def paint(*paths: str) -> None:
    """Make a small picture, of one colour all its own, at each path below `pics`."""
    for path in paths:
        file = Path("pics") / path
        file.parent.mkdir(parents=True, exist_ok=True)
        colour = np.random.default_rng(zlib.crc32(path.encode())).integers(
            0, 255, 3, dtype=np.uint8
        )
        Image.fromarray(np.tile(colour, (8, 8, 1))).save(file)


def colours(text: str | None = None, **options: Any) -> EmbedReport:
    """Embed `pics`, with a metadata file of this text where one is given."""
    if text is not None:
        Path("facts.csv").write_text(text, encoding="utf-8")
        options["metadata"] = Path("facts.csv")
    return embed_images(
        Path("pics"), EmbedOptions("colour:4x4", str(Path("i").absolute()), **options)
    )


def stored(column: str) -> dict[str, Any]:
    table = columns(open_collection(Path("i")), ["path", column])
    return dict(zip(table["path"].to_pylist(), table[column].to_pylist(), strict=True))


def note_with(report: EmbedReport, words: str) -> str:
    (note,) = [note for note in report.notes if words in note]
    return note


def test_beside_a_column_of_labels_folders_are_none() -> None:
    """Neither where a cell is blank nor where a picture has no row; said once, with counts."""
    paint("batch1/a.png", "batch1/b.png", "batch1/c.png", "batch2/d.png")
    report = colours("filename,label\nbatch1/a.png,baroque\nbatch1/b.png,\nd.png,rococo\n")
    assert stored("label") == {
        "batch1/a.png": "baroque",
        "batch1/b.png": None,
        "batch1/c.png": None,
        "batch2/d.png": "rococo",
    }
    note = note_with(report, "no label")
    assert "2 of 4 pictures" in note
    assert "1 blank in the column 'label', 1 without a row" in note
    assert report.without_row == ("batch1/c.png",)
    assert "1 of 4 pictures has no row in facts.csv: batch1/c.png" in report.notes


@pytest.mark.parametrize("header", ["filename,year", "filename,Label"])
def test_without_a_column_of_labels_folders_are_labels(header: str) -> None:
    paint("batch1/a.png", "batch2/b.png")
    report = colours(f"{header}\nbatch1/a.png,1650\n")
    assert stored("label") == {"batch1/a.png": "batch1", "batch2/b.png": "batch2"}
    assert not [note for note in report.notes if "no label" in note]
    assert bool([note for note in report.notes if "'Label'" in note]) == ("Label" in header)


def test_a_category_beside_labels_fills_no_blank() -> None:
    paint("a.png", "b.png")
    colours("filename,label,category\na.png,baroque,oil\nb.png,,oil\n")
    assert stored("label") == {"a.png": "baroque", "b.png": None}


def test_labels_follow_the_file_and_come_back_without_it() -> None:
    """One rule in every run: the first, a re-run, one without the file, a repair."""
    paint("batch1/a.png", "batch1/b.png")
    colours("filename,label\na.png,baroque\n")
    Path("facts.csv").write_text("filename,label\nb.png,rococo\n")
    colours()
    assert stored("label") == {"batch1/a.png": None, "batch1/b.png": "rococo"}
    (shard,) = Path("i/shards").iterdir()
    shard.write_bytes(shard.read_bytes()[:-40])
    repair_collection(Path("i"))
    assert stored("label") == {"batch1/a.png": None, "batch1/b.png": "rococo"}
    colours(metadata=Path("none"))
    assert set(stored("label").values()) == {"batch1"}


def test_words_for_nothing_are_said_to_be_classes() -> None:
    paint(*(f"{at}.png" for at in range(7)))
    labels = ["nan", "nan", "None", "NULL", "n/a", "baroque", ""]
    rows = "".join(f"{at}.png,{label}\n" for at, label in enumerate(labels))
    report = colours(f"filename,label\n{rows}")
    note = note_with(report, "may mean 'no label'")
    assert "'nan' (2)" in note
    assert set(stored("label").values()) == {"nan", "None", "NULL", "n/a", "baroque", None}
    paint("None/a.png")
    assert "'None' (1)" in note_with(colours(metadata=Path("none")), "may mean 'no label'")


def test_labels_that_look_alike_are_said_to_differ() -> None:
    paint("a.png", "b.png", "c.png")
    report = colours("filename,label\na.png,Baroque\nb.png,baroque\nc.png,rococo\n")
    assert "'Baroque' (1), 'baroque' (1)" in note_with(report, "classes of their own")


def test_splits_are_recognised_and_told() -> None:
    paint("a.png", "b.png", "c.png", "d.png")
    text = "filename,label,split\na.png,x,Training\nb.png,x,test\nc.png,y, DEV \nd.png,y,train\n"
    report = colours(text)
    assert stored("split") == {"a.png": "train", "b.png": "test", "c.png": "val", "d.png": "train"}
    note = note_with(report, "recognised splits")
    assert "'Training' (1) as train" in note
    assert "'DEV' (1) as val" in note
    assert "'test'" not in note
    chosen = select(open_collection(Path("i")), "training", "Eval")
    assert (len(chosen.gallery), len(chosen.queries)) == (2, 1)


def test_folders_of_splits_are_recognised_and_told() -> None:
    paint("training/x/a.png", "testing/x/b.png", "Dev/y/c.png", "extra/y/d.png")
    report = colours()
    splits = stored("split")
    assert [splits[path] for path in ("training/x/a.png", "testing/x/b.png", "Dev/y/c.png")] == [
        "train", "test", "val",
    ]  # fmt: skip
    assert set(stored("label").values()) == {"x", "y"}
    note = note_with(report, "recognised splits")
    assert "folder training/ as train" in note
    assert "extra" not in note


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["fold1", "fold1", "fold2"], "none has the split train or test"),
        (["train", "train", "holdout"], "none has the split test"),
        (["train", "test", "nan"], "'nan' (1)"),
    ],
)
def test_splits_that_no_command_uses_are_pointed_out(values: list[str], said: str) -> None:
    paint("a.png", "b.png", "c.png")
    rows = "".join(f"{n}.png,{value}\n" for n, value in zip("abc", values, strict=True))
    report = colours(f"filename,split\n{rows}")
    assert said in note_with(report, "splits that no command uses")
    assert sorted(stored("split").values()) == sorted(values)


@pytest.mark.parametrize("own", ["train", "train,test"])
def test_known_splits_need_no_word(own: str) -> None:
    paint("a.png", "b.png")
    first, _, second = own.partition(",")
    report = colours(f"filename,split\na.png,{first}\nb.png,{second or first}\n")
    assert report.notes == ()


FAULTY = "filename,n\na.png,1,2\nb.png,3\n"


def test_a_faulty_file_is_refused_before_anything_is_written() -> None:
    paint("a.png", "b.png")
    with pytest.raises(ArtvecError, match="line 2 has 3 cells, the header 2") as caught:
        colours(FAULTY)
    assert caught.value.usage
    assert not Path("i").exists()


def test_leniency_is_remembered_with_its_file_and_ends_with_it() -> None:
    paint("a.png", "b.png")
    report = colours(FAULTY, lenient_metadata=True)
    assert report.skipped_rows == ("line 2 has 3 cells, the header 2",)
    assert "of facts.csv: line 2" in note_with(report, "skipped 1 row")
    assert stored("n") == {"a.png": None, "b.png": 3}
    assert colours().skipped_rows == report.skipped_rows
    (shard,) = Path("i/shards").iterdir()
    shard.write_bytes(shard.read_bytes()[:-40])
    repair_collection(Path("i"))
    assert stored("n") == {"a.png": None, "b.png": 3}
    with pytest.raises(ArtvecError, match="line 2"):
        colours(FAULTY)
    assert read_manifest(Path("i")).lenient_metadata


def test_a_file_may_become_faulty_between_two_runs() -> None:
    """The run is refused, and the collection stays as it was, until leniency is asked for."""
    paint("a.png", "b.png")
    colours("filename,n\na.png,1\nb.png,3\n")
    Path("facts.csv").write_text(FAULTY)
    with pytest.raises(ArtvecError, match="line 2"):
        colours()
    assert stored("n") == {"a.png": 1, "b.png": 3}
    colours(lenient_metadata=True)
    assert stored("n") == {"a.png": None, "b.png": 3}


def shown(column: str, condition: str) -> Sequence[Any]:
    options = SearchOptions(k=9, where=condition, show=(column,))
    (query,) = search_collection(Path("i"), ["a.png"], options).queries
    return [hit.value(column) for hit in query.hits]


def test_codes_are_kept_apart_and_found_as_they_are_written() -> None:
    paint("a.png", "b.png", "c.png")
    colours("filename,inv\na.png,1985.1\nb.png,1985.10\nc.png,1985.100\n", group="inv")
    assert list(stored("inv").values()) == ["1985.1", "1985.10", "1985.100"]
    assert shown("inv", "inv == '1985.10'") == ["1985.10"]
    assert sorted(shown("inv", "number(inv) == 1985.10")) == ["1985.1", "1985.10", "1985.100"]
    with pytest.raises(ArtvecError) as caught:
        shown("inv", "inv == 1985.10")
    assert "'1985.10'" in caught.value.hint


def test_a_column_of_numbers_that_becomes_text_is_told() -> None:
    paint("a.png", "b.png")
    colours("filename,year\na.png,1650\nb.png,\n")
    report = colours("filename,year\na.png,1650\nb.png,c. 1700\n")
    assert stored("year") == {"a.png": "1650", "b.png": "c. 1700"}
    assert "number(year)" in note_with(report, "column 'year' held numbers")


def test_names_meet_in_either_unicode_form() -> None:
    """A list written on Windows, a file and a column copied from a Mac."""
    decomposed = unicodedata.normalize("NFD", "Müller.png")
    paint(decomposed)
    artist = unicodedata.normalize("NFD", "Künstler")
    report = colours(f"filename,label,{artist}\nMüller.png,x,A\n", group="Künstler")
    assert stored("label") == {decomposed: "x"}
    assert stored("Künstler") == {decomposed: "A"}
    assert (report.unmatched, report.notes) == ((), ())


def test_rows_out_of_reach_keep_their_facts() -> None:
    """A folder that can't be read for a day loses neither labels nor its part as a split."""
    paint("training/x/a.png", "testing/y/b.png")
    colours("filename,n\na.png,1\nb.png,2\n")
    before = [stored(column) for column in ("label", "split", "n")]
    hidden = Path("pics/testing/y/b.png")
    hidden.unlink()
    hidden.symlink_to("nowhere")
    colours()
    assert [stored(column) for column in ("label", "split", "n")] == before


def test_case_is_told_where_it_is_all_that_differs() -> None:
    paint("a.png", "B.PNG")
    report = colours("filename,n\na.png,1\nb.png,2\n")
    assert "b.png is B.PNG but for capitals" in note_with(report, "1 metadata row names no image")


def test_rows_are_asked_for_in_either_unicode_form() -> None:
    """By path, whose stored form stays, and in conditions: nobody can see how a name is typed."""
    decomposed = unicodedata.normalize("NFD", "Künstler/Müller.png")
    paint(decomposed, "b.png")
    colours()
    (query,) = search_collection(Path("i"), ["Künstler/Müller.png"], SearchOptions(k=1)).queries
    assert query.hits[0].path == decomposed
    for condition in ("label == 'Künstler'", "contains(path, 'Mü')", "label in ('Künstler',)"):
        for form in ("NFC", "NFD"):
            options = SearchOptions(where=unicodedata.normalize(form, condition))
            (query,) = search_collection(Path("i"), ["b.png"], options).queries
            assert [hit.path for hit in query.hits] == [decomposed]


def test_another_models_collection_reads_the_file_alike() -> None:
    """What `compare --models` and `train -m` embed takes over the file of the source's others."""
    paint("a.png", "b.png")
    Path("facts.csv").write_text(FAULTY)
    options = EmbedOptions("colour:4x4", metadata=Path("facts.csv"), lenient_metadata=True)
    embed_images(Path("pics"), options)
    (planned,) = plan_models(Path("pics"), ["simple_cnn"])
    assert planned.metadata == Path("facts.csv").absolute()
    assert planned.lenient_metadata


@pytest.mark.parametrize("metadata", [None, Path("none")])
def test_leniency_without_a_file_is_refused(metadata: Path | None) -> None:
    paint("a.png")
    with pytest.raises(ArtvecError, match="no metadata file") as caught:
        colours(metadata=metadata, lenient_metadata=True)
    assert caught.value.usage
