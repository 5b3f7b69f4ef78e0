"""What the commands of a study share to analyse a store: gathering what is in it, and writing tables and report."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from activity.questionnaires.value_set import ValueSet
    from activity.report.trial_page import Harms
    from activity.store.course import Harm
    from activity.store.engine import Store
    from activity.store.participants import Participant
    from activity.trial.analysis.results import Result
    from activity.trial.analysis.study import StudyAnalysis
    from activity.trial.consort import Flow
    from activity.trial.outcomes import Subject
    from activity.trial.protocol import Protocol

PAGE, PDF, FLOW = "report.html", "report.pdf", "flow.svg"
COUNTS, HARMS = "flow.csv", "harms.csv"


@dataclass(frozen=True, slots=True)
class Gathered:
    """A study as it stands on a day."""

    protocol: "Protocol"
    people: "tuple[Subject, ...]"
    flow: "Flow"
    harms: "tuple[Harm, ...]"


def gather(kept: "Store", today: "Callable[[Participant], date]", values: "ValueSet | None" = None) -> Gathered:
    """Return what a store holds of its study."""
    from activity.store.allocation import erased_places
    from activity.store.course import courses, harms
    from activity.store.outcomes import subjects
    from activity.store.study import study
    from activity.trial.consort import flow

    with kept.reading() as connection:
        protocol = study(connection).protocol
        people = subjects(connection, protocol, today, values)
        found = flow(protocol, courses(connection, protocol, today), erased_places(connection))
        return Gathered(protocol, people, found, harms(connection, protocol))


def write_tables(output: Path, protocol: "Protocol", people: "tuple[Subject, ...]", rows: "tuple[Result, ...]") -> None:
    """Write the protocol, the people, their observations and the results into a folder."""
    from activity.reprocess.output import write_page
    from activity.trial.analysis.files import analysis_files

    for name, text in analysis_files(protocol, people, rows).items():
        write_page(output / name, text)


def write_report(
    output: Path, study: Gathered, found: "StudyAnalysis", rows: "tuple[Result, ...]", *, seed: int,
    published: bool = False, pdf: bool = False,
) -> None:  # fmt: skip
    """Write the page of a study and its flow diagram, and where asked the page as PDF."""
    from importlib.metadata import version

    from activity.cli.main import INTENDED_USE
    from activity.report.pdf import write_pdf
    from activity.report.trial_page import TrialData, render_trial
    from activity.reprocess.output import write_page, write_rows
    from activity.trial.consort import flow_rows
    from activity.trial.flow_diagram import flow_diagram
    from activity.trial.published_table import beside, load_published

    protocol = study.protocol
    page = render_trial(
        TrialData(
            protocol=protocol,
            flow=study.flow,
            analysis=found,
            harms=tuple(_harms(protocol, one) for one in study.harms),
            published=beside(load_published(), rows) if published else (),
            provenance=(
                ("Protocol", f"{protocol.id}, version {protocol.version}, {protocol.digest}"),
                ("Program", f"selfback {version('selfback')}"),
                ("Seed of the imputations", str(seed)),
            ),
            intended_use=INTENDED_USE,
        )
    )
    write_page(output / PAGE, page)
    write_page(output / FLOW, flow_diagram(study.flow))
    write_rows(output / COUNTS, flow_rows(study.flow))
    write_rows(output / HARMS, [asdict(one) for one in study.harms])
    if pdf:
        write_pdf(page, output / PDF)


def _harms(protocol: "Protocol", one: "Harm") -> "Harms":
    from activity.report.trial_page import Harms

    told = (
        f"{one.events} adverse events of {one.people} people, {one.serious} serious, {one.related} may be related; "
        f"{one.suspected} found by rule, to be judged"
    )
    return Harms(protocol.arm_title(one.arm), told)
