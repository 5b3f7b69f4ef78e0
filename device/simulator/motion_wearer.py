"""What differs between two people who wear the same band and do the same thing."""

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from device.errors import RecordingError

Side = Literal["right", "left"]


@dataclass(frozen=True, slots=True)
class Wearer:
    """Personal variation of a wearer, a wrist and a band; the defaults are the middle of the people measured.

    The people measured wore the band on the wrist they write with, nearly all of them the same way round.
    ``side="left"`` is the mirror image of that.
    """

    cadence: float = 1.0  #: factor on the steps per minute of ``walk``; other gaits follow as they vary among people
    arm_swing: float = 1.0  #: factor on what the wrist does once a stride
    side: Side = "right"
    rotation_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)  #: rotation vector, how the band sits on the wrist
    offset_g: tuple[float, float, float] = (0.0, 0.0, 0.0)  #: what each axis reads too much
    gain: tuple[float, float, float] = (1.0, 1.0, 1.0)
    noise_g: float = 0.004  #: sd of the sensor's own noise, white up to 50 Hz
    fidget: float = 1.0  #: factor on how often the wearer moves while still
    tremor_g: float = 0.0015  #: sd of the fine shaking of a held hand, 8 to 12 Hz
    style_seed: int | None = None  #: picks gait, posture and habits among those measured; None is the middle

    def __post_init__(self) -> None:
        positive = {"cadence": self.cadence, "arm_swing": self.arm_swing, "gain": min(self.gain)}
        for name, value in positive.items():
            if not 0.1 <= value <= 10.0:
                raise RecordingError(f"a wearer's {name} is {value}", expected="0.1 to 10")
        if min(self.noise_g, self.fidget, self.tremor_g) < 0.0:
            raise RecordingError("a wearer's noise, fidget or tremor is negative", expected="0 or more")

    @classmethod
    def draw(cls, seed: int, side: Side = "right") -> Self:
        """Return somebody: the same seed, the same person."""
        rng = np.random.default_rng([seed, 0x3EA7])

        def three(mean: float, sd: float) -> tuple[float, float, float]:
            x, y, z = (mean + sd * rng.standard_normal(3).clip(-2.0, 2.0)).tolist()
            return (x, y, z)

        def factor(log_sd: float) -> float:
            return float(np.exp(log_sd * np.clip(rng.standard_normal(), -2.0, 2.0)))

        return cls(
            cadence=factor(0.06),
            arm_swing=factor(0.10),
            side=side,
            rotation_deg=three(0.0, 4.0),
            offset_g=three(0.0, 0.02),
            gain=three(1.0, 0.01),
            noise_g=float(rng.uniform(0.003, 0.006)),
            fidget=factor(0.4),
            tremor_g=0.0015 * factor(0.5),
            style_seed=seed,
        )

    def habits(self, activity: str) -> np.random.Generator | None:
        """Return the generator of this person's ways in one activity, or None for the middle of people."""
        if self.style_seed is None:
            return None
        return np.random.default_rng([self.style_seed, *activity.encode()])

    def as_worn(self, accel_g: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what the band's axes read of acceleration (n, 3) in the frame of the people measured."""
        rotation = Rotation.from_rotvec(np.deg2rad(self.rotation_deg)).as_matrix()
        mirror = np.diag([-1.0 if self.side == "left" else 1.0, 1.0, 1.0])
        turned: NDArray[np.float64] = accel_g @ (rotation @ mirror).T * np.array(self.gain) + np.array(self.offset_g)
        return turned
