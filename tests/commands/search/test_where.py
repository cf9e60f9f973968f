"""Conditions: the rows that DuckDB chooses, clear refusals, and nothing that runs."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from artvec.collection.reader import Collection, columns, open_collection
from artvec.collection.where import rows_meeting
from artvec.commands.embed import EmbedOptions, embed_images
from artvec.core.errors import ArtvecError

ARTISTS = ("Judith Leyster", "Clara Peeters", "", "Émilie Charmy", "O'Keeffe")
TAGS = ("sea|boat", "seaside | Boat", "still life", "", "sea", "boat|sea ", "overseas")
DATES = ("1650", "c. 1650", "1700.5", "", "-3", "1799?")
HEADER = ["filename", "artist", "year", "height_cm", "date", "tags", "odd name", "class", "ﬁne"]


@pytest.fixture(scope="module")
def art(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    """Yield a collection of 42 rows with text, integers, fractions and gaps."""
    place = tmp_path_factory.mktemp("where")
    with (place / "facts.csv").open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(HEADER)
        for n in range(42):
            name = f"{'abc'[n % 3]}/{n}.png"
            (place / "art" / name).parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (8 + n % 4, 8 + n % 5), (n, 0, 0)).save(place / "art" / name)
            year = "" if n % 7 == 0 else str(1590 + 10 * (n % 13))
            height = "" if n % 5 == 0 else f"{1600 + 7.5 * n}"
            facts = [ARTISTS[n % 5], year, height, DATES[n % 6], TAGS[n % 7], "xy"[n % 2], "k", "f"]
            writer.writerow([name, *facts])
    options = EmbedOptions(model="colour:4x4", index=str(place / "i"), metadata=place / "facts.csv")
    embed_images(place / "art", options)
    yield open_collection(place / "i")


@pytest.fixture(scope="module")
def database(art: Collection) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a database that holds the collection's rows."""
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("rows", table_of(art))
        yield connection


def chosen(collection: Collection, condition: str) -> list[str]:
    """Return the paths of the rows that meet a condition."""
    mask = rows_meeting(collection, condition)
    assert mask.shape == (collection.rows,)
    paths = columns(collection, ["path"])["path"].to_pylist()
    return sorted(path for path, met in zip(paths, mask, strict=True) if met)


def table_of(collection: Collection) -> pa.Table:
    """Read the shards as any Arrow reader would."""
    files = sorted((collection.folder / "shards").iterdir())
    tables = [pa.ipc.open_file(pa.memory_map(str(file))).read_all() for file in files]
    return pa.concat_tables(tables).drop_columns(["embedding", "colour"])


Pair = tuple[str, str]
"""The same condition as artvec reads it, and in SQL."""

TEXTS = {
    "path": "path", "label": "label", "split": "split", "artist": "artist", "tags": "tags",
    "date": "date", "col('odd name')": '"odd name"', "lower(tags)": "lower(tags)",
    "lower(artist)": "lower(artist)",
}  # fmt: skip
NUMBERS = {
    "year": "year", "height_cm": "height_cm", "width": "width", "height": "height",
    "size_bytes": "size_bytes", "number(date)": "try_cast(trim(date) AS DOUBLE)",
    "number(year)": "year",
}  # fmt: skip
WORDS = ("a", "b", "sea", "boat", "Boat", "xy", "1650", "Clara Peeters", "O'Keeffe", "émilie", "")
FIGURES = ("0", "9", "1600", "1650", "1700.5", "-3", "1e3", "9223372036854775807")


def literal(word: str) -> Pair:
    return repr(word), "'" + word.replace("'", "''") + "'"


def joined(template: str, *parts: Pair) -> Pair:
    ours, sql = zip(*parts, strict=True)
    return template.format(*ours), template.format(*sql)


def tagged(word: str, column: str, negated: bool) -> Pair:
    ours, sql = literal(word)
    cells = f"list_transform(string_split({TEXTS[column]}, '|'), lambda x: trim(x))"
    word_in = f"{ours} {'not ' if negated else ''}in {column}"
    return word_in, f"{'NOT ' if negated else ''}list_contains({cells}, {sql})"


def listed(items: list[Pair], value: Pair, negated: bool) -> Pair:
    word = "not in" if negated else "in"
    ours = ", ".join(item[0] for item in items)
    sql = ", ".join(item[1] for item in items)
    return f"{value[0]} {word} ({ours},)", f"{value[1]} {word.upper()} ({sql})"


TESTS = {
    "contains": "contains({}, {})", "startswith": "starts_with({}, {})",
    "endswith": "ends_with({}, {})",
}  # fmt: skip
text = st.sampled_from(sorted(TEXTS.items()))
number = st.sampled_from(sorted(NUMBERS.items()))
word = st.sampled_from(WORDS).map(literal)
figure = st.sampled_from(FIGURES).map(lambda figure: (figure, figure))
operator = st.sampled_from([("==", "="), ("!=", "<>"), *((o, o) for o in ("<", "<=", ">", ">="))])
compared = st.one_of(
    st.tuples(text, operator, word), st.tuples(word, operator, text),
    st.tuples(text, operator, text), st.tuples(number, operator, figure),
    st.tuples(figure, operator, number), st.tuples(number, operator, number),
).map(lambda three: joined("{} {} {}", *three))  # fmt: skip
chained = st.tuples(figure, operator, number, operator, figure).map(
    lambda five: (
        joined("{} {} {} {} {}", *five)[0],
        "({0} {1} {2} AND {2} {3} {4})".format(*(part[1] for part in five)),
    )
)
condition: st.SearchStrategy[Pair] = st.recursive(
    st.one_of(
        compared,
        chained,
        st.builds(tagged, st.sampled_from([w for w in WORDS if w]), text.map(lambda pair: pair[0]),
                  st.booleans()),
        st.builds(listed, st.lists(word, min_size=1, max_size=3), text, st.booleans()),
        st.builds(listed, st.lists(figure, min_size=1, max_size=3), number, st.booleans()),
        st.tuples(st.sampled_from(sorted(TESTS)), text, word).map(
            lambda t: (f"{t[0]}({t[1][0]}, {t[2][0]})", TESTS[t[0]].format(t[1][1], t[2][1]))),
        st.tuples(st.one_of(text, number), st.sampled_from(["", "not "])).map(
            lambda t: (f"{t[0][0]} is {t[1]}None", f"{t[0][1]} IS {t[1]}NULL")),
    ),
    lambda inner: st.one_of(
        inner.map(lambda one: (f"not ({one[0]})", f"NOT ({one[1]})")),
        st.tuples(inner, inner).map(lambda two: joined("({}) and ({})", *two)),
        st.tuples(inner, inner).map(lambda two: joined("({}) or ({})", *two)),
    ),
    max_leaves=6,
)  # fmt: skip


@settings(deadline=None, max_examples=300)
@given(pair=condition)
def test_random_conditions_choose_the_rows_that_duckdb_chooses(
    art: Collection, database: duckdb.DuckDBPyConnection, pair: Pair
) -> None:
    ours, sql = pair
    expected = database.execute(f"SELECT path FROM rows WHERE {sql}").fetchall()
    assert chosen(art, ours) == sorted(path for (path,) in expected), pair


def test_examples_by_hand(art: Collection) -> None:
    """Row n has label 'abc'[n % 3], tags TAGS[n % 7], no year where 7 divides n."""
    everything = {f"{'abc'[n % 3]}/{n}.png" for n in range(42)}
    undated = {path for path in everything if int(path[2:-4]) % 7 == 0}
    assert chosen(art, "label == 'a' and year < 1600") == ["a/39.png"]
    assert set(chosen(art, "year is None")) == undated
    # A missing year is neither before 1650 nor not before it.
    before, after = chosen(art, "year < 1650"), chosen(art, "not (year < 1650)")
    assert not set(before) & set(after)
    assert set(before) | set(after) == everything - undated
    assert set(chosen(art, "not (year < 1650) or year is None")) == set(after) | undated
    # One of a cell's texts, spaces around it left aside: 'seaside' and 'overseas' are others.
    sea = {path for path in everything if int(path[2:-4]) % 7 in (0, 4, 5)}
    assert set(chosen(art, "'sea' in tags")) == sea
    assert set(chosen(art, "'boat' in lower(tags)")) == {
        path for path in everything if int(path[2:-4]) % 7 in (0, 1, 5)
    }
    # ('a') is a text in parentheses to Python; a reader means a list of one.
    assert chosen(art, "label in ('a')") == chosen(art, "label == 'a'")
    assert chosen(art, "1600 <= year <= 1620") == chosen(art, "year in [1600, 1610, 1620]")


def test_columns_with_awkward_names(art: Collection) -> None:
    assert len(chosen(art, "col('odd name') == 'x'")) == 21
    assert len(chosen(art, "col('class') == 'k'")) == 42  # a word of Python's own
    assert len(chosen(art, "ﬁne == 'f'")) == 42  # Python reads the ligature as two letters
    assert len(chosen(art, "  label\n == 'a'  ")) == 14


@pytest.mark.parametrize(
    ("condition", "message", "hint"),
    [
        ("lable == 'a'", "no column 'lable'", "did you mean label"),
        ("label == baroque", "no column 'baroque'", "text goes in quotes: 'baroque'"),
        ("col('odd nam') == 'x'", "no column 'odd nam'", "odd name"),
        ("embedding is None", "no column 'embedding'", "columns: path, label"),
        ("year < '1700'", "'1700' is text, year is a number", "without quotes"),
        ("1700 > date", "date is text, 1700 is a number", "number(date)"),
        ("width == label", "label is text, width is a number", "number(label)"),
        ("label = 'a'", "from character 7 on: = 'a'", "label == 'baroque'"),
        ("label == 'a' and", "something is missing after label == 'a' and", ""),
        ("label == 'a", "from character 10 on: 'a", ""),
        ("odd name == 'x'", "from character 5 on", "col('odd name')"),
        ("(label == 'a'", "from character 1 on", ""),
        ("label == 'a' AND year < 3", "from character 14 on", ""),
        ("", "it is empty", ""),
        ("label", "label is no condition", ""),
        ("1 < 2", "without naming a column", ""),
        ("year == None", "goes with 'is'", "is not None"),
        ("label is 'a'", "stands after 'is'", ""),
        ("label in ()", "stands after 'in'", ""),
        ("label in artist", "stands after 'in'", ""),
        ("'a|b' in tags", "stands after 'in'", ""),
        ("'x' in year", "year holds numbers", ""),
        ("contains(year, '16')", "year holds numbers", ""),
        ("contains(label, 3)", "no condition", ""),
        ("contains(label, text='x')", "no condition", ""),
        ("upper(label) == 'A'", "upper(label) is no column", ""),
        ("year == True", "True can't be compared", ""),
        ("year > 99999999999999999999", "can't be compared", ""),
        ("year > 1e999", "1e999 can't be compared", ""),
        ("label == 'a' # comment\nor year", "not understood", ""),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_named(
    art: Collection, condition: str, message: str, hint: str
) -> None:
    with pytest.raises(ArtvecError) as refused:
        rows_meeting(art, condition)
    assert message in refused.value.message
    assert hint in refused.value.hint
    assert refused.value.usage
    assert "\n" not in refused.value.message + refused.value.hint


HOSTILE = {
    "import": "__import__('os').system('touch {}')",
    "call in a comparison": "label == __import__('os').system('touch {}')",
    "open": "open('{}', 'w') == 'x'",
    "exec": "contains(exec(\"open('{}', 'w')\"), 'x')",
    "attribute": "path.__class__.__mro__ == 'x'",
    "attribute of text": "'x'.__class__ == label",
    "subscript": "label[0] == 'a'",
    "format": "label == f'{{label.__class__}}'",
    "percent": "label == '%s' % label",
    "lambda": "(lambda: 1)() == 1",
    "comprehension": "label in [x for x in (1,)]",
    "walrus": "(x := label) == 'a'",
    "star": "label in (*label,)",
    "await": "await label",
    "ternary": "label == 'a' if label == 'b' else label == 'c'",
    "power": "year < 9**9**9**9",
    "repeat": "label == 'a' * 10**10",
    "shift": "year < 1 << 10**10",
    "bytes": "label == b'a'",
    "complex": "year < 1j",
    "ellipsis": "label == ...",
    "digits": "year < " + "9" * 9000,
    "parentheses": "(" * 5000 + "label == 'a'" + ")" * 4000,
    "not": "not " * 2400 + "label == 'a'",
    "minus": "year < " + "-" * 9000 + "1",
    "dots": "label" + ".a" * 4900 + " == 'a'",
    "calls": "lower(" * 1500 + "label" + ")" * 1500 + " == 'a'",
    "few calls": "lower(" * 60 + "label" + ")" * 60 + " == 'a'",
    "lists": "label in " + "[" * 4000,
    "NUL": "label == 'a\0'",
    "half a surrogate": "label == '\ud800'",
    "escaped surrogate": r"contains(label, '\ud800')",
    "statements": "label == 'a'; import os",
    "a megabyte": "label == 'a' or " * 65_536 + "label == 'b'",
    "a megabyte of text": "label == '" + "a" * 1_048_576 + "'",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_conditions_are_refused_at_once(art: Collection, tmp_path: Path, name: str) -> None:
    mark = tmp_path / "mark"
    started = time.monotonic()
    with pytest.raises(ArtvecError) as refused:
        rows_meeting(art, HOSTILE[name].replace("{}", str(mark)))
    assert time.monotonic() - started < 10  # a hang, not a measure
    assert refused.value.usage
    assert len(refused.value.message) < 200
    assert not mark.exists()


def test_long_conditions_up_to_the_bound_are_answered(art: Collection) -> None:
    paths = ", ".join(repr(f"a/{n}.png") for n in range(600))
    assert len(chosen(art, f"path in ({paths})")) == 14
    many = " or ".join(f"year == {n}" for n in range(600))
    assert chosen(art, f"{many} or year == 1600") == chosen(art, "year == 1600")


Run = Callable[..., Any]


def test_a_shell_shows_one_line_and_a_hint(art: Collection, artvec: Run) -> None:
    done = artvec("search", "a/0.png", "-i", art.folder, "--where", "yaer < 1700")
    assert done.code == 2
    assert done.err.splitlines()[0] == "error: there is no column 'yaer'"
    assert done.err.splitlines()[1].startswith("hint: did you mean year? columns: path, label,")
    assert len(done.err.splitlines()) == 2
    assert done.out == ""
