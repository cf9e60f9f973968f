"""Read a delimited text file strictly: a row that can't be read for sure is named, not shifted."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from artvec.core.errors import ArtvecError

_DELIMITERS = ",;\t|"
_LINE_END = re.compile(r"\r\n|\r|\n")
_BLANK_LINES = re.compile(r"(?:[^\S\r\n]*+(?:\r\n|\r|\n))*+")
_SEP_LINE = re.compile(r'"?sep=([,;\t|])"?[^\S\r\n]*(?:\r\n|\r|\n)', re.IGNORECASE)
"""First line that names the delimiter to Excel; not a row."""
_NO_TEXT = {b"PK": "a spreadsheet or another zip file", b"\xd0\xcf\x11\xe0": "an old Excel file"}
_MAGIC_BYTES = 64
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class Record:
    """A row: the line it begins on, from 1, and its cells without surrounding blanks."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that can't be read: its line, and what is wrong with it."""

    line: int
    why: str

    def __str__(self) -> str:
        """Return a clause such as `line 2 has 4 cells, the header 3`."""
        return f"line {self.line} {self.why}"


@dataclass(frozen=True, slots=True)
class Delimited:
    """A file's column names (empty for one without), its sound rows, and the others."""

    header: tuple[str, ...]
    records: tuple[Record, ...]
    faults: tuple[Fault, ...]


def read_delimited(file: Path, key: str, suffixes: tuple[str, ...] = ()) -> Delimited:
    """Read a file in UTF-8, or UTF-16 with its mark; comma, semicolon, tab or `|` part its cells.

    Quotes are those of RFC 4180, and may have blanks around them; within an unquoted cell a quote
    is a character like any other. Rows without a single value are passed over.

    Args:
        file: Its first row names the columns.
        key: Name of the column that names each row; it shows which delimiter is meant.
        suffixes: Ends of that column's values, in lower case. A quoted cell over several lines
            with such a value in the column's place on one of them has swallowed a row.

    Raises:
        ArtvecError: The file is no such text, or its header can't be read.
    """
    text = _text_of(file)
    sep_line = _SEP_LINE.match(text)
    lead = _BLANK_LINES.match(text, sep_line.end() if sep_line else 0)
    start = lead.end() if lead else 0
    delimiters = sep_line[1] if sep_line else _DELIMITERS
    grammars = [_grammar(delimiter, suffixes) for delimiter in delimiters]
    headers = [(grammar, _scan(text, start, grammar)) for grammar in grammars]
    grammar, found = max(headers, key=lambda pair: _likelihood(pair[1], key))
    line = 1 + _line_ends(text[:start])
    if found.fault or "\0" in text[start : found.end]:
        why = found.fault or "holds a NUL byte, as UTF-16 without its mark does"
        raise _unreadable(file, str(Fault(line + found.fault_line, why)))
    header = tuple(unicodedata.normalize("NFC", name) for name in found.cells)
    table = _Table(grammar, header.index(key) if key in header else None, len(header))
    rows = list(_rows(text, found.end, line + _line_ends(text[start : found.end]), table))
    return Delimited(
        header,
        tuple(row for row in rows if isinstance(row, Record)),
        tuple(row for row in rows if isinstance(row, Fault)),
    )


def _likelihood(header: _Scanned, key: str) -> tuple[bool, bool, bool, int]:
    """Rank a way to read the header; one that fails comes before a single, wrong column."""
    several = len(header.cells) > 1
    return key in header.cells, several, bool(header.fault), len(header.cells)


def _text_of(file: Path) -> str:
    try:
        data = file.read_bytes()
        for magic, what in _NO_TEXT.items():
            if data.startswith(magic) and b"\0" in data[:_MAGIC_BYTES]:
                raise _unreadable(file, f"it is {what}, no text")
        return data.decode("utf-16" if data.startswith(_UTF16_MARKS) else "utf-8-sig")
    except OSError as error:
        raise _unreadable(file, error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        line = 1 + _line_ends(error.object[: error.start].decode("latin-1"))
        what = f"line {line} holds the byte 0x{error.object[error.start]:02x}"
        raise _unreadable(file, f"{what}, which is no {error.encoding.upper()}") from error


def _unreadable(file: Path, why: str) -> ArtvecError:
    return ArtvecError(
        f"metadata file {file} can't be read: {why}",
        "save it as CSV in UTF-8 (in Excel: 'CSV UTF-8'), its first line naming the columns",
        usage=True,
    )


@dataclass(frozen=True, slots=True)
class _Grammar:
    """How cells are written with one delimiter.

    Attributes:
        delimiter: Parts them.
        cell: One cell, with what ends it.
        open_quote: A cell's opening quote and all text up to the next that may close it.
        suffixes: See `read_delimited`.
    """

    delimiter: str
    cell: re.Pattern[str]
    open_quote: re.Pattern[str]
    suffixes: tuple[str, ...]


def _grammar(delimiter: str, suffixes: tuple[str, ...]) -> _Grammar:
    literal = re.escape(delimiter)
    blanks = rf"[^\S\r\n{literal}]*+"
    quoted = r'"(?P<quoted>[^"]*+(?:""[^"]*+)*+)'
    plain = rf'(?!")(?P<plain>[^{literal}\r\n]*+)'
    end = rf"(?P<end>{literal}|\r\n|\r|\n|\Z)"
    cell = rf'{blanks}(?:{quoted}"{blanks}|{plain}){end}'
    return _Grammar(delimiter, re.compile(cell), re.compile(blanks + quoted), suffixes)


@dataclass(frozen=True, slots=True)
class _Table:
    """What the header says: grammar, number of the key's column (if there is one), columns."""

    grammar: _Grammar
    key_column: int | None
    width: int


@dataclass(frozen=True, slots=True)
class _Scanned:
    """A row as it was scanned.

    Attributes:
        cells: Without surrounding blanks.
        end: Where the next row begins; after a fault, the line below the one with the fault.
        has_loose_quote: True where an unquoted cell holds a quote.
        fault: What is wrong.
        fault_line: On which line of the row, from 0.
        doubtful: Up to here, text after a fault may be the inside of a cell.
    """

    cells: tuple[str, ...]
    end: int
    has_loose_quote: bool = False
    fault: str = ""
    fault_line: int = 0
    doubtful: int = 0


def _rows(text: str, at: int, line: int, table: _Table) -> Iterator[Record | Fault]:
    """Yield every row from a place on.

    After a quote that doesn't close, reading goes on at the next line. As far as that text may be
    the inside of a cell, a row counts only if none of its quotes may close that cell.
    """
    doubtful = 0
    while at < len(text):
        row = _scan(text, at, table.grammar, table.key_column)
        if row.fault:
            yield Fault(line + row.fault_line, row.fault)
        elif "\0" in text[at : row.end]:
            yield Fault(line, "holds a NUL byte")
        elif any(row.cells) and len(row.cells) != table.width:
            cells = "1 cell" if len(row.cells) == 1 else f"{len(row.cells)} cells"
            yield Fault(line, f"has {cells}, the header {table.width}")
        elif any(row.cells) and row.has_loose_quote and at < doubtful:
            yield Fault(line, "has a quote that may close one of an earlier line")
        elif any(row.cells):
            yield Record(line, row.cells)
        doubtful = max(doubtful, row.doubtful)
        line += _line_ends(text[at : row.end])
        at = row.end


def _scan(text: str, start: int, grammar: _Grammar, key_column: int | None = None) -> _Scanned:
    """Scan the row that begins at a place; most are lines without a quote, quickly split."""
    line_end = _LINE_END.search(text, start)
    line = text[start : line_end.start() if line_end else len(text)]
    if '"' not in line:
        plain = tuple(cell.strip() for cell in line.split(grammar.delimiter))
        return _Scanned(plain, line_end.end() if line_end else len(text))
    cells: list[str] = []
    at, has_loose_quote = start, False
    while True:
        found = grammar.cell.match(text, at)
        if found is None:
            return _unclosed(text, start, at, grammar)
        quoted = found["quoted"]
        if quoted is None:
            has_loose_quote |= '"' in found["plain"]
            cells.append(found["plain"].strip())
        else:
            swallowed = _swallowed(quoted, len(cells), grammar, key_column)
            if swallowed:
                why = f"opens a quote that runs on over the row of {swallowed}"
                return _broken(text, start, at, why, found.end())
            cells.append(quoted.replace('""', '"').strip())
        at = found.end()
        if found["end"] != grammar.delimiter:
            return _Scanned(tuple(cells), at, has_loose_quote)


def _unclosed(text: str, start: int, at: int, grammar: _Grammar) -> _Scanned:
    """Name the fault of a quoted cell that no delimiter or line end follows."""
    opened = grammar.open_quote.match(text, at)
    assert opened is not None, "an unquoted cell always matches"
    runs_on = opened.end() == len(text) or _LINE_END.search(opened[0])
    why = "opens a quote that doesn't close" if runs_on else "has text after a closing quote"
    return _broken(text, start, at, why, opened.end() + 1)


def _broken(text: str, start: int, at: int, why: str, doubtful: int) -> _Scanned:
    """Give a row up at the cell that is at fault, to go on at the next line."""
    line_end = _LINE_END.search(text, at)
    return _Scanned(
        cells=(),
        end=line_end.end() if line_end else len(text),
        fault=why,
        fault_line=_line_ends(text[start:at]),
        doubtful=doubtful,
    )


def _swallowed(cell: str, number: int, grammar: _Grammar, key_column: int | None) -> str:
    """Return the key of a row that lies inside a cell; empty if there is none."""
    lines = _LINE_END.split(cell)
    if key_column is None or len(lines) == 1 or not grammar.suffixes:
        return ""
    for place, line in enumerate(lines):
        parts = line.split(grammar.delimiter)
        at = key_column if place else key_column - number
        if len(parts) > 1 and 0 <= at < len(parts):
            key = parts[at].strip(' "')
            if key.lower().endswith(grammar.suffixes):
                return key
    return ""


def _line_ends(text: str) -> int:
    return len(_LINE_END.findall(text))
