"""Does learning from others help? The coach, rules alone and chance, on the same virtual people, in two worlds.

Run: ``python tests/bench/coach_arms.py [--people N] [--weeks N] [--seed N]``; it prints Markdown with 95 % intervals.
In the shared world people who are alike are helped by the same things, in the private world they aren't: there the
coach has nothing to learn, and should come out as the rules do. The model is in ``activity/trial/virtual``.
"""

import argparse
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import fmean

sys.path.insert(0, str(Path(__file__).parents[2]))

from activity.coach.cases.settings import load_settings
from activity.coach.content import load_content
from activity.trial.virtual.arms import ARMS, Arm, Result, difference, run_arms
from activity.trial.virtual.people import World

#: What is compared: its name, its value for each person, and how many decimals it is told with.
VALUES: dict[str, tuple[Callable[[Result], tuple[float, ...]], int]] = {
    "success of a week, 0 to 1": (lambda result: result.success, 4),
    "pain at the end, points of 10 since the start": (lambda result: result.pain_change, 2),
    "fit of plans to what helps, -1 to 1": (lambda result: result.fit, 4),
}


def main() -> None:
    """Run all arms in both worlds and print what they came to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=500)
    parser.add_argument("--weeks", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    content, settings = load_content(), load_settings()
    print(
        f"`python tests/bench/coach_arms.py --people {given.people} --weeks {given.weeks} --seed {given.seed}`: "
        f"content {content.version}, settings {settings.version}"
    )
    for world in World:
        begun = time.perf_counter()
        results = run_arms(given.people, given.weeks, world, given.seed, content=content, settings=settings)
        took_s = time.perf_counter() - begun
        plans = sum(result.plans for result in results.values())
        print(f"\n### The {world} world: {plans:,} plans in {took_s:.0f} s, {1000 * took_s / plans:.1f} ms a plan\n")
        _table(results)


def _table(results: dict[str, Result]) -> None:
    print("| | " + " | ".join(ARMS) + " | coach less rules | coach less random |")
    print("| --- " + "| ---: " * 5 + "|")
    for name, (value, digits) in VALUES.items():
        means = [fmean(x for x in value(results[arm]) if not math.isnan(x)) for arm in ARMS]
        cells = [f"{mean:.{digits}f}" for mean in means]
        for other in (Arm.RULES, Arm.RANDOM):
            apart = difference(results[Arm.COACH], results[other], value)
            cells.append(f"{apart.mean:+.{digits}f} ({apart.low:+.{digits}f} to {apart.high:+.{digits}f})")
        print(f"| {name} | " + " | ".join(cells) + " |")
    coach = results[Arm.COACH]
    print(f"\nPlans {coach.plans:,}, stopped by an urgent sign {coach.stops}, cases retained {coach.retained:,}.")


if __name__ == "__main__":
    main()
