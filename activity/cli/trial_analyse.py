"""``selfback trial analyse``: what a study says, from the first table to the last figure."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from activity.cli import console
from activity.cli.storing import opened, store_option
from activity.cli.trialing import as_of, date_option, json_option

if TYPE_CHECKING:
    from activity.trial.analysis.results import Result
    from activity.trial.analysis.study import StudyAnalysis
    from activity.trial.outcomes import Subject
    from activity.trial.protocol import Protocol


@click.command(
    short_help="Analyse a study as its protocol lays down.",
    epilog="What can't be done as laid down is named, with what was done instead. The same store and seed give the "
    "same figures.",
)
@click.option("--output", type=click.Path(path_type=Path), default=None, help="Folder for tables and report.")
@click.option("--pdf", is_flag=True, help="Write the report as PDF, too (needs the extra `trial`).")
@click.option("--from", "from_", type=click.Path(path_type=Path), default=None,
              help="Analyse the tables that an earlier --output wrote, instead of a store.")  # fmt: skip
@click.option("--value-set", type=click.Path(path_type=Path), default=None, help="Value set of EQ-5D-5L for a country.")
@click.option("--published", is_flag=True, help="Lay the published figures of selfBACK beside these.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Of the imputations.")
@date_option
@store_option
@json_option
def analyse(
    *, output: Path | None, pdf: bool, from_: Path | None, value_set: Path | None, published: bool, seed: int,
    date_: str | None, store: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Analyse a study as its protocol lays down: everybody as randomised, all outcomes at all visits.

    With --output: people.csv and observations.csv, whose rows name those of the store, results.csv with every figure
    by a name of its own, and report.html, on which each figure carries that name.
    """
    from activity.cli.trial_report import gather, write_report, write_tables
    from activity.questionnaires.value_set import read_value_set
    from activity.trial.analysis.results import results
    from activity.trial.analysis.study import analyse_study

    if pdf and (output is None or from_ is not None):
        raise click.UsageError("--pdf goes with --output, and with a store: tables alone don't say who came how far")
    study = None
    if from_ is not None:
        protocol, people = _read_folder(from_)
    else:
        with opened(store) as kept:
            study = gather(kept, as_of(date_), read_value_set(value_set) if value_set else None)
        protocol, people = study.protocol, study.people
    found = analyse_study(protocol, people, seed)
    rows = results(protocol, found)
    if output is not None:
        write_tables(output, protocol, people, rows)
        if study is not None:
            write_report(output, study, found, rows, seed=seed, published=published, pdf=pdf)
    _say(protocol, found, rows, published=published, as_json=as_json)


def _read_folder(folder: Path) -> "tuple[Protocol, tuple[Subject, ...]]":
    from activity.errors import TrialDataError
    from activity.trial.analysis.files import OBSERVATIONS, PEOPLE, STUDY, read_people

    texts = {}
    for name in (STUDY, PEOPLE, OBSERVATIONS):
        try:
            texts[name] = (folder / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            expected = "the folder that `trial analyse --output` wrote"
            raise TrialDataError(f"can't be read: {error}", str(folder / name), expected) from error
    return read_people(texts)


def _say(
    protocol: "Protocol", found: "StudyAnalysis", rows: "tuple[Result, ...]", *, published: bool, as_json: bool
) -> None:
    from dataclasses import asdict

    from activity.report.trial_page import all_fallbacks, answer_lines
    from activity.trial.analysis.tables import as_text
    from activity.trial.published_table import beside, load_published

    if as_json:
        for row in rows:
            console.emit_json(asdict(row))
    else:
        for line in answer_lines(protocol, found):
            console.emit(line.text)
        console.emit("")
        console.emit(as_text((*found.means, *found.shares)).rstrip())
        for way in found.other_ways:
            bounds = f"{way.difference.value:.2f} ({way.difference.low:.2f} to {way.difference.high:.2f})"
            console.emit(f"{way.way}: {bounds}, {way.people} people; {way.note or way.model}")
        if published:
            console.emit("\nBeside what was published:")
            for one in beside(load_published(), rows):
                console.emit(f"  {one.what}: published {one.published}; here {one.ours}")
    for outcome, fallback in all_fallbacks(found):
        console.note(f"{outcome}: {fallback}")
    for missing in found.not_done:
        console.note(f"not done: {missing.what}: {missing.why}")
