"""Time finding similar weeks: one week against a base of thousands, for all three sub-plans at once.

Run: ``python tests/bench/coach_cases.py [--cases N]``; it prints medians and the size of the work. One core.
"""

import argparse
import sys
import time
from pathlib import Path
from random import Random
from statistics import median

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from case_weeks import crowd, known, shipped, similarity  # noqa: E402

from activity.coach.cases.base import case_base  # noqa: E402
from activity.coach.cases.case import SUBPLANS, Problem  # noqa: E402
from activity.coach.cases.retrieve import retrieve  # noqa: E402
from activity.coach.cases.reuse import CaseAdvisor  # noqa: E402

ROUNDS = 200


def main() -> None:
    """Time retrieval, advice, and the slow twin on the same cases."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    count = parser.parse_args().cases
    cases = crowd(count, seed=1)
    start = time.perf_counter()
    base = case_base(cases, shipped())
    built_s = time.perf_counter() - start
    weeks = [known(average_pain=number % 11, fear=number % 7, stress=number % 5) for number in range(ROUNDS)]
    found_ms = _median_ms(lambda week: retrieve(week, base), weeks)
    advised_ms = _median_ms(lambda week: CaseAdvisor(base, "me")(week, Random(1)), weeks)
    few = cases[:1000]
    slow_ms = _median_ms(lambda week: [similarity(week, one.problem, SUBPLANS[0], shipped()) for one in few], weeks[:3])
    print(f"`python tests/bench/coach_cases.py --cases {count}`: {len(shipped().attribute)} attributes, 3 sub-plans")
    print(f"\n| {len(cases):,} cases | median of {ROUNDS}, ms |\n| --- | ---: |")
    print(f"| retrieve all three | {found_ms:.2f} |\n| retrieve and advise | {advised_ms:.2f} |")
    print(f"| the base into columns, once | {1000 * built_s:.0f} |")
    print(f"\nThe slow twin: {slow_ms * len(cases) / 1000 * 3 / found_ms:.0f} × as long, from a thousand cases.")


def _median_ms(work, weeks: list[Problem]) -> float:
    times = []
    for week in weeks:
        start = time.perf_counter()
        work(week)
        times.append(1000.0 * (time.perf_counter() - start))
    return median(times)


if __name__ == "__main__":
    main()
