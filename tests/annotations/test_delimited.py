"""Checks that every row is read as it was written, or named by its line; none is shifted."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from artvec.annotations.delimited import Delimited, read_delimited
from artvec.core.errors import ArtvecError


def _read(tmp_path: Path, text: str | bytes) -> Delimited:
    file = tmp_path / "facts.csv"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_delimited(file, "filename", (".jpg", ".png"))


def _rows(table: Delimited) -> list[tuple[str, ...]]:
    return [record.cells for record in table.records]


def _faults(table: Delimited) -> list[str]:
    return [str(fault) for fault in table.faults]


HEADER = "filename,title,label\n"
SOUND = [("b.png", "Portrait", "rococo")]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("a.png,Still life, with fruit,baroque", "has 4 cells, the header 3"),
        ("a.png,Still life", "has 2 cells, the header 3"),
        ("a.png", "has 1 cell, the header 3"),
        ("a.png,,baroque,", "has 4 cells, the header 3"),  # else `a, b,` would pass for two cells
        ('a.png,"Untitled,baroque', "opens a quote that doesn't close"),
        ('a.png,"12" canvas",baroque', "has text after a closing quote"),
        ('a.png,"Untitled" (study),baroque', "has text after a closing quote"),
        ('a.png, "Untitled" (study),baroque', "has text after a closing quote"),
        ("a.png,Un\0titled,baroque", "holds a NUL byte"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_faulty_row_is_named_and_costs_no_other(
    tmp_path: Path, row: str, fault: str, end: str
) -> None:
    """Line 3; the rows before and behind it stay."""
    text = f"{HEADER}b.png,Portrait,rococo\n{row}\nc.png,View,romantic\n".replace("\n", end)
    table = _read(tmp_path, text)
    assert _faults(table) == [f"line 3 {fault}"]
    assert _rows(table) == [*SOUND, ("c.png", "View", "romantic")]


def test_a_quote_that_opens_in_the_last_row(tmp_path: Path) -> None:
    table = _read(tmp_path, f'{HEADER}b.png,Portrait,rococo\na.png,"Untitled,baroque')
    assert (_rows(table), _faults(table)) == (SOUND, ["line 3 opens a quote that doesn't close"])


@pytest.mark.parametrize(
    "closing",
    ['c.png,"Blue",romantic', 'c.png,12" canvas,romantic', 'c.png,14",romantic', 'c.png,"",x'],
)
def test_rows_behind_an_open_quote_are_never_part_of_a_cell(tmp_path: Path, closing: str) -> None:
    """Also where a later quote happens to close it, so that the file is sound to a CSV reader."""
    text = f'{HEADER}a.png,"Untitled,baroque\nb.png,Portrait,rococo\n{closing}\nd.png,View,x\n'
    table = _read(tmp_path, text)
    assert table.faults[0].line == 2
    assert all(cells[0] != "a.png" for cells in _rows(table))
    written = {row[0]: tuple(row) for row in csv.reader([closing, "d.png,View,x"])}
    for cells in _rows(table):
        assert cells == {**written, "b.png": SOUND[0]}[cells[0]]
    assert SOUND[0] in _rows(table)


def test_swallowed_rows_are_found_wherever_the_name_stands(tmp_path: Path) -> None:
    text = 'title,filename\n"Untitled,a.png\nPortrait 12",b.png\nView,c.png\n'
    table = _read(tmp_path, text)
    assert _faults(table) == [
        "line 2 opens a quote that runs on over the row of a.png",
        "line 3 has a quote that may close one of an earlier line",
    ]
    assert _rows(table) == [("View", "c.png")]


def test_a_fault_is_named_by_the_line_that_it_is_on(tmp_path: Path) -> None:
    """The row begins on line 2; reading goes on below the line of the open quote."""
    text = f'{HEADER}a.png,"one\ntwo","Untitled\nb.png,Portrait,rococo\n'
    table = _read(tmp_path, text)
    assert _faults(table) == ["line 3 opens a quote that doesn't close"]
    assert _rows(table) == SOUND


def test_lines_inside_a_cell_are_no_rows(tmp_path: Path) -> None:
    """Text over several lines is sound, and lines are counted as an editor does."""
    text = f'{HEADER}a.png,"one\ntwo, and ""three""\r\n\n",x\nb.png,Portrait,rococo,more\n'
    table = _read(tmp_path, text)
    assert _rows(table) == [("a.png", 'one\ntwo, and "three"', "x")]
    assert _faults(table) == ["line 6 has 4 cells, the header 3"]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (' "x, y"', "x, y"),  # a blank before a quote
        ('"x, y" ', "x, y"),
        ('\t"x, y"', "x, y"),
        ('\u00a0"x, y"', "x, y"),
        ('"say ""x"""', 'say "x"'),
        ('12" canvas', '12" canvas'),  # a quote inside is a character
        ("5'4\"", "5'4\""),
        ('""', ""),
        ("  x  ", "x"),
        ("\u2028x\u2028y", "x\u2028y"),  # no line end, whatever Unicode says
        ("x\x85y\x0bz\x0c", "x\x85y\x0bz"),
        ('"' + "x" * 200_000 + '"', "x" * 200_000),
    ],
)
def test_a_cell(tmp_path: Path, cell: str, value: str) -> None:
    table = _read(tmp_path, f"{HEADER}a.png,{cell},x\n")
    assert (_rows(table), table.faults) == ([("a.png", value, "x")], ())


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ("filename", ("filename",)),
        ("title;filename", ("title", "filename")),
        ("filename\ttitle, or none", ("filename", "title, or none")),
        ("filename|label", ("filename", "label")),
        ('filename,"a;b;c;d"', ("filename", "a;b;c;d")),
        ('"title, or none";"filename"', ("title, or none", "filename")),
        ("\tfilename\tlabel", ("", "filename", "label")),  # pandas' index has no name
        ("\n \n filename , label", ("filename", "label")),
        ("filename,Ku\u0308nstler", ("filename", "Künstler")),
    ],
)
def test_the_header_tells_the_delimiter(
    tmp_path: Path, header: str, names: tuple[str, ...]
) -> None:
    assert _read(tmp_path, f"{header}\n").header == names


def test_tags_in_a_cell_are_no_cells(tmp_path: Path) -> None:
    assert _rows(_read(tmp_path, "filename,tags\na.png,oil|sea\n")) == [("a.png", "oil|sea")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    text = "filename\tartist\r\na.png\tMüller\r\n"
    assert _rows(_read(tmp_path, text.encode(encoding))) == [("a.png", "Müller")]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("filename\nMüller.png\n".encode("latin-1"), "line 2 holds the byte 0xfc"),
        ("filename\na.png\n".encode("utf-16-le"), "NUL"),
        (b'filename,"label\na.png,x\n', "line 1 opens a quote that doesn't close"),
        ("filename\n".encode("utf-16") + b"\x00", "UTF"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, data: bytes, why: str) -> None:
    with pytest.raises(ArtvecError, match=why) as caught:
        _read(tmp_path, data)
    assert caught.value.usage


cells = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=8).map(
    str.strip
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(cells, cells), max_size=6), st.sampled_from(",;\t|"), st.booleans())
@example([('"', "|"), ("a\rb", '""')], "|", True)
def test_what_python_writes_comes_back(
    tmp_path: Path, rows: list[tuple[str, str]], delimiter: str, quote_all: bool
) -> None:
    """Whatever the cells hold: line ends, quotes, delimiters, no text at all."""
    handle = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL
    writer = csv.writer(handle, delimiter=delimiter, quoting=quoting)
    named = [(f"{at}.png", *row) for at, row in enumerate(rows)]
    writer.writerows([("filename", "title", "label"), *named])
    table = _read(tmp_path, handle.getvalue())
    assert (_rows(table), table.faults) == (named, ())


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text('a",\n b', max_size=40))
def test_any_damage_is_named_or_harmless(tmp_path: Path, damage: str) -> None:
    """Whatever stands between two rows, the last one is read as written, or is at fault."""
    table = _read(tmp_path, f"{HEADER}{damage}\nz.png,View,romantic\n")
    last = [cells for cells in _rows(table) if "z.png" in "".join(cells)]
    assert last in ([], [("z.png", "View", "romantic")])
    assert last or table.faults


@pytest.mark.parametrize("first", ["sep=;\r\n", '"sep=;"\n', "\ufeffSEP=;\n\n"])
def test_excels_line_that_names_the_delimiter_is_no_row(first: str, tmp_path: Path) -> None:
    """It counts as a line, so faults are named where an editor shows them."""
    file = tmp_path / "facts.csv"
    text = f"{first}filename;label,old\na.png;x\nb.png;y;z\n"
    file.write_bytes(text.encode())
    table = read_delimited(file, "filename")
    assert table.header == ("filename", "label,old")
    assert [record.cells for record in table.records] == [("a.png", "x")]
    assert [fault.line for fault in table.faults] == [4 + first.count("\n\n")]


def test_a_workbook_is_called_one(tmp_path: Path) -> None:
    file = tmp_path / "facts.csv"
    with zipfile.ZipFile(file, "w") as workbook:
        workbook.writestr("xl/workbook.xml", "<workbook/>")
    with pytest.raises(ArtvecError, match="spreadsheet"):
        read_delimited(file, "filename")
