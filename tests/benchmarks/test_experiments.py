"""The experiments of the source reports: their stand-ins, and a page that is current."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from artvec.commands.train import PlanOverrides, plan_of
from benchmarks.experiments import standins, tables
from benchmarks.experiments.emoji import VERSIONS, draw, read_vendor
from benchmarks.experiments.subjects import THINGS, TWO_SIDES

FOLDER = Path(standins.__file__).parent
BODY = '<path d="M0 0h9v9z"/>'


def pack(cache: Path, name: str, icons: dict[str, Any], categories: dict[str, list[str]]) -> None:
    """Write what npm would fetch."""
    contents = {"icons.json": icons, "metadata.json": {"categories": categories}}
    with tarfile.open(cache / f"iconify-json-{name}-{VERSIONS[name]}.tgz", "w:gz") as packed:
        for file, content in contents.items():
            data = json.dumps(content).encode()
            member = tarfile.TarInfo(f"package/{file}")
            member.size = len(data)
            packed.addfile(member, io.BytesIO(data))


def test_a_vendors_drawings(tmp_path: Path) -> None:
    icons = {
        "width": 36,
        "height": 36,
        "icons": {"cat": {"body": BODY}, "wide-cat": {"body": BODY, "width": 72, "left": -1}},
        "aliases": {"tom": {"parent": "cat"}, "mirrored": {"parent": "cat", "hFlip": True}},
    }
    pack(tmp_path, "noto", icons, {"Animals & Nature": ["cat"]})
    vendor = read_vendor("noto", tmp_path)
    assert set(vendor.drawings) == {"cat", "wide-cat", "tom"}
    assert 'viewBox="0 0 36 36"' in vendor.drawings["tom"]
    assert 'viewBox="-1 0 72 36"' in vendor.drawings["wide-cat"]
    assert vendor.categories == {"Animals & Nature": ["cat"]}


def test_a_drawing_is_the_same_every_time() -> None:
    pytest.importorskip("resvg_py")
    document = f'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">{BODY}</svg>'
    first, again, other = (np.asarray(draw(document, key)) for key in ("a", "a", "b"))
    assert first.shape == (256, 256, 3)
    assert (first == again).all() and (first != other).any()
    assert first.min() == 0 and first.max() >= 232  # ink on light paper


def test_subjects_are_common_to_all_vendors_and_none_of_things(tmp_path: Path) -> None:
    names = {f"subject-{n}": {"body": BODY} for n in range(30)} | {"clock-oclock": {"body": BODY}}
    icons = {"width": 9, "height": 9, "icons": names | {"bear": {"body": BODY}}}
    for vendor in VERSIONS:
        own = {**icons, "icons": {**icons["icons"], f"only-{vendor}": {"body": BODY}}}
        pack(tmp_path, vendor, own, {key: list(own["icons"]) for key in standins.NATURE})
    vendors = [read_vendor(name, tmp_path) for name in VERSIONS]
    found = standins.common_subjects(vendors)
    assert sorted(found) == sorted(f"subject-{n}" for n in range(30))
    assert found == standins.common_subjects(vendors[::-1]) != sorted(found)


@pytest.mark.parametrize("classes", [THINGS, TWO_SIDES])
def test_no_thing_has_two_labels(classes: dict[str, tuple[str, ...]]) -> None:
    names = [name for listed in classes.values() for name in listed]
    assert len(names) == len(set(names)) > 100


def test_digits_are_those_of_scikit_learn(tmp_path: Path) -> None:
    standins.make("digits", tmp_path)
    files = sorted(tmp_path.glob("*/*.png"), key=lambda file: file.name)
    read = load_digits()
    assert [int(file.parent.name) for file in files] == read.target.tolist()
    picture = Image.open(files[7])
    assert (picture.size, picture.mode) == ((32, 32), "RGB")
    small = np.asarray(picture.convert("L").resize((8, 8), Image.Resampling.BOX), dtype=float)
    assert np.corrcoef(small.ravel(), read.images[7].ravel())[0, 1] > 0.98


def test_the_page_shows_the_committed_results() -> None:
    page = tables.PAGE.read_text()
    assert tables.rendered(page) == page
    assert all(f"<!-- /{experiment.name} -->" in page for experiment in tables.EXPERIMENTS)


def test_a_figure_that_was_not_run_is_not_invented(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        {"what": "scratch: scratch", "figure": "accuracy", "value": 0.5, "ci95": [0.4, 0.625],
         "helped": ""},
        {"what": "a to b", "figure": "accuracy", "value": 0.25, "ci95": [0.1, 0.4],
         "helped": "yes"},
    ]  # fmt: skip
    result = {"date": "2026-01-02", "commit": "abc", "machine": "x", "seed": 0, "versions": {}}
    (tmp_path / "s3-stand-in").mkdir()
    (tmp_path / "s3-stand-in/result.json").write_text(json.dumps({**result, "rows": rows}))
    monkeypatch.setattr(tables, "RESULTS", tmp_path)
    page = tables.rendered("<!-- s3 -->\n<!-- /s3 -->\n<!-- s4 -->\n<!-- /s4 -->")
    assert "| scratch: scratch | accuracy | .9899 (val) | 0.500 [0.400, 0.625] | not run |" in page
    assert "| pretrained: head | accuracy | .9556 (val) | not run | not run |" in page
    assert "| a to b | +0.250 [0.100, 0.400] yes |" in page
    assert "s3 --stand-in`: 2026-01-02, commit abc" in page
    assert "| xception: finetune | accuracy | .959 | not run | not run |" in page


@pytest.mark.parametrize(
    ("file", "phases"),
    [
        ("s0", {"head": 1e-3, "unfreeze": 1e-4, "refine": 1e-5}),
        ("s2", {"head": 1e-3, "finetune": 1e-4}),
        ("s4", {"finetune": 5e-5}),
    ],
)
def test_the_reports_recipes_are_read(file: str, phases: dict[str, float]) -> None:
    plan = plan_of(PlanOverrides(config=FOLDER / f"{file}.toml"))
    assert {phase.name: phase.rate for phase in plan.phases} == phases
