"""`artvec embed --precision bf16` beside artvec's own fp32: what it gains, and what it costs.

Time is that of whole processes; `forward passes alone` leaves decoding and start-up out, and
the ceiling is what decoding and bf16's forward passes, measured apart in the same run, allow.
Cosines are row by row, bf16's vectors to fp32's. precision@5 is by label, of the demo gallery's
test pictures against its train pictures, embedded both ways.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from pathlib import Path

import numpy as np

from artvec.collection.reader import Collection, blocks, columns, open_collection
from artvec.commands.data.demo import paint_demo
from artvec.core.types import Float32Array
from artvec.vector_search.exact import unit_rows
from benchmarks.measure import Figure, artvec, in_turn, peak_mib, run, script, seconds, write
from benchmarks.pictures import make_pictures

MODEL, PRECISIONS = "tf_efficientnet_lite0", ("fp32", "bf16")
ROUNDS, BAR = 5, "≥ 1.7"
PARTS_OF = 480
"""Pictures of which parts are measured."""


def main(full: bool = False, count: int = 2000) -> None:
    with tempfile.TemporaryDirectory() as place:
        source = make_pictures(Path(place) / "pictures", count, 256)
        figures = [*_speed(source, count, Path(place)), *_cosines(Path(place))]
        figures.append(_precision(Path(place)))
    write("precision", figures)


def _speed(source: Path, count: int, place: Path) -> list[Figure]:
    embeds = {precision: _embed(source, place / precision, precision) for precision in PRECISIONS}
    for command in embeds.values():
        run(command)  # compile once, warm the disk
    some = str(min(count, PARTS_OF))
    alone = {
        f"{precision} alone": script("embed_parts.py", str(source), some, MODEL, precision)
        for precision in PRECISIONS
    }
    runs = in_turn(embeds | alone, rounds=ROUNDS)
    parts = [[json.loads(run.output.splitlines()[-1]) for run in runs[name]] for name in alone]
    fp32, bf16 = (statistics.median(of["forward"] for of in told) for told in parts)
    decode = statistics.median(of["decode"] for told in parts for of in told)
    took, usual = seconds(runs["bf16"]), seconds(runs["fp32"])
    return [
        Figure(
            f"embed --precision bf16, {count} JPEG of 256 px",
            "lite0, whole process",
            count / took,
            "pictures/s",
            f"fp32 ({count / usual:.4g}/s)",
            usual / took,
            ROUNDS,
            BAR,
            count / took * (1 / bf16 + 1 / decode),
            peak_mib(runs["bf16"]),
        ),
        Figure(
            "forward passes alone, bf16",
            "lite0",
            bf16,
            "pictures/s",
            f"fp32 ({fp32:.4g}/s)",
            bf16 / fp32,
            ROUNDS,
        ),
    ]


def _cosines(place: Path) -> list[Figure]:
    fp32, bf16 = (open_collection(place / precision) for precision in PRECISIONS)
    assert columns(fp32, ["path"]) == columns(bf16, ["path"])
    cosines = np.einsum("nd,nd->n", _units(fp32), _units(bf16), dtype=np.float64)
    return [
        Figure(f"{name} cosine of bf16's vectors", "lite0", value, "", "fp32's", value, 1)
        for name, value in (("minimum", cosines.min()), ("median", np.median(cosines)))
    ]


def _units(collection: Collection) -> Float32Array:
    """Return (N, D) vectors at length 1."""
    return unit_rows(np.concatenate(list(blocks(collection))))


def _precision(place: Path) -> Figure:
    gallery = paint_demo(place / "gallery").folder
    found = {}
    for precision in PRECISIONS:
        index = place / f"gallery {precision}"
        run(_embed(gallery, index, precision))
        report = json.loads(run(artvec("eval", "-i", str(index), "--json", "-q")).output)
        found[precision] = report["metrics"]["precision_at_5"]["value"]
    fp32, bf16 = (found[precision] for precision in PRECISIONS)
    what = "precision@5 by label, demo gallery"
    return Figure(what, "lite0, bf16", bf16, "", f"fp32 ({fp32:.4g})", bf16 / fp32, 1)


def _embed(source: Path, index: Path, precision: str) -> list[str]:
    words = ["-m", MODEL, "--precision", precision, "-i", str(index), "--overwrite", "-q"]
    return artvec("embed", str(source), *words)


if __name__ == "__main__":
    main()
