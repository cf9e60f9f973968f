"""Standard streams that are closed, full or broken; lists of paths on standard input."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from artvec_cli.path_list import paths_in
from hypothesis import given
from hypothesis import strategies as st

from artvec.commands.embed import EmbedOptions, embed_images
from artvec.commands.verify import verify_collection
from artvec.core.errors import ArtvecError

Shell = Callable[[str], "subprocess.CompletedProcess[str]"]


@pytest.fixture
def shell(tmp_path: Path, paint: Callable[[Path, int], Path]) -> Shell:
    """Return a function that runs a bash line beside a collection ./c of one picture ./art/0.png.

    In the line, ARTVEC stands for the command.
    """
    paint(tmp_path / "art/0.png", 0)
    embed_images(tmp_path / "art", EmbedOptions("colour:4x4", str(tmp_path / "c")))

    def run(line: str) -> subprocess.CompletedProcess[str]:
        line = line.replace("ARTVEC", f"{sys.executable} -m artvec_cli")
        command = ["bash", "-o", "pipefail", "-c", line]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    return run


CLOSED = "error: the results can't be written to standard output: it is closed"
FULL = "error: the results can't be written to standard output: No space left on device"


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("ARTVEC search - -i ./c <&-", 2, "error: no query was given"),
        ("ARTVEC status -i ./c >&-", 1, CLOSED),
        ("ARTVEC status -i ./c --json >/dev/full", 1, FULL),
        ("ARTVEC search art/0.png -i ./c >/dev/full", 1, FULL),
        ("ARTVEC status -i ./nowhere >&-", 2, "error: "),
        ("ARTVEC status -i ./c <&- >&- 2>&-", 1, ""),
        ("ARTVEC status -i ./c | true", 1, ""),
        ("ARTVEC search - -i ./c 0>written", 2, "error: standard input can't be read"),
    ],
)
def test_a_lost_stream_is_said_in_a_line(shell: Shell, line: str, code: int, said: str) -> None:
    done = shell(line)
    assert done.returncode == code
    assert done.stderr.startswith(said)
    assert done.stderr.count("\n") == (2 if said else 0)
    assert done.stdout == ""


def test_what_a_command_does_is_done_without_streams(shell: Shell, tmp_path: Path) -> None:
    done = shell("ARTVEC embed art -m colour:4x4 -i ./d <&- >&- 2>&-")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
    assert verify_collection(tmp_path / "d").rows == 1
    assert verify_collection(tmp_path / "d").damaged == ()
    kept = shell("ARTVEC status -i ./d --json 2>&-")
    assert (kept.returncode, kept.stderr) == (0, "")
    assert '"rows": 1' in kept.stdout


def test_prints_of_native_libraries_do_not_end_in_files(tmp_path: Path) -> None:
    """The first file opened after the start would else have the number of standard output."""
    script = (
        "import os; from artvec_cli.streams import guard_streams; guard_streams();"
        "kept = open('kept', 'w'); os.write(1, b'native'); os.write(2, b'native')"
    )
    command = ["bash", "-c", 'exec "$0" -c "$1" <&- >&- 2>&-', sys.executable, script]
    assert subprocess.run(command, cwd=tmp_path).returncode == 0
    assert (tmp_path / "kept").read_bytes() == b""


def test_a_list_of_names_with_line_ends_finds_them(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "art/0.png").rename(tmp_path / "art/new\nline \udcff.png")
    done = shell("find art -name '*.png' -print0 | ARTVEC search - -i ./c --json")
    assert done.returncode == 0
    assert done.stderr == ""
    assert r"art/new\nline \\xff.png" in done.stdout


names = st.lists(
    st.binary(min_size=1, max_size=20).filter(lambda name: b"\0" not in name), max_size=5
)


@given(names)
def test_every_name_comes_through_between_nuls(paths: list[bytes]) -> None:
    data = b"".join(b"./" + path + b"\0" for path in paths)
    assert [os.fsencode(path) for path in paths_in(data)] == [b"./" + path for path in paths]


@given(names, st.sampled_from([b"\n", b"\r\n"]), st.booleans())
def test_every_name_comes_through_line_by_line(paths: list[bytes], end: bytes, ended: bool) -> None:
    plain = [b"./" + path for path in paths if not set(path) & set(b"\r\n")]
    data = end.join(plain) + (end if ended else b"")
    assert [os.fsencode(path) for path in paths_in(data)] == plain


@pytest.mark.parametrize(
    ("data", "paths"),
    [
        (b"", []),
        (b"\0\0", []),
        (b"\n \r\n\n", []),
        (b"\xef\xbb\xbfa.jpg\r\nb.jpg", ["a.jpg", "b.jpg"]),
        (b"\xef\xbb\xbfa\n.jpg\0b.jpg", ["a\n.jpg", "b.jpg"]),
        (b" a.jpg \n", [" a.jpg "]),
        ("é.jpg\r\nb.jpg\r\n".encode("utf-16"), ["é.jpg", "b.jpg"]),
        (b"\xfe\xff" + "é.jpg".encode("utf-16-be"), ["é.jpg"]),
    ],
)
def test_lists_of_other_programs(data: bytes, paths: list[str]) -> None:
    assert paths_in(data) == paths


@pytest.mark.parametrize("data", [b"\xff\xd8\xff\xe0\0", b"\x89PNG\r\n\x1a\n\0", b"\xff\xfea"])
def test_what_is_no_list_is_refused(data: bytes) -> None:
    with pytest.raises(ArtvecError) as refused:
        paths_in(data)
    assert refused.value.usage


def test_a_line_too_long_for_a_path_is_cut(shell: Shell) -> None:
    done = shell(f"{sys.executable} -c 'print(\"x\" * 99999)' | ARTVEC search - -i ./c")
    assert done.returncode == 1
    assert "File name too long" in done.stderr
    assert len(done.stderr) < 300
    blank = shell("echo 'art/0.png ' | ARTVEC search - -i ./c")
    assert "it begins or ends with a blank" in blank.stderr
