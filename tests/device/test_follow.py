"""Following a stream: exact steps between samples, times that never run backwards, and nothing from damaged bytes."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from device.capture.follow import Follower
from device.profiles.openband import TICKS_HZ, Notification, encode_notification
from device.recording import NS_PER_S

NOW_NS = 1_790_000_000 * NS_PER_S
PER = 20  # samples in a notification
RATE_HZ = 50.0


def sent(first: int, ticks_at_zero: int = 0, boot: int = 1) -> bytes:
    """The notification whose first sample is number ``first`` of its boot."""
    ticks = (ticks_at_zero + round(first / RATE_HZ * TICKS_HZ)) % 2**32
    raw = np.full((PER, 3), first % 1000, np.int16)
    return encode_notification(Notification(first // PER % 65536, ticks, RATE_HZ, 8, raw, boot=boot))


def arrival_ns(first: int, delay_ms: float = 20.0) -> int:
    return NOW_NS + round((first + PER - 1) / RATE_HZ * NS_PER_S) + round(delay_ms * 1e6)


@given(st.lists(st.floats(5.0, 400.0), min_size=2, max_size=30), st.integers(0, 2**32 - 1))
def test_steps_are_exact_whatever_the_delays_and_wraps(delays_ms: list[float], ticks_at_zero: int) -> None:
    follower = Follower()
    parts = [
        follower.feed(arrival_ns(i * PER, delay), sent(i * PER, ticks_at_zero)) for i, delay in enumerate(delays_ms)
    ]
    time_ns = np.concatenate([part.time_ns for part in parts])
    assert time_ns.size == PER * len(delays_ms)
    assert np.abs(np.diff(time_ns) - NS_PER_S / RATE_HZ).max() < 40_000  # a tick is 31 µs
    assert abs(int(time_ns[0]) - NOW_NS - round(delays_ms[0] * 1e6)) < 2_000


def test_what_comes_twice_or_damaged_gives_nothing() -> None:
    follower = Follower()
    assert follower.feed(arrival_ns(0), sent(0)).time_ns.size == PER
    assert follower.feed(arrival_ns(0) + 5, sent(0)).time_ns.size == 0
    for junk in (b"", b"\x01", b"\xff" * 240, sent(PER)[:-1]):
        assert follower.feed(arrival_ns(PER), junk).time_ns.size == 0
    assert follower.damaged == 4


def test_a_hole_in_the_stream_is_a_hole_in_time() -> None:
    follower = Follower()
    before = follower.feed(arrival_ns(0), sent(0)).time_ns
    after = follower.feed(arrival_ns(200 * PER), sent(200 * PER)).time_ns
    assert after[0] - before[0] == round(200 * PER / RATE_HZ * NS_PER_S)


def test_a_band_that_starts_again_goes_on_by_this_computers_clock() -> None:
    follower = Follower()
    before = follower.feed(arrival_ns(1000 * PER), sent(1000 * PER)).time_ns
    later_ns = arrival_ns(1100 * PER)
    after = follower.feed(later_ns, sent(0, boot=2)).time_ns
    assert after[-1] == later_ns
    assert after[0] > before[-1]


def test_a_counter_that_steps_is_anchored_again() -> None:
    follower = Follower()
    follower.feed(arrival_ns(0), sent(0))
    stepped = follower.feed(arrival_ns(PER), sent(PER, ticks_at_zero=3600 * TICKS_HZ)).time_ns
    assert abs(int(stepped[-1]) - arrival_ns(PER)) < 2
