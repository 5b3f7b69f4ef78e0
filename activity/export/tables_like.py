"""Tables of days as GGIR and stepcount write them, as far as ours mean the same; what differs is said beside them.

Column names: GGIR's ``part2_daysummary.csv`` (Migueles et al. 2019, J Meas Phys Behav 2:188) and stepcount's ``Daily``
table (Small et al. 2024, Med Sci Sports Exerc 56:1945). Columns whose meaning isn't ours aren't filled with something
else: they aren't there.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of another program's table, the column of ours that it is, and where its meaning differs."""

    name: str
    ours: str
    differs: str = ""  #: empty where it means the same
    scale: float = 1.0


GGIR_DAYS: Final = (
    Column("ID", "recording", "the name of the recording, unless --id names the person"),
    Column("filename", "input"),
    Column("calendar_date", "date"),
    Column("weekday", "weekday"),
    Column("N valid hours", "wear_minutes", "hours worn by our detector of wear, not 15-minute blocks", 1 / 60),
    Column("N hours", "length_minutes", "hours of the local day: 23 and 25 at changes of the clock", 1 / 60),
    Column("mean_ENMO_mg_0-24hr", "mean_enmo_mg", "of worn time only; missing and unworn time isn't imputed"),
    Column("L5hr_ENMO_mg_0-24hr", "l5_hour", "start of the least active five hours, as a clock hour"),
    Column("L5_ENMO_mg_0-24hr", "l5_enmo_mg", "None unless the whole day was worn"),
    Column("M10hr_ENMO_mg_0-24hr", "m10_hour", "start of the most active ten hours, as a clock hour"),
    Column("M10_ENMO_mg_0-24hr", "m10_enmo_mg", "None unless the whole day was worn"),
)

STEPCOUNT_DAYS: Final = (
    Column("Filename", "input"),
    Column("Date", "date"),
    Column("Steps", "steps", "None, not a low number, on a day without wear"),
    Column("StepsAdjusted", "steps_adjusted", "time that wasn't worn is filled from the same minutes of other days"),
    Column("Walking(mins)", "walking_minutes", "from the classifier, not from minutes with steps"),
    Column("CadencePeak1(steps/min)", "peak_1min_spm"),
    Column("CadencePeak30(steps/min)", "peak_30min_spm"),
    Column("ENMO(mg)", "mean_enmo_mg", "of worn time only"),
    Column("WearTime(hours)", "wear_minutes", "by our detector of wear", 1 / 60),
)


def table_like(columns: tuple[Column, ...], rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Return rows under other names; what isn't known stays None."""
    return [{column.name: _value(column, row.get(column.ours)) for column in columns} for row in rows]


def described(columns: tuple[Column, ...]) -> list[dict[str, Any]]:
    """Return what each column is of ours, and where it differs from the program that it is named after."""
    return [
        {"name": column.name, "selfback": column.ours, "same_meaning": not column.differs, "differs": column.differs}
        for column in columns
    ]


def export_row(recording: str, source: str, row: Row) -> dict[str, Any]:
    """Return a day of `days.parquet` with what the other tables want beside it."""
    day = row["date"]
    return {
        **row,
        "recording": recording,
        "input": source,
        "date": day.isoformat(),
        "weekday": f"{day:%A}",
        "l5_hour": _hour(row.get("l5_start")),
        "m10_hour": _hour(row.get("m10_start")),
    }


def _value(column: Column, value: Any) -> Any:
    if column.scale == 1.0 or value is None:
        return value
    return round(float(value) * column.scale, 4)


def _hour(clock: str | None) -> float | None:
    if not clock:
        return None
    hour, minute = clock.split(":")
    return round(int(hour) + int(minute) / 60, 4)
