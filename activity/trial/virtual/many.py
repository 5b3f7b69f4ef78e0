"""Many drawn trials, analysed side by side on every processor."""

import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

from activity.trial.published import Design, Simulated, analyse

#: A worker a core: matrices of five by five gain nothing from threads.
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def analyse_many(
    designs: tuple[tuple[Design, int], ...], trials: int, first_seed: int = 0
) -> tuple[tuple[Simulated, ...], ...]:
    """Return the analyses of ``trials`` trials of each design; of its first so many the responders, too.

    The seed of a trial is its number from ``first_seed`` on, so that it is the same whatever ran beside it.
    """
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(_ONE_THREAD)
    try:
        with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
            return tuple(
                _of(pool, design, range(first_seed, first_seed + trials), modelled) for design, modelled in designs
            )
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _of(pool: ProcessPoolExecutor, design: Design, seeds: range, modelled: int) -> tuple[Simulated, ...]:
    first = pool.map(partial(analyse, design, with_responders=True), seeds[:modelled], chunksize=10)
    rest = pool.map(partial(analyse, design, with_responders=False), seeds[modelled:], chunksize=50)
    return (*first, *rest)
