"""Signals as they should not be: each is refused with a typed error or flagged, never silently given a wrong class."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from activity.classify.artefact import load_model, save_model
from activity.classify.model import Model
from activity.classify.train import Settings, fit
from activity.cli.main import run
from activity.epochs import UNKNOWN
from activity.errors import ModelError, NotEnoughDataError, RateError, UnitsError
from activity.features.table import FEATURE_VERSION, compute_features
from activity.labels import ACTIVITIES, Activity
from activity.recognise import recognise
from activity.signal.check import Heard, check_signal, furthest_values
from activity.signal.gather import RowsInMemory, gather
from activity.signal.metrics import moments
from activity.signal.regularise import regularise
from activity.windows import Windows
from device.recording import NS_PER_S, Recording
from device.simulator.motion import Part, Wearer, synthesise

START_NS = 1_790_000_000_000_000_000
RATE_HZ = 50.0
SCRIPT = (Part("sit", 2), Part("walk", 3), Part("sit", 2))
SEED = 5


@pytest.fixture(scope="module")
def model() -> Model:
    """A small model that tells sitting from walking, so that these tests don't hang on the shipped one."""
    of = synthesise((Part("sit", 6), Part("walk", 6)), Wearer(), rate_hz=25.0, seed=1, start_ns=START_NS)
    grid = regularise(of.recording, 25.0)
    features = compute_features(grid, Windows(250))
    walking = np.arange(len(features)) >= len(features) // 2
    activity = np.where(walking, ACTIVITIES.index(Activity.WALKING), ACTIVITIES.index(Activity.SITTING))
    rows = ~np.isnan(features).any(axis=1)
    forest = fit(features[rows], activity[rows], Settings(trees=20)).forest
    kinds = (str(Activity.SITTING), str(Activity.WALKING))
    return Model("small", kinds, (forest,), 25.0, 10.0, 1.0, FEATURE_VERSION, {"digest": "0"})


@pytest.fixture(scope="module")
def good() -> Recording:
    return synthesise(SCRIPT, Wearer(), rate_hz=RATE_HZ, seed=SEED, start_ns=START_NS).recording


def changed(good: Recording, accel_g: np.ndarray) -> Recording:
    return replace(good, accel_g=np.asarray(accel_g, dtype=np.float32))


def codes(found) -> dict[str, float]:
    return {flag.code: flag.share for flag in found.flags}


def test_a_good_signal_has_no_flags(good, model):
    found = recognise(good, model)
    assert found.flags == ()
    assert (found.epochs.activity != UNKNOWN).all()


# Refused


@pytest.mark.parametrize(
    ("factor", "said", "remedy"),
    [(9.80665, "m/s²", "9.80665"), (1000.0, "mg", "1000"), (256.0, "256", "counts"), (0.125, "0.125", "counts")],
)
def test_another_unit_is_named_and_not_guessed(good, model, factor, said, remedy):
    with pytest.raises(UnitsError, match=said) as caught:
        recognise(changed(good, good.accel_g * factor), model)
    assert remedy in caught.value.remedy


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_no_way_to_wear_a_band_and_no_bad_sensor_is_taken_for_another_unit(good, seed):
    rng = np.random.default_rng(seed)
    turned = Rotation.random(rng=rng).apply(good.accel_g)
    accel_g = turned * rng.uniform(0.93, 1.07, 3) + rng.uniform(-0.12, 0.12, 3)
    assert check(changed(good, accel_g)).flags == ()


def test_acceleration_without_gravity_is_refused(good, model):
    blocks = good.accel_g[: good.n_samples // 50 * 50].reshape(-1, 50, 3)
    linear = (blocks - blocks.mean(axis=1, keepdims=True)).reshape(-1, 3)
    with pytest.raises(UnitsError, match="gravity"):
        recognise(Recording.from_times(linear, good.time_ns[: len(linear)]), model)


@pytest.mark.parametrize("rate_hz", [0.2, 1.0, 8.0])
def test_too_slow_a_band_is_refused(model, rate_hz):
    n = round(600 * rate_hz)
    jitter = np.random.default_rng(0).normal(0, 0.02, n)
    time_ns = START_NS + np.rint((np.arange(n) / rate_hz + jitter) * NS_PER_S).astype(np.int64)
    with pytest.raises(RateError, match="Hz"):
        recognise(Recording.from_times(np.tile(np.float32([0, 0, 1]), (n, 1)), time_ns), model)


@pytest.mark.parametrize("n", [0, 1, 2, 490])
def test_less_than_a_window_is_not_enough(good, model, n):
    with pytest.raises(NotEnoughDataError):
        recognise(Recording.from_times(good.accel_g[:n], good.time_ns[:n]), model)


def test_nothing_but_broken_samples_is_not_enough(good, model):
    with pytest.raises(NotEnoughDataError, match="none of 21,000 samples"):
        recognise(changed(good, np.full_like(good.accel_g, np.nan)), model)


# Flagged, and unknown where a verdict would be a guess


@pytest.mark.parametrize("value", [[0.0, 0.0, 1.0], [0.6, -0.8, 0.0]])
def test_a_signal_that_never_changes_is_flagged_and_no_activity(good, model, value):
    found = recognise(changed(good, np.tile(value, (good.n_samples, 1))), model)
    assert codes(found) == {"frozen": 1.0}
    assert (found.epochs.activity == UNKNOWN).all()
    assert found.step_times_ns.size == 0


def test_zeros_in_place_of_samples_are_no_activity_and_no_other_unit(good, model):
    accel_g = good.accel_g.copy()
    accel_g[9000:] = 0.0
    found = recognise(changed(good, accel_g), model)
    assert codes(found)["frozen"] == pytest.approx(0.57, abs=0.03)
    assert (found.epochs.activity[19:] == UNKNOWN).all()
    assert (found.epochs.activity[:17] != UNKNOWN).all()


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("value", [0.0, 0.31, -8.0])
def test_an_axis_that_stays_put_while_the_others_move_is_flagged_and_unknown(good, model, axis, value):
    accel_g = good.accel_g.copy()
    accel_g[:, axis] = value
    found = recognise(changed(good, accel_g), model)
    assert codes(found)["stuck-axis"] == 1.0
    assert (found.epochs.activity == UNKNOWN).all()


def test_an_axis_that_fails_half_way_is_trusted_until_then(good, model):
    accel_g = good.accel_g.copy()
    accel_g[10_000:, 1] = accel_g[10_000, 1]
    found = recognise(changed(good, accel_g), model)
    assert (found.epochs.activity[:20] != UNKNOWN).all()
    assert (found.epochs.activity[20:] == UNKNOWN).all()


@pytest.mark.parametrize("step_g", [1 / 64, 1 / 16, 1 / 4])
def test_a_coarse_sensor_at_rest_is_neither_frozen_nor_stuck(good, model, step_g):
    found = recognise(changed(good, np.round(good.accel_g / step_g) * step_g), model)
    assert codes(found) == {}
    assert (found.epochs.activity != UNKNOWN).all()


@pytest.mark.parametrize("range_g", [1.0, 1.3])
def test_a_sensor_driven_to_the_end_of_its_range_is_said_to_be(good, model, range_g):
    clipped = np.clip(good.accel_g, -range_g, range_g)
    assert codes(recognise(changed(good, clipped), model))["clipped"] > 0.1


def test_where_most_samples_are_clipped_there_is_no_activity(good, model):
    accel_g = good.accel_g.copy()
    accel_g[6000:15_000] *= 3.0
    accel_g = np.clip(accel_g, -0.9, 0.9)
    found = recognise(changed(good, accel_g), model)
    assert codes(found)["clipped-most"] == pytest.approx(0.43, abs=0.05)
    assert (found.epochs.activity[13:29] == UNKNOWN).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("axes", [[0], [1], [2], [0, 1, 2]])
def test_a_sample_that_is_no_number_on_any_axis_is_missing_on_all(good, model, bad, axes):
    accel_g = good.accel_g.copy()
    accel_g[5000:6000, axes] = bad
    found = recognise(changed(good, accel_g), model)
    epochs = found.epochs
    window = (epochs.time_ns - START_NS) / 10e9
    assert (epochs.activity[np.isin(window, [10.0, 11.0])] == UNKNOWN).all()
    assert np.isfinite(epochs.enmo_mg).all()
    assert (epochs.activity[~np.isin(window, [9.0, 10.0, 11.0, 12.0])] != UNKNOWN).all()


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_holes_and_gaps_everywhere_leave_nothing_that_is_not_finite_or_missing(good, model, seed):
    rng = np.random.default_rng(seed)
    accel_g = good.accel_g.copy()
    accel_g[rng.random(len(accel_g)) < rng.choice([0.01, 0.3, 0.9]), rng.integers(0, 3)] = rng.choice([np.nan, np.inf])
    keep = np.repeat(rng.random(len(accel_g) // 100) < 0.7, 100)
    holed = Recording.from_times(accel_g[keep], good.time_ns[: keep.size][keep])
    epochs = recognise(holed, model).epochs
    known = epochs.activity != UNKNOWN
    assert np.isfinite(epochs.confidence[known]).all()
    assert np.isnan(epochs.confidence[~known]).all()
    assert np.isfinite(epochs.enmo_mg).all()
    assert (epochs.coverage[known] >= 0.5).all()


def test_a_spike_that_no_band_can_measure_spoils_its_window_and_no_other(good, model):
    accel_g = good.accel_g.copy()
    accel_g[5250, 1] = 1e6
    found = recognise(changed(good, accel_g), model)
    assert codes(found)["beyond-range"] < 0.03
    assert np.flatnonzero(found.epochs.activity == UNKNOWN).tolist() == [10]


def test_a_stretch_that_came_too_slowly_is_flagged_and_unknown(good, model):
    keep = np.ones(good.n_samples, dtype=bool)
    keep[9000:] = np.arange(good.n_samples - 9000) % 10 == 0  # 5 Hz
    keep[8930:9040] = False  # a gap before it: another segment
    found = recognise(Recording.from_times(good.accel_g[keep], good.time_ns[keep]), model)
    assert codes(found)["slow"] == pytest.approx(0.57, abs=0.05)
    later = found.epochs.time_ns >= START_NS + 190 * NS_PER_S
    assert (found.epochs.activity[later] == UNKNOWN).all()
    assert (found.epochs.activity[:17] != UNKNOWN).all()


# Odd, and yet all right


@pytest.mark.parametrize("rate_hz", [12.5, 25.0, 200.0, 1600.0])
def test_any_rate_from_12_5_to_1600_hz_is_recognised(model, rate_hz):
    of = synthesise(SCRIPT, Wearer(), rate_hz=min(rate_hz, 200.0), seed=SEED, start_ns=START_NS).recording
    n = round(of.n_samples * rate_hz / of.rate_hz)
    time_ns = START_NS + np.rint(np.arange(n) * NS_PER_S / rate_hz).astype(np.int64)
    accel_g = np.stack([np.interp(time_ns, of.time_ns, axis) for axis in of.accel_g.T], axis=1).astype(np.float32)
    found = recognise(Recording.from_times(accel_g, time_ns), model)
    assert found.flags == ()
    walking = found.epochs.activity == ACTIVITIES.index(Activity.WALKING)
    assert walking[13:29].mean() > 0.9
    assert walking[:11].mean() < 0.1


# Real wrists


@pytest.fixture(scope="module")
def real(recordings_dir) -> list[Recording]:
    """Recordings of five people, one activity each."""
    people = [("subject", "in", ["sb007", "sb033", "sb040", "sb052", "sb061"])]
    frame = pd.read_parquet(recordings_dir / "selfback-wrist.parquet", filters=people)
    parts = [part for _, part in frame.groupby(["subject", "activity"], observed=True) if len(part) > 2000]
    moved = [part[part["t"].diff().fillna(1) > 0] for part in parts]
    assert len(moved) > 40
    return [Recording.from_times(part[["x", "y", "z"]].to_numpy(np.float32), part["t"].to_numpy()) for part in moved]


def check(recording: Recording):
    gathered, windows = gather(recording.stream(), 25.0, RowsInMemory()), Windows(250)
    grid = gathered.grid(0, gathered.n_rows)
    furthest_g = furthest_values(grid, windows)
    heard = Heard(gathered.extent, gathered.look, grid.start_ns, 250 * grid.step_ns, furthest_g)
    return check_signal(heard, moments(grid, windows))


@pytest.mark.data
def test_real_wrists_are_sound(real):
    assert [flag for recording in real for flag in check(recording).flags] == []


@pytest.mark.data
def test_real_wrists_on_a_band_of_2_g_are_doubted_in_less_than_one_window_of_fifty(real):
    doubtful = np.concatenate([check(changed(part, np.clip(part.accel_g, -2.0, 2.0))).doubtful for part in real])
    assert doubtful.mean() < 0.02


@pytest.mark.data
@pytest.mark.parametrize(("factor", "said"), [(9.80665, "m/s²"), (1000.0, "mg"), (64.0, r"is \d+")])
def test_real_wrists_in_another_unit_are_refused_whatever_they_do(real, factor, said):
    for recording in real:
        with pytest.raises(UnitsError, match=said):
            check(changed(recording, recording.accel_g * np.float32(factor)))


# The same through `selfback process`


@pytest.fixture
def folder(model, tmp_path) -> Path:
    """The small model on disk."""
    facts = {"name": "small", "kinds": list(model.kinds), "rate_hz": 25.0, "width_s": 10.0, "temperature": 1.0}
    save_model(tmp_path / "small", model.members, facts)
    return tmp_path / "small"


def csv_file(path: Path, recording: Recording) -> Path:
    frame = pd.DataFrame(recording.accel_g, columns=["x", "y", "z"])
    frame.insert(0, "time", recording.time_ns)
    frame.to_csv(path, index=False)
    return path


def process(folder: Path, *arguments: object) -> int:
    return run(["process", "--model", str(folder), "--workers", "1", *(str(argument) for argument in arguments)])


@pytest.mark.parametrize(
    ("factor", "rate_hz", "code"),
    [(9.80665, 50.0, "units-wrong"), (1000.0, 50.0, "units-wrong"), (1.0, 1.0, "rate-too-low")],
)
def test_process_names_what_it_refuses_and_how_to_mend_it(good, folder, tmp_path, capsys, factor, rate_hz, code):
    step = round(50.0 / rate_hz)
    odd = Recording.from_times((good.accel_g * np.float32(factor))[::step], good.time_ns[::step])
    assert process(folder, csv_file(tmp_path / "odd.csv", odd), "-o", tmp_path / "out", "--json") == 1
    said = capsys.readouterr()
    (line,) = [json.loads(text) for text in said.out.splitlines()]
    assert (line["state"], line["code"]) == ("failed", code)
    assert "odd.csv" in said.err
    assert f"selfback explain {code}" in said.err


def test_process_writes_flags_and_measures(good, folder, tmp_path, capsys):
    accel_g = good.accel_g.copy()
    accel_g[10_000:, 1] = accel_g[10_000, 1]
    out = tmp_path / "out"
    assert process(folder, csv_file(tmp_path / "half.csv", changed(good, accel_g)), "-o", out, "--metrics") == 0
    info = json.loads((out / "half" / "info.json").read_text())
    assert "signal: stuck-axis 52%" in capsys.readouterr().out
    (flag,) = info["signal"]["flags"]
    assert (flag["code"], flag["doubted"]) == ("stuck-axis", True)
    assert flag["windows"] == 22
    assert info["calibration"]["kind"] in {"none", "part", "full"}
    activity = pq.read_table(out / "half" / "epochs.parquet")["activity"].to_pylist()
    assert activity[20:] == [None] * 22
    table = pq.read_table(out / "half" / "metrics.parquet")
    columns = [name for metric in info["metrics"] for name in metric["columns"]]
    assert table.column_names == ["time", *columns, "coverage"]
    assert table.num_rows == 7


def test_process_writes_no_measures_unless_asked(good, folder, tmp_path):
    out = tmp_path / "out"
    assert process(folder, csv_file(tmp_path / "a.csv", good), "-o", out) == 0
    assert not (out / "a" / "metrics.parquet").exists()
    assert process(folder, tmp_path / "a.csv", "-o", out, "--metrics") == 0
    assert (out / "a" / "metrics.parquet").exists()


def test_a_model_of_other_features_is_refused_before_anything_is_written(good, folder, tmp_path, capsys):
    facts = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps(facts | {"feature_version": "0-of-another-time"}))
    with pytest.raises(ModelError, match="0-of-another-time"):
        load_model(folder)
    assert process(folder, csv_file(tmp_path / "a.csv", good), "-o", tmp_path / "out") == ModelError.exit_code
    assert "selfback explain model-integrity" in capsys.readouterr().err
    assert not (tmp_path / "out" / "a").exists()


@pytest.mark.parametrize("rows", [1, 3])
def test_process_names_a_recording_of_too_few_samples(good, folder, tmp_path, capsys, rows):
    few = Recording.from_times(good.accel_g[:rows], good.time_ns[:rows])
    assert process(folder, csv_file(tmp_path / "few.csv", few), "-o", tmp_path / "out") == 1
    assert "few.csv" in capsys.readouterr().err


def test_process_survives_cells_that_are_no_numbers(good, folder, tmp_path, capsys):
    accel_g = good.accel_g.copy()
    accel_g[::7, 1] = np.nan
    accel_g[5000:6000] = np.nan
    assert process(folder, csv_file(tmp_path / "holes.csv", changed(good, accel_g)), "-o", tmp_path / "out") in {0, 1}
    assert "Traceback" not in capsys.readouterr().err
