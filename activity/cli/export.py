"""``selfback export``: recordings and studies in the forms of others."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from activity.cli import console
from activity.cli.storing import opened, store_option, who_option
from activity.cli.trialing import as_of, date_option, json_option

if TYPE_CHECKING:
    from activity.day.summary import DaySummary
    from activity.export.tables_like import Column

_RESULTS = click.argument("results", metavar="RESULTS", type=click.Path(path_type=Path))
_RECORDINGS = click.argument("recordings", nargs=-1, metavar="[RECORDING...]")


@click.group(short_help="Write what is held in the forms of others.")
def command() -> None:
    """Write recordings and studies in the forms of others; what means something else there isn't written as the same.

    RESULTS is the folder that `selfback process` wrote.
    """


@command.command(short_help="Days as GGIR's part2_daysummary has them.")
@_RESULTS
@_RECORDINGS
@click.option("--output", type=click.Path(path_type=Path), required=True, help="Folder for the table.")
@json_option
def ggir(results: Path, recordings: tuple[str, ...], *, output: Path, as_json: bool) -> None:
    """Write days as GGIR's part2_daysummary.csv has them, and columns.json that says where a meaning differs."""
    from activity.export.tables_like import GGIR_DAYS

    _table(results, recordings, output / "part2_daysummary.csv", GGIR_DAYS, as_json=as_json)


@command.command(short_help="Days as stepcount's Daily table has them.")
@_RESULTS
@_RECORDINGS
@click.option("--output", type=click.Path(path_type=Path), required=True, help="Folder for the table.")
@json_option
def stepcount(results: Path, recordings: tuple[str, ...], *, output: Path, as_json: bool) -> None:
    """Write days as stepcount's Daily table has them, and columns.json that says where a meaning differs."""
    from activity.export.tables_like import STEPCOUNT_DAYS

    _table(results, recordings, output / "Daily.csv", STEPCOUNT_DAYS, as_json=as_json)


@command.command(short_help="Days as IEEE 1752.1 data points.")
@_RESULTS
@_RECORDINGS
@click.option("--id", "id_", default=None, help="Name of the person in the data points.  [default: the recording's]")
@json_option
def ieee1752(results: Path, recordings: tuple[str, ...], *, id_: str | None, as_json: bool) -> None:
    """Print each valid day as IEEE 1752.1 data points of physical activity, one JSON document a line."""
    from activity.export.ieee1752 import data_points

    del as_json  # it is JSON either way
    for name, info in _infos(results, recordings).items():
        days, rows = _days(results, name)
        intensity = {row["date"].isoformat(): _intensity(row) for row in rows}
        for point in data_points(id_ or name, days, intensity, _made(info)):
            console.emit_json(point)
        _say_left_out(name, days)


@command.command(short_help="Days and answers as a FHIR R4 bundle.")
@_RESULTS
@_RECORDINGS
@click.option("--id", "id_", default=None, help="Whose recordings they are; with --answers, of the store.")
@click.option("--answers", is_flag=True, help="The answers of ID, too.")
@store_option
@json_option
def fhir(
    results: Path, recordings: tuple[str, ...], *, id_: str | None, answers: bool, store: str | None, as_json: bool
) -> None:
    """Print days, and where asked answers to questionnaires, as one FHIR R4 bundle."""
    from datetime import UTC, datetime

    from activity.export.fhir import bundle, day_observations

    del as_json  # it is JSON either way
    if answers and id_ is None:
        raise click.UsageError("--answers goes with --id")
    found: list[dict[str, Any]] = []
    for name in _infos(results, recordings):
        days, rows = _days(results, name)
        found += day_observations(
            id_ or name, days, {row["date"].isoformat(): row.get("mvpa_cadence_minutes") for row in rows}
        )
        _say_left_out(name, days)
    if answers:
        found += _answers(store, id_ or "")
    console.emit_json(bundle(found, datetime.now(UTC)))


@command.command(short_help="A study as REDCap takes it.")
@click.option("--output", type=click.Path(path_type=Path), required=True, help="Folder for dictionary and records.")
@click.option("--results", type=click.Path(path_type=Path), default=None,
              help="Folder that `selfback process` wrote; days of bands go to whoever wears them.")  # fmt: skip
@date_option
@store_option
@json_option
def redcap(*, output: Path, results: Path | None, date_: str | None, store: str | None, as_json: bool) -> None:
    """Write the study in the store as REDCap takes it: data dictionary, events, and one flat table of records."""
    from activity.export import redcap as form
    from activity.reprocess.output import write_page
    from activity.store.exported import exported
    from activity.store.study import study

    days = _days_by_band(results) if results else {}
    with opened(store) as kept, kept.reading() as connection:
        protocol = study(connection).protocol
        found = exported(connection, protocol, as_of(date_), days)
    rows = form.records(protocol, found.enrolled, found.answered, found.repeated)
    tables = (
        ("data_dictionary.csv", form.DICTIONARY_COLUMNS, form.data_dictionary(protocol)),
        ("events.csv", ("arm_num", "unique_event_name", "form"), form.event_table(protocol)),
        ("records.csv", form.record_columns(protocol), rows),
    )
    for name, columns, table in tables:
        write_page(output / name, form.csv_text(columns, table))
    said = {"people": len(found.enrolled), "records": len(rows), "output": str(output)}
    if as_json:
        console.emit_json(said)
    else:
        console.emit(f"{said['people']} people, {said['records']} rows: {output}")


@command.command(short_help="Answers from REDCap's records, into the store.")
@click.argument("records", type=click.Path(path_type=Path), metavar="RECORDS.csv")
@click.option("--dry-run", is_flag=True, help="Say what is new, and keep nothing.")
@store_option
@who_option
@json_option
def from_redcap(records: Path, *, dry_run: bool, store: str | None, who: str, as_json: bool) -> None:
    """Keep the answers in RECORDS.csv, REDCap's flat export, that aren't in the store yet.

    Answers are checked as if they were asked; one that can't be refuses the whole file, by record and field.
    """
    from activity.export.redcap import answers_of
    from activity.store.exported import keep_new_answers, new_answers
    from activity.store.study import study
    from activity.store.writing import writing

    new = 0
    with opened(store) as kept:
        with kept.reading() as connection:
            found = answers_of(study(connection).protocol, _read_csv(records))
            if dry_run:
                new = len(new_answers(connection, found))
        if not dry_run:
            with writing(kept, who, "export from-redcap") as write:
                new = keep_new_answers(write, found)
    said = {"answers": len(found), "new": new, "kept": 0 if dry_run else new}
    if as_json:
        console.emit_json(said)
    else:
        console.emit(f"{said['answers']} sets of answers, {said['new']} of them new, {said['kept']} kept")


def _infos(results: Path, recordings: Sequence[str]) -> dict[str, dict[str, Any]]:
    from activity.reprocess.results import infos_named

    return infos_named(results, recordings)


def _days(results: Path, name: str) -> "tuple[tuple[DaySummary, ...], list[dict[str, Any]]]":
    from activity.reprocess.results import day_rows, days_of

    return days_of(results, name), day_rows(results, name)


def _table(
    results: Path, recordings: tuple[str, ...], path: Path, columns: "tuple[Column, ...]", *, as_json: bool
) -> None:
    import json

    from activity.export.redcap import csv_text
    from activity.export.tables_like import described, export_row, table_like
    from activity.reprocess.output import write_page

    rows = [
        export_row(name, info["input"]["name"], row)
        for name, info in _infos(results, recordings).items()
        for row in _days(results, name)[1]
    ]
    table = [
        {name: "" if value is None else str(value) for name, value in row.items()} for row in table_like(columns, rows)
    ]
    write_page(path, csv_text([column.name for column in columns], table))
    about = path.with_name("columns.json")
    write_page(about, json.dumps(described(columns), indent=1, ensure_ascii=False) + "\n")
    if as_json:
        console.emit_json({"table": str(path), "columns": str(about), "days": len(table)})
    else:
        console.emit(str(path))


def _intensity(row: dict[str, Any]) -> tuple[float | None, float | None]:
    """Return minutes of moderate and of vigorous activity by cadence; moderate is what isn't vigorous."""
    mvpa, vigorous = row.get("mvpa_cadence_minutes"), row.get("vigorous_cadence_minutes")
    return (None if mvpa is None or vigorous is None else mvpa - vigorous), vigorous


def _made(info: dict[str, Any]) -> Any:
    """Return when a recording ended: its figures are the same whenever they are made."""
    from datetime import datetime

    return datetime.fromisoformat(info["signal"]["stop"])


def _say_left_out(name: str, days: "tuple[DaySummary, ...]") -> None:
    short = sum(not day.quality.valid or day.steps is None for day in days)
    if short:
        console.note(f"{name}: {short} of {len(days)} days left out, with too little wear to judge")


def _days_by_band(results: Path) -> "dict[str, tuple[DaySummary, ...]]":
    """Return the days of each band, by its serial number; recordings of no band are left out."""
    found: dict[str, tuple[DaySummary, ...]] = {}
    for name, info in _infos(results, ()).items():
        serial = info["band"]["serial"]
        if serial:
            found[serial] = (*found.get(serial, ()), *_days(results, name)[0])
    return found


def _answers(store: str | None, id_: str) -> list[dict[str, Any]]:
    from activity.export.fhir import Answered, pain_observation, questionnaire, questionnaire_response
    from activity.questionnaires.instrument import item_answers
    from activity.questionnaires.scoring import score
    from activity.store.exported import answers_of_person
    from activity.store.participants import participant

    with opened(store) as kept, kept.reading() as connection:
        one = participant(connection, id_)
        answered = [
            Answered(row, day, document, score(row, item_answers(row, document)))
            for row, day, document in answers_of_person(connection, one)
        ]
    asked = {said.instrument.id: said.instrument for said in answered}
    found = [questionnaire(row) for row in asked.values()]
    for said in answered:
        found.append(questionnaire_response(one.id, said))
        pain = pain_observation(one.id, said) if said.instrument.id == "nrs-average" else None
        found += [pain] if pain else []
    return found


def _read_csv(path: Path) -> list[dict[str, str]]:
    import csv

    from activity.errors import AnswerError

    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return [dict(row) for row in csv.DictReader(file, restkey="", restval="")]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise AnswerError(f"can't be read: {error}", str(path), "the flat CSV export of REDCap") from error
