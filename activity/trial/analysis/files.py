"""The files of an analysis as text: protocol, people, observations and results; and people from them again."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from activity.errors import TrialDataError
from activity.trial.analysis.results import COLUMNS, Result
from activity.trial.outcomes import (
    OBSERVATION_COLUMNS,
    PEOPLE_COLUMNS,
    Subject,
    from_rows,
    observation_rows,
    people_rows,
)
from activity.trial.protocol import Protocol, protocol_from_document

STUDY: Final = "study.json"
PEOPLE: Final = "people.csv"
OBSERVATIONS: Final = "observations.csv"
RESULTS: Final = "results.csv"


def analysis_files(protocol: Protocol, people: Sequence[Subject], found: Iterable[Result]) -> dict[str, str]:
    """Return the text of each file by its name; the first three are all that the last one rests on."""
    rows = people_rows(people)
    named = list(dict.fromkeys((*PEOPLE_COLUMNS, *(name for row in rows for name in row))))
    return {
        STUDY: json.dumps(protocol.document(), indent=1, ensure_ascii=False, allow_nan=False) + "\n",
        PEOPLE: _table(named, rows),
        OBSERVATIONS: _table(OBSERVATION_COLUMNS, observation_rows(people)),
        RESULTS: _table(COLUMNS, [asdict(one) for one in found]),
    }


def read_people(texts: Mapping[str, str]) -> tuple[Protocol, tuple[Subject, ...]]:
    """Return the protocol and the people that files were written of; ``ContentError`` or `TrialDataError`."""
    try:
        document = json.loads(texts[STUDY])
    except (ValueError, RecursionError) as error:
        raise TrialDataError(
            f"not JSON: {error}", STUDY, "the protocol as `trial analyse --output` wrote it"
        ) from error
    if not isinstance(document, dict):
        raise TrialDataError("not a protocol", STUDY, "the protocol as `trial analyse --output` wrote it")
    protocol = protocol_from_document(document)
    return protocol, from_rows(protocol, _read(texts[PEOPLE]), _read(texts[OBSERVATIONS]))


def _table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Return rows as CSV; None is an empty cell, and a number keeps all its digits, so that it reads back the same."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return out.getvalue()


def _cell(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else "" if value is None else value


def _read(text: str) -> list[dict[str, str]]:
    return [dict(row) for row in csv.DictReader(io.StringIO(text), restval="", restkey="")]
