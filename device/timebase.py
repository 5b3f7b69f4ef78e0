"""The band's counters and the host's arrival times, made into UTC.

A notification arrives late or on time, never early: delays are one-sided and heavy-tailed, so the line that
counters and arrivals lie on is the one below all points, not the one through their middle (Moon, Skelly and
Towsley, INFOCOM 1999; convex hull after Zhang, Liu and Xia, INFOCOM 2002).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from device.recording import NS_PER_S

SHORTEST_FIT_S: Final = 60.0
"""Below this the slope is the nominal one: 30 ms of delay over 60 s is 500 ppm, ten times a crystal's error."""
LARGEST_DRIFT_PPM: Final = 1_000.0
"""A watch crystal is within 50 ppm, and 100 with a cold wrist; a slope beyond this comes from too few points."""


@dataclass(frozen=True, slots=True)
class ClockLine:
    """The straight line from ticks to UTC; ``drift_ppm`` is positive for a band whose clock is slow."""

    origin_ticks: int
    origin_ns: int  #: UTC at ``origin_ticks``
    ns_per_tick: float
    drift_ppm: float = 0.0
    residual_p95_ns: float = 0.0  #: 95 of 100 arrivals are less than this after the line
    measured: bool = False  #: False where the slope is the nominal one

    def to_ns(self, ticks: NDArray[np.float64] | NDArray[np.int64]) -> NDArray[np.int64]:
        """Return UTC in ns; exact to 1 ns within 100 days of the origin."""
        since_ns = np.rint((ticks - self.origin_ticks) * self.ns_per_tick).astype(np.int64)
        return since_ns + np.int64(self.origin_ns)


def unwrap(counter: NDArray[np.int64], bits: int) -> NDArray[np.int64]:
    """Return a counter of ``bits`` bits without its wraps; each step is the shorter way round, back or on."""
    values = np.asarray(counter, dtype=np.int64)
    half, whole = 1 << (bits - 1), 1 << bits
    steps = (np.diff(values) + half) % whole - half
    return np.concatenate([values[:1], values[:1] + np.cumsum(steps)])


def unwrap_near(counter: NDArray[np.int64], bits: int, expected: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return a counter without its wraps, each value the one nearest to ``expected``; needs no order."""
    whole = 1 << bits
    values = np.asarray(counter, dtype=np.int64)
    return values + whole * ((expected - values + whole // 2) // whole)


def lower_line(
    ticks: NDArray[np.int64],
    arrival_ns: NDArray[np.int64],
    ticks_hz: float,
    shortest_fit_s: float = SHORTEST_FIT_S,
    largest_drift_ppm: float = LARGEST_DRIFT_PPM,
) -> ClockLine:
    """Return the line below all arrivals that is nearest to their middle.

    The constant part of the delay (half a connection interval and what the firmware takes) stays in the line:
    it can't be told from the offset of the clock.

    Parameters
    ----------
    ticks : (n,) int64
        Unwrapped counter, n >= 1, in any order.
    arrival_ns : (n,) int64
        UTC of arrival.
    ticks_hz : float
        What the counter should do.
    shortest_fit_s : float
        From this span on, what it really does is measured.
    largest_drift_ppm : float
        A slope beyond it is not believed.
    """
    nominal = NS_PER_S / ticks_hz
    origin_ticks, origin_ns = int(ticks.min()), int(arrival_ns.min())
    x = (ticks - origin_ticks).astype(np.float64)
    # What is left after the nominal slope is small, so that float64 holds it to a fraction of a nanosecond.
    y = (arrival_ns - origin_ns).astype(np.float64) - x * nominal
    slope, offset, measured = 0.0, float(y.min()), False
    if np.ptp(x) >= shortest_fit_s * ticks_hz:
        left, right = _edge_below(x, y)
        fitted = (y[right] - y[left]) / (x[right] - x[left])
        if abs(fitted / nominal) * 1e6 <= largest_drift_ppm:
            slope, measured = float(fitted), True
            offset = float(np.min(y - slope * x))
    late = y - slope * x - offset
    return ClockLine(
        origin_ticks=origin_ticks,
        origin_ns=origin_ns + round(offset),
        ns_per_tick=nominal + slope,
        drift_ppm=slope / nominal * 1e6,
        residual_p95_ns=float(np.percentile(late, 95)),
        measured=measured,
    )


def _edge_below(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[int, int]:
    """Return the two points of the lower convex hull (monotone chain) whose edge spans the mean of ``x``."""
    order = np.lexsort((y, x))
    hull: list[int] = []
    for point in order.tolist():
        if hull and x[hull[-1]] == x[point]:
            continue
        while len(hull) >= 2 and _turns_down(x, y, hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    middle = float(x.mean())
    right = next(i for i in range(1, len(hull)) if x[hull[i]] >= middle)
    return hull[right - 1], hull[right]


def _turns_down(x: NDArray[np.float64], y: NDArray[np.float64], a: int, b: int, c: int) -> bool:
    return bool((x[b] - x[a]) * (y[c] - y[a]) <= (y[b] - y[a]) * (x[c] - x[a]))
