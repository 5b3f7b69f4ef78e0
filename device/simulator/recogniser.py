"""What a simulated band makes of its own samples: a classifier that is handed in and fed window by window."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(slots=True)
class Recogniser:
    """A classifier as a band runs it: of its samples at one rate, in windows that no gap is in."""

    classify: Callable[[NDArray[np.int16]], int]  #: (width_samples, 3) counts to whatever number it calls that
    width_samples: int
    rate_hz: float
    found: list[int] = field(default_factory=list)  #: what each window was, in order
    _waiting: list[NDArray[np.int16]] = field(default_factory=list)

    def begin(self) -> None:
        """Forget the samples of an unfinished window: what comes next doesn't join on to them."""
        self._waiting.clear()

    def feed(self, samples: NDArray[np.int16]) -> None:
        """Take (n, 3) samples and classify each window that gets whole."""
        self._waiting.append(samples)
        joined = np.concatenate(self._waiting)
        count = len(joined) // self.width_samples
        for window in joined[: count * self.width_samples].reshape(count, self.width_samples, 3):
            self.found.append(self.classify(window))
        self._waiting = [joined[count * self.width_samples :]]
