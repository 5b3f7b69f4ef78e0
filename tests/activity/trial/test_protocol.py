"""A protocol as a file: the shipped example says what was published, and what can't be is refused by name."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from activity.coach.plan import Trust
from activity.errors import ContentError, ModelError
from activity.resources import shipped
from activity.trial.pins import pins
from activity.trial.protocol import Protocol, changes, fixed_changes, load_protocol, protocol_from_document

EXAMPLE = shipped("data", "study", "selfback.toml")


def document() -> dict[str, Any]:
    return load_protocol().document()


def test_the_shipped_example_is_the_published_design() -> None:
    study = load_protocol()
    assert [one.id for one in study.arm] == ["usual-care", "selfback"]
    assert [one.id for one in study.visit] == ["baseline", "6-weeks", "3-months", "6-months", "9-months"]
    assert (study.primary.instrument, study.primary.visit) == ("rmdq-24", "3-months")
    bounds = {one.id: (one.at_least, one.at_most) for one in study.criterion}
    assert bounds["adult"] == (18, None)
    assert bounds["disability"] == (6, None)
    assert bounds["care"] == (None, 8 * 7)
    assert study.planned_people == 350
    published = {"nrs-average", "nrs-worst", "pseq", "fabq-pa", "bipq", "eq-5d-5l", "sgpals", "gpe"}
    assert published <= {one.instrument for one in study.secondary}


def test_what_could_not_be_read_in_a_publication_says_that_it_is_a_design_default() -> None:
    study = load_protocol()
    for part in (study.randomisation, study.reminders, study.dose, study.estimand, *study.visit):
        assert part.trust is Trust.DESIGN_DEFAULT
        assert "design default" in part.source
    assert {one.trust for one in study.criterion} == {Trust.PUBLISHED}


def test_a_protocol_survives_its_document_and_its_digest_has_nothing_to_do_with_spelling(tmp_path: Path) -> None:
    study = load_protocol()
    assert protocol_from_document(study.document()) == study
    text = "# a remark\n\n" + EXAMPLE.read_text(encoding="utf-8").replace(" = ", "   =  ", 40)
    (tmp_path / "other.toml").write_text(text, encoding="utf-8")
    assert load_protocol(tmp_path / "other.toml").digest == study.digest


def arm_of_three(study: dict[str, Any]) -> None:
    study["arm"][1]["share"] = 2


def block_of_none(study: dict[str, Any]) -> None:
    study["randomisation"]["blocks"] = [0]


def block_too_large(study: dict[str, Any]) -> None:
    study["randomisation"]["blocks"] = [66]


def block_twice(study: dict[str, Any]) -> None:
    study["randomisation"]["blocks"] = [4, 4]


def factor_of_a_number(study: dict[str, Any]) -> None:
    study["randomisation"]["strata"] = ["age"]


def arm_twice(study: dict[str, Any]) -> None:
    study["arm"][1]["id"] = "usual-care"


def criterion_of_two_things(study: dict[str, Any]) -> None:
    study["criterion"][0]["form"] = "eligibility"


def criterion_without_a_bound(study: dict[str, Any]) -> None:
    study["criterion"][0]["at_least"] = None


def criterion_of_no_question(study: dict[str, Any]) -> None:
    study["criterion"][0]["question"] = "shoe_size"


def criterion_of_no_instrument(study: dict[str, Any]) -> None:
    study["criterion"][3]["instrument"] = "rmdq-42"


def visits_over_each_other(study: dict[str, Any]) -> None:
    study["visit"][1]["closes_days"] = study["visit"][2]["opens_days"] + 1


def visit_before_the_baseline(study: dict[str, Any]) -> None:
    study["visit"][1] |= {"opens_days": 0, "due_days": 0}
    study["visit"][0] |= {"late_days": 1, "closes_days": 1, "due_days": 0}


def window_inside_out(study: dict[str, Any]) -> None:
    study["visit"][1]["late_days"] = study["visit"][1]["due_days"]


def no_instrument(study: dict[str, Any]) -> None:
    study["visit"][1]["instruments"] = ["shoe-size"]


def primary_never_asked(study: dict[str, Any]) -> None:
    study["visit"][2]["instruments"] = ["pseq"]


def primary_without_a_baseline(study: dict[str, Any]) -> None:
    study["visit"][0]["instruments"] = ["pseq"]
    study["randomisation"]["needs"] = []


def secondary_never_asked(study: dict[str, Any]) -> None:
    study["secondary"].append({"instrument": "phq-8"})


def needs_what_is_not_asked(study: dict[str, Any]) -> None:
    study["randomisation"]["needs"] = ["gpe"]


def reminders_going_back(study: dict[str, Any]) -> None:
    study["reminders"]["days_after_due"] = [3, 3]


def dose_upside_down(study: dict[str, Any]) -> None:
    study["dose"]["high_plans"] = 5


def no_source(study: dict[str, Any]) -> None:
    study["dose"]["source"] = ""


def stranger(study: dict[str, Any]) -> None:
    study["colour"] = "blue"


BREAKS = (
    arm_of_three, block_of_none, block_too_large, block_twice, factor_of_a_number, arm_twice, criterion_of_two_things,
    criterion_without_a_bound, criterion_of_no_question, criterion_of_no_instrument, visits_over_each_other,
    visit_before_the_baseline, window_inside_out, no_instrument, primary_never_asked, primary_without_a_baseline,
    secondary_never_asked, needs_what_is_not_asked, reminders_going_back, dose_upside_down, no_source, stranger,
)  # fmt: skip


@pytest.mark.parametrize("damage", BREAKS, ids=lambda damage: damage.__name__)
def test_a_protocol_that_does_not_hang_together_is_refused(damage: Callable[[dict[str, Any]], None]) -> None:
    study = document()
    damage(study)
    with pytest.raises(ContentError):
        protocol_from_document(study)


def test_every_change_of_a_value_is_named_with_where_it_stands() -> None:
    before = document()
    for place, was in leaves(before):
        after = document()
        put(after, place, "changed")
        found = changes(before, after)
        assert found, place
        assert all("changed" in line or "nothing" in line for line in found), (place, was, found)


def leaves(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[tuple[Any, ...], Any]]:
    if isinstance(value, dict):
        return [leaf for key, inner in value.items() for leaf in leaves(inner, (*place, key))]
    if isinstance(value, list):
        return [leaf for key, inner in enumerate(value) for leaf in leaves(inner, (*place, key))]
    return [(place, value)]


def put(value: Any, place: tuple[Any, ...], new: Any) -> None:
    for key in place[:-1]:
        value = value[key]
    value[place[-1]] = new


def test_an_equal_protocol_has_no_changes_and_a_moved_row_has() -> None:
    before, after = document(), document()
    assert changes(before, after) == ()
    after["randomisation"]["blocks"] = [6, 4, 8]
    assert changes(before, after) == ("randomisation.blocks: [4, 6, 8] became [6, 4, 8]",)
    after = document()
    after["arm"].reverse()
    assert changes(before, after) == ('arm: ["usual-care", "selfback"] became ["selfback", "usual-care"]',)


def after_editing(edit: Callable[[dict[str, Any]], None]) -> Protocol:
    study = document()
    edit(study)
    return protocol_from_document(study)


def test_what_would_draw_another_sequence_is_fixed_and_the_rest_is_not() -> None:
    study = load_protocol()

    def other_blocks(one: dict[str, Any]) -> None:
        one["randomisation"]["blocks"] = [4, 6]

    def other_factors(one: dict[str, Any]) -> None:
        one["randomisation"]["strata"] = ["country"]

    def less_levels(one: dict[str, Any]) -> None:
        one["screening"]["questions"][6]["options"] = [{"id": "denmark", "label": "Denmark"}]

    def more_levels(one: dict[str, Any]) -> None:
        one["screening"]["questions"][6]["options"].append({"id": "sweden", "label": "Sweden"})

    def arms_changed_about(one: dict[str, Any]) -> None:
        one["arm"].reverse()

    def other_windows(one: dict[str, Any]) -> None:
        one["visit"][1]["late_days"] += 1

    for edit in (other_blocks, other_factors, less_levels, arms_changed_about):
        assert fixed_changes(study, after_editing(edit)), edit.__name__
    for edit in (more_levels, other_windows):
        assert fixed_changes(study, after_editing(edit)) == (), edit.__name__


def test_a_study_is_frozen_to_every_file_of_content_and_to_its_model() -> None:
    found = pins("fast")
    assert {"rules.toml", "messages.toml", "../questionnaires/instruments.toml", "models/fast"} <= set(found)
    assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in found.values())
    with pytest.raises(ModelError, match="no model 'guess'"):
        pins("guess")


def test_a_file_that_is_no_protocol_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text("id = 'x'\n")
    with pytest.raises(ContentError, match=r"study\.toml"):
        load_protocol(tmp_path / "study.toml")
    (tmp_path / "study.toml").write_text("id = \n")
    with pytest.raises(ContentError, match=r"study\.toml"):
        load_protocol(tmp_path / "study.toml")


def test_the_example_is_plain_toml_that_anyone_can_copy() -> None:
    assert tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))["id"] == "selfback-example"
