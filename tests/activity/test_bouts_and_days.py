"""Bouts and days: nothing is lost at a boundary, nothing missing becomes zero."""

import itertools
from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activity.bouts import bouts_from
from activity.day.calendar import local_days
from activity.day.summarise import summarise_days
from activity.epochs import UNKNOWN, Epochs
from activity.labels import ACTIVITIES, Activity

S = 1_000_000_000
WIDTH_S = 10.0
ZONES = ["UTC", "Europe/Oslo", "America/New_York", "Asia/Beirut", "Australia/Lord_Howe", "Asia/Kathmandu"]
#: Instants around which clocks change in one of the zones, and a plain day.
MOMENTS = [
    datetime(2026, 3, 28, 20, tzinfo=UTC),
    datetime(2026, 10, 24, 18, tzinfo=UTC),
    datetime(2026, 3, 7, 20, tzinfo=UTC),
    datetime(2026, 4, 4, 10, tzinfo=UTC),
    datetime(2026, 6, 15, 12, tzinfo=UTC),
]


def epochs_of(time_ns, activity, worn=None, coverage=None, steps=None):
    n = len(time_ns)
    return Epochs(
        width_s=WIDTH_S,
        time_ns=np.asarray(time_ns, dtype=np.int64),
        activity=np.asarray(activity, dtype=np.int8),
        confidence=np.ones(n, dtype=np.float32),
        probability=np.full((n, len(ACTIVITIES)), np.nan, dtype=np.float32),
        steps=np.zeros(n, dtype=np.float32) if steps is None else np.asarray(steps, dtype=np.float32),
        cadence_spm=np.full(n, np.nan, dtype=np.float32),
        enmo_mg=np.ones(n, dtype=np.float32),
        worn=np.ones(n, dtype=np.int8) if worn is None else np.asarray(worn, dtype=np.int8),
        coverage=np.ones(n, dtype=np.float32) if coverage is None else np.asarray(coverage, dtype=np.float32),
    )


def even(start: datetime, n: int, skip_ns: int = 0):
    first = int(start.timestamp()) * S + skip_ns
    return first + np.arange(n, dtype=np.int64) * round(WIDTH_S * S)


def summary_of(start: datetime, activities, zone="UTC", **columns):
    epochs = epochs_of(even(start, len(activities)), activities, **columns)
    return summarise_days(epochs, bouts_from(epochs), np.empty(0, np.int64), zone)


@st.composite
def worn_hours(draw):
    """Some hours of epochs, with holes, around a moment at which clocks may change."""
    n = draw(st.integers(1, 6 * 400))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    time_ns = even(draw(st.sampled_from(MOMENTS)), n, skip_ns=draw(st.integers(0, 9_999_999_999)))
    time_ns = time_ns + np.cumsum(rng.random(n) < 0.01) * 3600 * S  # a missing hour now and then
    activity = rng.integers(-1, len(ACTIVITIES), n).repeat(9)[:n]
    coverage = rng.integers(1, 17, n) / 16
    epochs = epochs_of(time_ns, activity, rng.integers(-1, 2, n).repeat(31)[:n], coverage, rng.integers(0, 20, n))
    steps_ns = np.sort(rng.choice(time_ns, min(n, 50)) + rng.integers(0, 10 * S, min(n, 50)))
    return epochs, steps_ns


@settings(max_examples=40, deadline=None)
@given(worn_hours(), st.sampled_from(ZONES))
def test_days_lose_and_invent_nothing(made, zone):
    epochs, steps_ns = made
    days = summarise_days(epochs, bouts_from(epochs), steps_ns, zone)
    counted = (epochs.worn == 1) & (epochs.activity != UNKNOWN)
    minutes = epochs.coverage.astype(float) * WIDTH_S / 60
    assert sum(day.wear_minutes for day in days) == pytest.approx(minutes[counted].sum())
    assert sum(day.quality.recorded_minutes for day in days) == pytest.approx(minutes.sum())
    assert sum(day.steps or 0 for day in days) <= steps_ns.size
    if all(day.steps is not None for day in days):
        assert sum(day.steps for day in days) == steps_ns.size
    for day in days:
        assert sum(day.minutes.values()) == pytest.approx(day.wear_minutes)
        parts = day.wear_minutes + day.quality.unknown_minutes
        assert parts <= day.quality.recorded_minutes + 1e-9
        assert day.quality.recorded_minutes + day.quality.missing_minutes == pytest.approx(day.length_minutes)
        assert len(day.hourly_steps) == -(-day.length_minutes // 60)
    assert [a.start_ns + a.length_minutes * 60 * S for a in days[:-1]] == [b.start_ns for b in days[1:]]


@settings(max_examples=20, deadline=None)
@given(worn_hours(), st.sampled_from(ZONES), st.integers(0, 99))
def test_order_of_rows_does_not_matter(made, zone, seed):
    epochs, steps_ns = made
    bouts = bouts_from(epochs)
    rng = np.random.default_rng(seed)
    place = rng.permutation(len(epochs))
    columns = ("time_ns", "activity", "confidence", "probability", "steps", "cadence_spm", "enmo_mg", "worn")
    shuffled = Epochs(
        width_s=WIDTH_S, coverage=epochs.coverage[place], **{name: getattr(epochs, name)[place] for name in columns}
    )
    mixed = [bouts[i] for i in rng.permutation(len(bouts))]
    again = summarise_days(shuffled, mixed, rng.permutation(steps_ns), zone)
    assert again == summarise_days(epochs, bouts, steps_ns, zone)


@settings(max_examples=40, deadline=None)
@given(worn_hours())
def test_bouts_hold_every_worn_recognised_epoch_once(made):
    epochs, _ = made
    bouts = bouts_from(epochs)
    counted = (epochs.worn == 1) & (epochs.activity != UNKNOWN)
    assert sum(bout.duration_s for bout in bouts) == pytest.approx(counted.sum() * WIDTH_S)
    assert sum(bout.steps for bout in bouts) == pytest.approx(epochs.steps[counted].sum())
    assert all(a.stop_ns <= b.start_ns for a, b in itertools.pairwise(bouts))


@pytest.mark.parametrize(
    ("day", "zone", "minutes"),
    [
        (date(2026, 3, 29), "Europe/Oslo", 1380),
        (date(2026, 10, 25), "Europe/Oslo", 1500),
        (date(2026, 6, 15), "Europe/Oslo", 1440),
        (date(2026, 4, 5), "Australia/Lord_Howe", 1470),
    ],
)
def test_a_day_is_as_long_as_its_zone_makes_it(day, zone, minutes):
    noon = int(datetime(day.year, day.month, day.day, 6, tzinfo=UTC).timestamp()) * S
    (found,) = local_days(noon, noon, zone)
    assert (found.date, found.length_minutes) == (day, minutes)


def test_a_date_that_a_zone_left_out_has_no_day():
    first = int(datetime(2011, 12, 29, 20, tzinfo=UTC).timestamp()) * S
    dates = [day.date for day in local_days(first, first + 2 * 86_400 * S, "Pacific/Apia")]
    assert dates == [date(2011, 12, 29), date(2011, 12, 31), date(2012, 1, 1)]


def test_a_day_of_few_hours_is_not_judged_and_says_why():
    (day,) = summary_of(datetime(2026, 6, 15, 8, tzinfo=UTC), [0] * 360 * 3)
    assert not day.quality.valid
    assert day.quality.reasons[0].startswith("not enough wear to judge: 3.0 h worn")


def test_ten_hours_of_wear_are_enough():
    (day,) = summary_of(datetime(2026, 6, 15, 8, tzinfo=UTC), [0] * 360 * 10)
    assert day.quality.valid
    assert day.quality.reasons == ()


def test_steps_of_an_unworn_day_are_missing_and_not_zero():
    (day,) = summary_of(datetime(2026, 6, 15, 8, tzinfo=UTC), [0] * 360, worn=[0] * 360)
    assert (day.steps, day.peak_1min_spm, day.peak_30min_spm, day.mean_enmo_mg) == (None, None, None, None)
    assert set(day.hourly_steps) == {None}
    assert day.wear_minutes == 0


def test_a_worn_hour_without_a_step_is_zero_and_the_others_are_missing():
    (day,) = summary_of(datetime(2026, 6, 15, 8, tzinfo=UTC), [0] * 360)
    assert day.steps == 0
    assert day.hourly_steps[8] == 0
    assert set(day.hourly_steps[:8] + day.hourly_steps[9:]) == {None}


def test_stillness_that_walking_ends_is_a_break_and_a_gap_is_not():
    sit, stand, walk = (ACTIVITIES.index(a) for a in (Activity.SITTING, Activity.STANDING, Activity.WALKING))
    start = datetime(2026, 6, 15, 8, tzinfo=UTC)
    (day,) = summary_of(start, [sit] * 150 + [stand] * 60 + [walk] * 12 + [sit] * 200)
    assert day.longest_still_minutes == pytest.approx(35)
    assert (day.inactivity_breaks, day.bouts) == (1, 1)
    broken = [sit] * 200 + [walk] * 5
    worn = [1] * 190 + [0] * 10 + [1] * 5
    assert summary_of(start, broken, worn=worn)[0].inactivity_breaks == 0


def test_no_epochs_make_no_days_and_no_bouts():
    assert summary_of(datetime(2026, 6, 15, tzinfo=UTC), []) == ()
    assert bouts_from(epochs_of([], [])) == ()
