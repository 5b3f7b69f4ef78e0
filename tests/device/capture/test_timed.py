"""Times of samples for each form of time: true within what arrivals can tell, and never broken by what a band says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.capture.live import WAYS
from device.capture.runs import join
from device.capture.timed import Came, by_changes, by_counter, by_index, by_last_sample
from device.profiles.known import PROFILES, profile_named
from device.profiles.samples import Samples
from device.recording import NS_PER_S, BandInfo, Recording

NOW_NS = 1_790_000_000 * NS_PER_S
OTHERS = [profile for profile in PROFILES if profile.time in WAYS]
delays_ms = st.lists(st.floats(0.0, 60.0), min_size=200, max_size=200)


def row(i: int, n: int) -> np.ndarray:
    """Samples that tell which ones they are."""
    return np.arange(3 * n * i, 3 * n * (i + 1), dtype=np.int32).reshape(n, 3)


def messages(name: str, delays: list[float], n: int, rate_hz: float, *, without: frozenset[int] = frozenset()) -> list:
    """What a band of this profile sends, each message delayed; those of ``without`` never come."""
    profile = profile_named(name)
    came: list[Came] = []
    for i, delay in enumerate(delays):
        last_ns = NOW_NS + round(((i + 1) * n - 1) * NS_PER_S / rate_hz)
        first_ns = NOW_NS + round(i * n * NS_PER_S / rate_hz)
        arrival_ns = last_ns + round(delay * 1e6)
        counter = round(first_ns * profile.counter_hz / NS_PER_S) % (1 << profile.counter_bits or 1)
        samples = Samples(row(i, n), 1e-3, counter=counter, last_sample_ns=last_ns)
        if i not in without:
            came.append(Came(max(arrival_ns, came[-1].utc_ns + 1 if came else 0), samples))
    return came


def recorded(way: object, name: str, links: list[list[Came]]) -> Recording:
    placed = way(profile_named(name), links)  # type: ignore[operator]
    return join(placed.runs, BandInfo(), "UTC", placed.damage, "messages")


def off_ms(recording: Recording, rate_hz: float) -> np.ndarray:
    """How far each sample lies from the moment at which it was taken, by the number that it carries."""
    number = np.rint(recording.accel_g[:, 0] * 1000 / 3).astype(np.int64)
    return (recording.time_ns - NOW_NS - np.rint(number * NS_PER_S / rate_hz)) / 1e6


@settings(deadline=None)
@given(delays_ms, st.sets(st.integers(1, 198), max_size=5))
def test_a_counter_gives_true_steps_and_each_message_that_is_missing_is_a_gap(
    delays: list[float], without: set[int]
) -> None:
    recording = recorded(by_counter, "axle", [messages("axle", delays, 25, 50.0, without=frozenset(without))])
    assert recording.n_samples == 25 * (200 - len(without))
    off = off_ms(recording, 50.0)
    assert np.ptp(off) < 0.7 * 60.0
    assert -0.1 <= off.min() <= off.max() <= 60.0
    runs_missing = sum(1 for i in without if i - 1 not in without)
    assert len(recording.gaps) == runs_missing


@settings(deadline=None)
@given(delays_ms, st.sets(st.integers(1, 198), max_size=5))
def test_the_time_of_the_last_sample_does_the_same(delays: list[float], without: set[int]) -> None:
    recording = recorded(by_last_sample, "polar", [messages("polar", delays, 36, 52.0, without=frozenset(without))])
    assert recording.n_samples == 36 * (200 - len(without))
    off = off_ms(recording, 52.0)
    assert np.ptp(off) < 0.7 * 60.0
    assert -0.1 <= off.min() <= off.max() <= 60.0
    assert len(recording.gaps) == sum(1 for i in without if i - 1 not in without)


@settings(deadline=None)
@given(delays_ms, st.floats(-0.1, 0.1))
def test_samples_without_any_time_are_timed_by_their_number_at_whatever_rate(delays: list[float], error: float) -> None:
    rate_hz = 25.0 * (1.0 + error)
    recording = recorded(by_index, "seizure-detector", [messages("seizure-detector", delays, 3, rate_hz)])
    assert len(recording.segments) == 1
    assert np.abs(off_ms(recording, rate_hz)).max() < 130.0


@pytest.mark.parametrize(("lost", "segments"), [(0, 1), (30, 2)])
def test_a_silence_ends_a_stretch_only_where_samples_are_missing_after_it(lost: int, segments: int) -> None:
    link = messages("seizure-detector", [1.0] * 600, 3, 25.0)
    stalled = range(300, 330)  # 3.6 s, which come in a burst or not at all
    end_ns = link[stalled.stop - 1].utc_ns
    kept = [
        Came(end_ns + i, came.samples) if i in stalled else came
        for i, came in enumerate(link)
        if i not in range(stalled.start, stalled.start + lost)
    ]
    recording = recorded(by_index, "seizure-detector", [kept])
    assert len(recording.segments) == segments
    assert np.abs(off_ms(recording, 25.0)).max() < 10.0


@settings(deadline=None)
@given(st.lists(st.integers(0, 3), min_size=50, max_size=300), delays_ms)
def test_what_was_not_sent_because_it_did_not_change_is_held_at_its_time(
    values: list[int], delays: list[float]
) -> None:
    link: list[Came] = []
    last = -1
    for i, value in enumerate(values):
        if value != last:
            arrival_ns = NOW_NS + i * NS_PER_S // 10 + round(delays[i % 200] / 2 * 1e6)
            link.append(Came(arrival_ns, Samples(np.full((1, 3), value, np.int32), 1.0)))
        last = value
    recording = recorded(by_changes, "infinitime", [link])
    changed = [i for i in range(len(values)) if i == 0 or values[i] != values[i - 1]]
    for segment in recording.segments:
        part = slice(segment.start, segment.stop)
        at = np.rint((recording.time_ns[part] - NOW_NS) / 1e8).astype(int)
        found = recording.accel_g[part, 0].astype(int)
        sent = np.flatnonzero(np.diff(found, prepend=-1))
        assert set(at[sent]) <= {i + d for i in changed for d in (-1, 0, 1)}
    assert recording.n_samples <= len(values) + 1


def test_changes_that_a_stall_held_up_lie_where_they_were_taken() -> None:
    link = messages("infinitime", [1.0] * 300, 1, 10.0)
    end_ns = link[130].utc_ns
    link = [Came(end_ns + i, came.samples) if 100 <= i < 130 else came for i, came in enumerate(link)]
    recording = recorded(by_changes, "infinitime", [link])
    assert recording.n_samples == 300
    assert np.abs(off_ms(recording, 10.0)).max() < 101.0


@settings(deadline=None)
@given(st.data())
def test_whatever_a_band_says_of_its_time_nothing_breaks_and_time_moves_on(data: st.DataObject) -> None:
    profile = data.draw(st.sampled_from(OTHERS))
    edges = st.sampled_from([0, 1, (1 << 23), (1 << 24) - 1, (1 << 32) - 1])
    stamps = st.sampled_from([0, 1, NOW_NS, NOW_NS + NS_PER_S, (1 << 63) - 1])
    links: list[list[Came]] = []
    utc_ns = NOW_NS
    for _ in range(data.draw(st.integers(1, 3))):
        link = []
        for _ in range(data.draw(st.integers(1, 12))):
            utc_ns += data.draw(st.sampled_from([1, 1000, 40_000_000, NS_PER_S, 20 * NS_PER_S, 4000 * NS_PER_S]))
            n = data.draw(st.sampled_from([1, 1, 3, 25]))
            counts = np.full((n, 3), data.draw(st.integers(-2, 2)), np.int32)
            link.append(Came(utc_ns, Samples(counts, 1e-3, counter=data.draw(edges), last_sample_ns=data.draw(stamps))))
        links.append(link)
    placed = WAYS[profile.time](profile, links)
    recording = join(placed.runs, placed.with_settings(None), "UTC", placed.damage, "messages")
    assert recording.n_samples >= 1
    assert (np.diff(recording.time_ns) > 0).all()
    assert recording.time_ns[-1] <= utc_ns + 3600 * NS_PER_S
