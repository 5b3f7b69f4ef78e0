"""The times of samples for each form of time that a band can have; pure, and done again on any stored capture.

Whatever the form, this computer's clock says when, and the band says how samples lie to each other: by a counter, by
the time of the last sample, or by their number alone. Arrivals are late or on time, so lines lie below them
(`device.timebase`).
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from device.capture.runs import RATE_TOLERANCE, Run
from device.profiles.known import Profile
from device.profiles.samples import Samples
from device.recording import NS_PER_S, BandInfo, Damage
from device.timebase import ClockLine, lower_line, unwrap_near

CLOCK_STEPS_NS: Final = 5 * NS_PER_S
"""A link lives through stalls of at most 4 s (its supervision timeout); a clock further off than that was set."""
LARGEST_RATE_ERROR: Final = 0.2
"""Watches of one kind differ by 16 % (OpenSeizureDetector issue 262)."""
WARN_RATE_ERROR: Final = 0.02
SHORTEST_INDEX_FIT_S: Final = 10.0
"""A connection interval of 30 ms over 10 s is 0.3 %, far below what the rates of such watches differ by."""
SILENCE_NS: Final = NS_PER_S
"""Without a counter a loss shows only as silence; profiles without one send at least 4 messages a second."""
BURST_NS: Final = NS_PER_S // 2
"""What a stall held up has come by so long after its end."""
LONGEST_HOLD_S: Final = 10.0
"""A value that doesn't change for longer is not taken to go on: the band would have been asked by then."""

Ns = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Came:
    """The samples of one message and the UTC at which it came."""

    utc_ns: int
    samples: Samples


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """Samples at their times, and what is to be said of how they got them."""

    runs: tuple[Run, ...]
    rate_hz: float  #: nominal; NaN where nobody says
    damage: tuple[Damage, ...] = ()

    def with_settings(self, band: BandInfo | None) -> BandInfo:
        """Return what is known of the band with its nominal rate."""
        return replace(band or BandInfo(), nominal_rate_hz=self.rate_hz)


Links = Sequence[Sequence[Came]]


def by_counter(profile: Profile, links: Links) -> Placed:
    """Place samples by a counter that shows the ticks of each message's first sample."""
    came, copies = _without_copies(links)
    step_ns = NS_PER_S / _rate_hz(profile)
    tick_ns = NS_PER_S / profile.counter_hz
    counter = np.array([one.samples.counter for one in came], dtype=np.int64)
    expected = counter[:1] + np.rint((_utc(came) - _utc(came)[:1]) / tick_ns).astype(np.int64)
    first_ns = np.rint(unwrap_near(counter, profile.counter_bits, expected) * tick_ns).astype(np.int64)
    ends_ns = first_ns + np.rint((_counts(came) - 1) * step_ns).astype(np.int64)
    runs = [
        _run(came[a:b], ends_ns[a:b], *_spaced(first_ns[a:b], _counts(came[a:b]), step_ns))
        for a, b in _stretches(ends_ns, _utc(came))
    ]
    return _placed(profile, runs, copies)


def by_last_sample(profile: Profile, links: Links) -> Placed:
    """Place samples by the band's own time of each message's last one."""
    came, copies = _without_copies(links)
    step_ns = NS_PER_S / _rate_hz(profile)
    last_ns = np.array([one.samples.last_sample_ns for one in came], dtype=np.int64)
    runs = []
    for a, b in _stretches(last_ns, _utc(came)):
        # In reversed time the last sample is the first one.
        time_ns, joined, missing = _spaced(-last_ns[a:b][::-1], _counts(came[a:b])[::-1], step_ns)
        runs.append(_run(came[a:b], last_ns[a:b], -time_ns[::-1], joined[::-1], missing))
    return _placed(profile, runs, copies)


def by_index(profile: Profile, links: Links) -> Placed:
    """Place samples by their number in a stretch from which none can be missing; arrivals give rate and start.

    A silence whose samples didn't all come after it ends such a stretch.
    """
    return _by_index(links, _rate_hz(profile))


def _by_index(links: Links, nominal: float) -> Placed:
    stretches = [link[a:b] for link in links for a, b in _unbroken(link, nominal)]
    fitted = [_index_line(stretch, nominal) for stretch in stretches]
    measured = [(len(s), line.ns_per_tick) for s, line in zip(stretches, fitted, strict=True) if line.measured]
    runs = []
    for stretch, own in zip(stretches, fitted, strict=True):
        # A stretch too short to tell its rate has that of the watch's longest one.
        line = own if own.measured or not measured else _index_line(stretch, NS_PER_S / max(measured)[1])
        time_ns = line.to_ns(np.arange(_counts(stretch).sum(), dtype=np.int64))
        runs.append(Run(_accel(stretch), time_ns, _only_first(len(time_ns)), 0))
    error = NS_PER_S / max(measured)[1] / nominal - 1.0 if measured else 0.0
    rows = [Damage(f"sampling rate {100 * error:+.1f} % off its nominal value", 1, "timed by the measured one")]
    return Placed(tuple(runs), nominal, tuple(rows) if abs(error) > WARN_RATE_ERROR else ())


def by_changes(profile: Profile, links: Links) -> Placed:
    """Place samples of which only those come that differ from the one before; messages of several are by index.

    Each lies in the latest slot of its period that is neither after its arrival nor taken; in the slots between, the
    band had what it had before. That is known to a period, not better.
    """
    if any(len(one.samples.counts) > 1 for link in links for one in link):
        return replace(_by_index(links, _usual_hz(links, profile.packed_rate_hz)), rate_hz=float("nan"))
    nominal = _rate_hz(profile)
    densest_hz = max((_densest_hz(_utc(link), NS_PER_S / nominal) for link in links), default=nominal)
    step_ns = NS_PER_S / max(nominal, densest_hz)
    runs: list[Run] = []
    held = 0
    copies = 0
    for arrived in links:
        link, twice = _without_copies([arrived])
        copies += twice
        utc_ns = _utc(link)
        slots = np.rint((utc_ns - utc_ns[0]) / step_ns).astype(np.int64)
        order = np.arange(len(slots))
        # Backwards: no slot is taken twice, and none is later than the arrival.
        slots = np.minimum.accumulate((slots - order)[::-1])[::-1] + order
        apart = np.diff(slots)
        begins = np.concatenate([[True], apart * step_ns > LONGEST_HOLD_S * NS_PER_S])
        for a, b in itertools.pairwise([*np.flatnonzero(begins).tolist(), len(slots)]):
            repeat = np.append(np.diff(slots[a:b]), 1)
            held += int(repeat.sum()) - (b - a)
            times = utc_ns[0] + np.rint(np.arange(slots[a], slots[b - 1] + 1) * step_ns).astype(np.int64)
            runs.append(Run(np.repeat(_accel(link[a:b]), repeat, axis=0), times, _only_first(len(times)), 0))
    rows = [
        Damage("notification that came twice", copies, "left out"),
        Damage("sample equal to the one before, which the band doesn't send", held, "its value held"),
        Damage(
            "time of a sample known by its arrival alone", sum(len(link) for link in links), "to a tenth of a second"
        ),
    ]
    return Placed(tuple(runs), nominal, tuple(row for row in rows if row.count))


def _placed(profile: Profile, runs: Sequence[Run], copies: int) -> Placed:
    rows = (Damage("notification that came twice", copies, "left out"),) if copies else ()
    return Placed(tuple(runs), _rate_hz(profile), rows)


def _rate_hz(profile: Profile) -> float:
    if profile.rate_hz is None:
        raise ValueError(f"the rate of {profile.name} isn't in its row")
    return profile.rate_hz


def _without_copies(links: Links) -> tuple[list[Came], int]:
    """Return the messages of all connections without those that repeat the one before them, and how many did."""
    came: list[Came] = []
    copies = 0
    for one in itertools.chain.from_iterable(links):
        if came and _says_the_same(came[-1].samples, one.samples):
            copies += 1
        else:
            came.append(one)
    return came, copies


def _says_the_same(one: Samples, other: Samples) -> bool:
    same = (one.counter, one.sequence, one.last_sample_ns) == (other.counter, other.sequence, other.last_sample_ns)
    return same and np.array_equal(one.counts, other.counts)


def _utc(came: Sequence[Came]) -> Ns:
    return np.array([one.utc_ns for one in came], dtype=np.int64)


def _counts(came: Sequence[Came]) -> Ns:
    return np.array([len(one.samples.counts) for one in came], dtype=np.int64)


def _accel(came: Sequence[Came]) -> NDArray[np.float32]:
    return np.concatenate([one.samples.accel_g for one in came])


def _only_first(n: int) -> NDArray[np.bool_]:
    first: NDArray[np.bool_] = np.arange(n) == 0
    return first


def _stretches(ends_ns: Ns, utc_ns: Ns) -> list[tuple[int, int]]:
    """Return the half-open ranges of messages in which the band's clock goes on beside ours."""
    edges = [0]
    nearest = int(utc_ns[0] - ends_ns[0]) if len(utc_ns) else 0
    for i in range(1, len(ends_ns)):
        late = int(utc_ns[i] - ends_ns[i])
        if ends_ns[i] <= ends_ns[i - 1] or abs(late - nearest) > CLOCK_STEPS_NS:
            edges.append(i)
            nearest = late
        # A drift of 200 ppm is a second in 80 minutes, so what is nearest has to be of late.
        nearest = min(nearest + (int(ends_ns[i] - ends_ns[i - 1]) >> 12), late)
    return list(itertools.pairwise([*edges, len(ends_ns)])) if len(ends_ns) else []


def _spaced(first_ns: Ns, counts: Ns, step_ns: float) -> tuple[Ns, NDArray[np.bool_], int]:
    """Return each sample's time from those of the messages' first samples, what joins messages, and what is missing.

    Samples are evenly spaced between two messages unless some are missing between them; then, and after the last one,
    they go on at the pace of the others.
    """
    apart = np.diff(first_ns) / counts[:-1]
    usual = apart[np.abs(apart / step_ns - 1.0) <= RATE_TOLERANCE]
    pace = float(np.median(usual)) if usual.size else step_ns
    holes = (np.diff(first_ns) - counts[:-1] * pace) / pace
    joined = np.abs(holes) < 0.5 + WARN_RATE_ERROR * counts[:-1]
    steps = np.append(np.where(joined, apart, pace), pace)
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    time_ns = np.repeat(first_ns, counts) + np.rint(within * np.repeat(steps, counts)).astype(np.int64)
    return time_ns, joined, int(np.rint(holes[~joined].clip(min=0)).sum())


def _run(came: Sequence[Came], ends_ns: Ns, time_ns: Ns, joined: NDArray[np.bool_], missing: int) -> Run:
    """Return samples with times by the band's clock as samples with times by ours."""
    line = lower_line(ends_ns, _utc(came), float(NS_PER_S))
    counts = _counts(came)
    begins = np.zeros(len(time_ns), dtype=np.bool_)
    begins[np.cumsum(counts) - counts] = np.concatenate([[True], ~joined])
    return Run(_accel(came), line.to_ns(time_ns), begins, missing)


def _unbroken(link: Sequence[Came], nominal_hz: float) -> list[tuple[int, int]]:
    """Return the half-open ranges of messages between which none can be missing."""
    utc_ns, counts = _utc(link), _counts(link)
    total = np.concatenate([[0], np.cumsum(counts)])
    edges = [0]
    for i in (np.flatnonzero(np.diff(utc_ns) > SILENCE_NS) + 1).tolist():
        until = int(np.searchsorted(utc_ns, utc_ns[i] + BURST_NS, side="right"))
        lasted_s = (utc_ns[until - 1] - utc_ns[i - 1]) / NS_PER_S
        before_s = (utc_ns[i - 1] - utc_ns[edges[-1]]) / NS_PER_S
        # What this watch did so far says better how much is due than what its kind should do.
        own = (total[i] - total[edges[-1] + 1]) / before_s if before_s >= SHORTEST_INDEX_FIT_S else nominal_hz
        due = lasted_s * own * (1.0 - WARN_RATE_ERROR) - 2 * counts[i]
        if total[until] - total[i] < due:
            edges.append(i)
    return list(itertools.pairwise([*edges, len(link)]))


def _index_line(stretch: Sequence[Came], rate_hz: float) -> ClockLine:
    last = np.cumsum(_counts(stretch)) - 1
    return lower_line(last, _utc(stretch), rate_hz, SHORTEST_INDEX_FIT_S, LARGEST_RATE_ERROR * 1e6)


def _usual_hz(links: Links, likely_hz: float) -> float:
    """Return the rate of the longest connection by its arrivals; what is likely where it was too short to tell."""
    longest = max(links, key=len)
    span_s = (longest[-1].utc_ns - longest[0].utc_ns) / NS_PER_S
    return float(_counts(longest)[1:].sum()) / span_s if span_s >= SHORTEST_INDEX_FIT_S else likely_hz


def _densest_hz(utc_ns: Ns, step_ns: float) -> float:
    """Return how many samples came a second in the minute that had the most; 0 where it wasn't a minute.

    A minute that begins inside a burst holds more than was taken in it, so none does.
    """
    starts = np.flatnonzero(np.diff(utc_ns) >= 0.5 * step_ns)
    starts = starts[utc_ns[starts] <= utc_ns[-1] - 60 * NS_PER_S]
    inside = np.searchsorted(utc_ns, utc_ns[starts] + 60 * NS_PER_S) - starts
    # One less than there are: a sample at either edge comes in or stays out by a jitter of its arrival.
    return float(inside.max(initial=1) - 1) / 60.0
