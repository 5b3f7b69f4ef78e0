"""Texts of others come in a pack that fits its instrument, or they aren't asked."""

import tomllib
from pathlib import Path

import pytest

from activity.errors import ContentError
from activity.questionnaires.definition import Kind
from activity.questionnaires.instrument import (
    Form,
    Instrument,
    ItemPack,
    Licence,
    answer_form,
    asked_form,
    form_version,
    instrument,
    instruments,
    read_pack,
)

ASKABLE = tuple(row for row in instruments().values() if row.licence is not Licence.NEVER_ASKED)
HEAD = """
instrument = "{row.id}"
instrument_version = "{row.version}"
version = "test-1"
language = "{language}"
permission = "made up for a test of this program"
"""


def pack_text(row: Instrument, *, items: int | None = None, options: int | None = None, ends: bool = True) -> str:
    text = HEAD.format(row=row, language=row.languages[0] if row.languages else "nb-NO")
    wanted = max(row.options_wanted) if row.form in {Form.CHOOSE_ONE, Form.CHOOSE_ANY} else 0
    if ends:
        text += 'low_label = "very little"\nhigh_label = "very much"\n'
    text += f"options = {[f'Choice {place}' for place in range(wanted if options is None else options)]}\n"
    for number in range(row.asked if items is None else items):
        text += f'[[items]]\ntext = "Statement {number + 1}."\n'
    return text


def read(tmp_path: Path, row: Instrument, text: str) -> ItemPack:
    path = tmp_path / "pack.toml"
    path.write_text(text)
    return read_pack(path, row)


@pytest.mark.parametrize("row", ASKABLE, ids=lambda row: row.id)
def test_every_instrument_that_may_be_asked_takes_a_pack_with_a_text_for_each_question(
    tmp_path: Path, row: Instrument
) -> None:
    pack = read(tmp_path, row, pack_text(row))
    form = asked_form(row, pack)
    assert [question.text for question in form.questions] == [f"Statement {n + 1}." for n in range(row.asked)]
    checked_against = answer_form(row).questions
    assert [(q.id, q.kind, q.low, q.high, len(q.options)) for q in form.questions] == [
        (q.id, q.kind, q.low, q.high, len(q.options)) for q in checked_against
    ]


def test_answers_say_which_texts_they_were_given_to(tmp_path: Path) -> None:
    row = instrument("pseq")
    pack = read(tmp_path, row, pack_text(row))
    assert form_version(row) == asked_form(instrument("nrs-worst")).version == "1"
    assert form_version(row, pack) == asked_form(row, pack).version == "1 nb-NO test-1"


def test_each_item_may_have_ends_of_its_own_and_each_value_a_name(tmp_path: Path) -> None:
    row = instrument("bipq")
    own = "".join(f'[[items]]\ntext = "Statement {n}."\nlow_label = "low {n}"\n' for n in range(8))
    form = asked_form(row, read(tmp_path, row, pack_text(row, items=0) + own))
    assert [(q.low_label, q.high_label) for q in form.questions][5:7] == [
        ("low 5", "very much"),
        ("low 6", "very much"),
    ]
    row = instrument("phq-8")
    first = asked_form(row, read(tmp_path, row, pack_text(row, options=4, ends=False))).questions[0]
    assert first.hint == "0 Choice 0; 1 Choice 1; 2 Choice 2; 3 Choice 3"
    assert (first.kind, first.low_label, first.high_label) == (Kind.SCALE, "Choice 0", "Choice 3")


@pytest.mark.parametrize("row", ASKABLE, ids=lambda row: row.id)
def test_a_pack_with_one_text_or_one_option_too_many_or_too_few_is_refused(tmp_path: Path, row: Instrument) -> None:
    for items in {row.asked - 1, row.asked + 1} - {0}:
        with pytest.raises(ContentError, match=f"{items} texts; expected {row.asked}, one for each question"):
            read(tmp_path, row, pack_text(row, items=items))
    options = max(row.options_wanted) + 1
    with pytest.raises(ContentError, match=f"{options} options; expected .* options"):
        read(tmp_path, row, pack_text(row, options=options))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('instrument = "pseq"', 'instrument = "phq-8"'), "texts of phq-8; expected texts of pseq"),
        (('instrument_version = "1"', 'instrument_version = "2"'), "for version 2; expected version 1"),
        (('language = "nb-NO"', 'language = "Norwegian"'), "language"),
        (('permission = "made up for a test of this program"', 'permission = ""'), "permission"),
        (("permission", "# permission"), "permission"),
        (('version = "test-1"\n', 'version = "a b"\n'), "version"),
        (('text = "Statement 3."', 'text = "So?"'), "items.2.text"),
        (('low_label = "very little"', ""), "a scale without names"),
        (('text = "Statement 3."', 'txt = "Statement 3."'), "items.2"),
        (("[[items]]", "[[items"), "pack.toml"),
    ],
)
def test_a_pack_that_does_not_fit_is_refused_in_words(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    row = instrument("pseq")
    whole = pack_text(row)
    assert change[0] in whole
    with pytest.raises(ContentError, match=said):
        read(tmp_path, row, whole.replace(*change))


def test_a_version_that_exists_in_one_language_is_asked_in_that_one(tmp_path: Path) -> None:
    row = instrument("rmdq-23")
    with pytest.raises(ContentError, match="texts in 'en'; expected one of da"):
        read(tmp_path, row, pack_text(row).replace('"da"', '"en"'))


def test_a_pack_that_is_not_there_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="can't be read"):
        read_pack(tmp_path / "none.toml", instrument("pseq"))


def test_the_pack_that_the_readme_shows_is_one() -> None:
    readme = (Path(__file__).parents[3] / "data" / "questionnaires" / "README.md").read_text(encoding="utf-8")
    shown = tomllib.loads(readme.split("```toml\n")[1].split("```")[0])
    pack = ItemPack.model_validate(shown)
    assert pack.instrument_version == instrument(pack.instrument).version
