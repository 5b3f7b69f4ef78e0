"""Sharing work between threads: all of it is done once, and errors come back."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activity.threads import share


@given(st.integers(0, 500), st.integers(1, 600))
def test_all_is_done_and_nothing_twice(count, least):
    done = [0] * count
    parts = []

    def work(first, last):
        parts.append((first, last))
        for i in range(first, last):
            done[i] += 1

    share(work, count, least)
    assert done == [1] * count
    assert all(last - first >= least for first, last in sorted(parts)[:-1])


def test_what_is_small_stays_on_the_callers_thread():
    names = []
    share(lambda first, last: names.append(threading.current_thread().name), 10, least=10)
    assert names == [threading.current_thread().name]


def test_an_error_of_a_part_is_raised_after_the_others_have_ended():
    done, failed = [], []

    def work(first, last):
        if first == 0:
            failed.append(last)
            raise RuntimeError("the first part failed")
        done.append(last - first)

    with pytest.raises(RuntimeError, match="the first part failed"):
        share(work, 1000, least=1)
    assert sum(done) + sum(failed) == 1000
