"""Where windows lie on a grid: half-open, without overlap, the short tail dropped."""

from dataclasses import dataclass
from typing import Final, Self

WINDOW_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Windows:
    """Window ``w`` is grid rows ``[w * width_samples, (w + 1) * width_samples)``."""

    width_samples: int

    def __post_init__(self) -> None:
        if self.width_samples < 1:
            raise ValueError(f"width_samples is {self.width_samples}, the least is 1")

    @classmethod
    def of_seconds(cls, width_s: float, rate_hz: float) -> Self:
        """Return windows of ``width_s`` seconds on a grid of ``rate_hz``."""
        return cls(round(width_s * rate_hz))

    def count(self, n_samples: int) -> int:
        """Return how many whole windows ``n_samples`` rows hold."""
        return n_samples // self.width_samples
