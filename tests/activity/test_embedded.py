"""The recogniser for the band: its C is its Python twin bit by bit, its numbers mean what their names say."""

import asyncio
import json
import math
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import compiled_band
import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from activity.classify.embedded.artefact import forest_bytes, forest_digest, load_embedded, save_embedded
from activity.classify.embedded.build import TARGETS, measure_sizes, state_bytes
from activity.classify.embedded.counts import kind_shares
from activity.classify.embedded.features import FEATURE_VERSION, FEATURES, SPECTRUM, WIDTH, integer_features
from activity.classify.embedded.integer import divide, log, root, saturate
from activity.classify.embedded.model import LEAF, EmbeddedModel, IntegerForest, Verdict, judge, recognise
from activity.classify.embedded.page import card_text
from activity.classify.embedded.source import c_files, write_c
from activity.classify.embedded.train import BandSettings, cut, fit_forest, train_embedded
from activity.classify.kinds import KINDS
from activity.classify.labelled import LabelledGrid
from activity.cli.model import command
from activity.errors import ModelError, NotEnoughDataError
from activity.labels import ACTIVITIES, Activity
from activity.resources import shipped as shipped_file
from activity.signal.regularise import regularise
from device.link.connect import connect
from device.link.control import open_control
from device.link.radio import open_adapter, simulated
from device.profiles.openband import STREAM_UUID, decode_notification
from device.simulator.band import SimulatedBand
from device.simulator.memory import BandClock, trace_of
from device.simulator.motion import Part, Wearer, synthesise
from device.simulator.radio import VirtualAir
from device.simulator.recogniser import Recogniser
from device.simulator.virtual_time import run_virtually

COLUMN = {feature.name: index for index, feature in enumerate(FEATURES)}
TURNED = np.array([feature.turned for feature in FEATURES])
GENTLE = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def a_model(seed: int = 3) -> EmbeddedModel:
    """Trees grown on noise: they say nothing sensible, but look at every kind of feature."""
    rng = np.random.default_rng(seed)
    rows = integer_features(hostile(rng, 1000), 8)
    truth = rng.integers(0, len(ACTIVITIES), len(rows)).astype(np.int8)
    return of_forest(fit_forest(rows, truth, BandSettings(rounds=8, least_leaf=4, feature_share=0.5, seed=seed)))


def of_forest(forest: IntegerForest) -> EmbeddedModel:
    facts = {
        "name": "test",
        "classes": [str(activity) for activity in ACTIVITIES],
        "feature_version": FEATURE_VERSION,
        "files": {"forest.npz": forest_digest(forest)},
    }
    return EmbeddedModel("test", ACTIVITIES, FEATURE_VERSION, forest, facts)


def hostile(rng: np.random.Generator, n: int) -> NDArray[np.int16]:
    """Windows of the kinds that break arithmetic: extremes, steps, alternation, single spikes, all sizes of noise."""
    ends = np.array([-32768, 32767])
    flat = np.ones((WIDTH, 3), dtype=np.int64)
    time = np.arange(WIDTH)[:, None]

    def one(kind: int) -> NDArray[np.int64]:
        loud = int(2 ** rng.uniform(0, 15))
        match kind:
            case 0:
                return flat * rng.choice(ends, 3)
            case 1:
                return ends[(time // int(rng.integers(1, 126)) + rng.integers(0, 2, 3)) % 2]
            case 2:
                return rng.choice(ends, (WIDTH, 3))
            case 3:
                spike = flat * rng.integers(-3, 4, 3)
                spike[rng.integers(WIDTH)] = rng.choice(ends, 3)
                return spike
            case 4:
                return np.cumsum(rng.integers(-loud // 8 - 1, loud // 8 + 2, (WIDTH, 3)), axis=0)
            case 5:
                return flat * rng.integers(-3, 4, 3) + rng.integers(0, 2, (WIDTH, 3))
            case 6:
                return np.tile(rng.integers(-32768, 32768, (int(rng.integers(1, 60)), 3)), (WIDTH, 1))[:WIDTH]
            case 7:
                sway = loud * np.sin(time * rng.uniform(0.02, 3.0, 3) + rng.uniform(0, 6, 3))
                return np.rint(4096 * rng.normal(size=3) + sway).astype(np.int64)
            case 8:
                return flat * 0
            case _:
                return rng.integers(-loud, loud + 1, (WIDTH, 3))

    windows = [np.clip(one(k % 12), -32768, 32767) for k in range(n)]
    return np.array(windows, dtype=np.int64).astype(np.int16)


@st.composite
def windows(draw: st.DrawFn) -> NDArray[np.int16]:
    """A window out of a few values, each held for a while: shrinks to constants."""
    value = st.one_of(st.sampled_from([-32768, -32767, -1, 0, 1, 32767]), st.integers(-32768, 32767))
    rows = draw(st.lists(st.tuples(value, value, value), min_size=1, max_size=40))
    held = draw(st.integers(1, 30))
    once = np.repeat(np.array(rows, dtype=np.int16), held, axis=0)
    return np.tile(once, (WIDTH // len(once) + 1, 1))[:WIDTH]


@pytest.fixture(scope="module")
def model() -> EmbeddedModel:
    return a_model()


@pytest.fixture(scope="module")
def program(model: EmbeddedModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled_band.compile_program(model, tmp_path_factory.mktemp("o2"))


@pytest.fixture(scope="module")
def checked_program(model: EmbeddedModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that ends at the first thing that C99 leaves undefined."""
    options = ["-O1", "-g", "-fsanitize=undefined,bounds", "-fno-sanitize-recover=all"]
    return compiled_band.compile_program(model, tmp_path_factory.mktemp("checked"), options)


def assert_same(program: Path, model: EmbeddedModel, samples: NDArray[np.int16], ranges_g: list[int]) -> None:
    made = compiled_band.run_windows(program, samples, ranges_g, len(model.classes))
    for range_g in sorted(set(ranges_g)):
        rows = np.array(ranges_g) == range_g
        expected = integer_features(samples[rows], range_g)
        for index in np.flatnonzero((made.features[rows] != expected).any(axis=0)):
            pytest.fail(f"{FEATURES[index].name} differs at ±{range_g} g")
        verdict = judge(model.forest, expected)
        assert np.array_equal(made.scores[rows], verdict.score)
        assert np.array_equal(made.activity[rows], verdict.activity)


# -- the C and its twin ------------------------------------------------------------------------------------------------


def test_the_c_says_bit_by_bit_what_python_says(program: Path, model: EmbeddedModel, rng: np.random.Generator) -> None:
    assert_same(program, model, hostile(rng, 600), [1 + k % 16 for k in range(600)])


def test_nothing_overflows_or_leaves_its_table(
    checked_program: Path, model: EmbeddedModel, rng: np.random.Generator
) -> None:
    assert_same(checked_program, model, hostile(rng, 300), [(16, 8, 2, 15)[k // 12 % 4] for k in range(300)])


@GENTLE
@given(window=windows(), range_g=st.integers(1, 16))
def test_the_c_says_what_python_says_of_any_window(
    checked_program: Path, model: EmbeddedModel, window: NDArray[np.int16], range_g: int
) -> None:
    assert_same(checked_program, model, window[None], [range_g])


@pytest.mark.parametrize(
    "options", [("-O0",), ("-O3", "-funroll-loops"), ("-Os", "-fno-strict-aliasing"), ("-m32", "-O2")]
)
def test_every_way_of_compiling_gives_the_same_bits(
    options: tuple[str, ...], model: EmbeddedModel, rng: np.random.Generator, tmp_path: Path
) -> None:
    if "-m32" in options:
        probe = [compiled_band.compiler(), "-m32", "-x", "c", "-", "-o", str(tmp_path / "probe")]
        source = '#include <stdio.h>\nint main(void) { return puts("") < 0; }\n'
        if subprocess.run(probe, input=source, text=True, capture_output=True, check=False, timeout=60).returncode:
            pytest.skip("this gcc can't build for 32 bits")
    assert_same(compiled_band.compile_program(model, tmp_path, options), model, hostile(rng, 120), [8] * 120)


def test_a_cortex_m4_gives_the_same_bits_and_needs_little(
    model: EmbeddedModel, rng: np.random.Generator, tmp_path: Path
) -> None:
    samples = hostile(rng, 48)
    ran = compiled_band.run_on_cortex_m4(model, tmp_path, samples, [8] * 48)
    features = integer_features(samples, 8)
    assert np.array_equal(ran.made.features, features)
    assert np.array_equal(ran.made.scores, judge(model.forest, features).score)
    assert ran.instructions.max() < 1_000_000
    assert ran.stack_bytes.max() < 1_000


def test_no_float_no_allocation_and_no_library_is_in_it(model: EmbeddedModel, tmp_path: Path) -> None:
    write_c(model, tmp_path)
    text = re.sub(r"/\*.*?\*/", "", "".join(c_files(model).values()), flags=re.DOTALL)
    assert not re.search(r"\b(float|double|malloc|calloc|realloc|free|alloca)\b", text)
    gcc = compiled_band.compiler()
    # Without registers for floats the compiler itself refuses one.
    command = [gcc, *compiled_band.FLAGS, "-O2", "-mgeneral-regs-only", "-c", "selfback_model.c"]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=120)
    named = subprocess.run(
        ["nm", "selfback_model.o"], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    rows = [line.split() for line in named.stdout.splitlines()]
    wanted = {row[-1] for row in rows if row[-2] == "U"}
    assert wanted <= {"memset", "memcpy", "__stack_chk_fail", "_GLOBAL_OFFSET_TABLE_"}, "more than a compiler needs"
    assert {row[-2] for row in rows} <= {"T", "t", "r", "U"}, "something lies in RAM"
    assert {row[-1] for row in rows if row[-2] == "T"} == {"selfback_begin", "selfback_push", "selfback_confidence"}


def test_the_header_is_a_cpp_header_too_and_its_state_has_the_size_that_is_said(
    model: EmbeddedModel, tmp_path: Path
) -> None:
    write_c(model, tmp_path)
    size = state_bytes(len(model.classes))
    (tmp_path / "size.c").write_text(
        f'#include "selfback_model.h"\nint right[sizeof(selfback_model) == {size} ? 1 : -1];\n'
    )
    gcc = compiled_band.compiler()
    subprocess.run([gcc, *compiled_band.FLAGS, "-c", "size.c"], cwd=tmp_path, check=True, timeout=60)
    if cpp := shutil.which("g++"):
        subprocess.run(
            [cpp, "-x", "c++", "-Werror", "-Wall", "-fsyntax-only", "selfback_model.h"],
            cwd=tmp_path,
            check=True,
            timeout=60,
        )


def test_a_window_is_whole_at_its_last_sample_and_a_range_is_needed(model: EmbeddedModel, tmp_path: Path) -> None:
    library = compiled_band.BandLibrary(model, tmp_path)
    window = hostile(np.random.default_rng(5), 12)[9]
    assert set(library.push(window)) == {-2}, "before a begin"
    assert [library.begin(range_g) for range_g in (0, 17, -3, 256 + 8)] == [-2] * 4
    assert set(library.push(window)) == {-2}
    assert library.begin(8) == -1
    library.push(window[:100])
    assert library.begin(8) == -1, "a gap: the window begins again"
    said = library.push(window)
    verdict = recognise(model, window[None], 8)
    assert said == [-1] * (WIDTH - 1) + [verdict.activity[0]]
    assert [library.confidence(index) for index in range(len(model.classes))] == verdict.confidence[0].tolist()
    assert library.confidence(-1) == library.confidence(len(model.classes)) == 0
    assert library.push(window) == said, "the next window begins by itself"


def test_the_same_model_is_the_same_text(model: EmbeddedModel) -> None:
    files = c_files(model)
    assert files == c_files(a_model())
    assert all(text.isascii() and text.endswith("\n") for text in files.values())
    assert max(len(line) for text in files.values() for line in text.splitlines()) <= 120
    assert model.digest in files["selfback_classes.h"]


def test_the_smallest_forest_compiles(tmp_path: Path) -> None:
    empty = np.zeros(0, np.int16)
    base = np.array([0, -32768, 32767, 1, 32767, -1, 5], np.int16)
    roots = np.array([-1, -LEAF, -2 * LEAF, -5, -7, -LEAF - 1, -LEAF + 1], np.int16)
    lone = of_forest(IntegerForest(base, roots, empty.astype(np.uint8), empty, empty, empty))
    program = compiled_band.compile_program(lone, tmp_path)
    assert_same(program, lone, hostile(np.random.default_rng(1), 12), [8] * 12)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_it_fits_a_band(target: object, tmp_path: Path) -> None:
    shipped = load_embedded()
    write_c(shipped, tmp_path)
    sizes = measure_sizes(tmp_path, target)
    if sizes is None:
        pytest.skip(f"no compiler for {target.name}")
    assert sizes.text < 64_000
    assert (sizes.data, sizes.bss) == (0, 0)
    assert state_bytes(len(shipped.classes)) < 4_000


# -- arithmetic --------------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 2**50), min_size=1))
def test_roots_and_logarithms_are_those_of_unbounded_numbers(numbers: list[int]) -> None:
    array = np.array(numbers, dtype=np.int64)
    assert root(array).tolist() == [math.isqrt(number) for number in numbers]
    for number, found in zip(numbers, log(array).tolist(), strict=True):
        assert abs(found - 256 * math.log2(max(number, 1))) < 2.5
    assert np.all(np.diff(log(np.sort(array))) >= 0)


@given(st.integers(-(2**50), 2**50), st.integers(1, 2**40))
def test_division_is_towards_zero(number: int, by: int) -> None:
    assert divide(np.array([number]), by)[0] == (abs(number) // by) * (1 if number >= 0 else -1)


def test_saturation_keeps_what_fits() -> None:
    assert saturate(np.array([-32769, -32768, 5, 32767, 32768])).tolist() == [-32768, -32768, 5, 32767, 32767]


def test_the_weights_of_the_spectrum_fit_their_type_and_their_sums() -> None:
    assert np.abs(SPECTRUM).max() <= 32767
    assert int(np.abs(SPECTRUM).sum(axis=1).max()) * 4096 < 2**31


def test_no_feature_needs_more_than_its_type(rng: np.random.Generator) -> None:
    found = np.concatenate([integer_features(hostile(rng, 240), range_g) for range_g in (1, 8, 16)])
    assert np.abs(found.astype(int)).max() < 32767


# -- what features mean ------------------------------------------------------------------------------------------------


def walk(step_hz: float, seed: int = 0, range_g: int = 8) -> NDArray[np.int16]:
    """A hanging arm that swings once in two steps, a bump with each, and some noise."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(WIDTH) / 25.0
    swing = 0.3 * np.sin(np.pi * step_hz * time_s)
    bump = 0.25 * np.sin(2 * np.pi * step_hz * time_s)
    accel_g = np.column_stack([-0.3 + 0.1 * bump, -0.95 + bump, 0.1 + swing]) + rng.normal(0, 0.02, (WIDTH, 3))
    return np.rint(accel_g * (32768 / range_g)).astype(np.int16)


@pytest.mark.parametrize("step_hz", [1.5, 1.8, 2.2, 2.8])
def test_the_beat_of_a_walk_is_found(step_hz: float) -> None:
    row = integer_features(walk(step_hz)[None], 8)[0].astype(float)
    assert row[COLUMN["vertical_step_lag"]] / 16 == pytest.approx(25 / step_hz, abs=0.3)
    assert row[COLUMN["forward_stride_lag"]] / 16 == pytest.approx(50 / step_hz, abs=0.7)
    assert row[COLUMN["vertical_step_correlation"]] > 0.8 * 4096
    spectrum = row[[index for name, index in COLUMN.items() if name.startswith("vertical_spectrum")]]
    loudest = [name for name in COLUMN if name.startswith("vertical_spectrum")][int(spectrum.argmax())]
    assert abs(float(loudest.split("_")[2]) - step_hz) <= 0.45


@GENTLE
@given(
    seed=st.integers(0, 2**20),
    order=st.permutations([0, 1, 2]),
    signs=st.tuples(*[st.sampled_from([-1, 1])] * 3),
)
def test_features_that_do_not_turn_do_not_turn(seed: int, order: list[int], signs: tuple[int, ...]) -> None:
    samples = np.clip(hostile(np.random.default_rng(seed), 12), -32767, 32767)
    turned = samples[:, :, order] * np.array(signs, np.int16)
    found, again = integer_features(samples, 8), integer_features(turned, 8)
    # A tie between axes is broken by their order, and only the forward stream comes from it.
    sure = np.array([not feature.name.startswith("forward") for feature in FEATURES]) & ~TURNED
    assert np.array_equal(found[:, sure], again[:, sure])
    down = [COLUMN[f"down_{axis}"] for axis in "xyz"]
    assert np.array_equal(again[:, down], found[:, down][:, order] * np.array(signs))


def test_a_walk_is_the_same_at_every_range() -> None:
    rows = np.array([integer_features(walk(1.9, range_g=range_g)[None], range_g)[0] for range_g in (2, 4, 8, 16)])
    alike = [COLUMN[name] for name in ("vertical_log_power", "size_log_power", "vertical_step_lag", "down_y")]
    assert np.ptp(rows[:, alike].astype(int), axis=0).max() <= 24


def test_a_window_of_another_shape_or_range_is_refused() -> None:
    for samples, range_g in ((np.zeros((1, 249, 3), np.int16), 8), (np.zeros((1, WIDTH, 3), np.int16), 17)):
        with pytest.raises(ValueError, match="not \\(n, 250, 3\\)"):
            integer_features(samples, range_g)


# -- the forest --------------------------------------------------------------------------------------------------------


def grown(rng: np.random.Generator, n: int = 1500) -> tuple[NDArray[np.int16], NDArray[np.int8]]:
    """Rows of small numbers, which hit thresholds often, and four classes of them."""
    rows = rng.integers(-20, 20, (n, 6)).astype(np.int16)
    return rows, np.digitize(rows[:, 0] + rows[:, 1], [-15, -2, 10]).astype(np.int8)


def test_whole_thresholds_and_scores_say_what_scikit_learn_says(rng: np.random.Generator) -> None:
    rows, truth = grown(rng)
    how = BandSettings(rounds=25, least_leaf=3, feature_share=1.0)
    verdict = judge(fit_forest(rows, truth, how), fresh := rng.integers(-25, 25, (4000, 6)).astype(np.int16))
    peer = HistGradientBoostingClassifier(
        max_iter=25,
        max_leaf_nodes=how.leaves,
        learning_rate=how.rate,
        min_samples_leaf=3,
        l2_regularization=how.penalty,
        class_weight="balanced",
        early_stopping=False,
        random_state=how.seed,
    )
    with threadpool_limits(1, "openmp"):
        expected = peer.fit(rows, truth).predict_proba(fresh)
    np.testing.assert_allclose(verdict.confidence / 255, expected, rtol=0, atol=0.025)
    top = np.sort(expected, axis=1)
    clear = top[:, -1] - top[:, -2] > 0.02
    assert clear.mean() > 0.9
    assert np.array_equal(verdict.activity[clear], expected.argmax(axis=1)[clear])


def test_the_same_windows_grow_the_same_trees(rng: np.random.Generator) -> None:
    rows, truth = grown(rng)
    first, second = (fit_forest(rows, truth, BandSettings(rounds=5)) for _ in range(2))
    assert forest_bytes(first) == forest_bytes(second)


def test_too_little_or_too_much_to_grow_is_refused(rng: np.random.Generator) -> None:
    rows, truth = grown(rng)
    with pytest.raises(NotEnoughDataError, match="2 activities"):
        fit_forest(rows[truth < 2], truth[truth < 2], BandSettings())
    noise = rng.integers(0, 7, len(rows)).astype(np.int8)
    with pytest.raises(ValueError, match="too many"):
        fit_forest(rows, noise, BandSettings(rounds=60, leaves=120, least_leaf=1))


@given(st.lists(st.integers(-(2**24), 2**24), min_size=2, max_size=9))
def test_a_score_of_256_more_doubles_the_odds(scores: list[int]) -> None:
    row = np.array([scores])
    expected = np.exp2((row - row.max()) / 256.0)
    confidence = Verdict(row.argmax(axis=1), row).confidence[0] / 255
    np.testing.assert_allclose(confidence, expected[0] / expected.sum(), rtol=0, atol=1.1 / 255)


# -- training ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made_up_people() -> tuple[LabelledGrid, ...]:
    """Four simulated wearers, a minute and a half each of four things."""
    kinds = {"walk": "walk_mod", "run": "jogging", "sit": "sitting", "dishes": "other"}
    grids = []
    for seed in range(4):
        for part, kind in kinds.items():
            motion = synthesise((Part(part, 1.5),), Wearer.draw(seed), rate_hz=25.0, seed=seed, start_ns=0)
            grids.append(LabelledGrid(f"p{seed}", part, kind, regularise(motion.recording, 25.0)))
    return tuple(grids)


def test_a_model_learns_from_recordings_and_says_shares_of_kinds(made_up_people: tuple[LabelledGrid, ...]) -> None:
    how = BandSettings(rounds=12, least_leaf=5)
    mine = tuple(grid for grid in made_up_people if grid.subject != "p3")
    model, again = train_embedded(mine, how), train_embedded(mine, how)
    assert model.digest == again.digest
    assert model.classes == (Activity.SITTING, Activity.WALKING, Activity.RUNNING, Activity.OTHER)
    windows = cut(tuple(grid for grid in made_up_people if grid.subject == "p3"))
    shares = kind_shares(model, windows.accel_g)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)
    found = [KINDS[index].activity for index in shares.argmax(axis=1)]
    right = [activity is ACTIVITIES[index] for activity, index in zip(found, windows.activity, strict=True)]
    assert np.mean(right) > 0.9


def test_a_grid_of_another_rate_is_not_learned_from(made_up_people: tuple[LabelledGrid, ...]) -> None:
    one = made_up_people[0]
    with pytest.raises(ValueError, match="25 Hz"):
        cut((replace(one, grid=replace(one.grid, rate_hz=50.0)),))
    with pytest.raises(NotEnoughDataError):
        cut(())


# -- the artefact ------------------------------------------------------------------------------------------------------


def test_a_model_is_read_as_it_was_written(model: EmbeddedModel, tmp_path: Path) -> None:
    save_embedded(tmp_path, model)
    again = load_embedded(tmp_path)
    assert forest_bytes(again.forest) == forest_bytes(model.forest)
    assert (again.classes, again.digest) == (model.classes, model.digest)


def test_the_shipped_model_is_whole_and_says_how_right_it_is() -> None:
    shipped = load_embedded()
    assert shipped.classes == ACTIVITIES
    first = shipped.facts["judged"][0]
    assert {score["view"]: score["macro_f1"] for score in first["scores"]}["4 classes"] > 0.93
    assert min(way["macro_f1"] for way in first["travel"]) > 0.9
    card = shipped_file("models", "band", "CARD.md").read_text(encoding="utf-8")
    assert card == card_text(shipped, card.split("make model and card again: `")[1].split("`")[0])


def broken(forest: IntegerForest, **changed: NDArray[np.generic]) -> EmbeddedModel:
    names = ("base", "roots", "feature", "threshold", "left", "right")
    return of_forest(IntegerForest(**({name: getattr(forest, name) for name in names} | changed)))


def test_a_forest_that_a_band_would_get_lost_in_is_refused(model: EmbeddedModel, tmp_path: Path) -> None:
    forest = model.forest
    back, out = forest.left.copy(), forest.right.copy()
    back[5], out[5] = 5, forest.feature.size
    for changed in (
        {"left": back},
        {"right": out},
        {"feature": np.full_like(forest.feature, len(FEATURES))},
        {"base": forest.base[:3]},
        {"roots": forest.roots[:0]},
        {"roots": forest.roots[:-1]},
        {"threshold": forest.threshold[:-1]},
        {"threshold": forest.threshold.astype(np.float32)},
    ):
        save_embedded(tmp_path, broken(forest, **changed))
        with pytest.raises(ModelError):
            load_embedded(tmp_path)


def test_a_damaged_or_foreign_model_is_refused(model: EmbeddedModel, tmp_path: Path) -> None:
    save_embedded(tmp_path, model)
    data = bytearray((tmp_path / "forest.npz").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "forest.npz").write_bytes(data)
    with pytest.raises(ModelError, match="SHA-256"):
        load_embedded(tmp_path)
    (tmp_path / "model.json").write_text('{"format": 1}')
    with pytest.raises(ModelError, match="not a model for the band"):
        load_embedded(tmp_path)
    with pytest.raises(ModelError, match="no model"):
        load_embedded("nowhere")


# -- on a band, and by command -----------------------------------------------------------------------------------------


def test_a_simulated_band_runs_the_c_on_what_it_streams(tmp_path: Path) -> None:
    shipped = load_embedded()
    library = compiled_band.BandLibrary(shipped, tmp_path)
    script = tuple(Part(kind, 0.5) for kind in ("walk", "sit", "run"))
    trace = trace_of(synthesise(script, Wearer(), rate_hz=25.0, seed=4, start_ns=0).recording)
    recogniser = Recogniser(library.classify, WIDTH, 25.0)

    async def test() -> NDArray[np.int16]:
        async with VirtualAir(0.0) as air:
            band = SimulatedBand(air, BandClock(0, now_ns=lambda: 10**18), live=trace, recogniser=recogniser)
            async with band, open_adapter(simulated(air.backends)) as adapter, connect(adapter, "") as link:
                inbox, control = await link.listen(STREAM_UUID), await open_control(link)
                await control.start_stream(25.0, 8)
                await asyncio.sleep(92.0)
                await control.stop_stream()
                return np.concatenate([decode_notification(one.payload).samples for one in await inbox.take(1.0)])

    streamed = run_virtually(test())
    count = len(streamed) // WIDTH
    assert count == 9
    expected = recognise(shipped, streamed[: count * WIDTH].reshape(count, WIDTH, 3), 8).activity
    assert recogniser.found == expected.tolist()
    assert {shipped.classes[index] for index in recogniser.found} >= {Activity.WALKING, Activity.RUNNING}


def test_the_command_writes_what_compiles_and_says_how_large_it_is(tmp_path: Path) -> None:
    done = CliRunner().invoke(command, ["export-c", "--output", str(tmp_path / "c"), "--json"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["digest"] == load_embedded().digest
    assert {Path(path).name for path in said["files"]} == set(c_files(load_embedded()))
    page = (tmp_path / "c" / "README.txt").read_text()
    assert said["digest"] in page
    assert f"{said['state_bytes']} bytes" in page
    for size in said["sizes"]:
        assert f"{size['text']} bytes of flash" in page
    (tmp_path / "model.json").write_text("{}")
    again = CliRunner().invoke(command, ["export-c", "--model", str(tmp_path), "--output", str(tmp_path / "other")])
    assert isinstance(again.exception, ModelError), "not a model for the band"


@pytest.mark.data
def test_real_wrists_are_the_same_on_the_band_and_here(recordings_dir: Path, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    shipped = load_embedded()
    program = compiled_band.compile_program(shipped, tmp_path)
    rows = pq.read_table(
        recordings_dir / "selfback-wrist.parquet",
        columns=["x", "y", "z"],
        filters=[("subject", "in", ["sb002", "sb035"])],
    )
    accel_g = np.column_stack([rows[axis].to_numpy() for axis in "xyz"])[::4]
    assert len(accel_g) > 20_000
    count = len(accel_g) // WIDTH
    samples = np.clip(np.rint(accel_g[: count * WIDTH] * 4096), -32768, 32767).astype(np.int16)
    assert_same(program, shipped, samples.reshape(count, WIDTH, 3), [8] * count)
