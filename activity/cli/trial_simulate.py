"""``selfback trial simulate``: a study that nobody lives, with the store, coach and analysis of a real one."""

import itertools
import time
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import click

from activity.cli import console
from activity.cli.trialing import json_option

if TYPE_CHECKING:
    from collections.abc import Callable

    from activity.day.summary import DaySummary
    from activity.trial.analysis.results import Result
    from activity.trial.analysis.study import StudyAnalysis
    from activity.trial.protocol import Protocol
    from activity.trial.published import Design
    from activity.trial.virtual.study import Wanted

STORE, KEY, ANALYSIS = Path("store", "study.db"), Path("key", "study.key"), Path("analysis")
BANDS = Path("bands")


@click.command(
    short_help="Let virtual people live through a study, and analyse it.",
    epilog="Nobody's data stand behind it. Courses are drawn to the published design, so that the truth is known, and "
    "it is printed beside what the analysis found.",
)
@click.argument("study", type=click.Path(path_type=Path, exists=True), metavar="[STUDY.toml]", required=False)
@click.option("--output", type=click.Path(path_type=Path), default=None, help="New folder for store, key and analysis.")
@click.option("--people", type=click.IntRange(20, 10_000), default=461, show_default=True, help="To be randomised.")
@click.option("--weeks", type=click.IntRange(1, 104), default=39, show_default=True, help="That the app is used.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Of all that is drawn.")
@click.option("--band-days", type=click.IntRange(0, 1000), default=2, show_default=True,
              help="Days that are moved on a simulated wrist, fetched over the air and recognised.")  # fmt: skip
@click.option("--no-effect", is_flag=True, help="A treatment that does nothing.")
@click.option("--trials", type=click.IntRange(2, 100_000), default=None, metavar="N",
              help="Instead: draw and analyse the primary outcome of N trials, and say how it did.")  # fmt: skip
@click.option("--pdf", is_flag=True, help="Write the report as PDF, too (needs the extra `trial`).")
@json_option
def simulate(
    study: Path | None, *, output: Path | None, people: int, weeks: int, seed: int, band_days: int, no_effect: bool,
    trials: int | None, pdf: bool, as_json: bool,
) -> None:  # fmt: skip
    """Let virtual people live through a study by STUDY.toml, or the shipped one, and analyse what came of it.

    Screening, consent, randomisation, check-ins, weekly plans, visits and the analysis are those of a real study, in a
    store of its own in the folder --output.
    """
    if trials is not None:
        if output is not None or study is not None:
            raise click.UsageError("--trials draws the published design and writes nothing: no STUDY.toml, no --output")
        _many(trials, seed, no_effect=no_effect, as_json=as_json)
        return
    if output is None:
        raise click.UsageError("a new folder: --output")
    from activity.trial.virtual.study import Wanted

    wanted = Wanted(people=people, weeks=weeks, seed=seed, band_days=band_days)
    _one(study, output, wanted, no_effect=no_effect, pdf=pdf, as_json=as_json)


def _one(file: Path | None, output: Path, wanted: "Wanted", *, no_effect: bool, pdf: bool, as_json: bool) -> None:
    from activity.cli.trial_report import gather, write_report, write_tables
    from activity.cli.trialing import begin
    from activity.errors import OutputError
    from activity.store.engine import open_store
    from activity.store.week import load_coach
    from activity.trial.analysis.results import results
    from activity.trial.analysis.study import analyse_study
    from activity.trial.key import read_key
    from activity.trial.pins import pins
    from activity.trial.published import Design
    from activity.trial.virtual.study import simulate_study

    if output.exists() and any(output.iterdir()):
        raise OutputError("it isn't empty", str(output), "a new folder", "name another with --output")
    began_s = time.monotonic()
    protocol, design = _virtual(file), Design().without_effect() if no_effect else Design()
    (output / KEY).parent.mkdir(parents=True, exist_ok=True)
    store = open_store(str(output / STORE))
    try:
        begin(store, protocol, pins(protocol.model), output / KEY, "staff", draw=Random(wanted.seed).randbytes)  # noqa: S311
        worn = _by_band(output / BANDS, wanted.seed)
        run = simulate_study(store, read_key(output / KEY), wanted, load_coach(), design=design, by_band=worn)
        with console.progress("weeks") as display:
            task = display.add_task("weeks", total=wanted.calendar_weeks)
            for done in run:
                display.update(task, completed=done.week)
        lived_s = time.monotonic() - began_s
        study = gather(store, lambda _: wanted.last_day)
    finally:
        store.close()
    found = analyse_study(protocol, study.people, wanted.seed)
    rows = results(protocol, found)
    write_tables(output / ANALYSIS, protocol, study.people, rows)
    write_report(output / ANALYSIS, study, found, rows, seed=wanted.seed, published=not no_effect, pdf=pdf)
    console.note(
        f"{done.screened} screened, {done.randomised} randomised, {done.plans} weekly plans, {done.band_days} days by "
        f"band; lived in {lived_s:.0f} s, analysed in {time.monotonic() - began_s - lived_s:.0f} s"
    )
    _beside_truth(protocol, design, found, rows, as_json=as_json)


def _beside_truth(
    protocol: "Protocol", design: "Design", found: "StudyAnalysis", rows: "tuple[Result, ...]", *, as_json: bool
) -> None:
    """Say what was found beside what was drawn."""
    from activity.report.trial_page import answer_lines
    from activity.trial.analysis.results import result_id
    from activity.trial.virtual.courses import true_difference_of_eligible

    primary, arm = protocol.primary, protocol.arm[1]
    place = next(place for place, visit in enumerate(protocol.visit) if visit.id == primary.visit)
    least = next((one.at_least for one in protocol.criterion if one.instrument == primary.instrument), None) or 0.0
    truth = true_difference_of_eligible(design, least, place)
    id_ = result_id("means", primary.instrument, primary.visit, arm.id, "difference")
    row = next((one for one in rows if one.id == id_), None)
    if as_json:
        for one in rows:
            console.emit_json(asdict(one))
        console.emit_json({"id": "truth", "value": truth.value, "error": truth.error})
        return
    for line in answer_lines(protocol, found):
        console.emit(line.text)
    if row is not None and row.low is not None and row.high is not None:
        inside = "holds it" if row.low <= truth.value <= row.high else "doesn't hold it, as one in twenty won't"
        console.emit(f"The true difference is {truth.value:.2f}; the interval {inside}.")


def _many(trials: int, seed: int, *, no_effect: bool, as_json: bool) -> None:
    from activity.trial.published import Design, performance, true_difference
    from activity.trial.virtual.many import analyse_many

    design = Design().without_effect() if no_effect else Design()
    truth = true_difference(design).value + 0.0  # no minus before a zero
    (found,) = analyse_many(((design, 0),), trials, first_seed=seed)
    done = performance(found, truth)
    if as_json:
        console.emit_json({"truth": truth, **asdict(done)})
        return
    console.emit(f"{done.trials} trials of 461 people, true difference {truth:.2f} points at 3 months")
    power = "error of the first kind" if no_effect else "power"
    for said, rate in (
        ("bias, points", done.bias), ("coverage of 95 % intervals", done.coverage),
        ("mean standard error", done.mean_se), ("spread of the estimates", done.empirical_se), (power, done.rejected),
    ):  # fmt: skip
        console.emit(f"  {said}: {rate.value:.3f} (± {rate.error:.3f})")
    console.emit(f"  trials with a fall-back: {done.fallbacks}")


def _by_band(folder: Path, seed: int) -> "Callable[[DaySummary], DaySummary]":
    """Return what makes a day one that a simulated band recorded; the model is loaded at the first."""
    from functools import cache

    from activity.classify.artefact import DEFAULT_MODEL, load_model
    from activity.cli.band_day import day_by_band

    model = cache(lambda: load_model(DEFAULT_MODEL))
    count = itertools.count(seed)
    return lambda day: day_by_band(day, model(), folder / f"day-{next(count)}", seed)


def _virtual(study: Path | None) -> "Protocol":
    from activity.trial.protocol import load_protocol

    found = load_protocol(study)
    return found.model_copy(
        update={"virtual": True, "title": f"Virtual: {found.title}", "registry": "Nobody of this study lived"}
    )
