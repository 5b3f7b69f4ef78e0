"""What any notification of a watch comes down to: raw samples, the g of one count, and the time it carries."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """The samples of one notification, oldest first; None stands for what the dialect doesn't carry."""

    counts: NDArray[np.int32]  #: (n, 3) as sent
    g_per_count: float
    counter: int | None = None  #: of the first sample, in ticks of the dialect, wrapping as its page says
    sequence: int | None = None  #: of the message, modulo 65536
    last_sample_ns: int | None = None  #: the watch's own UTC for the newest sample

    @property
    def accel_g(self) -> NDArray[np.float32]:
        """(n, 3) in g, gravity included."""
        return (self.counts * self.g_per_count).astype(np.float32)
