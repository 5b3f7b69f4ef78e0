import re
from collections import Counter
from pathlib import Path

import pytest
from coach_weeks import content
from reading_level import grade

from activity.coach.content import Group, load_content
from activity.coach.plan import Trust
from activity.coach.rules import FILLS, explain
from activity.errors import ContentError
from activity.questionnaires.definition import load_questionnaire
from activity.resources import shipped

FILES = ("rules.toml", "exercises.toml", "messages.toml")


def test_the_measure_of_reading_knows_hard_from_easy() -> None:
    assert grade("The cat sat on the mat. It was a hot day.") < 2
    assert grade("Multidisciplinary rehabilitation necessitates considerable organisational commitment.") > 12


def test_exercises_and_reasons_are_short_plain_sentences() -> None:
    for exercise in content().exercises:
        text = " ".join((*exercise.steps, exercise.caution))
        assert grade(text) <= 6.0, exercise.id
        assert max(len(step.split()) for step in exercise.steps) <= 20, exercise.id
    for rule in content().rules.all().values():
        assert grade(rule.reason) <= 8.2, rule.id


def test_all_groups_are_covered() -> None:
    groups = Counter(exercise.group for exercise in content().exercises)
    assert sum(groups.values()) >= 60
    assert min(groups[group] for group in Group) >= 10


def test_every_family_can_be_entered_and_has_no_missing_level() -> None:
    levels: dict[str, list[int]] = {}
    for exercise in content().exercises:
        levels.setdefault(exercise.family, []).append(exercise.level)
    for family, found in levels.items():
        assert sorted(found) == list(range(1, len(found) + 1)), family


def test_each_trunk_variant_has_an_exercise_that_suits_everyone() -> None:
    universal = {exercise.group for exercise in content().exercises if not exercise.not_for}
    assert universal == set(Group)


def test_sources_say_what_their_trust_says() -> None:
    for item in (*content().rules.all().values(), *content().conditions):
        ours = item.source.startswith("Design default")
        assert ours == (item.trust is Trust.DESIGN_DEFAULT), item.id
        if item.trust is Trust.PUBLISHED:
            assert re.search(r"selfBACK.*\b20\d\d\b", item.source), item.id


def test_every_placeholder_belongs_to_a_rule() -> None:
    rules = content().rules.all()
    assert set(FILLS) <= set(rules)
    for name, rule in rules.items():
        assert explain(rule, **dict.fromkeys(FILLS.get(name, ()), 1234)).text


def test_the_profile_asks_for_exactly_the_conditions_and_positions_of_the_content() -> None:
    form = load_questionnaire("profile")
    options = {question.id: {option.id for option in question.options} for question in form.questions}
    assert options["conditions"] == {condition.id for condition in content().conditions}
    assert options["avoid_positions"] == {
        "lying-back",
        "lying-side",
        "lying-front",
        "hands-knees",
        "kneeling",
        "sitting",
        "standing",
    }


def copy_content(folder: Path) -> None:
    for name in FILES:
        (folder / name).write_bytes(shipped("data", "content", name).read_bytes())


def test_a_copy_of_the_content_has_its_version_and_a_changed_one_another(tmp_path: Path) -> None:
    copy_content(tmp_path)
    assert load_content(tmp_path, unsigned=True).version == content().version
    with (tmp_path / "messages.toml").open("a", encoding="utf-8") as file:
        file.write("# reviewed\n")
    assert load_content(tmp_path, unsigned=True).version != content().version


@pytest.mark.parametrize(
    ("file", "old", "new", "word"),
    [
        ("rules.toml", "raise_percent = 10", "raise_percent = 1000", "goal-caps.raise_percent"),
        ("rules.toml", "raise_percent = 10", 'raise_percent = "ten"', "goal-caps.raise_percent"),
        ("rules.toml", "[goal-hold]", "[goal-hope]", "goal-hold"),
        ("rules.toml", "from {old} to {goal} steps for now", "from {grade} to {goal} steps for now", "grade"),
        ("rules.toml", 'trust = "design default"', 'trust = "hearsay"', "trust"),
        ("exercises.toml", 'movements = ["spine-rotation"]', "movements = []\nspin = true", "spin"),
        ("exercises.toml", '"osteoporosis", ', "", "osteoporosis"),
        ("exercises.toml", 'group = "pain relief"', 'group = "magic"', "group"),
        ("messages.toml", '"when-flare"', '"when-hungry"', "when-hungry"),
        ("messages.toml", "position = 2\n", "position = 1\n", "curriculum"),
        ("messages.toml", 'theme = "sleep"', 'theme = "relaxation"', "sleep"),
        ("messages.toml", "[[message]]", "[[message", "line"),
        ("messages.toml", "right = true, ", "", "right"),
        ("messages.toml", "{ text", "{ right = true, text", "right"),
    ],
)
def test_content_that_breaks_its_schema_is_refused_with_its_place(tmp_path, file, old, new, word) -> None:
    copy_content(tmp_path)
    text = (tmp_path / file).read_text(encoding="utf-8")
    assert old in text
    (tmp_path / file).write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ContentError) as caught:
        load_content(tmp_path, unsigned=True)
    assert word in str(caught.value)
    assert caught.value.exit_code == 5


def test_a_missing_file_of_content_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match=r"rules\.toml"):
        load_content(tmp_path, unsigned=True)
