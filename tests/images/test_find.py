"""Checks the walk through a source folder: what it finds, in which order, what it refuses."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artvec.core.errors import ArtvecError
from artvec.images.find import file_of, find_images, natural_key, readable, sample_of

SUFFIXES = (
    "jpg jpeg jpe jfif pjpeg pjp jpg_large mpo png apng webp gif bmp dib tif tiff avif avifs "
    "heic heif hif".split()
)


def _touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")


def _touch_bytes(root: Path, *names: bytes) -> None:
    for name in names:
        file = os.path.join(os.fsencode(root), name)  # noqa: PTH118 - pathlib takes no bytes
        os.makedirs(os.path.dirname(file), exist_ok=True)  # noqa: PTH103, PTH120
        with open(file, "wb") as handle:  # noqa: PTH123
            handle.write(name)


def _paths(root: Path) -> list[str]:
    return [sample.path for sample in find_images(root).samples]


def _reasons(root: Path) -> dict[str, str]:
    return {skip.path: skip.reason for skip in find_images(root).skipped}


def test_finds_every_suffix_in_any_case(tmp_path: Path) -> None:
    names = {f"{case}.{suffix}" for case in "lm" for suffix in SUFFIXES}
    names = {name if name[0] == "l" else name.upper() for name in names} | {"mixed.JpEg"}
    _touch(tmp_path, *names, "notes.txt", "jpg", "picture.jpg.txt", "picture.svg")
    assert set(_paths(tmp_path)) == names


HEADS = {
    "jpeg": b"\xff\xd8\xff\xe0\0\x10JFIF\0",
    "png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "gif": b"GIF89a",
    "webp": b"RIFF\x20\0\0\0WEBPVP8 ",
    "tiff": b"II*\0\x08\0\0\0",
    "bigtiff": b"MM\0+\0\x08\0\0",
    "bmp": b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0",
    "avif": b"\0\0\0\x1cftypavif\0\0\0\0",
    "heic": b"\0\0\0\x18ftypheic\0\0\0\0",
}


def test_images_by_content_are_named_and_taken_only_when_asked(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    names = [f"sub/{kind}{suffix}" for kind in HEADS for suffix in ("", ".dat", ".jpg.part")]
    for name in names:
        (tmp_path / name).write_bytes(HEADS[Path(name).name.partition(".")[0]])
    _touch(tmp_path, "a.jpg", "notes.txt", "README", "empty.dat")
    (tmp_path / "empty.dat").write_bytes(b"")
    (tmp_path / "film.dat").write_bytes(b"\0\0\0\x18ftypisom\0\0\0\0")
    (tmp_path / "camera.NEF").write_bytes(HEADS["tiff"])
    found = find_images(tmp_path)
    assert [sample.path for sample in found.samples] == ["a.jpg"]
    assert set(found.images_by_content) == set(names)
    kinds = len(HEADS)
    assert found.passed_over == {
        ".dat": kinds + 2, "": kinds + 1, ".part": kinds, ".txt": 1, ".nef": 1
    }  # fmt: skip
    taken = find_images(tmp_path, any_suffix=True)
    assert {sample.path for sample in taken.samples} == {"a.jpg", *names}
    assert taken.images_by_content == ()
    assert taken.passed_over == {".dat": 2, ".txt": 1, "": 1, ".nef": 1}


def test_what_is_no_regular_file_is_never_opened(tmp_path: Path) -> None:
    """A pipe that nobody writes to would keep the walk waiting for ever."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    found = find_images(tmp_path, any_suffix=True)
    assert (found.samples, found.passed_over) == ((), {"": 2})


def test_describes_a_file_without_opening_it(tmp_path: Path) -> None:
    """Size and time are the file system's; that the content is no image is not known yet."""
    file = tmp_path / "sub" / "a.jpg"
    _touch(tmp_path, "sub/a.jpg")
    os.utime(file, ns=(5, 1_234_567_890_123_456_789))
    (sample,) = find_images(tmp_path).samples
    assert (sample.path, sample.file) == ("sub/a.jpg", str(file))
    assert (sample.size_bytes, sample.mtime_ns) == (1, 1_234_567_890_123_456_789)
    assert sample == sample_of(file, tmp_path)
    assert sample_of(file).path == str(file)


def test_orders_digits_by_value_in_files_and_folders(tmp_path: Path) -> None:
    _touch(tmp_path, "a10.png", "a2.png", "A1.png", "f10/x.png", "f9/x10.png", "f9/x9.png")
    expected = ["A1.png", "a2.png", "a10.png", "f9/x9.png", "f9/x10.png", "f10/x.png"]
    assert _paths(tmp_path) == expected


@given(st.lists(st.text("aB10²_.", max_size=6), max_size=12))
def test_any_names_have_one_order(names: list[str]) -> None:
    """Sorting never fails and does not depend on the order that the disk lists names in."""
    otherwise_listed = names[::-1]
    assert sorted(names, key=natural_key) == sorted(otherwise_listed, key=natural_key)


def test_ignores_hidden_files_and_folders(tmp_path: Path) -> None:
    """`._a.jpg` is what macOS writes beside `a.jpg` on foreign disks."""
    _touch(tmp_path, "a.jpg", "._a.jpg", ".hidden.png", ".git/b.png", "c/.thumbs/d.png")
    found = find_images(tmp_path)
    assert ([sample.path for sample in found.samples], found.skipped) == (["a.jpg"], ())


def test_ignores_what_artvec_wrote(tmp_path: Path) -> None:
    _touch(tmp_path, "a.jpg", "runs/x/run.json", "runs/x/model.safetensors")
    _touch(tmp_path, "runs/x/figures/curves.png", "runs/x/seed-1/figures/curves.png")
    _touch(tmp_path, "indexes/x/collection.json", "indexes/x/shards/0.arrow", "indexes/x/map.png")
    _touch(tmp_path, "museum/collection.json", "museum/run.json", "museum/b.jpg")
    assert _paths(tmp_path) == ["a.jpg", "museum/b.jpg"]
    assert find_images(tmp_path / "runs/x").samples == ()


def test_finds_nested_files(tmp_path: Path) -> None:
    _touch(tmp_path, "a/b/c/d/e.jpg", "a/b/f.jpg", "g.jpg")
    assert _paths(tmp_path) == ["a/b/c/d/e.jpg", "a/b/f.jpg", "g.jpg"]


def test_a_folder_without_images_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert find_images(tmp_path).samples == ()


def test_keeps_unicode_as_it_is_spelt(tmp_path: Path) -> None:
    """A composed and a decomposed é are two files, as they are on disk."""
    composed, decomposed = "caf\u00e9.jpg", "cafe\u0301.jpg"
    _touch(tmp_path, composed, decomposed, "画/日本.png")
    assert set(_paths(tmp_path)) == {composed, decomposed, "画/日本.png"}


def test_writes_foreign_bytes_readably_and_finds_them_back(tmp_path: Path) -> None:
    r"""0xE9 alone is é in Latin-1 and no UTF-8: written `\xe9`, in files and in folders."""
    names = [b"caf\xe9.jpg", b"d\xfc\xff/caf\xe9.jpg", "ü".encode() + b"\xfc.jpg"]
    _touch_bytes(tmp_path, *names)
    samples = find_images(tmp_path).samples
    expected = {r"caf\xe9.jpg", r"d\xfc\xff/caf\xe9.jpg", r"ü\xfc.jpg"}
    assert {sample.path for sample in samples} == expected
    for sample in samples:
        sample.path.encode("utf-8")
        assert str(file_of(tmp_path, sample.path)) == sample.file
        assert file_of(tmp_path, sample.path).read_bytes() in names


@given(st.binary(min_size=1, max_size=20))
def test_any_bytes_become_valid_unicode(name: bytes) -> None:
    """What is no UTF-8 is escaped, what is stays as it was."""
    spelt = os.fsdecode(name)
    foreign = any("\udc80" <= character <= "\udcff" for character in spelt)
    assert (readable(spelt).encode("utf-8") == name) == (not foreign)


def test_two_names_written_alike_are_not_mixed_up(tmp_path: Path) -> None:
    r"""The literal name `\xff.jpg` comes first; the byte 0xFF would be written the same."""
    _touch_bytes(tmp_path, rb"\xff.jpg", b"\xff.jpg")
    found = find_images(tmp_path)
    (sample,) = found.samples
    assert sample.path == r"\xff.jpg"
    assert file_of(tmp_path, sample.path).read_bytes() == rb"\xff.jpg"
    assert [(skip.path, skip.stage, skip.reason) for skip in found.skipped] == [
        (r"\xff.jpg", "find", "bad_name")
    ]


def test_finds_back_a_name_with_a_literal_escape_and_a_foreign_byte(tmp_path: Path) -> None:
    r"""Nothing collides here: one file's name holds the four letters `\xe9` and a byte 0xFF."""
    _touch_bytes(tmp_path, b"\\xe9-\xff.jpg")
    (sample,) = find_images(tmp_path).samples
    assert sample.path == r"\xe9-\xff.jpg"
    assert str(file_of(tmp_path, sample.path)) == sample.file


def test_follows_links_to_files_and_folders(tmp_path: Path) -> None:
    _touch(tmp_path, "elsewhere/deep/a.jpg", "source/b.jpg")
    source = tmp_path / "source"
    (source / "linked.jpg").symlink_to(tmp_path / "elsewhere/deep/a.jpg")
    (source / "folder").symlink_to(tmp_path / "elsewhere")
    assert _paths(source) == ["b.jpg", "folder/deep/a.jpg", "linked.jpg"]


def test_the_root_may_be_a_link(tmp_path: Path) -> None:
    _touch(tmp_path, "real/a.jpg")
    (tmp_path / "link").symlink_to("real")
    assert _paths(tmp_path / "link") == ["a.jpg"]


def test_link_loops_end(tmp_path: Path) -> None:
    """A link to a folder above it, and a link to itself, are listed once and not followed."""
    _touch(tmp_path, "a/b.jpg")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "self.jpg").symlink_to("self.jpg")
    assert _paths(tmp_path) == ["a/b.jpg"]
    assert _reasons(tmp_path) == {"a/up": "unreadable", "self.jpg": "unreadable"}


def test_two_links_to_one_folder_are_no_loop(tmp_path: Path) -> None:
    _touch(tmp_path, "real/a.jpg")
    (tmp_path / "twin").symlink_to("real")
    assert _paths(tmp_path) == ["real/a.jpg", "twin/a.jpg"]
    assert _reasons(tmp_path) == {}


def test_a_broken_link_is_listed(tmp_path: Path) -> None:
    (tmp_path / "gone.jpg").symlink_to("nothing")
    (tmp_path / "no-picture").symlink_to("nothing")
    assert _reasons(tmp_path) == {"gone.jpg": "vanished"}


def test_a_pipe_is_never_opened(tmp_path: Path) -> None:
    """Opening a FIFO that nobody writes to would wait for ever."""
    os.mkfifo(tmp_path / "x.jpg")
    assert _reasons(tmp_path) == {"x.jpg": "not_an_image"}


def test_a_folder_named_like_an_image_is_a_folder(tmp_path: Path) -> None:
    _touch(tmp_path, "x.jpg/y.jpg")
    found = find_images(tmp_path)
    assert ([sample.path for sample in found.samples], found.skipped) == (["x.jpg/y.jpg"], ())


@pytest.mark.parametrize(
    ("name", "said"), [("none", "does not exist"), ("a.jpg", "is not a folder")]
)
def test_refuses_what_is_no_folder(tmp_path: Path, name: str, said: str) -> None:
    _touch(tmp_path, "a.jpg")
    with pytest.raises(ArtvecError, match=said) as caught:
        find_images(tmp_path / name)
    assert caught.value.usage
    assert caught.value.hint


def _forbid(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Make one folder unlistable, also for root, whom permissions don't stop."""
    listed = os.scandir

    def scandir(path: str) -> object:
        if Path(path) == folder:
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)


def test_an_unlistable_folder_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _touch(tmp_path, "a/b.jpg", "locked/c.jpg", "z.jpg")
    _forbid(monkeypatch, tmp_path / "locked")
    found = find_images(tmp_path)
    assert [sample.path for sample in found.samples] == ["a/b.jpg", "z.jpg"]
    (skip,) = found.skipped
    assert (skip.path, skip.stage, skip.reason) == ("locked", "find", "unreadable")
    assert skip.message == "Permission denied"


def test_an_unlistable_source_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a re-run would take every row of the collection for vanished and remove it."""
    _touch(tmp_path, "a.jpg")
    _forbid(monkeypatch, tmp_path)
    with pytest.raises(ArtvecError):
        find_images(tmp_path)
