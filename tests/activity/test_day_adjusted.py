"""Days with their missing minutes filled: nothing is guessed, nothing is lost, clocks that change don't matter."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activity.bouts import bouts_from
from activity.day.adjust import adjust_days, profile_of
from activity.day.calendar import LocalDay, local_days
from activity.day.intensity import CUT_POINTS, extreme, intensities
from activity.day.minutes import CLOCK_MINUTES, Minutes, clock_minutes, minutes_of
from activity.day.summarise import summarise_days
from activity.epochs import Epochs
from activity.labels import ACTIVITIES, Activity

S = 1_000_000_000
ZONES = [
    "UTC",
    "Europe/Oslo",
    "America/New_York",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Africa/Cairo",
]


def epochs_of(time_ns, seed: int, worn=None) -> Epochs:
    """Epochs of 10 s of any activity, with ENMO between 0 and 200 mg."""
    n = len(time_ns)
    rng = np.random.default_rng(seed)
    return Epochs(
        width_s=10.0,
        time_ns=np.asarray(time_ns, dtype=np.int64),
        activity=rng.integers(0, len(ACTIVITIES), n).astype(np.int8),
        confidence=np.ones(n, dtype=np.float32),
        probability=np.full((n, len(ACTIVITIES)), np.nan, dtype=np.float32),
        steps=np.zeros(n, dtype=np.float32),
        cadence_spm=np.full(n, np.nan, dtype=np.float32),
        enmo_mg=rng.uniform(0, 200, n).astype(np.float32),
        worn=np.ones(n, dtype=np.int8) if worn is None else np.asarray(worn, dtype=np.int8),
        coverage=np.ones(n, dtype=np.float32),
    )


def made(start: datetime, hours: float, zone: str, seed: int, holes: list[tuple[float, float]]):
    """Return days, their minutes and steps of a recording with holes, given in hours."""
    time_ns = int(start.timestamp()) * S + np.arange(round(hours * 360)) * 10 * S
    hour = (time_ns - time_ns[0]) / S / 3600
    kept = np.ones(time_ns.size, dtype=bool)
    for first, length in holes:
        kept &= (hour < first) | (hour >= first + length)
    epochs = epochs_of(time_ns[kept], seed)
    rng = np.random.default_rng(seed + 1)
    steps_ns = np.sort(rng.choice(time_ns[kept], min(3000, int(kept.sum())))) if kept.any() else np.empty(0, np.int64)
    days = summarise_days(epochs, bouts_from(epochs), steps_ns, zone)
    return days, minutes_of(epochs, steps_ns, [day.local_day for day in days], zone)


def test_a_recording_without_a_day_has_no_minutes_and_an_empty_profile():
    days, minutes = made(datetime(2015, 1, 1, tzinfo=UTC), 2.0, "UTC", 0, [(0.0, 2.0)])
    assert days == ()
    assert minutes.known.size == 0
    profile = profile_of(minutes)
    assert adjust_days(minutes, profile) == intensities(minutes) == ()
    assert not profile.days.any()


@st.composite
def recordings(draw):
    start = datetime(2015, 1, 1, tzinfo=UTC) + timedelta(minutes=draw(st.integers(0, 20 * 365 * 1440)))
    holes = draw(st.lists(st.tuples(st.floats(0, 70), st.floats(0.1, 20)), max_size=4))
    return start, draw(st.floats(2, 80)), draw(st.sampled_from(ZONES)), draw(st.integers(0, 99)), holes


@settings(max_examples=40, deadline=None)
@given(recordings())
def test_an_adjusted_day_never_has_fewer_steps_and_is_the_crude_one_where_nothing_is_missing(recording):
    days, minutes = made(*recording)
    if not days:
        return
    for day, adjusted in zip(days, adjust_days(minutes, profile_of(minutes)), strict=True):
        if adjusted.steps is None:
            assert adjusted.minutes is None
            assert adjusted.imputed_minutes > 0
            continue
        assert adjusted.steps >= (day.steps or 0) - 1e-6
        assert sum(adjusted.minutes.values()) == pytest.approx(day.length_minutes)
        if adjusted.imputed_minutes == 0:
            assert adjusted.steps == pytest.approx(day.steps)


@settings(max_examples=40, deadline=None)
@given(recordings())
def test_minutes_of_days_add_up_to_all_that_was_recorded(recording):
    days, minutes = made(*recording)
    if not days:
        return
    assert minutes.steps.sum() == sum(day.steps or 0 for day in days)
    assert minutes.activity.sum() == pytest.approx(sum(day.wear_minutes for day in days), abs=1e-6)
    assert minutes.known.size == sum(day.length_minutes for day in days) == minutes.clock.size


@settings(max_examples=150, deadline=None)
@given(st.dates(date(2015, 1, 1), date(2035, 12, 31)), st.sampled_from(ZONES))
def test_each_minute_of_a_day_has_the_minute_that_a_clock_on_the_wall_shows(day, zone):
    where = ZoneInfo(zone)
    noon_ns = int(datetime(day.year, day.month, day.day, 12, tzinfo=where).timestamp()) * S
    (local,) = local_days(noon_ns, noon_ns, zone)
    found = clock_minutes(local, zone)
    start = datetime.fromtimestamp(local.start_ns // S, UTC)
    for at in [*range(0, local.length_minutes, 97), local.length_minutes - 1]:
        wall = (start + timedelta(minutes=at)).astimezone(where)
        assert found[at] == wall.hour * 60 + wall.minute


def test_a_missing_hour_is_what_that_hour_was_on_other_days():
    start = datetime(2026, 6, 15, tzinfo=UTC)
    days, minutes = made(start, 72, "UTC", 3, [(24 + 9, 1)])
    profile = profile_of(minutes)
    middle = adjust_days(minutes, profile)[1]
    assert middle.imputed_minutes == 60
    nine = slice(9 * 60, 10 * 60)
    others = (minutes.steps[nine].sum() + minutes.steps[2880 + 540 : 2880 + 600].sum()) / 2
    assert middle.steps == pytest.approx(days[1].steps + others)
    assert profile.covers_24h


def test_an_hour_that_no_day_knows_is_never_guessed():
    _, minutes = made(datetime(2026, 6, 15, tzinfo=UTC), 48, "UTC", 3, [(9, 1), (33, 1)])
    profile = profile_of(minutes)
    assert not profile.covers_24h
    assert [day.steps for day in adjust_days(minutes, profile)] == [None, None]


def test_a_spring_day_of_23_hours_is_filled_by_the_clock_and_not_by_the_count_of_hours():
    start = datetime(2026, 3, 28, 23, tzinfo=UTC)  # midnight in Oslo before the clocks go forward
    days, minutes = made(start, 23 + 24, "Europe/Oslo", 5, [(5.0, 1.0)])  # 06:00 to 07:00 by the new clock
    assert [day.length_minutes for day in days] == [1380, 1440]
    adjusted = adjust_days(minutes, profile_of(minutes))[0]
    at_six = slice(1380 + 6 * 60, 1380 + 7 * 60)
    assert adjusted.steps == pytest.approx(days[0].steps + minutes.steps[at_six].sum())


def flat(known, steps, enmo_mg) -> Minutes:
    n = len(steps)
    one = np.zeros((n, len(ACTIVITIES)))
    one[:, ACTIVITIES.index(Activity.WALKING)] = known
    return Minutes(
        np.array([0, n]), np.arange(n) % CLOCK_MINUTES, np.asarray(known, float), np.asarray(steps, float),
        np.asarray(enmo_mg, float), one,
    )  # fmt: skip


def test_minutes_count_as_moderate_and_vigorous_from_the_published_cut_points_on():
    steps, enmo_mg = np.zeros(1440), np.zeros(1440)
    steps[:4] = [99, 100, 129, 130]
    enmo_mg[:4] = [100.5, 100.6, 428.7, 428.8]
    (found,) = intensities(flat(np.ones(1440), steps, enmo_mg))
    assert found.minutes == {
        "mvpa_cadence_minutes": 3,
        "vigorous_cadence_minutes": 1,
        "mvpa_enmo_minutes": 3,
        "vigorous_enmo_minutes": 1,
    }
    assert all(cut.source and cut.people for cut in CUT_POINTS)
    (nothing,) = intensities(flat(np.zeros(1440), steps, enmo_mg))
    assert set(nothing.minutes.values()) == {None}
    assert nothing.l5 is None


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 999), st.integers(300, 1440), st.booleans(), st.booleans())
def test_the_most_and_least_active_stretch_are_those_a_search_finds(seed, n, most, around):
    rng = np.random.default_rng(seed)
    enmo_mg = rng.uniform(0, 100, n)
    enmo_mg[rng.random(n) < 0.002] = np.nan
    found = extreme(enmo_mg, np.arange(n), 5, most=most, around=around)
    rows = np.concatenate([enmo_mg, enmo_mg[:299]]) if around else enmo_mg
    means = {at: rows[at : at + 300].mean() for at in range(len(rows) - 299)}
    whole = {at: mean for at, mean in means.items() if np.isfinite(mean)}
    if not whole:
        assert found is None
        return
    best = max(whole.values()) if most else min(whole.values())
    assert found.enmo_mg == pytest.approx(best)
    assert whole[found.start_minute] == pytest.approx(best)


def test_a_day_of_local_minutes_is_the_day_itself():
    day = LocalDay(date(2026, 6, 15), int(datetime(2026, 6, 14, 22, tzinfo=UTC).timestamp()) * S, 0)
    whole = LocalDay(day.date, day.start_ns, day.start_ns + 1440 * 60 * S)
    np.testing.assert_array_equal(clock_minutes(whole, "Europe/Oslo"), np.arange(1440))
