"""Recognition from a recording to epochs and steps: the same movement gives the same answer however it was recorded."""

from dataclasses import replace

import numpy as np
import pytest

from activity.classify.artefact import load_model
from activity.epochs import UNKNOWN
from activity.errors import NotEnoughDataError
from activity.labels import ACTIVITIES, ROLLUP, ROLLUPS, Activity
from activity.recognise import Recognised, recognise
from device.recording import NS_PER_S, Recording
from device.simulator.motion import Motion, Part, Wearer, synthesise, working_day

START_NS = 1_790_000_000 * NS_PER_S
MIXED = (
    Part("sit", 3),
    Part("walk", 3),
    Part("stand", 2),
    Part("run", 2),
    Part("climb", 1),
    Part("lie", 3),
    Part("stroll", 2),
)
ROLLUP_OF = np.array([ROLLUPS.index(ROLLUP[activity]) for activity in ACTIVITIES])


def motion(
    rate_hz: float = 25.0, seed: int = 5, wearer: Wearer | None = None, script: tuple[Part, ...] = MIXED
) -> Motion:
    return synthesise(script, wearer or Wearer(), rate_hz=rate_hz, seed=seed, start_ns=START_NS)


def rollups(found: Recognised) -> np.ndarray:
    return np.where(found.epochs.activity == UNKNOWN, -1, ROLLUP_OF[found.epochs.activity])


def truth(of: Motion, found: Recognised) -> np.ndarray:
    """The true roll-up of each epoch; -1 where a part changes in it, or nothing is known of it."""
    width_ns = round(found.epochs.width_s * NS_PER_S)
    true = np.full(len(found.epochs), -1)
    for span in of.labels:
        inside = (found.epochs.time_ns >= span.start_ns) & (found.epochs.time_ns + width_ns <= span.stop_ns)
        if span.label != "unworn":
            true[inside] = ROLLUPS.index(ROLLUP[Activity(span.label)])
    return true


def test_a_model_trained_on_real_wrists_recognises_simulated_ones() -> None:
    right, model = [], load_model()
    for person in range(300, 312):
        of = motion(wearer=Wearer.draw(person), seed=person)
        found = recognise(of.recording, model, smoothing=False)
        true = truth(of, found)
        right.append((rollups(found) == true)[true >= 0])
    assert np.concatenate(right).mean() >= 0.85


def test_rates_of_25_50_and_100_hz_tell_the_same_story() -> None:
    at_25, at_50, at_100 = (rollups(recognise(motion(rate).recording, load_model())) for rate in (25.0, 50.0, 100.0))
    n = min(map(len, (at_25, at_50, at_100)))
    assert (at_25[:n] == at_50[:n]).mean() >= 0.93
    assert (at_50[:n] == at_100[:n]).mean() >= 0.93


def test_the_time_of_day_does_not_matter() -> None:
    of, model = motion().recording, load_model()
    later = replace(of, time_ns=of.time_ns + 7 * 3600 * NS_PER_S)
    first, second = recognise(of, model), recognise(later, model)
    assert np.array_equal(first.epochs.activity, second.epochs.activity)
    assert np.array_equal(first.epochs.steps, second.epochs.steps, equal_nan=True)
    assert np.array_equal(first.step_times_ns + 7 * 3600 * NS_PER_S, second.step_times_ns)


def test_a_strap_that_sits_ten_degrees_otherwise_changes_little() -> None:
    of, model = motion().recording, load_model()
    c, s = np.cos(np.deg2rad(10)), np.sin(np.deg2rad(10))
    turned = replace(of, accel_g=(of.accel_g @ np.array([[1, 0, 0], [0, c, -s], [0, s, c]])).astype(np.float32))
    assert (rollups(recognise(of, model)) == rollups(recognise(turned, model))).mean() >= 0.93


def test_a_gap_makes_no_epochs_and_no_steps() -> None:
    of, model = motion(script=(Part("walk", 6),)).recording, load_model()
    keep = np.ones(of.n_samples, dtype=bool)
    keep[25 * 100 : 25 * 220] = False
    cut = Recording.from_times(of.accel_g[keep], of.time_ns[keep])
    found = recognise(cut, model)
    gap_start, gap_stop = START_NS + 100 * NS_PER_S, START_NS + 220 * NS_PER_S
    assert not np.any((found.step_times_ns > gap_start) & (found.step_times_ns < gap_stop))
    assert not np.any((found.epochs.time_ns >= gap_start) & (found.epochs.time_ns < gap_stop))
    assert len(found.epochs) == 24


def test_samples_that_exist_but_are_broken_are_unknown_and_not_still() -> None:
    of, model = motion(script=(Part("walk", 4),)).recording, load_model()
    accel_g = np.array(of.accel_g)
    accel_g[25 * 60 : 25 * 77] = np.nan
    found = recognise(replace(of, accel_g=accel_g), model)
    second = (found.epochs.time_ns - START_NS) // NS_PER_S
    assert 60 not in second
    broken = second == 70
    assert (found.epochs.activity[broken] == UNKNOWN).all()
    assert np.isnan(found.epochs.steps[broken]).all()
    assert np.isnan(found.epochs.confidence[broken]).all()


def test_steps_lie_in_order_inside_stepping_epochs_and_add_up() -> None:
    of, model = motion(), load_model()
    found = recognise(of.recording, model)
    assert np.all(np.diff(found.step_times_ns) > 0)
    assert np.nansum(found.epochs.steps) == len(found.step_times_ns)
    assert len(found.step_times_ns) == pytest.approx(len(of.step_times_ns), rel=0.12)


def test_a_band_on_a_table_is_not_worn_and_takes_no_steps() -> None:
    script = (Part("walk", 5), Part("unworn", 30), Part("sit", 30))
    found = recognise(motion(script=script).recording, load_model())
    minutes = (found.epochs.time_ns - START_NS) / 60e9
    on_table = (minutes >= 6) & (minutes < 34)
    assert (found.epochs.worn[on_table] == 0).all()
    assert np.isnan(found.epochs.steps[on_table]).all()
    assert (found.epochs.worn[(minutes < 5) | (minutes > 36)] == 1).all()


def test_a_simulated_working_day_comes_out_near_the_truth() -> None:
    for seed in (1, 2, 3):
        script = working_day(START_NS, seed)
        of = synthesise(script, Wearer(), rate_hz=25.0, seed=seed, start_ns=START_NS)
        found = recognise(of.recording, load_model())
        true = truth(of, found)
        known = true >= 0
        assert (rollups(found) == true)[known].mean() >= 0.90
        assert len(found.step_times_ns) == pytest.approx(len(of.step_times_ns), rel=0.15)


def test_less_than_a_window_is_not_enough() -> None:
    of = motion(script=(Part("sit", 0.1),)).recording
    with pytest.raises(NotEnoughDataError, match=r"6\.0 s"):
        recognise(of, load_model())


def test_confidence_is_the_probability_of_the_activity() -> None:
    epochs = recognise(motion().recording, load_model(), smoothing=False).epochs
    known = epochs.activity != UNKNOWN
    rows = np.flatnonzero(known)
    np.testing.assert_allclose(epochs.confidence[rows], epochs.probability[rows, epochs.activity[rows]])
    np.testing.assert_allclose(np.nansum(epochs.probability[rows], axis=1), 1.0, rtol=1e-5)
    assert np.array_equal(np.nanargmax(epochs.probability[rows], axis=1), epochs.activity[rows])
