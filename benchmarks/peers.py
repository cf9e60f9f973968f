"""artvec beside what users otherwise install, as whole processes over the same JPEGs of 256 px.

- transformers' `image-feature-extraction` pipeline with the same backbone and weights, picture by
  picture (its default), in batches of 32, and so with malloc tuned; `once loaded` leaves start and
  imports out of both. Its vectors must be artvec's.
- imagededup, which lists duplicates at its own defaults; a tenth of the pictures is there a second
  time, as JPEG of quality 50. Its perceptual hash is beside `artvec embed -m colour:4x4` and
  `artvec duplicates --looks 0`, which also know little more than hashes; its CNN, given the same
  backbone, beside `artvec embed` and `artvec duplicates`. How many of the copies are found is in
  `parameters`; `duplicates` judges that for more kinds of copies.

rclip isn't here: its network is downloaded at the first start, and is another one. Search libraries
are in `indexes`.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from artvec.collection.reader import blocks, columns, open_collection
from artvec.vector_search.exact import unit_rows
from benchmarks.measure import Figure, Run, artvec, in_turn, peak_mib, run, script, seconds, write
from benchmarks.pictures import make_pictures

ROUNDS, BAR, SAME = 5, "≥ 1", 0.999
COPIED = 10
"""Every tenth picture has a copy."""


def main(full: bool = False, count: int = 200) -> None:
    with tempfile.TemporaryDirectory() as place:
        write("peers", _figures(Path(place), 5 * count if full else count))


def _figures(place: Path, count: int) -> list[Figure]:
    source = make_pictures(place / "pictures", count, 256)
    originals = sorted(source.rglob("*.jpg"))[::COPIED]
    commands = _commands(source, place)
    for name in ("embed", "embed colours", "transformers, one by one"):
        run(commands[name])  # compile and write once, warm the disk
    same = _least_cosine(place)
    assert same >= SAME, f"transformers' vectors are others: cosine {same:.5f}"
    copies = source / "copies"
    copies.mkdir()
    for file in originals:
        Image.open(file).save(copies / file.name, quality=50)
    runs = in_turn(commands, rounds=ROUNDS)
    total = count + len(originals)
    what = f"{total} JPEG of 256 px"
    return [*_embedding(what, total, runs), *_duplicates(what, total, len(originals), runs)]


def _commands(source: Path, place: Path) -> dict[str, list[str]]:
    vectors, colours = str(place / "index"), str(place / "colours")
    words = [str(source), f"{place}/vectors.npy", f"{place}/model"]
    return {
        "embed": artvec("embed", str(source), "-i", vectors, "--overwrite", "--json"),
        "duplicates": artvec("duplicates", "-i", vectors, "--json"),
        "embed colours": artvec(
            "embed", str(source), "-m", "colour:4x4", "-i", colours, "--overwrite", "-q"
        ),
        "duplicates by hashes": artvec("duplicates", "-i", colours, "--looks", "0", "--json"),
        "transformers, one by one": script("transformers_pipeline.py", *words, "1"),
        "transformers, batches": script("transformers_pipeline.py", *words, "32"),
        "transformers, batches, malloc tuned": script(
            "transformers_pipeline.py", *words, "32", "tuned"
        ),
        "imagededup, PHash": script("imagededup_find.py", str(source), "phash"),
        "imagededup, CNN": script("imagededup_find.py", str(source), "cnn"),
    }


def _least_cosine(place: Path) -> float:
    """Return the least cosine of transformers' vectors with artvec's, row by row."""
    collection = open_collection(place / "index")
    paths = columns(collection, ["path"])["path"].to_pylist()
    ours = unit_rows(np.concatenate(list(blocks(collection))))[np.argsort(paths)]
    theirs = unit_rows(np.load(place / "vectors.npy"))
    return float(np.einsum("nd,nd->n", ours, theirs).min())


def _embedding(what: str, total: int, runs: dict[str, list[Run]]) -> list[Figure]:
    peak = peak_mib(runs["embed"])
    ours = total / seconds(runs["embed"])
    alone = statistics.median(json.loads(_last(run))["images_per_second"] for run in runs["embed"])
    figures = []
    for name in (name for name in runs if name.startswith("transformers")):
        whole = total / seconds(runs[name])
        loaded = statistics.median(float(_last(run)) for run in runs[name])
        for part, rate, theirs in (
            ("whole process", ours, whole),
            ("once loaded", alone, loaded),
        ):
            figures.append(
                Figure(
                    f"embed, {what}",
                    f"lite0, {part}",
                    rate,
                    "pictures/s",
                    f"{name} ({theirs:.4g}/s)",
                    rate / theirs,
                    ROUNDS,
                    BAR,
                    peak_mib=peak,
                )
            )
    return figures


def _duplicates(what: str, total: int, copied: int, runs: dict[str, list[Run]]) -> list[Figure]:
    figures = []
    for parts, peer in (
        (("embed colours", "duplicates by hashes"), "imagededup, PHash"),
        (("embed", "duplicates"), "imagededup, CNN"),
    ):
        ours, theirs = sum(seconds(runs[part]) for part in parts), seconds(runs[peer])
        told = json.loads(_last(runs[parts[1]][0]))
        found = sum(len(group["paths"]) for group in told["groups"])
        others = int(_last(runs[peer][0]))
        figures.append(
            Figure(
                f"duplicates, {what}",
                f"{' and '.join(parts)}: {found} files said, {2 * copied} true",
                total / ours,
                "pictures/s",
                f"{peer} ({total / theirs:.4g}/s; {others} files said)",
                theirs / ours,
                ROUNDS,
                BAR,
                peak_mib=max(peak_mib(runs[part]) for part in parts),
            )
        )
    return figures


def _last(run: Run) -> str:
    """Return the last line that a process printed; notes come before it."""
    return run.output.splitlines()[-1]


if __name__ == "__main__":
    main()
