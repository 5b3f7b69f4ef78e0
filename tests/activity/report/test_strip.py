"""The strip fills a local day exactly, invents nothing, and says what the summary says."""

from dataclasses import replace
from datetime import date
from itertools import pairwise

import example_page
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from activity.day.summary import DayQuality, DaySummary
from activity.epochs import UNKNOWN, Epochs
from activity.labels import ACTIVITIES, Activity
from activity.report.charts import HEIGHT, day_chart
from activity.report.strip import Kind, day_spans, minutes_of

ROWS = st.lists(
    st.tuples(st.integers(0, 8700), st.integers(UNKNOWN, len(ACTIVITIES) - 1), st.sampled_from([0, 1, UNKNOWN])),
    unique_by=lambda row: row[0],
    max_size=60,
).map(sorted)
DST_DAYS = [(date(2026, 3, 29), 1380, 23), (date(2026, 10, 25), 1500, 25), (date(2026, 11, 17), 1440, 24)]


def day_of(day: date = example_page.DAY, length_minutes: int = 1440, hours: int = 24) -> DaySummary:
    start_ns = example_page.midnight_ns(day)
    quality = DayQuality(False, (), 0.0, float(length_minutes), 0.0)
    hourly = (None,) * hours
    return DaySummary(
        day, "Europe/Oslo", length_minutes, start_ns, 0, {}, None, hourly, None, None, 0, 0, 0, None, quality
    )


def epochs_of(rows: list[tuple[int, int, int]], start_ns: int, width_s: float = 10) -> Epochs:
    """Epochs at multiples of their width after ``start_ns``."""
    index, activity, worn = (np.array(column) for column in zip(*rows, strict=True)) if rows else ([], [], [])
    n = len(rows)
    nan, ones = np.full(n, np.nan, np.float32), np.ones(n, np.float32)
    time_ns = start_ns + np.asarray(index, np.int64) * round(width_s * 1e9)
    probability = np.full((n, len(ACTIVITIES)), np.nan, np.float32)
    codes, wear = np.asarray(activity, np.int8), np.asarray(worn, np.int8)
    return Epochs(width_s, time_ns, codes, ones, probability, nan, nan, nan, wear, ones)


@given(ROWS, st.sampled_from(DST_DAYS), st.integers(-400, 10))
def test_spans_fill_the_day_from_end_to_end_without_overlap(rows, length, shift: int) -> None:
    day = day_of(*length)
    spans = day_spans(epochs_of(rows, day.start_ns + shift * 10_000_000_000), day)
    assert spans[0].start_s == 0
    assert spans[-1].stop_s == day.length_minutes * 60
    for before, after in pairwise(spans):
        assert before.stop_s == after.start_s
        assert before.kind is not after.kind
        assert before.duration_s > 0


@given(ROWS)
def test_minutes_of_each_kind_are_those_of_the_epochs(rows) -> None:
    day = day_of()
    spans = day_spans(epochs_of(rows, day.start_ns), day)
    inside = [row for row in rows if row[0] < 8640]
    for code, activity in enumerate(ACTIVITIES):
        shown = minutes_of(spans, Kind(activity.value))
        assert shown == pytest.approx(sum(a == code and w == 1 for _, a, w in inside) / 6)
    assert minutes_of(spans, Kind.UNWORN) == pytest.approx(sum(w == 0 for _, _, w in inside) / 6)


def test_what_the_day_counts_and_what_the_strip_shows_agree() -> None:
    data = example_page.page_data()
    spans = day_spans(data.epochs, data.day)
    for activity in Activity:
        assert minutes_of(spans, Kind(activity.value)) == pytest.approx(data.day.minutes[activity])
    assert minutes_of(spans, Kind.UNRECORDED) == pytest.approx(data.day.quality.missing_minutes)
    assert minutes_of(spans, Kind.UNKNOWN) == pytest.approx(data.day.quality.unknown_minutes)


def test_the_epochs_stay_as_they_were() -> None:
    data = example_page.page_data()
    before = data.epochs.time_ns.copy(), data.epochs.activity.copy()
    day_spans(data.epochs, data.day)
    assert np.array_equal(data.epochs.time_ns, before[0])
    assert np.array_equal(data.epochs.activity, before[1])


@pytest.mark.parametrize(("when", "length", "hours"), DST_DAYS)
def test_the_axis_names_the_hours_of_the_wall_clock_on_days_of_23_24_and_25_hours(when, length, hours) -> None:
    day = replace(day_of(when, length, hours), hourly_steps=tuple(float(h) for h in range(hours)))
    chart = day_chart(day, day_spans(epochs_of([], day.start_ns), day))
    assert [tick.label for tick in chart.ticks] == [f"{h:02d}:00" for h in range(0, 27, 3)][:9]
    at_six = next(tick for tick in chart.ticks if tick.label == "06:00")
    assert at_six.x == pytest.approx(100 * (6 + hours - 24) / hours)
    assert len(chart.bars) == len(chart.hours) == hours
    assert chart.bars[-1].x + chart.bars[-1].width <= 100
    assert (chart.hours[0].start, chart.hours[-1].stop) == ("00:00", "24:00")


@given(st.lists(st.one_of(st.none(), st.just(float("nan")), st.integers(0, 9000).map(float)), min_size=24, max_size=24))
def test_an_hour_without_data_is_a_hole_and_an_hour_without_steps_is_a_bar_without_height(hourly) -> None:
    day = replace(day_of(), hourly_steps=tuple(hourly))
    chart = day_chart(day, day_spans(epochs_of([], day.start_ns), day))
    known = [steps for steps in hourly if steps is not None and steps == steps]
    assert len(chart.bars) == len(known)
    assert [bar.height == 0 for bar in chart.bars] == [steps == 0 for steps in known]
    assert sum(row.steps == "no data" for row in chart.hours) == 24 - len(known)
    assert sum(hole.width for hole in chart.holes) == pytest.approx(100 * (24 - len(known)) / 24)
    assert sum(bar.peak for bar in chart.bars) == (1 if any(known) else 0)


def test_every_kind_has_a_height_and_the_name_of_its_activity() -> None:
    assert set(HEIGHT) == set(Kind)
    assert {activity.value for activity in Activity} < {kind.value for kind in Kind}
