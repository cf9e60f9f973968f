"""Checks the join of a CSV file to images: names, types, labels, and what has no match."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from artvec.annotations.metadata import RESERVED, Metadata, join_metadata
from artvec.core.errors import ArtvecError

PATHS = ("top.jpg", "x/a.jpg", "x/same.jpg", "y/b.jpg", "y/same.jpg")


def _join(folder: Path, text: str | bytes, paths: Iterable[str] = PATHS) -> Metadata:
    file = folder / "m.csv"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return join_metadata(file, paths)


def _column(folder: Path, *values: str) -> tuple[str, list[Any]]:
    """Return the type of a column of these cells, and the values it holds."""
    file = folder / "column.csv"
    with file.open("w", newline="", encoding="utf-8") as handle:
        csv.writer(handle).writerows(
            [["filename", "it"], *([f"{at}.jpg", value] for at, value in enumerate(values))]
        )
    joined = join_metadata(file, [f"{at}.jpg" for at in range(len(values))])
    return joined.columns["it"], [joined.rows[f"{at}.jpg"]["it"] for at in range(len(values))]


def test_joins_by_path_or_by_a_unique_base_name(tmp_path: Path) -> None:
    text = "filename,artist\nx/a.jpg,Hals\nb.jpg,Steen\ntop.jpg,Vermeer\nx/same.jpg,Leyster\n"
    joined = _join(tmp_path, text)
    assert joined.rows == {
        "x/a.jpg": {"artist": "Hals"},
        "y/b.jpg": {"artist": "Steen"},
        "top.jpg": {"artist": "Vermeer"},
        "x/same.jpg": {"artist": "Leyster"},
    }
    assert joined.columns == {"artist": "string"}
    assert (joined.unmatched, joined.ambiguous) == ((), ())


def test_lists_the_unmatched_and_the_ambiguous(tmp_path: Path) -> None:
    """No image is none.jpg or z/a.jpg; two are same.jpg; x/a.jpg has its row already."""
    text = "filename,n\nnone.jpg,1\nz/a.jpg,2\nsame.jpg,3\nx/a.jpg,4\na.jpg,5\n"
    joined = _join(tmp_path, text)
    assert joined.unmatched == ("none.jpg", "z/a.jpg")
    assert joined.ambiguous == ("same.jpg", "a.jpg")
    assert joined.rows == {"x/a.jpg": {"n": 4}}


def test_a_path_comes_before_a_base_name(tmp_path: Path) -> None:
    joined = _join(tmp_path, "filename,n\na.jpg,1\n", ["a.jpg", "deep/a.jpg"])
    assert (joined.rows, joined.ambiguous) == ({"a.jpg": {"n": 1}}, ())


def test_windows_and_dotted_paths_match(tmp_path: Path) -> None:
    joined = _join(tmp_path, "filename,n\nx\\a.jpg,1\n./y/b.jpg,2\n")
    assert joined.rows == {"x/a.jpg": {"n": 1}, "y/b.jpg": {"n": 2}}


def test_label_is_label_else_category(tmp_path: Path) -> None:
    """PixPlot calls it category; beside a label a category is a column like any other."""
    one = _join(tmp_path, "filename,category\nx/a.jpg,baroque\ny/b.jpg,\n")
    assert (one.labels, dict(one.columns)) == ({"x/a.jpg": "baroque"}, {})
    both = _join(tmp_path, "filename,category,label\nx/a.jpg,oil,baroque\n")
    assert both.labels == {"x/a.jpg": "baroque"}
    assert both.rows == {"x/a.jpg": {"category": "oil"}}


def test_split_is_what_the_file_says(tmp_path: Path) -> None:
    """Also values that artvec doesn't draw itself."""
    joined = _join(tmp_path, "filename,split\nx/a.jpg,query\ny/b.jpg,\ntop.jpg,train\n")
    assert joined.splits == {"x/a.jpg": "query", "top.jpg": "train"}
    assert joined.columns == {}
    assert joined.respelled == {}


@pytest.mark.parametrize(
    ("written", "split"),
    [
        *((word, "train") for word in ("train", "Training", "TRAIN")),
        *((word, "val") for word in ("val", "Valid", "validation", "dev", "DEV")),
        *((word, "test") for word in ("test", "Testing", "eval", "Evaluation")),
        *((word, word) for word in ("query", "Gallery", "fold1", "trainval", "tests")),
    ],
)
def test_splits_are_known_by_their_usual_names(tmp_path: Path, written: str, split: str) -> None:
    joined = _join(tmp_path, f"filename,split\nx/a.jpg, {written} \ny/b.jpg,{written}\n")
    assert joined.splits == {"x/a.jpg": split, "y/b.jpg": split}
    assert joined.respelled == ({} if written == split else {written: (split, 2)})


def test_pixplots_columns_stay(tmp_path: Path) -> None:
    header = "filename,tags,description,permalink,year,lat,lng"
    row = 'a.jpg,oil|canvas,"A man, laughing",https://example.org/a,1624,52.38,4.63'
    joined = _join(tmp_path, f"{header}\n{row}\n")
    assert joined.rows["x/a.jpg"] == {
        "tags": "oil|canvas",
        "description": "A man, laughing",
        "permalink": "https://example.org/a",
        "year": 1624,
        "lat": 52.38,
        "lng": 4.63,
    }
    kinds = ["string", "string", "string", "int64", "double", "double"]
    assert list(joined.columns.values()) == kinds


@pytest.mark.parametrize(
    ("cells", "kind", "values"),
    [
        (["1624", "-5", "0"], "int64", [1624, -5, 0]),
        (["1", "", "3"], "int64", [1, None, 3]),  # an empty cell has no value and no say
        (["1", "2.5"], "double", [1.0, 2.5]),
        (["52.38", "-0.5", "1e-05"], "double", [52.38, -0.5, 1e-05]),  # as Python writes them
        (["1650.0", "1651.0"], "double", [1650.0, 1651.0]),  # pandas, of years with gaps
        (["1985.1", "1985.10", "1985.100"], "string", ["1985.1", "1985.10", "1985.100"]),
        (["12E4", "120E3"], "string", ["12E4", "120E3"]),
        (["2.5", "2", "2.0"], "string", ["2.5", "2", "2.0"]),  # two spellings of one number
        (["1e3", "2.5"], "string", ["1e3", "2.5"]),
        ([".5", "1.5"], "string", [".5", "1.5"]),
        (["1.", "1.5"], "string", ["1.", "1.5"]),
        (["0", "-0"], "string", ["0", "-0"]),
        (["0x10"], "string", ["0x10"]),
        (["0.1", "0.10000000000000001"], "string", ["0.1", "0.10000000000000001"]),
        (["", ""], "string", [None, None]),
        (["007", "8"], "string", ["007", "8"]),  # leading zeros belong to codes
        (["007.5", "8"], "string", ["007.5", "8"]),
        (["+31", "8"], "string", ["+31", "8"]),
        (["1_000"], "string", ["1_000"]),
        (["1,5"], "string", ["1,5"]),
        (["nan", "1"], "string", ["nan", "1"]),
        (["inf", "1"], "string", ["inf", "1"]),
        (["1e999"], "string", ["1e999"]),
        (["٣"], "string", ["٣"]),  # a digit, but not one of ours
        (["c. 1624", "1625"], "string", ["c. 1624", "1625"]),
        (["9223372036854775807"], "int64", [2**63 - 1]),
    ],
)
def test_a_column_has_the_type_of_all_its_values(
    tmp_path: Path, cells: list[str], kind: str, values: list[Any]
) -> None:
    assert _column(tmp_path, *cells) == (kind, values)


def test_a_number_too_long_for_int64_stays_a_code(tmp_path: Path) -> None:
    """As a double, two such inventory numbers would become one."""
    cells = ["12345678901234567890", "12345678901234567891"]
    assert _column(tmp_path, *cells) == ("string", cells)


@pytest.mark.parametrize("cell", ["9" * 5000, "9" * 400 + ".5", "9" * 300 + "e99"])
def test_a_number_beyond_any_double_stays_text(tmp_path: Path, cell: str) -> None:
    """As a double it would be infinite, which JSON doesn't know."""
    assert _column(tmp_path, "1.5", cell) == ("string", ["1.5", cell])


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(-(2**63) + 1, 2**63 - 1), min_size=1, max_size=5))
def test_integers_survive(tmp_path: Path, values: list[int]) -> None:
    assert _column(tmp_path, *map(str, values)) == ("int64", values)


words = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12).map(str.strip)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(words, max_size=5))
def test_text_survives(tmp_path: Path, values: list[str]) -> None:
    """With quotes, delimiters and any script; the first cell keeps the column text."""
    kind, kept = _column(tmp_path, "text", *values)
    assert (kind, kept) == ("string", ["text", *(value or None for value in values)])


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_reads_what_spreadsheets_write(
    tmp_path: Path, delimiter: str, start: bytes, end: str
) -> None:
    lines = [["filename", "artist", "note"], ["x/a.jpg", "Hals", '"one\ntwo"']]
    text = end.join(delimiter.join(cells) for cells in lines) + end
    joined = _join(tmp_path, start + text.encode())
    assert joined.rows == {"x/a.jpg": {"artist": "Hals", "note": "one\ntwo"}}


def test_blanks_are_harmless(tmp_path: Path) -> None:
    joined = _join(tmp_path, " filename , artist,year\n\nx/a.jpg,  Hals ,\n  \n,,\n")
    assert joined.rows == {"x/a.jpg": {"artist": "Hals", "year": None}}
    assert joined.unmatched == ()


def test_a_faulty_row_refuses_the_file_by_its_line(tmp_path: Path) -> None:
    text = "filename,title,label\nx/a.jpg,Still life, with fruit,baroque\ny/b.jpg,Sea\n"
    with pytest.raises(ArtvecError, match="line 2 has 4 cells, the header 3") as caught:
        _join(tmp_path, text)
    assert caught.value.usage
    assert "line 3" in caught.value.message
    assert "--lenient-metadata" in caught.value.hint


def test_a_faulty_row_can_be_passed_over(tmp_path: Path) -> None:
    """It is named, joins nothing, and has no say in the types of columns."""
    file = tmp_path / "facts.csv"
    file.write_text("filename,n\nx/a.jpg,1,2\ny/b.jpg,3\n")
    joined = join_metadata(file, PATHS, skip_faulty=True)
    assert joined.skipped_rows == ("line 2 has 3 cells, the header 2",)
    assert joined.rows == {"y/b.jpg": {"n": 3}}
    assert "x/a.jpg" in joined.without_row


@pytest.mark.parametrize(
    "text",
    [
        "filename,label\n",
        "filename,label",
        "filename,label\n\n,\n",
        "filename,label\nz.jpg,baroque\n",
        "filename,label\nsame.jpg,baroque\n",
    ],
    ids=["header", "no line end", "blank rows", "unmatched", "ambiguous"],
)
def test_a_file_that_joins_nothing_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ArtvecError, match=r"m\.csv") as caught:
        _join(tmp_path, text)
    assert caught.value.usage
    assert "--metadata none" in caught.value.hint


def test_images_without_a_row_are_listed(tmp_path: Path) -> None:
    joined = _join(tmp_path, "filename,n\ny/b.jpg,1\n", ["x/a.jpg", "y/b.jpg", "z.jpg"])
    assert joined.without_row == ("x/a.jpg", "z.jpg")


def test_a_delimiter_at_the_end_of_all_lines_makes_no_column(tmp_path: Path) -> None:
    joined = _join(tmp_path, "filename;artist;\nx/a.jpg;Hals;\ny/b.jpg;Steen;\n")
    assert joined.rows == {"x/a.jpg": {"artist": "Hals"}, "y/b.jpg": {"artist": "Steen"}}
    named = _join(tmp_path, "filename;artist;\nx/a.jpg;Hals;b. 1582\n")
    assert named.rows == {"x/a.jpg": {"artist": "Hals", "unnamed_2": "b. 1582"}}


def test_columns_that_miss_their_meaning_by_capitals_are_named(tmp_path: Path) -> None:
    joined = _join(tmp_path, "filename,Label,SPLIT\nx/a.jpg,baroque,train\n")
    assert (joined.misnamed, joined.label_column) == (("Label", "SPLIT"), None)
    both = _join(tmp_path, "filename,label,Category\nx/a.jpg,baroque,oil\n")
    assert both.misnamed == ()


@pytest.mark.parametrize("name", sorted(RESERVED - {"label", "split"}))
def test_artvecs_own_columns_are_prefixed(tmp_path: Path, name: str) -> None:
    joined = _join(tmp_path, f"filename,{name}\nx/a.jpg,7\n")
    assert joined.columns == {f"meta_{name}": "int64"}
    assert joined.rows == {"x/a.jpg": {f"meta_{name}": 7}}


def test_without_a_filename_column_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ArtvecError, match="name, year") as caught:
        _join(tmp_path, "name,year\na.jpg,1\n")
    assert caught.value.usage
    assert "filename" in caught.value.hint


@pytest.mark.parametrize("data", [b"", b"filename,artist\na.jpg,Caf\xe9\n"], ids=["empty", "latin"])
def test_what_is_no_utf8_csv_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ArtvecError) as caught:
        _join(tmp_path, data)
    assert caught.value.usage


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtvecError, match=r"none\.csv"):
        join_metadata(tmp_path / "none.csv", PATHS)


def test_rows_that_are_all_longer_than_the_header_lack_a_column_name(tmp_path: Path) -> None:
    """As R writes them with row names: the header is one short."""
    file = tmp_path / "facts.csv"
    file.write_text('"filename","label"\n"1","a.png","x"\n"2","b.png","y"\n', encoding="utf-8")
    for lenient in (False, True):
        with pytest.raises(ArtvecError, match="line 2 has 3 cells, the header 2") as refused:
            join_metadata(file, ["a.png", "b.png"], skip_faulty=lenient)
        assert "row names" in (refused.value.hint or "")
