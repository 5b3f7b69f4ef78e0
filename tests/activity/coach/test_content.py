import re
import tomllib
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from coach_weeks import content

from activity.coach.content import Group, load_content
from activity.coach.plan import Trust
from activity.coach.rules import FILLS, explain
from activity.errors import ContentError
from activity.questionnaires.definition import load_questionnaire
from activity.resources import shipped

FILES = ("rules.toml", "exercises.toml", "messages.toml")


def syllables(word: str) -> int:
    groups = re.findall(r"[aeiouy]+", word.lower())
    silent = word.lower().endswith("e") and not word.lower().endswith("le") and len(groups) > 1
    return max(1, len(groups) - silent)


def grade(text: str) -> float:
    """Flesch-Kincaid grade; 6 is about twelve years of age (Kincaid et al., 1975). A placeholder reads as one word."""
    text = re.sub(r"\{\w+\}", "ten", text)
    sentences = [part for part in re.split(r"[.!?:]+", text) if re.search(r"\w", part)]
    words = re.findall(r"[A-Za-z’']+", text)
    return 0.39 * len(words) / len(sentences) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


def test_the_measure_of_reading_knows_hard_from_easy() -> None:
    assert grade("The cat sat on the mat. It was a hot day.") < 2
    assert grade("Multidisciplinary rehabilitation necessitates considerable organisational commitment.") > 12


def test_all_messages_read_at_about_twelve_years() -> None:
    grades = {message.id: grade(message.text) for message in content().messages}
    assert {name: round(value, 1) for name, value in grades.items() if value > 6.0} == {}


def test_exercises_and_reasons_are_short_plain_sentences() -> None:
    for exercise in content().exercises:
        text = " ".join((*exercise.steps, exercise.caution))
        assert grade(text) <= 6.0, exercise.id
        assert max(len(step.split()) for step in exercise.steps) <= 20, exercise.id
    for rule in content().rules.all().values():
        assert grade(rule.reason) <= 8.2, rule.id


def test_all_groups_and_themes_are_covered() -> None:
    groups = Counter(exercise.group for exercise in content().exercises)
    assert sum(groups.values()) >= 60
    assert min(groups[group] for group in Group) >= 10
    themes = Counter(message.theme for message in content().messages)
    assert len(themes) == 14
    assert min(themes.values()) >= 2
    assert sum(themes.values()) >= 28


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
    for message in content().messages:
        assert re.search(r"\b(19|20)\d\d\b", message.source) or message.source.startswith("Design default"), message.id


def test_no_message_frightens_diagnoses_or_doses() -> None:
    banned = r"\b(mg|tablets?|ibuprofen|paracetamol|opioids?|slipped disc|you have a|damage|danger(ous)?|cure)\b"
    for message in content().messages:
        assert not re.search(banned, message.text, re.IGNORECASE), message.id


def test_every_trigger_is_used_and_every_placeholder_belongs_to_a_rule() -> None:
    used = {name for message in content().messages for name in message.triggers}
    assert used == {trigger.id for trigger in content().rules.trigger}
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
    assert load_content(tmp_path).version == content().version
    with (tmp_path / "messages.toml").open("a", encoding="utf-8") as file:
        file.write("# reviewed\n")
    assert load_content(tmp_path).version != content().version


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
    ],
)
def test_content_that_breaks_its_schema_is_refused_with_its_place(tmp_path, file, old, new, word) -> None:
    copy_content(tmp_path)
    text = (tmp_path / file).read_text(encoding="utf-8")
    assert old in text
    (tmp_path / file).write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ContentError) as caught:
        load_content(tmp_path)
    assert word in str(caught.value)
    assert caught.value.exit_code == 5


def test_a_missing_file_of_content_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match=r"rules\.toml"):
        load_content(tmp_path)


def test_titles_within_a_theme_file_stay_apart() -> None:
    parsed = tomllib.loads(shipped("data", "content", "messages.toml").read_text(encoding="utf-8"))
    titles = sorted(message["title"] for message in parsed["message"])
    assert all(a != b for a, b in pairwise(titles))
