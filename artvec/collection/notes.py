"""What a user should know of labels, splits and metadata, a line each; decides nothing."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from artvec.annotations.file_names import but_for_case
from artvec.annotations.metadata import Metadata
from artvec.annotations.split_names import SPLITS
from artvec.collection.facts import Facts, MetadataFile
from artvec.core.wording import counted, first_few, shortened

_LETTERS = 120
_NO_VALUE = frozenset("nan none null n/a na n.a. nil nat <na> #n/a #na".split())
"""How programs write that there is no value, in any case."""


def fact_notes(
    facts: Facts,
    paths: Sequence[str],
    file: MetadataFile | None,
    earlier_columns: Mapping[str, str],
) -> tuple[str, ...]:
    """Return what can be said before a picture is read.

    Args:
        facts: Of the source.
        paths: Of its images.
        file: Where the metadata come from.
        earlier_columns: The collection's columns and their types as they were.
    """
    notes = [] if file is None else _metadata_notes(facts.metadata, file.path.name, paths)
    notes += _column_notes(facts.metadata, earlier_columns)
    notes += _label_notes(facts, paths)
    notes += _respelled(facts)
    return tuple(notes)


def split_notes(facts: Facts) -> tuple[str, ...]:
    """Return what can be said once every row has its split."""
    notes = []
    if facts.leaks:
        notes.append(
            f"{len(facts.leaks)} pictures also lie on another side of the split, e.g. "
            f"{facts.leaks[0]}: figures on this split will be too good"
        )
    if facts.straddling:
        notes.append(
            f"{len(facts.straddling)} groups lie on several sides of the split, e.g. "
            f"{min(facts.straddling)}: splits given before stay as they are"
        )
    others = {name: n for name, n in facts.split_counts.items() if name not in SPLITS}
    if others:
        empty = [name for name in ("train", "test") if not facts.split_counts[name]]
        lacking = f", and none has the split {' or '.join(empty)}" if empty else ""
        notes.append(
            f"{counted(sum(others.values()), 'picture')} in splits that no command uses unless "
            f"asked to (--gallery, --queries): {_counted(others)}{lacking}"
        )
    return tuple(notes)


def _metadata_notes(metadata: Metadata, file: str, paths: Sequence[str]) -> list[str]:
    notes = []
    if metadata.skipped_rows:
        rows = counted(len(metadata.skipped_rows), "row")
        notes.append(f"skipped {rows} of {file}: {_some(metadata.skipped_rows, '; ')}")
    if metadata.unmatched:
        near = but_for_case(metadata.unmatched, paths)
        case = next((f" ({name} is {path} but for capitals)" for name, path in near.items()), "")
        names = _some([name or "(blank)" for name in metadata.unmatched])
        notes.append(f"{_rows(metadata.unmatched)} no image here: {names}{case}")
    if metadata.ambiguous:
        notes.append(
            f"{_rows(metadata.ambiguous)} several images, or one that has a row already: "
            f"{_some(metadata.ambiguous)}"
        )
    if metadata.without_row:
        have = _have(len(metadata.without_row), paths)
        notes.append(f"{have} no row in {file}: {_some(metadata.without_row)}")
    if metadata.splits and len(metadata.splits) < len(paths):
        have = _have(len(paths) - len(metadata.splits), paths)
        notes.append(f"{have} no split in {file}: folders, earlier runs or the draw decide")
    return notes


def _rows(names: Sequence[str]) -> str:
    return "1 metadata row names" if len(names) == 1 else f"{len(names):,} metadata rows name"


def _have(number: int, paths: Sequence[str]) -> str:
    verb = "has" if number == 1 else "have"
    return f"{number:,} of {counted(len(paths), 'picture')} {verb}"


def _column_notes(metadata: Metadata, earlier: Mapping[str, str]) -> list[str]:
    notes = [
        f"column {name!r} is an ordinary column: labels are read from 'label' (or 'category'), "
        "splits from 'split', in lower case"
        for name in metadata.misnamed
    ]
    for name, kind in metadata.columns.items():
        if kind == "string" and earlier.get(name, kind) != kind:
            notes.append(
                f"column {name!r} held numbers and is text now, for some of its values are no "
                f"number or would not come back as written; number({name}) compares the others"
            )
    return notes


def _label_notes(facts: Facts, paths: Sequence[str]) -> list[str]:
    notes = []
    labels = Counter(label for label in map(facts.label_of, paths) if label is not None)
    column, without_row = facts.metadata.label_column, len(facts.metadata.without_row)
    unlabelled = len(paths) - labels.total()
    if column is not None and unlabelled:
        notes.append(
            f"{_have(unlabelled, paths)} no label ({unlabelled - without_row:,} blank in the "
            f"column {column!r}, {without_row:,} without a row): folder names serve only without "
            "such a column"
        )
    absent = {label: n for label, n in labels.items() if label.casefold() in _NO_VALUE}
    if absent:
        notes.append(
            f"labels that may mean 'no label' are classes like any other: {_counted(absent)}; "
            "leave the cell blank where there is no label"
        )
    alike = _alike(labels)
    if alike:
        notes.append(
            "labels that differ in capitals, blanks or Unicode form only are classes of their "
            f"own: {_counted({label: labels[label] for label in alike})}"
        )
    return notes


def _alike(labels: Iterable[str]) -> list[str]:
    """Return the spellings of the first name that several labels spell differently."""
    spellings: dict[str, list[str]] = {}
    for label in labels:
        plain = " ".join(unicodedata.normalize("NFC", label).casefold().split())
        spellings.setdefault(plain, []).append(label)
    return next((found for found in spellings.values() if len(found) > 1), [])


def _respelled(facts: Facts) -> list[str]:
    read = [f"{name!r} ({n}) as {split}" for name, (split, n) in facts.metadata.respelled.items()]
    read += [
        f"folder {name}/ as {split}" for name, split in facts.split_folders.items() if name != split
    ]
    return [f"recognised splits: {', '.join(read)}"] if read else []


def _counted(counts: Mapping[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return _some([f"{name!r} ({n:,})" for name, n in ordered])


def _some(texts: Sequence[str], separator: str = ", ") -> str:
    return first_few([shortened(text, _LETTERS) for text in texts], separator=separator)
