"""How long to wait before a band is tried again: a pure function of the attempt, the fault and a random number."""

import random
from typing import Final

from device.errors import BandLostError, BandNotFoundError, BandRefusedError, Fault

#: After a lost link the band's own supervision timeout (4 s at most here) may still run, so it isn't heard before.
_FIRST_WAIT_S: Final[dict[type[Fault], float]] = {
    BandLostError: 0.5,
    BandNotFoundError: 1.0,
    BandRefusedError: 2.0,  # busy with another request, which takes seconds
}

#: A person waits in front of this: longer than half a minute looks like a hang.
_LONGEST_WAIT_S: Final = 30.0


def backoff_s(attempt: int, fault: Fault, rng: random.Random) -> float | None:
    """Return seconds to wait before attempt ``attempt + 1``; None where trying again can't help.

    Doubles from a first wait that depends on the fault, up to 30 s, times a random 0.5 to 1.0, so that
    several collectors that lost the same radio don't come back in step.
    """
    first_s = next((wait_s for kind, wait_s in _FIRST_WAIT_S.items() if isinstance(fault, kind)), None)
    if first_s is None:
        return None
    doubled_s: float = first_s * 2.0 ** min(attempt - 1, 16)
    return min(doubled_s, _LONGEST_WAIT_S) * rng.uniform(0.5, 1.0)
