"""Sharing work between threads: all of it is done once, and errors come back."""

import itertools
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activity.threads import ahead, share


@pytest.fixture(autouse=True)
def _no_limit_of_an_earlier_test(monkeypatch):
    monkeypatch.setattr("activity.threads._most", [])


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


def test_items_made_ahead_come_in_order_and_the_next_is_made_while_one_is_used(monkeypatch):
    monkeypatch.setattr("activity.threads.processors", lambda: 2)
    made_second = threading.Event()

    def items():
        yield from (None, False, 0)  # none of them is the end
        made_second.set()
        yield 1

    found = []
    for item in ahead(items()):
        if len(found) == 2:
            assert made_second.wait(10)  # while this one is in use
        found.append(item)
    assert found == [None, False, 0, 1]


def test_an_error_in_making_ahead_is_raised_after_what_came_before_it(monkeypatch):
    monkeypatch.setattr("activity.threads.processors", lambda: 2)

    def items():
        yield 1
        raise RuntimeError("no more")

    found = []
    with pytest.raises(RuntimeError, match="no more"):
        found.extend(ahead(items()))
    assert list(itertools.islice(ahead(itertools.count()), 3)) == [0, 1, 2]  # and who stops early may


def test_one_thread_makes_nothing_ahead(monkeypatch):
    monkeypatch.setattr("activity.threads.processors", lambda: 1)
    made = []
    items = ahead(made.append(n) or n for n in range(3))
    assert next(items) == 0
    assert made == [0]
