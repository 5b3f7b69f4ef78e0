"""Simulated movement looks like that of real wrists, to plain measures and to a classifier that saw only real ones."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from wrist_measures import MEASURES, REAL_LABELS, features, measures, real_recordings, windows

from device.simulator.motion import Part, Wearer, synthesise

pytestmark = pytest.mark.data

NAMED = {
    "lie": "lying",
    "sit": "sitting",
    "stand": "standing",
    "stroll": "walk_slow",
    "walk": "walk_mod",
    "brisk": "walk_fast",
    "run": "jogging",
    "climb": "upstairs",
    "descend": "downstairs",
}
EDGE_NS = 2_000_000_000  # of a transition, on either side
RHYTHM = {"step_hz", "step_share"}  # nothing to measure where there are no steps


@pytest.fixture(scope="module")
def real(recordings_dir):
    """(names of activities, people, windows' features, windows' measures) of the real recordings."""
    activities, people, feature_rows, measure_rows = [], [], [], []
    for (subject, activity), accel_g in real_recordings(recordings_dir / "selfback-wrist.parquet").items():
        blocks = windows(accel_g, 100.0)
        activities += [activity] * len(blocks)
        people += [subject] * len(blocks)
        feature_rows.append(features(blocks))
        measure_rows.append(measures(blocks))
    return np.array(activities), np.array(people), np.vstack(feature_rows), np.vstack(measure_rows)


@pytest.fixture(scope="module")
def forest(real):
    """A forest that has seen only real recordings, still / walking / running / stairs."""
    activities, _people, feature_rows, _measures = real
    model = RandomForestClassifier(120, min_samples_leaf=2, n_jobs=2, random_state=0, class_weight="balanced_subsample")
    return model.fit(feature_rows, [REAL_LABELS[name] for name in activities])


def blocks_of(wearer, seed, rate_hz, minutes=1.5):
    """Yield (part name, windows) of each activity, transitions left out."""
    motion = synthesise([Part(name, minutes) for name in NAMED], wearer, rate_hz=rate_hz, seed=seed, start_ns=0)
    for span in motion.labels:
        inside = slice(*np.searchsorted(motion.recording.time_ns, [span.start_ns + EDGE_NS, span.stop_ns - EDGE_NS]))
        yield span.part.activity, windows(motion.recording.accel_g[inside].astype(float), rate_hz)


def test_drawn_wearers_measure_as_real_people_do(real):
    activities, people, _features, measure_rows = real
    table = pd.DataFrame(measure_rows, columns=MEASURES).assign(activity=activities, person=people)
    real_people = table.groupby(["activity", "person"]).median()
    rows = []
    for seed in range(30):
        # Real sensors were calibrated before they were measured; so are these.
        wearer = replace(Wearer.draw(seed), offset_g=(0.0, 0.0, 0.0), gain=(1.0, 1.0, 1.0))
        for name, blocks in blocks_of(wearer, seed, 100.0):
            rows.append([NAMED[name], *np.median(measures(blocks), axis=0)])
    drawn = pd.DataFrame(rows, columns=["activity", *MEASURES]).set_index("activity")
    outside = []
    for activity in NAMED.values():
        for measure in MEASURES:
            if measure in RHYTHM and REAL_LABELS[activity] == "still":
                continue
            low, high = real_people.loc[activity][measure].quantile([0.05, 0.95])
            values = drawn.loc[activity][measure]
            share = float(values.between(low, high).mean())
            if not low <= values.median() <= high or share < 0.6:
                outside.append(f"{activity} {measure}: {low:.3f}..{high:.3f}, drawn {values.median():.3f}, {share:.2f}")
    assert not outside, "\n".join(outside)


@pytest.mark.parametrize("rate_hz", [25.0, 100.0])
def test_a_forest_trained_on_real_wrists_recognises_the_simulated_one(forest, rate_hz):
    truth, found = [], []
    for seed in range(100, 115):
        for name, blocks in blocks_of(Wearer.draw(seed), 7 * seed, rate_hz):
            truth += [name] * len(blocks)
            found += list(forest.predict(features(blocks)))
    said = np.array([REAL_LABELS[NAMED[name]] for name in truth])
    right = said == np.array(found)
    confusion = pd.crosstab(pd.Series(truth, name="did"), pd.Series(found, name="found"), normalize="index").round(2)
    assert right.mean() >= 0.85, f"\n{confusion}"
    # Climbing is what real people's windows are mistaken in, too: 58 % right by person, and 86 % on the way down.
    least = {"still": 0.93, "walking": 0.85, "running": 0.95, "stairs": 0.55}
    for rollup, share in least.items():
        assert right[said == rollup].mean() >= share, f"{rollup}\n{confusion}"
