"""Plans: what flags, files and records say, in which order, and what is refused."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

import pytest

from artvec.commands.train.plan import Plan, plan_from, record_of
from artvec.commands.train.plan_overrides import PlanOverrides, plan_of
from artvec.core.errors import ArtvecError
from artvec.training.phase import Phase
from artvec.training.recipes import RECIPES


def phases(**overrides: object) -> dict[str, Phase]:
    return {phase.name: phase for phase in plan_of(PlanOverrides(**overrides)).phases}  # type: ignore[arg-type]


def test_without_a_word_the_plan_is_three_phases() -> None:
    plan = plan_of(PlanOverrides())
    assert plan == Plan()
    assert [phase.name for phase in plan.phases] == ["head", "finetune", "refine"]
    assert not plan.from_scratch
    assert plan_of(PlanOverrides(recipe="scratch")).from_scratch


def test_plain_flags_are_about_the_phases_that_train_the_backbone() -> None:
    told = phases(loss="ce", epochs=2, batch_size=8, augment="none")
    for name in ("finetune", "refine"):
        assert (told[name].loss, told[name].epochs, told[name].batch_size) == ("ce", 2, 8)
        assert told[name].augment == "none"
    assert told["head"] == RECIPES["three-phase"][0]
    assert phases(recipe="frozen", epochs=2)["head"].epochs == 2  # where none does: all


def test_a_rate_keeps_the_ratio_of_later_phases() -> None:
    usual = {phase.name: phase for phase in RECIPES["three-phase"]}
    told = phases(rate=usual["finetune"].rate * 3)
    assert told["finetune"].rate == pytest.approx(usual["finetune"].rate * 3)
    assert told["refine"].rate == pytest.approx(usual["refine"].rate * 3)
    assert told["head"].rate == usual["head"].rate


def test_a_setting_reaches_one_phase_or_all_and_comes_last() -> None:
    told = phases(epochs=2, settings=("all.weight_decay=0.1", "refine.epochs=7"))
    assert [phase.weight_decay for phase in told.values()] == [0.1, 0.1, 0.1]
    assert (told["finetune"].epochs, told["refine"].epochs) == (2, 7)
    assert phases(settings=("finetune.interpolate=.5",))["finetune"].interpolate == 0.5
    assert phases(settings=("refine.interpolate=none",))["refine"].interpolate is None


def test_a_share_of_the_pictures_is_that_of_every_phase() -> None:
    assert {phase.train_fraction for phase in phases(train_fraction=0.2).values()} == {0.2}


def test_layers_are_frozen_up_to_a_name() -> None:
    told = phases(freeze_until="blocks.4")
    assert [phase.trainable for phase in told.values()] == [
        "head",
        "from:blocks.4",
        "from:blocks.4",
    ]
    with pytest.raises(ArtvecError, match="nothing but the head"):
        plan_of(PlanOverrides(recipe="frozen", freeze_until="blocks.4"))


@pytest.mark.parametrize(
    ("setting", "message", "hint"),
    [
        ("refine.rate", "no setting", "PHASE.FIELD=VALUE"),
        ("refin.rate=1", "no phase 'refin'", "refine"),
        ("refine.name=other", "no field 'name'", "rate"),
        ("refine.rat=1", "no field 'rat'", "rate"),
        ("refine.rate=fast", "rate can't be 'fast'", "above 0"),
        ("refine.rate=0", "rate can't be '0'", "above 0"),
        ("refine.rate=inf", "rate can't be 'inf'", "above 0"),
        ("refine.rate=1e300", "rate can't be '1e300'", "above 0"),
        ("refine.rate=nan", "rate can't be 'nan'", "above 0"),
        (f"refine.epochs={10**400}", "epochs can't be '1000", "1 or more"),
        ("refine.epochs=0", "epochs can't be '0'", "1 or more"),
        ("refine.epochs=1.5", "epochs can't be '1.5'", "whole number"),
        ("refine.weight_decay=-1", "weight_decay can't be '-1'", "0 or more"),
        ("all.train_fraction=1.1", "train_fraction can't be '1.1'", "at most 1"),
        ("all.dropout=1", "dropout can't be '1'", "below 1"),
        ("refine.interpolate=2", "interpolate can't be '2'", "or none"),
        ("refine.schedule=exp", "schedule can't be 'exp'", "cosine"),
        ("refine.loss=cee", "no loss 'cee'", "ce"),
        ("refine.augment=lite", "no augmentation 'lite'", "light"),
        ("refine.optimizer=adamww", "no optimizer 'adamww'", "adamw"),
    ],
)
def test_wrong_settings_are_refused_with_what_is_right(
    setting: str, message: str, hint: str
) -> None:
    with pytest.raises(ArtvecError) as refused:
        plan_of(PlanOverrides(settings=(setting,)))
    assert refused.value.usage
    assert message in refused.value.message
    assert hint in refused.value.hint


def test_a_recipe_or_head_that_is_none() -> None:
    with pytest.raises(ArtvecError, match="no recipe 'two-phases'") as refused:
        plan_of(PlanOverrides(recipe="two-phases"))
    assert "two-phase" in refused.value.hint
    with pytest.raises(ArtvecError, match="no layer 'relu'"):
        plan_of(PlanOverrides(head="512-relu"))


def test_a_file_sets_what_it_names_and_flags_win(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        'recipe = "two-phase"\nhead = "cosine"\nlabel = "style,artist"\nseed = 4\n'
        "[all]\nweight_decay = 0.2\n[finetune]\nrate = 3e-4\nweight_decay = 0.3\n"
    )
    plan = plan_of(PlanOverrides(config=file, seed=9))
    assert (plan.recipe, plan.head, plan.labels, plan.seed) == (
        "two-phase",
        "cosine",
        ("style", "artist"),
        9,
    )
    head, finetune = plan.phases
    assert (head.weight_decay, finetune.weight_decay, finetune.rate) == (0.2, 0.3, 3e-4)


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('recipe = "two-phase"\n', encoding="utf-8-sig")
    assert plan_of(PlanOverrides(config=file)).recipe == "two-phase"


def test_a_file_may_hold_a_recipe_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[[phases]]\nname = "warm"\ntrainable = "last:2"\nepochs = 3\n')
    plan = plan_of(PlanOverrides(config=file))
    assert plan.phases == (Phase(name="warm", trainable="last:2", epochs=3),)
    assert plan.recipe == "own"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("recipe = 3", "recipe can't be 3"),
        ("learning_rate = 3", "no key 'learning_rate'"),
        ("[finetune]\nrates = 3", "no field 'rates'"),
        ("[finetune]\nrate = true", "rate can't be True"),
        ("[finetune", "can't be read as TOML"),
        ("phases = []", "no recipe"),
        ("[[phases]]\nepochs = 3", "a phase has no name"),
        ('[[phases]]\nname = ["a"]', "name of a phase can't be"),
        ('[[phases]]\nname = "a"\n[[phases]]\nname = "a"', "must differ"),
        ("seed = -1", "seed can't be -1"),
        ("label = 3", "label can't be 3"),
    ],
)
def test_wrong_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(ArtvecError, match=message) as refused:
        plan_of(PlanOverrides(config=file))
    assert refused.value.usage


def test_a_record_gives_the_plan_back(tmp_path: Path) -> None:
    plan = plan_of(
        PlanOverrides(recipe="two-phase", seed=5, head="bn-64", settings=("head.views=2",))
    )
    assert plan_from({"plan": json.loads(json.dumps(record_of(plan)))}) == plan
    file = tmp_path / "run.json"
    file.write_text(json.dumps({"plan": record_of(plan)}))
    assert plan_of(PlanOverrides(repeat=file)) == plan
    assert plan_of(PlanOverrides(repeat=tmp_path, seed=6)) == replace(plan, seed=6)
    file.write_text("{}")
    with pytest.raises(ArtvecError, match="no plan to repeat"):
        plan_of(PlanOverrides(repeat=file))
    with pytest.raises(ArtvecError, match="can't be read as a run's record"):
        plan_of(PlanOverrides(repeat=tmp_path / "other.json"))


def test_every_field_of_a_phase_can_be_set() -> None:
    phase = RECIPES["frozen"][0]
    for field in fields(Phase):
        if field.name != "name":
            value = getattr(phase, field.name)
            told = phases(recipe="frozen", settings=(f"head.{field.name}={value}",))
            assert told["head"] == phase
