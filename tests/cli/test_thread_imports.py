"""No thread that reads pictures imports: an interrupt within an import could leave it waiting."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

WATCHED = """
import json, sys, threading

class Watch:
    def find_spec(self, name, path=None, target=None):
        if threading.current_thread() is not threading.main_thread():
            imported.append(name)

imported = []
sys.meta_path.insert(0, Watch())
from artvec_cli.app import run
code = run(sys.argv[1:])
print(json.dumps([code, imported]), file=sys.stderr)
"""
COMMANDS = {
    "embed": ("embed", "pictures", "-m", "colour:4x4"),
    "a dry run": ("embed", "pictures", "-m", "colour:4x4", "--dry-run"),
    "duplicates": ("duplicates",),
    "a page": ("cluster", "--report", "--method", "kmeans", "--clusters", "2", "--map", "tsne"),
}


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_no_thread_imports(
    words: tuple[str, ...],
    tmp_path: Path,
    paint: Callable[[Path, int], Path],
    artvec: Callable[..., Any],
) -> None:
    for seed, suffix in enumerate("jpg png webp gif bmp tiff jpg png jpg jpg jpg jpg".split()):
        paint(tmp_path / "pictures" / f"{seed}.{suffix}", seed)
    cut = Image.open(tmp_path / "pictures" / "1.png").crop((4, 3, 92, 77))
    cut.save(tmp_path / "pictures" / "cut.png")
    for codec in ("tiff_lzw", "packbits", "zstd", "group4"):
        packed = cut.convert("1") if codec == "group4" else cut
        packed.save(tmp_path / "pictures" / f"{codec}.tif", compression=codec)
    if words[0] != "embed":
        assert artvec("embed", "pictures", "-m", "colour:4x4").code == 0
    command = [sys.executable, "-c", WATCHED, *words, "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert json.loads(done.stderr.splitlines()[-1]) == [0, []]
    if words[0] == "duplicates":
        assert json.loads(done.stdout)["looked"] > 0
