"""Archives that nobody should unpack."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from artvec.core.errors import ArtvecError
from artvec.datasets.archives import unpack

MB = 1_000_000


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname, made.mode = kind, link, 0o7777
    return made


def archive(folder: Path, members: list[tarfile.TarInfo], mode: str = "w") -> Path:
    file = folder / "hostile.tar"
    with tarfile.open(file, mode) as packed:  # type: ignore[call-overload]
        for made in members:
            packed.addfile(made, io.BytesIO(b"x" * made.size) if made.isreg() else None)
    return file


@pytest.mark.parametrize(
    "made",
    [
        member("../out.jpg"),
        member("train/../../out.jpg"),
        member("/tmp/out.jpg"),
        member("C:/out.jpg"),
        member("C:out.jpg"),
        member("..\\out.jpg"),
        member("..", tarfile.DIRTYPE),
        member("train/link", tarfile.SYMTYPE, "/etc/passwd"),
        member("train/link", tarfile.SYMTYPE, "inside.jpg"),
        member("train/link", tarfile.LNKTYPE, "../../etc/passwd"),
        member(".hidden", tarfile.SYMTYPE, "/etc/passwd"),
        member("train/disk", tarfile.BLKTYPE),
        member("train/tty", tarfile.CHRTYPE),
        member("train/pipe", tarfile.FIFOTYPE),
    ],
    ids=lambda made: f"{made.name} {made.linkname}",
)
def test_members_that_lead_elsewhere(tmp_path: Path, made: tarfile.TarInfo) -> None:
    file = archive(tmp_path, [member("train/good.jpg"), made, member("train/link/late.jpg")])
    with pytest.raises(ArtvecError, match="not safe to unpack"):
        unpack(file, tmp_path / "into", limit_bytes=MB)
    assert [path.name for path in (tmp_path / "into").rglob("*") if path.is_file()] == ["good.jpg"]
    assert {path.name for path in tmp_path.iterdir()} == {"hostile.tar", "into"}


def test_a_small_archive_of_much(tmp_path: Path) -> None:
    zeros = member("train/zeros.jpg")
    zeros.size = 20 * MB
    file = archive(tmp_path, [zeros], "w:gz")
    assert file.stat().st_size < MB
    with pytest.raises(ArtvecError, match="far more"):
        unpack(file, tmp_path / "into", limit_bytes=10 * MB)
    assert not list((tmp_path / "into").rglob("*.jpg"))


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
@pytest.mark.parametrize("spoil", [lambda b: b[: len(b) // 2], lambda b: b"x" * len(b)])
def test_damaged_archives(tmp_path: Path, mode: str, spoil: Callable[[bytes], bytes]) -> None:
    import random

    file = tmp_path / "damaged.tar"
    noise = random.Random(0).randbytes(200_000)
    with tarfile.open(file, mode) as packed:  # type: ignore[call-overload]
        made = member("train/a.jpg")
        made.size = len(noise)
        packed.addfile(made, io.BytesIO(noise))
    file.write_bytes(spoil(file.read_bytes()))
    with pytest.raises(ArtvecError, match="damaged"):
        unpack(file, tmp_path / "into", limit_bytes=MB)


def test_what_a_decompressor_finds_is_not_taken_for_a_full_disk(tmp_path: Path) -> None:
    """Bzip2 has a checksum for each block, and tells of a wrong one by an OSError."""
    import random

    file = tmp_path / "damaged.tar"
    with tarfile.open(file, "w:bz2") as packed:
        made = member("train/a.jpg")
        made.size = 400_000
        packed.addfile(made, io.BytesIO(random.Random(0).randbytes(made.size)))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(ArtvecError, match="damaged"):
        unpack(file, tmp_path / "into", limit_bytes=MB)


@pytest.mark.parametrize(
    "names", [("train/a\0.jpg",), ("n" * 300,), ("train", "train/a.jpg"), ("train/a/b", "train/a")]
)
def test_names_that_no_folder_can_have(tmp_path: Path, names: tuple[str, ...]) -> None:
    file = archive(tmp_path, [member(name) for name in names])
    if "\0" in names[0]:  # tarfile cuts such a name, unless a header of its own holds it
        made = member("short")
        made.pax_headers = {"path": names[0]}
        with tarfile.open(file, "w", format=tarfile.PAX_FORMAT) as packed:
            packed.addfile(made)
    with pytest.raises(ArtvecError, match="damaged"):
        unpack(file, tmp_path / "into", limit_bytes=MB)


def test_owners_and_dangerous_permissions_are_not_taken_over(tmp_path: Path) -> None:
    file = archive(tmp_path, [member("train/a.jpg")])
    unpack(file, tmp_path / "into", limit_bytes=MB)
    mode = (tmp_path / "into/train/a.jpg").stat().st_mode & 0o7777
    assert mode & 0o6022 == 0  # no setuid or setgid, not to be written by others
