"""Checks that names meet images in any Unicode form, the exact one first."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artvec.annotations.file_names import but_for_case, match_names


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _nfd(text: str) -> str:
    return unicodedata.normalize("NFD", text)


@pytest.mark.parametrize("written", [_nfc, _nfd])
@pytest.mark.parametrize("stored", [_nfc, _nfd])
@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("Müller.png", "Müller.png"),
        ("Müller.png", "Österreich/Müller.png"),
        ("Österreich/Müller.png", "Österreich/Müller.png"),
        ("Österreich\\Müller.png", "Österreich/Müller.png"),
        ("각.png", "한국/각.png"),
    ],
)
def test_either_form_meets_either_form(written, stored, name: str, path: str) -> None:  # type: ignore[no-untyped-def]
    """A list from Windows or Linux (composed), a file from a Mac (decomposed), and back."""
    assert match_names([written(name)], [stored(path)]).targets == (stored(path),)


def test_the_exact_form_comes_first() -> None:
    """Whichever row comes first: two files may differ in nothing but their form."""
    both = [_nfc("é.png"), _nfd("é.png")]
    for names in (both, both[::-1]):
        assert match_names(names, both).targets == tuple(names)
    assert match_names([_nfd("é.png")], both).targets == (_nfd("é.png"),)
    deep = [f"x/{both[0]}", f"y/{both[1]}"]
    assert match_names([both[1]], deep).targets == (deep[1],)


def test_a_form_that_is_neither_files_own_is_ambiguous() -> None:
    mixed = _nfc("é") + _nfd("é") + ".png"
    files = [_nfc("éé.png"), _nfd("éé.png")]
    found = match_names([mixed], files)
    assert (found.targets, found.ambiguous, found.unmatched) == ((None,), (mixed,), ())


def test_two_forms_of_one_name_claim_its_file_once() -> None:
    """The exact one does, though it comes second."""
    found = match_names([_nfd("é.png"), _nfc("é.png")], [_nfc("é.png")])
    assert found.targets == (None, _nfc("é.png"))
    assert found.ambiguous == (_nfd("é.png"),)


def test_a_whole_path_claims_its_image_before_a_base_name() -> None:
    found = match_names(["a.png", "x/a.png"], ["x/a.png", "b.png"])
    assert (found.targets, found.ambiguous) == ((None, "x/a.png"), ("a.png",))


def test_capitals_are_told_apart_and_told() -> None:
    paths = ["x/A.JPG", "Über.png"]
    assert match_names(["a.jpg", "über.png"], paths).unmatched == ("a.jpg", "über.png")
    near = but_for_case(["a.jpg", _nfd("über.png"), "c.png"], paths)
    assert near == {"a.jpg": "x/A.JPG", _nfd("über.png"): "Über.png"}


@given(st.lists(st.text("eéǘ̈a/", min_size=1, max_size=6), min_size=1, max_size=8, unique=True))
def test_every_path_is_its_own_name(paths: list[str]) -> None:
    assert match_names(paths, paths).targets == tuple(paths)
