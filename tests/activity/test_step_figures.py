"""Steps of real wrists, whose true number is known, as loose bounds around what the counter reaches."""

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.ndimage import gaussian_filter1d

from activity.cli.model_steps import steps
from activity.labels import STEPPING
from activity.signal.regularise import Grid
from activity.steps.evaluate import CountedWalk, StepScores, count_alone, count_steps, score_steps
from activity.steps.walks import missing_files, read_walks


@pytest.fixture(scope="module")
def scores(recordings_dir: Path) -> dict[str, tuple[StepScores, StepScores]]:
    """By kind: told that it is stepping, and by the rhythm alone."""
    told, alone = [], []
    for walk in read_walks(recordings_dir):
        name, minutes = f"{walk.source} {walk.kind}", len(walk.grid) / walk.grid.rate_hz / 60
        assert walk.activity in STEPPING
        told.append(CountedWalk(name, walk.reference, count_steps(walk.grid, walk.activity), walk.name, minutes))
        alone.append(CountedWalk(name, walk.reference, count_alone(walk.grid), walk.name, minutes))
    return {a.original: (a, b) for a, b in zip(score_steps(told), score_steps(alone), strict=True)}


@pytest.mark.data
@pytest.mark.parametrize(
    ("kind", "mape", "worst"),
    [
        ("selfBACK walk_slow", 1.0, 6.0),
        ("selfBACK walk_mod", 0.8, 4.0),
        ("selfBACK walk_fast", 1.1, 6.0),
        ("selfBACK jogging", 0.4, 2.5),
        ("selfBACK upstairs", 2.5, 8.0),
        ("selfBACK downstairs", 5.0, 26.0),  # two steps of eight
        ("sensorwatch walk fast", 3.5, 7.0),
    ],
)
def test_people_are_counted_as_their_reference_says(
    scores: dict[str, tuple[StepScores, StepScores]], kind: str, mape: float, worst: float
) -> None:
    told, _ = scores[kind]
    assert told.mape_percent is not None
    assert told.worst_percent is not None
    assert told.mape_percent <= mape, told
    assert abs(told.worst_percent) <= worst, told


@pytest.mark.data
@pytest.mark.parametrize(
    ("kind", "most_a_minute"),
    [("selfBACK sitting", 0.05), ("selfBACK lying", 0.05), ("sensorwatch housework", 1.0), ("SPAR pendulum", 1.0)],
)
def test_nobody_steps_who_only_moves_the_hands(
    scores: dict[str, tuple[StepScores, StepScores]], kind: str, most_a_minute: float
) -> None:
    _, alone = scores[kind]
    assert alone.false_per_minute <= most_a_minute, alone


@pytest.mark.data
def test_a_phone_in_a_swinging_hand_is_counted_as_its_strides_say(
    scores: dict[str, tuple[StepScores, StepScores]],
) -> None:
    """Six strides of the second walk are cut in two by a switch that bounced: its 270 steps are about 258."""
    told, _ = scores["oxford swinging arm"]
    assert told.recordings == 2
    assert told.counted == pytest.approx(266 + 258, rel=0.01)


@pytest.mark.data
def test_walks_played_slowly_are_counted_as_fast_ones_are(recordings_dir: Path) -> None:
    """Half as slow again, and shaking less: 1.2 steps a second, as slow as hardly anyone in the recordings walks."""
    slower, errors = 1.5, []
    for walk in read_walks(recordings_dir):
        if walk.kind == "walk_mod":
            accel_g, rate_hz = np.nan_to_num(walk.grid.accel_g), walk.grid.rate_hz
            at = np.arange(0.0, len(accel_g) - 1, 1.0 / slower)
            played = np.stack([np.interp(at, np.arange(len(accel_g)), axis) for axis in accel_g.T], axis=1)
            posture = gaussian_filter1d(played, 0.9 * rate_hz, axis=0)
            grid = Grid((posture + (played - posture) / slower**1.5).astype(np.float32), rate_hz, 0)
            errors.append(count_steps(grid, walk.activity) / walk.reference - 1.0)
    assert len(errors) == 29
    assert np.abs(errors).mean() < 0.03


def test_a_folder_without_recordings_has_none_to_count(tmp_path: Path) -> None:
    assert list(read_walks(tmp_path)) == []
    assert len(missing_files(tmp_path)) == 7


def test_the_command_says_what_it_leaves_out_and_judges_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("activity.cli.model_steps.SIMULATED_PEOPLE", 1)
    monkeypatch.setattr("activity.cli.model_steps.SIMULATED_MINUTES", 0.5)
    said = CliRunner().invoke(steps, ["--data", str(tmp_path)])
    assert said.exit_code == 0, said.output
    rows = defaultdict(list)
    for line in said.stdout.splitlines():
        rows[line.split()[0] if line.split() else ""].append(line)
    assert len(rows["simulated"]) == 3
    assert said.stderr.count("left out") == 7
    table = CliRunner().invoke(steps, ["--data", str(tmp_path), "--json"])
    assert '"false_per_minute"' in table.stdout
