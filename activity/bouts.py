"""Bouts: stretches of one activity, made from epochs."""

from dataclasses import dataclass

from activity.labels import Activity


@dataclass(frozen=True, slots=True)
class Bout:
    """A stretch of one activity in ``[start_ns, stop_ns)``, UTC; ``steps`` is NaN where unknown."""

    start_ns: int
    stop_ns: int
    activity: Activity
    steps: float

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return (self.stop_ns - self.start_ns) / 1e9
