"""Numbers and dates read as a person would write them."""

from datetime import date

import pytest

from activity.report import wording


@pytest.mark.parametrize(
    ("value", "said"), [(0, "0"), (999, "999"), (1000, "1\u202f000"), (1234567.4, "1\u202f234\u202f567")]
)
def test_thousands_are_parted_by_a_thin_space(value: float, said: str) -> None:
    assert wording.count(value) == said


def test_a_count_agrees_with_its_noun() -> None:
    assert wording.plural(1, "session") == "1\u00a0session"
    assert wording.plural(3, "session") == "3\u00a0sessions"


def test_a_number_stays_on_the_line_of_its_unit() -> None:
    assert wording.duration(452) == "7\u00a0h 32\u00a0min"


def test_a_phrase_becomes_a_sentence_and_a_sentence_stays() -> None:
    assert wording.sentence("too little wear: 8 h") == "Too little wear: 8 h."
    assert wording.sentence("Is it so?") == "Is it so?"
    assert wording.sentence(" ") == ""


def test_a_source_does_not_repeat_its_tag() -> None:
    assert wording.source_beside("Design default: a modest start", "design default") == "A modest start"
    assert wording.source_beside("Sandal et al. 2021", "published") == "Sandal et al. 2021"
    assert wording.source_beside("design default", "design default") == ""


def test_dates_are_written_out() -> None:
    assert wording.long_date(date(2026, 11, 7)) == "Saturday 7 November 2026"
    assert wording.short_date(date(2026, 11, 7)) == "Sat\u00a07\u00a0Nov"
