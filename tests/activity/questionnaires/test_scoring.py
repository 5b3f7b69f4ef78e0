"""Instruments score as their sources say: at both ends, with each reversed item, and by each rule for open items."""

import importlib.util
import sys
from io import StringIO
from pathlib import Path
from random import Random

import coverage
import pytest
from hypothesis import given
from hypothesis import strategies as st

from activity.errors import AnswerError, ContentError
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
    read_pack,
)
from activity.questionnaires.scoring import gain, score
from activity.questionnaires.value_set import ValueSet, read_value_set

ROWS = tuple(instruments().values())
SUMMED = tuple(row for row in ROWS if row.combine is not Combine.VALUE_SET)
#: A made-up value set that is worth less with every level: no country's.
MADE_UP = ValueSet(
    "made-up",
    {
        (a, b, c, d, e): 1.0 - 0.07 * (a + b + c + d + e - 5)
        for a in range(1, 6) for b in range(1, 6) for c in range(1, 6) for d in range(1, 6) for e in range(1, 6)
    },
)  # fmt: skip

#: Instrument, answers, score: worked by hand from the sources in the rows.
GOLDEN = [
    ("rmdq-24", [0] * 24, 0),
    ("rmdq-24", [1] * 24, 24),
    ("rmdq-24", [1, 0, 1] * 8, 16),
    ("rmdq-24", [1] * 20 + [None] * 4, 20),  # open statements count as not ticked
    ("rmdq-24", [1] * 19 + [None] * 5, None),
    ("rmdq-23", [0] * 23, 0),
    ("rmdq-23", [1] * 23, 23),
    ("rmdq-23", [1] * 19 + [None] * 4, 19),
    ("rmdq-23", [1] * 18 + [None] * 5, None),
    ("nrs-average", [0], 0),
    ("nrs-average", [10], 10),
    ("nrs-average", [None], None),
    ("nrs-worst", [0], 0),
    ("nrs-worst", [10], 10),
    ("nrs-worst", [None], None),
    ("pseq", [0] * 10, 0),
    ("pseq", [6] * 10, 60),
    ("pseq", [3, 4] * 4 + [None, None], 35),  # mean 3.5 of eight, times ten
    ("pseq", [3] * 7 + [None] * 3, None),
    ("fabq-pa", [6, 0, 0, 0, 0], 0),  # item 1 is asked and not scored
    ("fabq-pa", [0, 6, 6, 6, 6], 24),
    ("fabq-pa", [6, 6, 6, 6, 6], 24),
    ("fabq-pa", [None, 2, 3, 4, None], 12),  # mean 3 of three, times four
    ("fabq-pa", [6, 2, 3, None, None], None),
    ("bipq", [0, 0, 10, 10, 0, 0, 10, 0], 0),  # 3, 4 and 7 are reversed
    ("bipq", [10, 10, 0, 0, 10, 10, 0, 10], 80),
    ("bipq", [0, 0, 0, 10, 0, 0, 10, 0], 10),  # item 3 alone
    ("bipq", [0, 0, 10, 0, 0, 0, 10, 0], 10),  # item 4 alone
    ("bipq", [0, 0, 10, 10, 0, 0, 0, 0], 10),  # item 7 alone
    ("bipq", [7, 7, 3, 3, 7, 7, 3, None], 56),  # seven times 7, mean 7, times eight
    ("bipq", [7, 7, 3, 3, 7, 7, None, None], None),
    ("eq-vas", [0], 0),
    ("eq-vas", [100], 100),
    ("eq-vas", [None], None),
    ("sgpals", [1], 1),
    ("sgpals", [4], 4),
    ("sgpals", [None], None),
    ("gpe", [-5], -5),
    ("gpe", [5], 5),
    ("gpe", [None], None),
    ("psfs", [0, 0], 0),
    ("psfs", [10, 10], 10),
    ("psfs", [4, 7], 5.5),
    ("psfs", [4, None], 4),  # one activity is enough
    ("psfs", [None, None], None),
    ("phq-8", [0] * 8, 0),
    ("phq-8", [3] * 8, 24),
    ("phq-8", [1] * 7 + [None], 8),
    ("phq-8", [1] * 6 + [None, None], None),
    ("pss-10", [0, 0, 0, 4, 4, 0, 4, 4, 0, 0], 0),  # 4, 5, 7 and 8 are reversed
    ("pss-10", [4, 4, 4, 0, 0, 4, 0, 0, 4, 4], 40),
    ("pss-10", [0, 0, 0, 0, 4, 0, 4, 4, 0, 0], 4),
    ("pss-10", [0, 0, 0, 4, 0, 0, 4, 4, 0, 0], 4),
    ("pss-10", [0, 0, 0, 4, 4, 0, 0, 4, 0, 0], 4),
    ("pss-10", [0, 0, 0, 4, 4, 0, 4, 0, 0, 0], 4),
    ("pss-10", [2, 2, 2, 2, 2, 2, 2, 2, None, None], 20),
    ("pss-10", [2, 2, 2, 2, 2, 2, 2, None, None, None], None),
    ("wai-single", [0], 0),
    ("wai-single", [10], 10),
    ("wai-single", [None], None),
    ("sleep", [0, 0, 0, 0], 0),
    ("sleep", [2, 2, 2, 2], 8),
    ("sleep", [2, 1, 0, None], None),
    ("pain-sites", [0] * 9, 0),
    ("pain-sites", [1] * 9, 9),
    ("pain-sites", [None] * 9, None),
    ("comorbidities", [0] * 17, 0),
    ("comorbidities", [1] * 17, 17),
    ("comorbidities", [None] * 17, None),
    ("activity-limitation", [0, 0], 0),
    ("activity-limitation", [1, 1], 2),
    ("activity-limitation", [1, None], None),
]


@pytest.mark.parametrize(("name", "answers", "wanted"), GOLDEN)
def test_golden_vectors(name, answers, wanted) -> None:
    got = score(instrument(name), answers)
    assert got.value == (None if wanted is None else pytest.approx(wanted))
    assert bool(got.why) == (wanted is None)


def test_every_instrument_has_its_ends_and_its_open_items_among_the_golden_vectors() -> None:
    for row in SUMMED:
        mine = [(answers, wanted) for name, answers, wanted in GOLDEN if name == row.id]
        assert {row.score_low, row.score_high} <= {wanted for _, wanted in mine}, row.id
        assert any(wanted is None for _, wanted in mine), row.id
        if row.missing is not Missing.NONE:
            assert any(None in answers and wanted is not None for answers, wanted in mine), row.id


@st.composite
def answered(draw, rows=ROWS, *, whole=False):
    row = draw(st.sampled_from(rows))
    one = st.integers(row.low, row.high)
    size = row.items
    return row, draw(st.lists(one if whole else st.none() | one, min_size=size, max_size=size))


@given(answered())
def test_a_score_is_within_its_range_and_says_what_was_open(drawn) -> None:
    row, answers = drawn
    got = score(row, answers, MADE_UP)
    counted = [answers[number - 1] for number in row.counted]
    assert got.answered == sum(value is not None for value in counted)
    if got.value is None:
        assert got.why
        assert len(counted) - got.answered > row.missing_at_most or not got.answered
        return
    assert got.value <= row.score_high + 1e-9
    assert row.score_low is None or got.value >= row.score_low - 1e-9
    wanted = 0 if row.missing is Missing.ANSWERED else len(counted) - got.answered
    assert got.imputed == wanted


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


@given(answered(whole=True))
def test_open_items_never_make_a_score_better_than_the_best_answer_would(drawn) -> None:
    row, answers = drawn
    fewer = [None, *answers[1:]]
    got = score(row, fewer, MADE_UP).value
    if got is None or 1 not in row.counted:
        return
    ends = [score(row, [value, *answers[1:]], MADE_UP).value for value in (row.low, row.high)]
    assert min(ends) - 1e-9 <= got <= max(ends) + 1e-9 or row.missing is Missing.ANSWERED


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
            score(row, wrong, MADE_UP)


def test_a_high_score_of_low_mood_says_where_to_turn() -> None:
    row = instrument("phq-8")
    assert score(row, [2] * 7 + [0]).signpost == ""
    assert score(row, [2] * 7 + [1]).signpost == row.signpost


def test_better_is_better_whichever_way_an_instrument_runs() -> None:
    assert gain(instrument("rmdq-24"), 12, 8) == 4
    assert gain(instrument("pseq"), 30, 40) == 10
    assert gain(instrument("pseq"), None, 40) is None
    assert gain(instrument("pseq"), 40, None) is None


def test_a_profile_is_worth_what_the_value_set_says() -> None:
    row = instrument("eq-5d-5l")
    assert score(row, [1, 1, 1, 1, 1], MADE_UP).value == 1.0
    assert score(row, [5, 5, 5, 5, 5], MADE_UP).value == pytest.approx(-0.4)
    assert score(row, [2, 1, 2, 3, 2], MADE_UP).value == pytest.approx(0.65)
    assert score(row, [1, 1, 1, 1, None], MADE_UP).value is None
    with pytest.raises(AnswerError, match="no value set"):
        score(row, [1, 1, 1, 1, 1])


def written(path: Path, values) -> Path:
    lines = ["profile,value", *(f"{''.join(map(str, profile))},{value}" for profile, value in values)]
    path.write_text("\n".join(lines))
    return path


def test_a_value_set_comes_back_from_its_file(tmp_path) -> None:
    read = read_value_set(written(tmp_path / "made-up.csv", MADE_UP.values.items()))
    assert read == MADE_UP


def test_a_value_set_that_can_not_be_is_refused_in_words(tmp_path) -> None:
    rows = list(MADE_UP.values.items())
    broken = {
        "missing": rows[1:],
        "there twice": [*rows, rows[0]],
        "is worth 1.2": [*rows[:-1], (rows[-1][0], 1.2)],
        "11111 is worth 0.9": [((1, 1, 1, 1, 1), 0.9), *rows[1:]],
        "not a profile": [*rows[:-1], ((1, 1), "x")],
        "is worth nan": [*rows[:-1], (rows[-1][0], float("nan"))],
        "3,126 profiles": [*rows, ((1, 1, 1, 1, 6), 0.1)],
    }
    for said, values in broken.items():
        with pytest.raises(ContentError, match=said):
            read_value_set(written(tmp_path / "broken.csv", values))
    with pytest.raises(ContentError, match="can't be read"):
        read_value_set(tmp_path / "none.csv")


def test_no_text_of_others_is_here() -> None:
    for row in ROWS:
        assert bool(row.texts) == (row.licence is Licence.OWN_WORDS), row.id
        if row.licence is not Licence.OWN_WORDS:
            with pytest.raises(AnswerError, match=r"owners"):
                asked_form(row)
    assert {row.id for row in ROWS if row.licence is Licence.NEVER_ASKED} == {"eq-5d-5l", "eq-vas"}


PACK = 'instrument = "{name}"\nlanguage = "en"\npermission = "for a test of this program"\ntexts = {texts}\n'


def test_a_pack_of_texts_is_asked_and_one_that_does_not_fit_is_refused(tmp_path) -> None:
    row = instrument("pseq")
    path = tmp_path / "pack.toml"
    path.write_text(PACK.format(name="pseq", texts=[f"Statement {number}." for number in range(10)]))
    form = asked_form(row, read_pack(path, row))
    assert [question.text for question in form.questions][9] == "Statement 9."
    for name, texts, said in (("phq-8", ["One text."] * 10, "texts of phq-8"), ("pseq", ["One text."] * 9, "9 texts")):
        path.write_text(PACK.format(name=name, texts=texts))
        with pytest.raises(ContentError, match=said):
            read_pack(path, row)


def test_options_of_a_pack_are_one_for_each_value(tmp_path) -> None:
    row = instrument("sleep")
    path = tmp_path / "pack.toml"
    path.write_text(PACK.format(name="sleep", texts=["How is it?"] * 4) + 'options = ["Never", "Often"]\n')
    with pytest.raises(ContentError, match="2 options"):
        read_pack(path, row)


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
            again.score(instrument(name), answers)
        again.score(instrument("eq-5d-5l"), [1] * 5, MADE_UP)
        for name, answers in (("eq-5d-5l", [1] * 5), ("pseq", [1]), ("pseq", [7] * 10)):
            with pytest.raises(AnswerError):
                again.score(instrument(name), answers)
        assert again.gain(instrument("pseq"), None, again.gain(instrument("rmdq-24"), 2, 1)) is None
    finally:
        measured.stop()
    told = StringIO()
    assert measured.report(file=told, show_missing=True) == 100.0, told.getvalue()
