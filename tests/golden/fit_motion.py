r"""Fit the tables of the simulated movement to real wrist recordings; run by hand.

    python tests/golden/fit_motion.py RECORDINGS_DIR

It reads ``selfback-wrist.parquet`` and writes ``device/simulator/motion_table.json``. What is written are statistics
over people: means, spreads and principal components; no one person's movement.

Gait: the phase of the step component of \|a\| is followed through a recording; each axis is averaged over the stride
as a Fourier series; the series of all people are brought to the same foot first, regressed on cadence, and what is
left becomes principal components. What no series explains is noise with a measured spectrum.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import signal

TABLE = Path(__file__).parents[2] / "device" / "simulator" / "motion_table.json"
RATE_HZ = 100.0
HARMONICS = 14  # of the stride: up to 13 Hz for a walk
COMPONENTS = 6
WINDOW_S = 10.0
GAITS = {
    "stroll": ("walk_slow", (1.1, 2.1)),
    "walk": ("walk_mod", (1.3, 2.3)),
    "brisk": ("walk_fast", (1.5, 2.5)),
    "run": ("jogging", (2.1, 3.3)),
    "climb": ("upstairs", (1.1, 2.3)),
    "descend": ("downstairs", (1.2, 2.7)),
}
POSTURES = {"lie": "lying", "sit": "sitting", "stand": "standing"}
BAND_EDGES_HZ = (0.05, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.0, 45.0)


def read(path):
    """Return {(subject, activity): accel_g (n, 3) at 100 Hz}, two seconds cut from either end."""
    frame = pd.read_parquet(path)
    out = {}
    for key, rows in frame.groupby(["subject", "activity"], observed=True):
        t_s = (rows["t"].to_numpy() - rows["t"].to_numpy()[0]) / 1e9
        # Wall clocks were written to the millisecond: a line through them is the true, constant rate.
        slope, origin = np.polyfit(np.arange(t_s.size), t_s, 1)
        even_s = origin + slope * np.arange(t_s.size)
        grid_s = np.arange(2.0, even_s[-1] - 2.0, 1.0 / RATE_HZ)
        axes = [np.interp(grid_s, even_s, rows[axis].to_numpy(dtype=float)) for axis in "xyz"]
        if grid_s.size > 4 * RATE_HZ:
            out[key] = np.stack(axes, axis=1)
    return out


def step_rate_hz(accel_g, band):
    """Frequency within ``band`` that best explains |a| with its second harmonic."""
    magnitude = np.linalg.norm(accel_g, axis=1)
    freq, power = signal.welch(magnitude - magnitude.mean(), RATE_HZ, nperseg=min(1024, magnitude.size), nfft=8192)
    inside = (freq >= band[0]) & (freq <= band[1])
    score = power + 0.5 * np.interp(2 * freq, freq, power)
    return float(freq[inside][np.argmax(score[inside])])


def series(accel_g, rate_hz):
    """Return (mean rate, coefficients (HARMONICS + 1, 3) complex, residual (n, 3), log-rate wander)."""
    magnitude = np.linalg.norm(accel_g, axis=1)
    sos = signal.butter(2, [0.7 * rate_hz, 1.35 * rate_hz], "bandpass", fs=RATE_HZ, output="sos")
    phase = np.unwrap(np.angle(signal.hilbert(signal.sosfiltfilt(sos, magnitude - magnitude.mean()))))
    width = int(WINDOW_S * RATE_HZ)
    windows, residuals, first = [], [], None
    for start in range(0, max(1, phase.size - width + 1), width):
        part = slice(start, min(start + width, phase.size))
        waves = np.exp(1j * np.outer(phase[part] / 2.0, np.arange(HARMONICS + 1)))
        design = np.hstack([waves.real, waves.imag[:, 1:]])
        fit, *_ = np.linalg.lstsq(design, accel_g[part], rcond=None)
        coef = np.vstack([fit[:1], fit[1 : HARMONICS + 1] - 1j * fit[HARMONICS + 1 :]])
        residuals.append(accel_g[part] - design @ fit)
        odd = coef[1::2]
        if first is None:
            first = odd
        elif np.real(np.vdot(first, odd)) < 0:
            coef[1::2] *= -1.0
        windows.append(coef)
    rates = np.diff(phase[:: int(RATE_HZ)]) / 2 / np.pi
    return (
        float((phase[-1] - phase[0]) / 2 / np.pi / (phase.size - 1) * RATE_HZ),
        np.mean(windows, axis=0),
        np.vstack(residuals),
        np.array(windows),
        rates,
    )


def band_sd(values):
    """Return sd (bands, 3) of a signal in each band, from its spectrum."""
    freq, power = signal.welch(values, RATE_HZ, nperseg=min(2048, len(values)), axis=0, detrend="constant")
    step = freq[1] - freq[0]
    rows = []
    for low, high in zip(BAND_EDGES_HZ, BAND_EDGES_HZ[1:]):
        inside = (freq >= low) & (freq < high)
        if not inside.any():
            inside = np.arange(freq.size) == np.argmin(abs(freq - (low + high) / 2))
        rows.append(np.sqrt(power[inside].mean(axis=0) * max(high - low, step)))
    return np.array(rows)


def flat(coef):
    """(H + 1, 3) complex to a real vector: DC, then real and imaginary parts."""
    return np.concatenate([coef[0].real, coef[1:].real.ravel(), coef[1:].imag.ravel()])


def fit_gait(recordings, label, band):
    rates, vectors, spectra = [], [], []
    for (_subject, activity), accel_g in recordings.items():
        if activity != label:
            continue
        rate, coef, residual, _windows, _ = series(accel_g, step_rate_hz(accel_g, band))
        if not band[0] <= rate <= band[1] or coef[0, 0].real > 0.8:
            continue
        rates.append(rate)
        vectors.append(coef)
        spectra.append(np.log(np.maximum(band_sd(residual), 1e-4)))
    coefs = np.array(vectors)
    for _ in range(20):
        centre = np.median(coefs.real, axis=0) + 1j * np.median(coefs.imag, axis=0)
        for coef in coefs:
            if np.real(np.vdot(centre[1::2], coef[1::2])) < 0:
                coef[1::2] *= -1.0
    matrix = np.array([flat(coef) for coef in coefs])
    log_rate = np.log(rates) - np.median(np.log(rates))
    design = np.stack([np.ones_like(log_rate), log_rate], axis=1)
    (centre, slope), *_ = np.linalg.lstsq(design, matrix, rcond=None)
    left = matrix - design @ np.stack([centre, slope])
    _, singular, axes = np.linalg.svd(left, full_matrices=False)
    share = (singular[:COMPONENTS] ** 2).sum() / (singular**2).sum()
    spread = np.sqrt(len(left) - 2)
    components = axes[:COMPONENTS] * singular[:COMPONENTS, None] / spread
    rest = (left - left @ axes[:COMPONENTS].T @ axes[:COMPONENTS]).std(axis=0)
    spectra = np.array(spectra)
    level = spectra.mean(axis=(1, 2))
    print(
        f"{label}: {len(rates)} people, {np.median(rates):.2f} steps/s (sd {np.std(log_rate):.3f} log), PCs {share:.2f}, residual level sd {level.std():.2f}"
    )
    return {
        "cadence_hz": round(float(np.median(rates)), 3),
        "cadence_log_sd": round(float(np.std(log_rate)), 3),
        "centre": rounded(centre),
        "slope": rounded(slope),
        "components": rounded(components),
        "rest": rounded(rest),
        "noise_g": rounded(np.exp(np.median(spectra, axis=0)), 5),
        "noise_log_sd": round(float(level.std()), 3),
    }


def rounded(values, digits=4):
    return np.round(np.asarray(values, dtype=float), digits).tolist()


def main(folder):
    recordings = read(Path(folder) / "selfback-wrist.parquet")
    table = {"band_edges_hz": BAND_EDGES_HZ, "harmonics": HARMONICS}
    table["gait"] = {name: fit_gait(recordings, *spec) for name, spec in GAITS.items()}
    TABLE.write_text(json.dumps(table), encoding="utf-8")
    print(TABLE.stat().st_size)


if __name__ == "__main__":
    main(sys.argv[1])
