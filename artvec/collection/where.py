"""Choose rows by a condition such as `label == 'baroque' and year < 1700`; nothing is ever run.

Python's parser reads the condition, a short list of its forms is taken, anything else refused;
Arrow computes them column by column.
"""

from __future__ import annotations

import ast
import io
import re
import textwrap
import tokenize
import unicodedata
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from artvec.collection.column_names import known_columns, no_column
from artvec.collection.reader import Collection, columns
from artvec.core.errors import ArtvecError
from artvec.core.types import BoolArray

_MAX_CHARACTERS = 10_000
_MAX_DEPTH = 50
_MAX_INTEGER = 2**63
_EXAMPLE = "write e.g. label == 'baroque' and year < 1700, or col('odd name') is not None"
_COMPARISONS = {
    ast.Eq: pc.equal,
    ast.NotEq: pc.not_equal,
    ast.Lt: pc.less,
    ast.LtE: pc.less_equal,
    ast.Gt: pc.greater,
    ast.GtE: pc.greater_equal,
}
_TESTS = {
    "contains": pc.match_substring,
    "startswith": pc.starts_with,
    "endswith": pc.ends_with,
}
_NUMBER = r"^\s*-?[0-9]{1,18}(\.[0-9]{1,18})?\s*$"

_Values = Any
"""An Arrow column, or one value; pyarrow has no types."""


@dataclass(frozen=True, slots=True)
class _Condition:
    """What is asked of which collection; the text is there for messages."""

    collection: Collection
    text: str


def rows_meeting(collection: Collection, condition: str) -> BoolArray:
    """Say for every row whether it meets a condition.

    The language is a part of Python's: `and`, `or`, `not`, parentheses; `== != < <= > >=`, also
    chained; `in ('a', 'b')`; `'sea' in tags`, true where one of a cell's texts separated by `|`
    is `sea`; `is None`; `contains(title, 'x')`, `startswith`, `endswith`; `lower(title)`;
    `number(date)`, missing where a text is no number; `col('odd name')`.

    A comparison with a missing value is neither true nor false, under `not` too, and such a row is
    not chosen (SQL's logic). An integer is compared with a fraction in double precision, and texts
    that differ in their Unicode form only are equal.

    Args:
        collection: Its `ROW_COLUMNS` and user columns can be named.
        condition: At most 10,000 characters, 50 levels deep.

    Returns:
        Of shape (N,), in row order.

    Raises:
        ArtvecError: The condition can't be read, names no column, or compares text with numbers.
    """
    text = re.sub(r"[\r\n\f]", " ", unicodedata.normalize("NFC", condition)).strip()
    asked = _Condition(collection, text)
    met = _truth(asked, _parsed(text))
    chosen: BoolArray = pc.fill_null(met, False).to_numpy().astype(np.bool_)
    return chosen


def _parsed(text: str) -> ast.expr:
    """Read a condition, bounded in length and depth."""
    if len(text) > _MAX_CHARACTERS:
        raise _unreadable(f"it has {len(text):,} characters, more than {_MAX_CHARACTERS:,}")
    try:
        tree = ast.parse(text, mode="eval").body
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                node.value.encode()  # half a surrogate pair is no text
    except SyntaxError as error:
        raise _unreadable(_place(text, (error.offset or 0) - 1)) from error
    except (MemoryError, RecursionError) as error:  # what the parser says to thousands of `not`
        raise _unreadable("it is nested too deeply") from error
    except ValueError as error:
        raise _unreadable("it holds characters that are no text") from error
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:  # the rest would be dropped without a word
            raise _unreadable(_place(text, token.start[1]))
    level: list[ast.AST] = [tree]
    for _ in range(_MAX_DEPTH):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    if level:
        raise _unreadable(f"it is nested more than {_MAX_DEPTH} levels deep")
    return tree


def _place(text: str, at: int) -> str:
    if not text:
        return "it is empty"
    if not 0 <= at < len(text):
        return f"something is missing after {_short(text[-30:])}"
    return f"not understood from character {at + 1} on: {_short(text[at:])}"


def _truth(asked: _Condition, node: ast.expr) -> _Values:
    """Compute a condition: true, false, or null where it can't be said."""
    match node:
        case ast.BoolOp(op=op, values=parts):
            join = pc.and_kleene if isinstance(op, ast.And) else pc.or_kleene
            return reduce(join, (_truth(asked, part) for part in parts))
        case ast.UnaryOp(op=ast.Not(), operand=part):
            return pc.invert(_truth(asked, part))
        case ast.Compare(left=left, ops=operators, comparators=rights):
            pairs = zip([left, *rights[:-1]], operators, rights, strict=True)
            return reduce(pc.and_kleene, (_comparison(asked, *pair) for pair in pairs))
        case ast.Call(
            func=ast.Name(id=name), args=[of, ast.Constant(value=str(wanted))], keywords=[]
        ) if name in _TESTS:
            return _TESTS[name](_text(asked, of), wanted)
    raise _refused(asked, node, "is no condition")


def _comparison(asked: _Condition, left: ast.expr, operator: ast.cmpop, right: ast.expr) -> _Values:
    match operator, right:
        case ast.Is(), ast.Constant(value=None):
            return pc.is_null(_column(asked, left))
        case ast.IsNot(), ast.Constant(value=None):
            return pc.is_valid(_column(asked, left))
        case ast.In(), _:
            return _membership(asked, left, right)
        case ast.NotIn(), _:
            return pc.invert(_membership(asked, left, right))
    if type(operator) not in _COMPARISONS:
        raise _refused(asked, right, "stands after 'is', which only goes with None")
    return _COMPARISONS[type(operator)](*_alike(asked, left, right))


def _membership(asked: _Condition, left: ast.expr, right: ast.expr) -> _Values:
    """Compute `label in ('a', 'b')`, or `'sea' in tags` over texts separated by `|`."""
    match left, right:
        case _, ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items) if items:
            return reduce(pc.or_kleene, (pc.equal(*_alike(asked, left, item)) for item in items))
        case _, ast.Constant():  # ('baroque') is no tuple to Python, but a list of one to a reader
            return pc.equal(*_alike(asked, left, right))
        case ast.Constant(value=str(tag)), _ if "|" not in tag:
            bare = pc.replace_substring_regex(_text(asked, right), r"\s*\|\s*", "|")
            bounded = pc.binary_join_element_wise("", pc.utf8_trim_whitespace(bare), "", "|")
            return pc.match_substring(bounded, f"|{tag}|")
    raise _refused(asked, right, "stands after 'in', which takes ('a', 'b') or 'tag' in COLUMN")


def _alike(asked: _Condition, left: ast.expr, right: ast.expr) -> tuple[_Values, _Values]:
    """Return two sides of a comparison as one type: text, integers, or doubles."""
    a, b = _value(asked, left), _value(asked, right)
    if isinstance(a, pa.Scalar) and isinstance(b, pa.Scalar):
        raise _refused(asked, left, "is compared without naming a column")
    if pa.types.is_string(a.type) != pa.types.is_string(b.type):
        raise _mismatch(asked, (left, a), (right, b))
    if pa.types.is_floating(a.type) != pa.types.is_floating(b.type):
        return pc.cast(a, pa.float64(), safe=False), pc.cast(b, pa.float64(), safe=False)
    return a, b


def _value(asked: _Condition, node: ast.expr) -> _Values:
    match node:
        case ast.Constant(value=None):
            raise _refused(asked, node, "goes with 'is' and 'is not' only")
        case ast.Constant(value=bool()):
            pass
        case ast.Constant(value=str(text)):
            return pa.scalar(text)
        case ast.Constant(value=int(number) | float(number)) if abs(number) < _MAX_INTEGER:
            return pa.scalar(number)
        case ast.UnaryOp(
            op=ast.USub(), operand=ast.Constant(value=int(number) | float(number))
        ) if abs(number) < _MAX_INTEGER:
            return pa.scalar(-number)
        case ast.Name() | ast.Call():
            return _column(asked, node)
    raise _refused(asked, node, "can't be compared")


def _column(asked: _Condition, node: ast.expr) -> _Values:
    """Return a column by its name, or what a function makes of one."""
    names = known_columns(asked.collection)
    match node:
        case ast.Name(id=name):  # Python has normalised it
            normal = {unicodedata.normalize("NFKC", known): known for known in names}
            return _stored(asked, normal.get(name, name))
        case ast.Call(func=ast.Name(id="col"), args=[ast.Constant(value=str(name))], keywords=[]):
            return _stored(asked, name)
        case ast.Call(func=ast.Name(id="lower"), args=[of], keywords=[]):
            return pc.utf8_lower(_text(asked, of))
        case ast.Call(func=ast.Name(id="number"), args=[of], keywords=[]):
            return _numbers(_column(asked, of))
    raise _refused(asked, node, "is no column, nor lower(…) or number(…) of one")


def _stored(asked: _Condition, name: str) -> _Values:
    known = known_columns(asked.collection)
    if name not in known:
        name = {unicodedata.normalize("NFC", one): one for one in known}.get(name, name)
    if name not in known:
        missing = no_column(name, known)
        hint = f"{missing.hint}; text goes in quotes: '{name}'"
        raise ArtvecError(missing.message, hint, usage=True)
    column = columns(asked.collection, [name]).column(name)
    if pa.types.is_floating(column.type):
        return pc.if_else(pc.is_nan(column), None, column)
    return pc.utf8_normalize(column, form="NFC") if pa.types.is_string(column.type) else column


def _text(asked: _Condition, node: ast.expr) -> _Values:
    column = _column(asked, node)
    if not pa.types.is_string(column.type):
        raise _refused(asked, node, "holds numbers, where text is needed")
    return column


def _numbers(column: _Values) -> _Values:
    if not pa.types.is_string(column.type):
        return column
    is_number = pc.match_substring_regex(column, _NUMBER)
    digits = pc.if_else(is_number, pc.utf8_trim_whitespace(column), None)
    return pc.cast(digits, pa.float64())


def _mismatch(
    asked: _Condition, left: tuple[ast.expr, _Values], right: tuple[ast.expr, _Values]
) -> ArtvecError:
    if not pa.types.is_string(left[1].type):
        left, right = right, left
    text, number = (_source(asked, node) for node, _ in (left, right))
    if isinstance(left[1], pa.Scalar):
        hint = f"write numbers without quotes; {_EXAMPLE}"
    else:
        hint = f"number({text}) takes the cells that are numbers, or compare with text in quotes"
        if isinstance(right[1], pa.Scalar):
            hint += f": '{number}'"
    return ArtvecError(f"{text} is text, {number} is a number", hint, usage=True)


def _refused(asked: _Condition, node: ast.expr, why: str) -> ArtvecError:
    what = _source(asked, node)
    return ArtvecError(f"in the condition, {what} {why}", _EXAMPLE, usage=True)


def _unreadable(why: str) -> ArtvecError:
    return ArtvecError(f"the condition can't be read: {why}", _EXAMPLE, usage=True)


def _source(asked: _Condition, node: ast.expr) -> str:
    return _short(ast.get_source_segment(asked.text, node) or "")


def _short(text: str) -> str:
    return textwrap.shorten(text, 40, placeholder=" …") if len(text) > 40 else text
