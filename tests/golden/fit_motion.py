r"""Fit the tables of the simulated movement to real wrist recordings; run by hand.

    PYTHONPATH=tests python tests/golden/fit_motion.py RECORDINGS_DIR

It reads ``selfback-wrist.parquet`` and writes ``device/simulator/motion_table.json``. What is written are statistics
over people: means, spreads and principal components; no one person's movement.

Gait: the phase of the step component of \|a\| is followed through a recording; each axis is averaged over the stride
as a Fourier series; the series of all people are brought to the same foot, regressed on cadence, and what is
left becomes principal components. What no series explains is noise with a measured spectrum that swells with each step.

Posture: directions of gravity are gathered in a few clusters; movement around them is noise with a measured spectrum
whose strength wanders as much as that of ten-second windows does.
"""

import itertools
import json
import sys
from pathlib import Path

import numpy as np
from scipy import signal
from scipy.cluster.vq import kmeans2
from wrist_measures import real_recordings

TABLE = Path(__file__).parents[2] / "device" / "simulator" / "motion_table.json"
RATE_HZ = 100.0
HARMONICS = 14  # of the stride: up to 13 Hz for a walk
COMPONENTS = 6
WINDOW = 1000  # samples; a window of recognition
GAITS = {
    "stroll": ("walk_slow", (1.1, 2.1)),
    "walk": ("walk_mod", (1.3, 2.3)),
    "brisk": ("walk_fast", (1.5, 2.5)),
    "run": ("jogging", (2.1, 3.3)),
    "climb": ("upstairs", (1.1, 2.3)),
    "descend": ("downstairs", (1.2, 2.7)),
}
POSTURES = {"lie": "lying", "sit": "sitting", "stand": "standing"}
CLUSTERS = 5
BAND_EDGES_HZ = (0.05, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.0, 45.0)
FLOOR_G = 0.004  # values are multiples of 1/64 g: anything quieter is that grid


def step_rate_hz(accel_g, band):
    """Frequency within ``band`` that best explains |a| with its second harmonic."""
    magnitude = np.linalg.norm(accel_g, axis=1)
    freq, power = signal.welch(magnitude - magnitude.mean(), RATE_HZ, nperseg=min(1024, magnitude.size), nfft=8192)
    inside = (freq >= band[0]) & (freq <= band[1])
    score = power + 0.5 * np.interp(2 * freq, freq, power)
    return float(freq[inside][np.argmax(score[inside])])


def windows_of(n_samples):
    """Half-open windows of recognition's length; one shorter where there is no whole one."""
    return [slice(start, min(start + WINDOW, n_samples)) for start in range(0, max(1, n_samples - WINDOW + 1), WINDOW)]


def series(accel_g, rate_hz):
    """Return (step rate, coefficients (HARMONICS + 1, 3), residual, step phase of the residual, log strength)."""
    magnitude = np.linalg.norm(accel_g, axis=1)
    sos = signal.butter(2, [0.7 * rate_hz, 1.35 * rate_hz], "bandpass", fs=RATE_HZ, output="sos")
    phase = np.unwrap(np.angle(signal.hilbert(signal.sosfiltfilt(sos, magnitude - magnitude.mean()))))
    coefs, waves = [], []
    for part in windows_of(phase.size):
        wave = np.exp(1j * np.outer(phase[part] / 2.0, np.arange(HARMONICS + 1)))
        design = np.hstack([wave.real, wave.imag[:, 1:]])
        fit, *_ = np.linalg.lstsq(design, accel_g[part], rcond=None)
        coef = np.vstack([fit[:1], fit[1 : HARMONICS + 1] - 1j * fit[HARMONICS + 1 :]])
        if coefs and np.real(np.vdot(coefs[0][1::2], coef[1::2])) < 0:  # a step was lost: the other foot leads
            coef[1::2] *= -1.0
            wave[:, 1::2] *= -1.0
        coefs.append(coef)
        waves.append(wave)
    mean = np.mean(coefs, axis=0)
    strength = np.log([np.sqrt((np.abs(coef[1:]) ** 2).sum()) for coef in coefs])
    scale = np.exp(strength - strength.mean())
    # What differs between windows, strength apart, is noise, too.
    swings = [(w * wave[:, 1:] @ mean[1:]).real for wave, w in zip(waves, scale, strict=True)]
    explained = mean[0].real + np.vstack(swings)
    step_s = np.diff(np.interp(np.arange(phase[0], phase[-1], 2 * np.pi), phase, np.arange(phase.size) / RATE_HZ))
    steps = np.log(step_s[2:-2])
    n = len(explained)
    return mean_rate(phase), mean, accel_g[:n] - explained, phase[:n], strength, steps


def mean_rate(phase):
    return (phase[-1] - phase[0]) / 2 / np.pi / (phase.size - 1) * RATE_HZ


def band_sd(values):
    """Return sd (bands, 3) of a signal in each band, from its spectrum."""
    freq, power = signal.welch(values, RATE_HZ, nperseg=min(2048, len(values)), axis=0, detrend="constant")
    rows = []
    for low, high in itertools.pairwise(BAND_EDGES_HZ):
        inside = (freq >= low) & (freq < high)
        if not inside.any():
            inside = np.arange(freq.size) == np.argmin(abs(freq - (low + high) / 2))
        rows.append(np.sqrt(power[inside].mean(axis=0) * (high - low)))
    return np.array(rows)


def flat(coef):
    """(H + 1, 3) complex to a real vector: DC, then real and imaginary parts."""
    return np.concatenate([coef[0].real, coef[1:].real.ravel(), coef[1:].imag.ravel()])


def robust_sd(values):
    return 1.4826 * np.median(np.abs(values - np.median(values, axis=0)), axis=0)


def fit_gait(recordings, label, band):
    rates, coefs, spectra, beats, wander, jitters = [], [], [], [], [], []
    for (_subject, activity), accel_g in recordings.items():
        if activity != label:
            continue
        rate, coef, residual, phase, strength, steps = series(accel_g, step_rate_hz(accel_g, band))
        if not band[0] <= rate <= band[1] or coef[0, 0].real > 0.8:  # not that gait; band worn the other way up
            continue
        rates.append(rate)
        smooth = np.convolve(steps, np.ones(8) / 8, mode="valid")
        jitters.append((robust_sd(steps[4:-3] - smooth), robust_sd(smooth)))
        coefs.append(coef)
        spectra.append(np.log(np.maximum(band_sd(residual), 1e-4)))
        power = (
            signal.sosfiltfilt(signal.butter(2, 3.0, "high", fs=RATE_HZ, output="sos"), residual, axis=0) ** 2
        ).sum(1)
        beats.append(2.0 * np.mean(power * np.exp(-1j * phase)) / power.mean())
        wander.extend((strength - strength.mean()) if strength.size > 3 else [])
    coefs, spectra = np.array(coefs), np.array(spectra)
    for _ in range(20):
        centre = np.median(coefs.real, axis=0) + 1j * np.median(coefs.imag, axis=0)
        for coef in coefs:
            if np.real(np.vdot(centre[1::2], coef[1::2])) < 0:
                coef[1::2] *= -1.0
    matrix = np.array([flat(coef) for coef in coefs])
    log_rate = np.log(rates) - np.median(np.log(rates))
    rate_sd = robust_sd(log_rate)
    design = np.stack([np.ones_like(log_rate), log_rate.clip(-2.5 * rate_sd, 2.5 * rate_sd)], axis=1)
    (centre, slope), *_ = np.linalg.lstsq(design, matrix, rcond=None)
    left = matrix - design @ np.stack([centre, slope])
    limit = 3.0 * robust_sd(left)
    left = left.clip(-limit, limit)  # one odd person must not become a component
    _, singular, axes = np.linalg.svd(left, full_matrices=False)
    components = axes[:COMPONENTS] * singular[:COMPONENTS, None] / np.sqrt(len(left) - 2)
    rest = (left - left @ axes[:COMPONENTS].T @ axes[:COMPONENTS]).std(axis=0)
    level = spectra.mean(axis=(1, 2))
    beat = np.mean(beats)
    print(
        f"{label}: {len(rates)} people, {np.median(rates):.2f} steps/s (log sd {rate_sd:.3f}), "
        f"components {(singular[:COMPONENTS] ** 2).sum() / (singular**2).sum():.2f}, noise log sd {level.std():.2f}, "
        f"beat {abs(beat):.2f} at {np.angle(beat):.2f}, strength wander {np.std(wander):.3f}, "
        f"jitter {np.median(jitters, axis=0)}"
    )
    return {
        "cadence_hz": round(float(np.median(rates)), 3),
        "cadence_log_sd": round(float(rate_sd), 3),
        "pull_g": round(float(np.median(np.linalg.norm(coefs[:, 0].real, axis=1))), 4),
        "jitter": rounded(np.median(jitters, axis=0)),
        "strength_log_sd": round(float(robust_sd(np.array(wander))) if wander else 0.08, 3),
        "beat": rounded([abs(beat), np.angle(beat)]),
        "noise_log_sd": round(float(level.std()), 3),
        "centre": rounded(centre),
        "slope": rounded(slope),
        "components": rounded(components),
        "rest": rounded(rest),
        "noise_g": rounded(np.exp(np.median(spectra, axis=0)), 5),
    }


def fit_posture(recordings, label):
    """Directions of gravity and their weights, and how much is moved around them."""
    directions, spectra, levels, turns, minutes = [], [], [], 0, 0.0
    for (_subject, activity), accel_g in recordings.items():
        if activity != label:
            continue
        parts = windows_of(len(accel_g))
        medians = np.array([np.median(accel_g[part], axis=0) for part in parts])
        medians /= np.linalg.norm(medians, axis=1, keepdims=True)
        directions.append(np.median(medians, axis=0))
        turns += int((np.rad2deg(np.arccos((medians[1:] * medians[:-1]).sum(1).clip(-1, 1))) > 12.0).sum())
        minutes += len(accel_g) / RATE_HZ / 60.0
        spectra.append(np.median([np.log(band_sd(accel_g[part])) for part in parts], axis=0))
        fast = accel_g - signal.sosfiltfilt(signal.butter(2, 0.4, fs=RATE_HZ, output="sos"), accel_g, axis=0)
        sd_g = np.array([np.sqrt(fast[part].var(axis=0).sum()) for part in parts])
        levels.append(np.log(np.sqrt(sd_g**2 + FLOOR_G**2)))
    directions = np.array(directions)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    centres, member = kmeans2(directions, CLUSTERS, minit="++", seed=7, iter=50)
    weights = np.bincount(member, minlength=CLUSTERS) / len(member)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    apart = np.sqrt(((directions - centres[member]) ** 2).mean())
    people = np.array([np.median(level) for level in levels])
    within = np.concatenate([level - np.median(level) for level in levels])
    print(
        f"{label}: sd of fast movement {1e3 * np.exp(np.median(people)):.1f} mg, "
        f"log sd {robust_sd(people):.2f} of people, "
        f"{robust_sd(within):.2f} of windows; {turns / minutes:.2f} turns a minute, apart {apart:.2f}\n"
        f"{np.round(np.c_[weights, centres], 2)}"
    )
    return {
        "weights": rounded(weights, 3),
        "directions": rounded(centres, 3),
        "apart": round(float(apart), 3),
        "turns_per_minute": round(turns / minutes, 3),
        "level_g": round(float(np.exp(np.median(people))), 5),
        "level_log_sd": round(float(robust_sd(people)), 3),
        "burst_log": rounded(np.quantile(within, [0.05, 0.25, 0.5, 0.75, 0.9, 0.97, 1.0]), 3),
        "noise_g": rounded(np.exp(np.median(spectra, axis=0)), 5),
    }


def rounded(values, digits=4):
    return np.round(np.asarray(values, dtype=float), digits).tolist()


def main(folder):
    recordings = real_recordings(Path(folder) / "selfback-wrist.parquet")
    table = {"band_edges_hz": BAND_EDGES_HZ, "harmonics": HARMONICS}
    table["gait"] = {name: fit_gait(recordings, *spec) for name, spec in GAITS.items()}
    table["posture"] = {name: fit_posture(recordings, label) for name, label in POSTURES.items()}
    TABLE.write_text(json.dumps(table) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
