"""Instruments score as their sources say: at both ends, with each reversed item, and by each rule for open items."""

import importlib.util
import sys
from io import StringIO
from itertools import combinations
from pathlib import Path
from random import Random

import coverage
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_values import MADE_UP_VALUES

from activity.errors import AnswerError
from activity.questionnaires import scoring
from activity.questionnaires.answers import check_answers
from activity.questionnaires.instrument import (
    Combine,
    Form,
    Instrument,
    Licence,
    Missing,
    answer_form,
    asked_form,
    instrument,
    instruments,
    item_answers,
)
from activity.questionnaires.scoring import gain, score

ROWS = tuple(instruments().values())
KEYS = ((True, False), (True, True), (False, False), (False, True))  #: counted, reversed
SUMMED = tuple(row for row in ROWS if row.combine is not Combine.VALUE_SET)
#: Instrument, answers, score: worked by hand from the sources in the rows.
GOLDEN = [
    ("rmdq-24", [0] * 24, 0),
    ("rmdq-24", [1] * 24, 24),
    ("rmdq-24", [1, 0, 1] * 8, 16),
    ("rmdq-24", [1] * 20 + [None] * 4, 20),  # open statements count as not ticked
    ("rmdq-24", [1] * 19 + [None] * 5, None),
    ("rmdq-24", [None, 1, 0, 1, 1, 0] * 4, 12),  # four open count as not ticked; four times three are ticked
    ("rmdq-23", [0] * 23, 0),
    ("rmdq-23", [1] * 23, 23),
    ("rmdq-23", [1] * 19 + [None] * 4, 19),
    ("rmdq-23", [1] * 18 + [None] * 5, None),
    ("rmdq-23", [1, 0, 0, 1] * 5 + [1, 0, 0], 11),  # five times two, and one
    ("nrs-average", [0], 0),
    ("nrs-average", [10], 10),
    ("nrs-average", [None], None),
    ("nrs-average", [6], 6),
    ("nrs-worst", [0], 0),
    ("nrs-worst", [10], 10),
    ("nrs-worst", [None], None),
    ("nrs-worst", [9], 9),
    ("pseq", [0] * 10, 0),
    ("pseq", [6] * 10, 60),
    ("pseq", [3, 4] * 4 + [None, None], 35),  # mean 3.5 of eight, times ten
    ("pseq", [3] * 7 + [None] * 3, None),
    ("pseq", [0, 6, 1, 5, 2, 4, 3, 3, 6, 2], 32),  # 6 + 6 + 6 + 6 + 8
    ("pseq", [0, 6, 1, 5, 2, 4, 3, 3, 6, None], pytest.approx(100 / 3)),  # 30 of nine, times ten ninths
    ("fabq-pa", [6, 0, 0, 0, 0], 0),  # item 1 is asked and not scored
    ("fabq-pa", [0, 6, 6, 6, 6], 24),
    ("fabq-pa", [6, 6, 6, 6, 6], 24),
    ("fabq-pa", [None, 2, 3, 4, None], 12),  # mean 3 of three, times four
    ("fabq-pa", [6, 2, 3, None, None], None),
    ("fabq-pa", [5, 1, 6, 0, 4], 11),  # 1 + 6 + 0 + 4, without the first
    ("fabq-pa", [None, 1, 6, 0, 4], 11),  # the first may be open: it isn't scored
    ("bipq", [0, 0, 10, 10, 0, 0, 10, 0], 0),  # 3, 4 and 7 are reversed
    ("bipq", [10, 10, 0, 0, 10, 10, 0, 10], 80),
    ("bipq", [0, 0, 0, 10, 0, 0, 10, 0], 10),  # item 3 alone
    ("bipq", [0, 0, 10, 0, 0, 0, 10, 0], 10),  # item 4 alone
    ("bipq", [0, 0, 10, 10, 0, 0, 0, 0], 10),  # item 7 alone
    ("bipq", [7, 7, 3, 3, 7, 7, 3, None], 56),  # seven times 7, mean 7, times eight
    ("bipq", [7, 7, 3, 3, 7, 7, None, None], None),
    ("bipq", [8, 6, 2, 9, 5, 7, 4, 3], 44),  # 8 + 6 + 5 + 7 + 3 = 29, and 10 - 2, 10 - 9, 10 - 4 = 15
    ("bipq", [8, 6, None, 9, 5, 7, 4, 3], pytest.approx(36 * 8 / 7)),  # 29 + 1 + 6 of seven, times eight sevenths
    ("eq-5d-5l", [1, 1, 1, 1, 1], 1),
    ("eq-5d-5l", [5, 5, 5, 5, 5], -0.4),  # 1 - 0.07 * 20 in the made-up set
    ("eq-5d-5l", [2, 1, 2, 3, 2], 0.65),  # 1 - 0.07 * 5
    ("eq-5d-5l", [1, 1, 1, 1, None], None),
    ("eq-vas", [0], 0),
    ("eq-vas", [100], 100),
    ("eq-vas", [None], None),
    ("eq-vas", [73], 73),
    ("sgpals", [1], 1),
    ("sgpals", [4], 4),
    ("sgpals", [None], None),
    ("sgpals", [2], 2),
    ("gpe", [-5], -5),
    ("gpe", [5], 5),
    ("gpe", [None], None),
    ("gpe", [-2], -2),
    ("psfs", [0, 0], 0),
    ("psfs", [10, 10], 10),
    ("psfs", [4, 7], 5.5),
    ("psfs", [4, None], 4),  # one activity is enough
    ("psfs", [None, None], None),
    ("phq-8", [0] * 8, 0),
    ("phq-8", [3] * 8, 24),
    ("phq-8", [1] * 7 + [None], 8),
    ("phq-8", [1] * 6 + [None, None], None),
    ("phq-8", [2, 0, 3, 1, 0, 1, 2, 0], 9),
    ("phq-8", [2, 0, 3, 1, None, 1, 2, 0], pytest.approx(72 / 7)),  # 9 of seven, times eight sevenths
    ("pss-10", [0, 0, 0, 4, 4, 0, 4, 4, 0, 0], 0),  # 4, 5, 7 and 8 are reversed
    ("pss-10", [4, 4, 4, 0, 0, 4, 0, 0, 4, 4], 40),
    ("pss-10", [0, 0, 0, 0, 4, 0, 4, 4, 0, 0], 4),
    ("pss-10", [0, 0, 0, 4, 0, 0, 4, 4, 0, 0], 4),
    ("pss-10", [0, 0, 0, 4, 4, 0, 0, 4, 0, 0], 4),
    ("pss-10", [0, 0, 0, 4, 4, 0, 4, 0, 0, 0], 4),
    ("pss-10", [2, 2, 2, 2, 2, 2, 2, 2, None, None], 20),
    ("pss-10", [2, 2, 2, 2, 2, 2, 2, None, None, None], None),
    ("pss-10", [3, 1, 4, 1, 0, 2, 3, 4, 2, 1], 21),  # 3 + 1 + 4 + 2 + 2 + 1 = 13, and 3 + 4 + 1 + 0 = 8
    ("pss-10", [3, 1, 4, 1, None, 2, 3, 4, 2, 1], pytest.approx(170 / 9)),  # 17 of nine, times ten ninths
    ("wai-single", [0], 0),
    ("wai-single", [10], 10),
    ("wai-single", [None], None),
    ("wai-single", [7], 7),
    ("sleep", [0, 0, 0, 0], 0),
    ("sleep", [2, 2, 2, 2], 8),
    ("sleep", [2, 1, 0, None], None),
    ("sleep", [2, 1, 0, 1], 4),
    ("pain-sites", [0] * 9, 0),
    ("pain-sites", [1] * 9, 9),
    ("pain-sites", [None] * 9, None),
    ("pain-sites", [1, 0, 0, 0, 1, 0, 1, 0, 0], 3),  # neck, lower back, hips
    ("comorbidities", [0] * 17, 0),
    ("comorbidities", [1] * 17, 17),
    ("comorbidities", [None] * 17, None),
    ("comorbidities", [0] * 5 + [1] + [0] * 6 + [1] + [0] * 4, 2),  # diabetes and depression
    ("activity-limitation", [0, 0], 0),
    ("activity-limitation", [1, 1], 2),
    ("activity-limitation", [1, None], None),
    ("activity-limitation", [0, 1], 1),
]


@pytest.mark.parametrize(("name", "answers", "wanted"), GOLDEN)
def test_golden_vectors(name, answers, wanted) -> None:
    got = score(instrument(name), answers, MADE_UP_VALUES)
    assert got.value == (None if wanted is None else pytest.approx(wanted))
    assert bool(got.why) == (wanted is None)


def test_every_instrument_has_its_ends_and_its_open_items_among_the_golden_vectors() -> None:
    for row in SUMMED:
        mine = [(answers, wanted) for name, answers, wanted in GOLDEN if name == row.id]
        ends = {row.score_low, row.score_high}
        assert ends <= {wanted for _, wanted in mine if isinstance(wanted, int)}, row.id
        assert any(wanted is not None and wanted not in ends for _, wanted in mine), f"{row.id}: none is in between"
        assert any(wanted is None for _, wanted in mine), row.id
        if row.missing is not Missing.NONE:
            assert any(None in answers and wanted is not None for answers, wanted in mine), row.id


@st.composite
def answered(draw, rows=ROWS, *, whole=False):
    """Return a row and answers to it; mostly as few open ones as its rule allows, or one too many."""
    row = draw(st.sampled_from(rows))
    answers = draw(st.lists(st.integers(row.low, row.high), min_size=row.items, max_size=row.items))
    few = st.integers(0, min(row.items, row.missing_at_most + 1))
    for place in draw(st.permutations(range(row.items)))[: 0 if whole else draw(few | st.integers(0, row.items))]:
        answers[place] = None
    return row, answers


@given(answered())
def test_there_is_a_score_within_its_range_where_enough_is_answered_and_none_where_not(drawn) -> None:
    row, answers = drawn
    got = score(row, answers, MADE_UP_VALUES)
    counted = [answers[number - 1] for number in row.counted]
    answered_ones = sum(value is not None for value in counted)
    still_open = len(counted) - answered_ones
    assert got.answered == answered_ones
    assert (got.value is None) == (not answered_ones or still_open > row.missing_at_most) == bool(got.why)
    if got.value is None:
        assert (got.imputed, got.rule) == (0, Missing.NONE)
        return
    assert got.value <= row.score_high + 1e-9
    assert row.score_low is None or got.value >= row.score_low - 1e-9
    assert got.imputed == (0 if row.missing is Missing.ANSWERED else still_open)
    assert got.rule is (row.missing if still_open else Missing.NONE)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_what_was_not_answered_at_all_has_no_score_and_not_a_score_of_nothing(row: Instrument) -> None:
    got = score(row, [None] * row.items, MADE_UP_VALUES)
    assert (got.value, got.why) == (None, "nothing was answered")
    only_what_is_not_scored = [None if number in row.counted else row.high for number in range(1, row.items + 1)]
    assert score(row, only_what_is_not_scored, MADE_UP_VALUES).value is None


@given(answered(SUMMED, whole=True), st.data())
def test_each_item_moves_the_score_the_one_way_it_is_keyed(drawn, data) -> None:
    row, answers = drawn
    number = data.draw(st.integers(1, row.items))
    if answers[number - 1] == row.high:
        return
    more = [*answers]
    more[number - 1] += 1
    change = score(row, more).value - score(row, answers).value
    share = 1.0 / len(row.counted) if row.combine is Combine.MEAN else 1.0
    wanted = 0.0 if number not in row.counted else -share if number in row.reversed else share
    assert change == pytest.approx(wanted)
    assert gain(row, 0.0, change) == pytest.approx(wanted if row.better == "higher" else -wanted)


@given(answered(SUMMED), st.data())
def test_which_of_the_items_that_are_keyed_alike_was_answered_how_makes_no_difference(drawn, data) -> None:
    row, answers = drawn
    places = range(1, row.items + 1)
    alike = [[n for n in places if (n in row.counted, n in row.reversed) == kind] for kind in KEYS]
    other = [*answers]
    for group in alike:
        for place, taken in zip(group, data.draw(st.permutations(group)), strict=True):
            other[place - 1] = answers[taken - 1]
    got, again = score(row, answers), score(row, other)
    assert again.value == (None if got.value is None else pytest.approx(got.value))
    assert (again.answered, again.imputed, again.rule) == (got.answered, got.imputed, got.rule)


@given(answered(SUMMED))
def test_open_items_lead_to_no_score_that_answers_could_not_have_led_to(drawn) -> None:
    row, answers = drawn
    got = score(row, answers).value
    if got is None:
        return
    best, worst = (score(row, _filled(row, answers, end)).value for end in (row.low, row.high))
    assert best - 1e-9 <= got <= worst + 1e-9


def _filled(row: Instrument, answers: list[int | None], end: int) -> list[int]:
    ends = [row.low + row.high - end if number in row.reversed else end for number in range(1, row.items + 1)]
    return [other if value is None else value for value, other in zip(answers, ends, strict=True)]


@given(answered(SUMMED))
def test_what_is_prorated_is_the_mean_of_what_was_answered_times_the_items(drawn) -> None:
    row, answers = drawn
    got = score(row, answers).value
    if got is None or row.missing is not Missing.PRORATE:
        return
    known = [
        row.low + row.high - answers[number - 1] if number in row.reversed else answers[number - 1]
        for number in row.counted
        if answers[number - 1] is not None
    ]
    assert got == pytest.approx(len(row.counted) * sum(known) / len(known))


@given(answered(whole=True), st.integers(0, 50))
def test_an_answer_out_of_range_or_one_too_many_is_refused(drawn, extra) -> None:
    row, answers = drawn
    for wrong in (
        [*answers[:-1], row.high + 1 + extra],
        [*answers[:-1], row.low - 1 - extra],
        [*answers, 0],
        answers[1:],
    ):
        with pytest.raises(AnswerError):
            score(row, wrong, MADE_UP_VALUES)


@pytest.mark.parametrize("wrong", [2.5, 3.0, True, float("nan"), float("inf"), "3"], ids=repr)
def test_what_is_no_whole_number_is_no_answer(wrong: object) -> None:
    with pytest.raises(AnswerError, match=r"item 4: .* can't be; expected a whole number from 0 to 6"):
        score(instrument("pseq"), [3, 3, 3, wrong, *[3] * 6])  # type: ignore[list-item]


def test_a_high_score_of_low_mood_says_where_to_turn() -> None:
    row = instrument("phq-8")
    assert score(row, [2] * 7 + [0]).signpost == ""
    assert score(row, [2] * 7 + [1]).signpost == row.signpost


def test_half_a_form_of_low_mood_is_enough_to_be_told_where_to_turn() -> None:
    row = instrument("phq-8")
    for open_ones in combinations(range(8), 3):
        answers = [None if place in open_ones else 3 for place in range(8)]
        got = score(row, answers)
        assert (got.value, got.signpost) == (None, row.signpost)  # 15 already, whatever the rest would have been
        answers[next(place for place in range(8) if place not in open_ones)] = 2
        assert score(row, answers).signpost == ""


@given(st.lists(st.sampled_from((None, 1, 2, 3, 3, 3)), min_size=8, max_size=8))
def test_what_was_answered_of_low_mood_is_told_whatever_was_left_open(answers) -> None:
    row = instrument("phq-8")
    least = score(row, [value or 0 for value in answers])
    if least.signpost:
        assert score(row, answers).signpost == row.signpost


def test_a_profile_without_a_value_set_is_kept_and_has_no_score() -> None:
    got = score(instrument("eq-5d-5l"), [1] * 5)
    assert (got.value, got.answered, got.why) == (None, 5, "no value set of a country was given")


def test_better_is_better_whichever_way_an_instrument_runs() -> None:
    assert gain(instrument("rmdq-24"), 12, 8) == 4
    assert gain(instrument("pseq"), 30, 40) == 10
    assert gain(instrument("pseq"), None, 40) is None
    assert gain(instrument("pseq"), 40, None) is None


def test_no_text_of_others_is_here() -> None:
    for row in ROWS:
        assert bool(row.texts) == (row.licence is Licence.OWN_WORDS), row.id
        if row.licence is not Licence.OWN_WORDS:
            with pytest.raises(AnswerError, match=r"owners"):
                asked_form(row)
    assert {row.id for row in ROWS if row.licence is Licence.NEVER_ASKED} == {"eq-5d-5l", "eq-vas"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_answers_go_through_a_form_and_come_out_as_items(row: Instrument) -> None:
    rng = Random(row.id)
    form = answer_form(row)
    items = [rng.randint(row.low, row.high) for _ in range(row.items)]
    match row.form:
        case Form.CHOOSE_ANY:
            given = {"q1": [f"o{number}" for number, value in enumerate(items, 1) if value]}
        case Form.CHOOSE_ONE:
            given = {f"q{number}": f"o{value - row.low + 1}" for number, value in enumerate(items, 1)}
        case Form.YES_NO:
            given = {f"q{number}": bool(value) for number, value in enumerate(items, 1)}
        case Form.SCALE:
            given = {f"q{number}": value for number, value in enumerate(items, 1)}
    assert item_answers(row, check_answers(form, given)) == tuple(items)
    assert item_answers(row, check_answers(form, {})) == (None,) * row.items
    if row.texts:
        shown = asked_form(row)
        assert [question.kind for question in shown.questions] == [question.kind for question in form.questions]


def test_the_table_in_the_readme_is_that_of_the_rows() -> None:
    text = (Path(__file__).parents[3] / "data" / "questionnaires" / "README.md").read_text(encoding="utf-8")
    for row in ROWS:
        low = "" if row.score_low is None else f"{row.score_low:g} to "
        still_open = f"{row.missing.value}, at most {row.missing_at_most}" if row.missing_at_most else "none"
        important = "" if row.important is None else f"{row.important:g}"
        cells = [f"`{row.id}`: {row.title}", row.items, f"{low}{row.score_high:g}", row.better, still_open, important]
        assert f"| {' | '.join(map(str, cells))} | {row.licence.value} |" in text, row.id


def test_an_instrument_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(AnswerError, match="rmdq-24, rmdq-23"):
        instrument("no-such")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"reversed": (11,)}, "no such item"),
        ({"low": 6}, "low is to be less"),
        ({"form": "yes-no"}, "yes-no is 0 or 1"),
        ({"texts": ("Ours",)}, "its own words"),
        ({"missing_source": ""}, "has a source"),
        ({"missing_at_most": 0}, "some may be open"),
        ({"important_source": ""}, "important change"),
        ({"signpost_from": 3}, "signpost"),
        ({"signpost_from": 3, "signpost": "Tell somebody.", "signpost_source": "Ours"}, "worse when higher"),
        ({"licence": "own words", "texts": ("Ours and long",) * 10}, "ends of a scale"),
        ({"licence": "own words", "texts": ("Ours and long",) * 9}, "a text for each question"),
        ({"form": "choose-any", "low": 0, "high": 1}, "an option for each"),
    ],
)
def test_a_row_that_contradicts_itself_is_refused(change, said) -> None:
    with pytest.raises(ValueError, match=said):
        Instrument.model_validate({**instrument("pseq").model_dump(), **change})


def test_every_branch_of_scoring_is_taken_by_the_golden_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = importlib.util.spec_from_file_location("scoring_measured", str(scoring.__file__))
    assert spec is not None
    assert spec.loader is not None
    again = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "scoring_measured", again)  # dataclasses look their module up
    measured = coverage.Coverage(data_file=None, branch=True, include=[str(scoring.__file__)], config_file=False)
    measured.start()
    try:
        spec.loader.exec_module(again)  # so that its definitions are measured, too
        for name, answers, _ in GOLDEN:
            again.score(instrument(name), answers, MADE_UP_VALUES)
        again.score(instrument("eq-5d-5l"), [1] * 5)
        for name, answers in (("pseq", [1]), ("pseq", [7] * 10)):
            with pytest.raises(AnswerError):
                again.score(instrument(name), answers)
        assert again.gain(instrument("pseq"), None, again.gain(instrument("rmdq-24"), 2, 1)) is None
    finally:
        measured.stop()
    told = StringIO()
    assert measured.report(file=told, show_missing=True) == 100.0, told.getvalue()
