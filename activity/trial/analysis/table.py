"""The table every analysis starts from: one outcome, a row a person, a column a visit, checked once at the door."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from activity.errors import DuplicateVisitError, EmptyCellError, OneArmError, TooFewPeopleError, TrialDataError

#: Below this an interval from large-sample theory is a guess (design default).
MIN_PEOPLE_PER_ARM: Final = 10


@dataclass(frozen=True, slots=True, eq=False)
class OutcomeTable:
    """One outcome of everybody who was randomised; NaN is a value that wasn't observed.

    ``arms[0]`` is the reference and ``visits[0]`` the baseline. Raises the children of ``TrialDataError``.
    """

    person: tuple[str, ...]
    arms: tuple[str, ...]
    arm: NDArray[np.intp]  #: (n_people,) index into ``arms``, read-only
    visits: tuple[str, ...]
    values: NDArray[np.float64]  #: (n_people, n_visits), read-only
    strata: Mapping[str, NDArray[np.str_]]  #: factor of the randomisation -> (n_people,) level

    def __post_init__(self) -> None:
        _check_shapes(self)
        _check_people(self)
        for name in ("arm", "values"):
            view = getattr(self, name).view()
            view.flags.writeable = False
            object.__setattr__(self, name, view)
        object.__setattr__(self, "strata", MappingProxyType(dict(self.strata)))

    @property
    def baseline(self) -> NDArray[np.float64]:
        """(n_people,) value of the first visit."""
        return self.values[:, 0]

    def visit(self, name: str) -> int:
        """Return the column of a visit."""
        if name not in self.visits:
            raise TrialDataError(f"no visit {name!r}", expected=f"one of {', '.join(self.visits)}")
        return self.visits.index(name)

    def arm_index(self, name: str) -> int:
        """Return the index of an arm."""
        if name not in self.arms:
            raise TrialDataError(f"no arm {name!r}", expected=f"one of {', '.join(self.arms)}")
        return self.arms.index(name)

    def with_values(self, values: NDArray[np.float64]) -> "OutcomeTable":
        """Return the same people with other values of the same shape."""
        return OutcomeTable(self.person, self.arms, self.arm, self.visits, values, self.strata)

    def only(self, chosen: NDArray[np.bool_]) -> "OutcomeTable":
        """Return the table of the people chosen by a mask."""
        person = tuple(name for name, taken in zip(self.person, chosen, strict=True) if taken)
        strata = {factor: level[chosen] for factor, level in self.strata.items()}
        return OutcomeTable(person, self.arms, self.arm[chosen], self.visits, self.values[chosen], strata)


def from_long(
    frame: pd.DataFrame,
    *,
    outcome: str,
    arms: Sequence[str],
    visits: Sequence[str],
    strata: Sequence[str] = (),
    person: str = "person",
    arm: str = "arm",
    visit: str = "visit",
) -> OutcomeTable:
    """Return the table in a frame with a row for each person and visit; a row that isn't there is a missing value.

    ``arms`` begins with the reference, ``visits`` with the baseline; other visits in the frame are refused.
    """
    wanted = [person, arm, visit, outcome, *strata]
    if absent := [column for column in wanted if column not in frame.columns]:
        raise TrialDataError(f"no column {', '.join(map(repr, absent))}", expected=f"columns {', '.join(wanted)}")
    rows = frame[wanted]
    if rows[[person, arm, visit, *strata]].isna().to_numpy().any():
        raise TrialDataError("a row without a person, an arm, a visit or a stratum", expected="only outcomes missing")
    _refuse_unknown(rows[visit], visits, "visit")
    _refuse_unknown(rows[arm], arms, "arm")
    twice = rows.duplicated([person, visit])
    if twice.any():
        first = rows[twice].iloc[0]
        raise DuplicateVisitError(f"{int(twice.sum())} row(s) repeat a person's visit", f"visit {first[visit]!r}")
    fixed = rows.groupby(person, sort=False)[[arm, *strata]]
    if (wavers := fixed.nunique().gt(1).any()).any():
        names = ", ".join(str(name) for name in wavers.index[wavers])
        raise TrialDataError(f"a person's {names} changes between visits", expected="what was randomised")
    who = fixed.first()
    wide = rows.pivot(index=person, columns=visit, values=outcome).reindex(index=who.index, columns=list(visits))
    return OutcomeTable(
        person=tuple(str(name) for name in who.index),
        arms=tuple(arms),
        arm=np.array([list(arms).index(name) for name in who[arm]], dtype=np.intp),
        visits=tuple(visits),
        values=wide.to_numpy(dtype=np.float64, na_value=np.nan),
        strata={factor: who[factor].astype(str).to_numpy(dtype=np.str_) for factor in strata},
    )


def _refuse_unknown(column: "pd.Series[str]", known: Sequence[str], what: str) -> None:
    strange = sorted({str(name) for name in column.unique()} - set(known))
    if strange:
        raise TrialDataError(f"unknown {what} {', '.join(map(repr, strange))}", expected=f"one of {', '.join(known)}")


def _check_shapes(table: OutcomeTable) -> None:
    people = len(table.person)
    if table.values.shape != (people, len(table.visits)) or len(table.visits) < 2:
        raise TrialDataError(
            f"values of shape {table.values.shape}", expected=f"({people}, {len(table.visits)}) with a baseline"
        )
    columns = {"arm": table.arm, **table.strata}
    for name, column in columns.items():
        if column.shape != (people,):
            raise TrialDataError(f"{name} of shape {column.shape}", expected=f"({people},)")
    if len(set(table.person)) != people:
        raise TrialDataError("a person stands in two rows", expected="a row a person")
    if np.isinf(table.values).any():
        raise TrialDataError("a value is infinite", expected="numbers, or NaN where nothing was observed")


def _check_people(table: OutcomeTable) -> None:
    if len(table.arms) < 2 or (table.arm.size and np.unique(table.arm).size < 2):
        raise OneArmError("everybody is in one arm", expected="two arms or more")
    counts = np.bincount(table.arm, minlength=len(table.arms))
    for name, count in zip(table.arms, counts, strict=True):
        if count < MIN_PEOPLE_PER_ARM:
            raise TooFewPeopleError(f"{count} people", f"arm {name!r}", f"at least {MIN_PEOPLE_PER_ARM}")
    seen = ~np.isnan(table.values)
    for index, name in enumerate(table.arms):
        for column in np.flatnonzero(~seen[table.arm == index].any(axis=0)):
            raise EmptyCellError(
                "nobody was seen", f"arm {name!r}, visit {table.visits[column]!r}", "one value or more"
            )
