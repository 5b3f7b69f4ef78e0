"""How many weekly plans a core makes, each gated, filtered, checked again, and made from twelve weeks of past.

Run: ``pytest tests/bench/test_plan_speed.py -o addopts=--import-mode=importlib -s``
"""

import time

from people_weeks import WEEKS, live

PLANS = 10_000


def test_ten_thousand_plans_on_one_core(monkeypatch) -> None:
    monkeypatch.setattr("people_weeks.broken_by_plan", lambda *_: ())
    monkeypatch.setattr("people_weeks.must_stop", lambda _: True)
    live(range(1))  # content is read outside of the timing
    people = plans = 0
    began = time.process_time()
    while plans < PLANS:
        plans += live(range(people, people + 50)).plans
        people += 50
    took_s = time.process_time() - began
    print(f"\n{plans:,} plans of {people:,} people in {took_s:.1f} s: {plans / took_s:.0f} a second, "
          f"{1e3 * took_s / plans:.2f} ms each, past of up to {WEEKS} weeks included")  # fmt: skip
