"""The self-test finds each fault that is put into good samples, and nothing in good ones."""

import asyncio
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from activity.cli.main import run
from device.firmware.selftest import POSES, Check, Outcome, Samples, check_rate, self_test
from device.recording import NS_PER_S
from device.simulator.band import SimulatedBand
from device.simulator.memory import BandClock, Trace, quantise, system_clock_ns
from device.simulator.radio import VirtualAir
from device.simulator.serve import serving

RATE_HZ = 50.0


def lying(*poses: str, seconds: float = 6.0, noise_g: float = 0.003, seed: int = 1) -> Samples:
    """Samples of a band that lies on one side after the other."""
    rng = np.random.default_rng(seed)
    parts = []
    for pose in poses:
        gravity = np.zeros(3)
        gravity["xyz".index(pose[1])] = 1.0 if pose[0] == "+" else -1.0
        parts.append(gravity + rng.normal(0, noise_g, (round(seconds * RATE_HZ), 3)))
    return np.concatenate(parts).astype(np.float32)


def outcomes(accel_g: Samples, *, measured_hz: float = RATE_HZ, poses: bool = False) -> dict[str, Outcome]:
    checks = self_test(accel_g, measured_hz=measured_hz, asked_hz=RATE_HZ, range_g=8.0, poses=poses)
    return {check.name: check.outcome for check in checks}


@given(st.permutations(POSES), st.integers(0, 2**32 - 1))
def test_a_good_band_passes_on_all_six_sides_in_any_order(poses: list[str], seed: int) -> None:
    assert set(outcomes(lying(*poses, seed=seed), poses=True).values()) == {Outcome.PASSED}


@given(st.sampled_from(POSES), st.floats(0.06, 0.3), st.booleans())
def test_a_wrong_gain_is_found_on_the_side_that_feels_it(pose: str, error: float, more: bool) -> None:
    gain = 1.0 + error if more else 1.0 - min(error, 0.09)
    accel_g = lying(pose) * np.float32(gain)
    found = outcomes(accel_g, poses=True)
    assert found["still"] is Outcome.FAILED
    assert found[f"pose {pose}"] is Outcome.FAILED
    assert [name for name, how in found.items() if how is Outcome.NOT_TESTED] == [
        f"pose {p}" for p in POSES if p != pose
    ]


def test_a_band_that_moves_is_not_called_still() -> None:
    rng = np.random.default_rng(2)
    found = outcomes((lying("+z") + rng.normal(0, 0.1, (300, 3))).astype(np.float32), poses=True)
    assert found["still"] is found["noise"] is found["pose +z"] is Outcome.NOT_TESTED
    assert outcomes(np.empty((0, 3), np.float32))["clipping"] is Outcome.NOT_TESTED


def test_noise_and_a_stuck_axis_are_found() -> None:
    assert outcomes(lying("+z", noise_g=0.0115))["noise"] is Outcome.FAILED
    stuck = lying("+z")
    stuck[:, 1] = 0.02
    assert outcomes(stuck)["noise"] is Outcome.FAILED


def test_one_sample_at_the_end_of_the_range_is_found_and_one_below_it_is_not() -> None:
    accel_g = lying("+z", seconds=20)
    accel_g[500, 0] = 8.0 * (32766 / 32768)
    assert outcomes(accel_g)["clipping"] is Outcome.PASSED
    for end in (8.0 * (32767 / 32768), -8.0):
        accel_g[500, 0] = end
        assert outcomes(accel_g)["clipping"] is Outcome.FAILED


def test_missing_samples_are_neither_still_nor_clipped() -> None:
    accel_g = lying("+z", seconds=20)
    accel_g[::60] = np.nan
    assert outcomes(accel_g)["still"] is Outcome.NOT_TESTED
    assert outcomes(accel_g)["clipping"] is Outcome.PASSED


@pytest.mark.parametrize(
    ("measured_hz", "outcome"),
    [(50.9, "passed"), (51.1, "warned"), (48.9, "warned"), (55.1, "failed"), (44.9, "failed"), (np.nan, "not tested")],
)
def test_a_rate_is_warned_of_above_two_per_cent_and_failed_above_ten(measured_hz: float, outcome: str) -> None:
    assert check_rate(measured_hz, 50.0).outcome == outcome


def test_samples_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        self_test(np.zeros(3, np.float32), measured_hz=50, asked_hz=50, range_g=8, poses=False)


def test_the_command_tests_a_served_band(capsys: pytest.CaptureFixture[str]) -> None:
    async def test() -> int:
        trace = Trace(quantise(lying("+z"), 8), RATE_HZ)
        clock = BandClock(system_clock_ns() - 3600 * NS_PER_S)
        async with VirtualAir() as air, SimulatedBand(air, clock, live=trace), serving(air.link) as port:
            where = ["--radio", f"bumble:tcp-client:127.0.0.1:{port}", "--seconds", "4", "--rate", "100"]
            return await asyncio.to_thread(run, ["firmware", "selftest", "--json", *where])

    code = asyncio.run(test())
    checks = [Check(**row) for row in json.loads(capsys.readouterr().out)["checks"]]
    assert [check.name for check in checks] == ["still", "noise", "clipping", "rate"]
    assert code == 0
    assert {str(check.outcome) for check in checks} <= {"passed", "warned"}
