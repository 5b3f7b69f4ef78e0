"""Does the analysis of the published design tell the truth? Bias, coverage, errors of the first kind, power.

Run: ``python tests/bench/published_trial.py [--trials N] [--responders N] [--rounded]``; it prints Markdown with Monte
Carlo standard errors. The design is in ``activity/trial/published.py``. One trial, drawn to look like the published
one, stands beside it at the end. Tags: V was read in a public copy of the paper or its abstract; M+ is what is
remembered of the text and wasn't confirmed. Needs the extra ``trial``.
"""

import argparse
import os
import sys
import time
import timeit
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # a worker a core: matrices of five by five gain nothing from threads
os.environ["OPENBLAS_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).parents[2]))

from activity.trial.analysis.clda import fit_clda
from activity.trial.analysis.estimate import Estimate
from activity.trial.published import (
    Design,
    Rate,
    Simulated,
    draw,
    performance,
    share,
    true_difference,
    true_shares,
)
from activity.trial.virtual.many import analyse_many

#: What was published, or follows from it: difference, its standard error, shares, odds ratio.
DIFFERENCE, ERROR, SHARES, ODDS = 0.79, 0.370, (0.39, 0.52), 1.76


def main() -> None:
    """Run both worlds and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--responders", type=int, default=1000, help="trials whose responders are modelled, too")
    parser.add_argument("--rounded", action="store_true", help="whole numbers from 0 to 24")
    given = parser.parse_args()
    design = replace(Design(), rounded=given.rounded)
    truth, shares = true_difference(design), true_shares(design)
    print(f"`python tests/bench/{Path(__file__).name} {' '.join(sys.argv[1:])}`".replace(" `", "`"))
    print(f"\nTruth: {truth.value:.3f} points (± {truth.error:.3f}) at three months; responders ", end="")
    print(f"{shares[1]:.1%} against {shares[0]:.1%}; {'whole numbers' if given.rounded else 'values as drawn'}.\n")
    began = time.perf_counter()
    real, none = analyse_many(((design, given.responders), (design.without_effect(), 0)), given.trials)
    took_s = time.perf_counter() - began
    _table(real, none, truth.value)
    _responders([trial for trial in real if trial.odds_ratio], shares)
    _likest(real[: given.responders], design)
    modelled = sum(trial.odds_ratio is not None for trial in real)
    print(f"\n{2 * given.trials} trials, {modelled} with responders, in {took_s:.0f} s on {os.cpu_count()} cores.")
    table = draw(design, 0)
    fit_s = min(timeit.repeat(lambda: fit_clda(table), number=20, repeat=3)) / 20
    print(f"A fit of {len(table.person)} people at {len(table.visits)} visits takes {1000 * fit_s:.1f} ms.")


def _table(real: Sequence[Simulated], none: Sequence[Simulated], truth: float) -> None:
    print("| | with the effect | without |\n| --- | ---: | ---: |")
    there, nothing = performance(real, truth), performance(none, 0.0)
    for said, attribute, digits in (
        ("bias, points", "bias", 3),
        ("coverage of 95 % intervals", "coverage", 3),
        ("mean standard error", "mean_se", 4),
        ("spread of the estimates", "empirical_se", 4),
        ("rejected at 0.05: power; error of the first kind", "rejected", 3),
    ):
        print(f"| {said} | {_rate(getattr(there, attribute), digits)} | {_rate(getattr(nothing, attribute), digits)} |")
    print(
        f"| trials with a fall-back | {there.fallbacks} of {there.trials} | {nothing.fallbacks} of {nothing.trials} |"
    )


def _responders(trials: list[Simulated], shares: tuple[float, float]) -> None:
    if len(trials) < 2:
        return
    truth = shares[1] - shares[0]
    risks = [trial.risk_difference for trial in trials if trial.risk_difference]
    mean = sum(risk.value for risk in risks) / len(risks)
    spread = (sum((risk.value - mean) ** 2 for risk in risks) / (len(risks) - 1)) ** 0.5
    covered = share([risk.low <= truth <= risk.high for risk in risks])
    error = sum(risk.se for risk in risks) / len(risks)
    print(
        f"\nRisk difference in {len(risks)} trials: bias {mean - truth:+.4f} (± {spread / len(risks) ** 0.5:.4f}), ",
        end="",
    )
    print(f"coverage {_rate(covered, 3)}, mean standard error {error:.4f} against a spread of {spread:.4f}.")
    print("Estimating equations take what is missing as missing by chance given arm, strata and baseline.")


def _likest(trials: Sequence[Simulated], design: Design) -> None:
    """Print the trial whose margins are nearest to the published ones, each in its own standard error."""
    known = [trial for trial in trials if trial.odds_ratio and trial.risk_difference]
    if not known:
        return
    one = min(known, key=_distance)
    assert one.odds_ratio
    table = draw(design, one.seed)
    seen = int((table.values[:, 2] == table.values[:, 2]).sum())
    risk = one.risk_difference
    assert risk
    print(f"\n### Trial {one.seed}, the likest of {len(known)}, beside the published one\n")
    print("| at three months | published | tag | this trial |\n| --- | ---: | --- | ---: |")
    print(f"| people, selfBACK and usual care | 461: 232 and 229 | V | {len(table.person)}: 232 and 229 |")
    print(f"| followed up | 399 (87 %) | M+ | {seen} ({seen / len(table.person):.0%}) |")
    print(f"| adjusted difference, RMDQ points | 0.79 (0.06 to 1.51), p .03 | M+ | {_estimate(one.difference)} |")
    print(f"| responders, 4 points or more | 52 % against 39 % | V | {one.shares[1]:.0%} against {one.shares[0]:.0%} |")
    print(f"| adjusted odds ratio | 1.76 (1.15 to 2.70), p .01 | M+ | {_estimate(one.odds_ratio)} |")
    print(f"| difference of risk, standardised | not stated; 13 points crude | V | {_estimate(risk)} |")


def _distance(trial: Simulated) -> float:
    assert trial.odds_ratio
    off = (trial.difference.value - DIFFERENCE) / ERROR
    usual, app = (got - wanted for got, wanted in zip(trial.shares, SHARES, strict=True))
    return off**2 + ((trial.odds_ratio.value / ODDS - 1) / 0.218) ** 2 + (usual / 0.035) ** 2 + (app / 0.035) ** 2


def _rate(rate: Rate, digits: int) -> str:
    return f"{rate.value:.{digits}f} (± {rate.error:.{digits}f})"


def _estimate(found: Estimate) -> str:
    return f"{found.value:.2f} ({found.low:.2f} to {found.high:.2f}), p {found.p:.3f}"


if __name__ == "__main__":
    main()
