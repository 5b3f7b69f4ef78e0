"""Slow, obvious twins of the kernels; a kernel and its twin must agree on exact inputs."""

import math
import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
from scipy.stats import kurtosis, skew


def resample(recording, rate_hz, lobes=3):
    """The Lanczos mean of the samples of each segment, straight from the formula."""
    step_ns = round(1e9 / rate_hz)
    origin_ns = int(recording.time_ns[0])
    out = np.full(((int(recording.time_ns[-1]) - origin_ns) // step_ns + 1, 3), np.nan)
    for segment in recording.segments:
        time_ns = recording.time_ns[segment.start : segment.stop]
        accel_g = recording.accel_g[segment.start : segment.stop].astype(float)
        source_hz = (time_ns.size - 1) * 1e9 / (time_ns[-1] - time_ns[0])
        slower_hz = source_hz if source_hz < 0.97 * rate_hz else rate_hz
        for k in range(len(out)):
            away_ns = (time_ns - (origin_ns + k * step_ns)).astype(float)
            place = away_ns * slower_hz / 1e9
            weight = np.where(np.abs(place) < lobes, np.sinc(place) * np.sinc(place / lobes), 0.0)
            usable = np.isfinite(accel_g[:, 0]) & (weight != 0.0)
            outside = away_ns.min() > 0.5e9 / source_hz or away_ns.max() < -0.5e9 / source_hz
            if outside or not usable.any() or np.abs(away_ns[usable]).min() > 1.5e9 / source_hz:
                continue
            if weight[usable].sum() >= 0.25 * source_hz / slower_hz:
                out[k] = weight[usable] @ accel_g[usable] / weight[usable].sum()
    return out


def window_moments(accel_g, width):
    """Samples that came, mean, sd and mean of max(|a| - 1, 0), a window at a time."""
    rows = []
    for start in range(0, len(accel_g) // width * width, width):
        window = accel_g[start : start + width].astype(float)
        window = window[np.isfinite(window[:, 0])]
        if not len(window):
            rows.append([0.0, *[math.nan] * 7])
            continue
        above = np.maximum(np.linalg.norm(window, axis=1) - 1.0, 0.0).mean()
        rows.append([len(window), *window.mean(axis=0), *window.std(axis=0), above])
    return np.array(rows).reshape(-1, 8)


def window_features(window_g, rate_hz, bands_hz):
    """All features of one window (width, 3) in the order of the table, with plain numpy and scipy."""
    width = len(window_g)
    came = np.flatnonzero(np.isfinite(window_g[:, 0]))
    held = np.clip(window_g.astype(float), -1000.0, 1000.0)
    window = np.stack([np.interp(np.arange(width), came, held[came, axis]) for axis in range(3)])
    mean = window.mean(axis=1)
    down = mean / max(np.linalg.norm(mean), 1e-6)
    length = np.linalg.norm(window, axis=0)
    moving = window - mean[:, None]
    streams = [length - length.mean(), down @ moving, *_level_streams(moving, down)]
    size = 1 << (width - 1).bit_length()
    edges = [min(max(round(hz / (rate_hz / size)), 1), size // 2) for hz in bands_hz]
    spectra = [np.abs(np.fft.rfft(stream * np.hanning(width + 2)[1:-1], size)) ** 2 for stream in streams]
    floor = 1e-6 * size / 2 * (np.hanning(width + 2)[1:-1] ** 2).sum()
    out = []
    for stream, power, signed in zip(streams, spectra, (True, True, False, False), strict=True):
        out += _shape_features(stream, signed) + _spectrum_features(power, edges, rate_hz / size, floor)
    corr = np.array([_correlation(stream, int(1.7 * rate_hz) + 2) for stream in streams])
    axes = corr[1:].sum(axis=0)
    stride = _top(axes, int(rate_hz * 0.6), int(rate_hz * 1.68), 0.1 * (axes[0] + 1e-6 * width))
    for one in (corr[0], corr[1], axes):
        out += _rhythm_features(one, stride, rate_hz, 1e-6 * width)
    for power in spectra[:3]:
        out += _harmonic_features(power, size / stride if stride else 0.0, edges, floor)
    out += _pair_features(streams, rate_hz) + _attitude_features(window, down) + _axis_features(moving, down)
    return np.array(out)


def _level_streams(moving, down):
    """The strongest direction of the level plane, and the one at right angles to it and to down."""
    level = np.eye(3) - np.outer(down, down)
    forward = np.linalg.eigh(level @ moving @ moving.T @ level)[1][:, -1]
    return forward @ moving, np.cross(down, forward) @ moving


def _shape_features(stream, signed):
    n = stream.size
    sd = stream.std()
    guard = sd + 1e-3
    steps = np.diff(stream)
    step_sd = math.sqrt((steps**2).mean())
    sides = [math.copysign(1, v) for v in stream if abs(v) > 0.1 * guard]
    crossings = sum(a != b for a, b in pairwise(sides))
    thirds = [(stream[p * n // 3 : (p + 1) * n // 3] ** 2).sum() / n + 1e-6 for p in range(3)]
    skewness, fourth = (stream**3).mean() / guard**3, (stream**4).mean() / guard**4
    if sd > 0.0:  # the same from scipy, but for the guard
        assert np.allclose(skewness, skew(stream) * (sd / guard) ** 3, atol=1e-9)
        assert np.allclose(fourth, kurtosis(stream, fisher=False) * (sd / guard) ** 4, atol=1e-9)
    step_skewness = (steps**3).mean() / (step_sd + 1e-3) ** 3
    beyond = [np.maximum(s * stream - sd, 0.0).mean() / guard for s in (1, -1)]
    ends = [stream.max() / guard, stream.min() / guard]
    if not signed:
        skewness, step_skewness = abs(skewness), abs(step_skewness)
        beyond = sorted(beyond, reverse=True)
        ends = [max(ends[0], -ends[1]), -min(ends[0], -ends[1])]
    return [
        math.log(guard), skewness, fourth, np.abs(stream).mean() / guard, *beyond, *ends,
        step_sd / guard, step_skewness, crossings / n, math.sqrt(min(thirds) / max(thirds)),
    ]  # fmt: skip


def _spectrum_features(power, edges, bin_hz, floor):
    low, high = edges[0], edges[-1]
    inside = power[low:high]
    total = inside.sum() + floor
    best = low + int(np.argmax(inside))
    near = np.arange(max(best - 2, low), min(best + 3, high))
    return [
        (near @ power[near]) / power[near].sum() * bin_hz if inside.any() else 0.0,
        power[near].sum() / total,
        total**2 / ((inside**2).sum() + floor**2) * bin_hz,
        *(math.log(power[a:b].sum() / total + 1e-4) for a, b in pairwise(edges)),
    ]


def _correlation(stream, n_lags):
    n = stream.size
    full = np.correlate(stream, stream, "full")[n - 1 :]
    return np.array([full[lag] * n / (n - lag) for lag in range(n_lags)])


def _value(corr, place):
    k = min(max(int(place + 0.5), 1), corr.size - 2)
    return np.polyval(np.polyfit([-1.0, 0.0, 1.0], corr[k - 1 : k + 2], 2), place - k)


def _top(corr, first, last, near):
    """The first of the peaks that are near the highest one."""
    crests = []
    for k in range(first, last + 1):
        if corr[k] >= corr[k - 1] and corr[k] >= corr[k + 1]:
            bend, slope, _ = np.polyfit([-1.0, 0.0, 1.0], corr[k - 1 : k + 2], 2)
            crests.append(k - slope / (2.0 * bend) if bend < 0.0 else float(k))
    heights = [_value(corr, place) for place in crests]
    return next((place for place, height in zip(crests, heights, strict=True) if height >= max(heights) - near), 0.0)


def _rhythm_features(corr, both, rate_hz, floor):
    scale = corr[0] + floor
    first = int(rate_hz * 0.24)
    step = _top(corr, first, int(rate_hz * 0.84), 0.1 * scale)
    stride = _top(corr, int(rate_hz * 0.6), int(rate_hz * 1.68), 0.1 * scale)
    at_step, at_stride, at_half, at_both = (
        _value(corr, place) / scale if place else 0.0 for place in (step, stride, both / 2, both)
    )
    tail = corr[first:]
    below = np.flatnonzero(corr[1:] <= 0.0)
    return [
        step / rate_hz, at_step, stride / rate_hz, at_stride, at_half, at_half - at_both,
        tail.min() / scale, (first + int(np.argmin(tail))) / rate_hz,
        (below[0] + 1 if below.size else corr.size) / rate_hz, tail.max() / scale,
    ]  # fmt: skip


def _harmonic_features(power, base, edges, floor):
    low, high = edges[0], edges[-1]
    total = power[low:high].sum() + floor
    at = [int(k * base + 0.5) for k in range(1, 7)]
    share = np.array([power[max(k - 1, low) : max(min(k + 2, high), low)].sum() / total for k in at]) * (base > 0.0)
    odd_to_even = math.log((share[::2].sum() + 1e-3) / (share[1::2].sum() + 1e-3))
    return [*np.log(share[:4] + 1e-4), odd_to_even]


def _pair_features(streams, rate_hz):
    size, vertical, forward, side = streams
    n = size.size

    def together(a, b, lag=0):
        early, late = (a[: n - lag], b[lag:]) if lag >= 0 else (a[-lag:], b[: n + lag])
        scale = math.sqrt(((a**2).sum() + 1e-6 * n) * ((b**2).sum() + 1e-6 * n))
        return (early @ late) * n / (n - abs(lag)) / scale

    lags = range(-round(0.5 * rate_hz), round(0.5 * rate_hz) + 1)
    ahead = max(lags, key=lambda lag: abs(together(vertical, forward, lag)))
    return [
        together(size, vertical), abs(together(size, forward)), abs(together(vertical, forward)),
        abs(together(vertical, side)), abs(together(vertical, forward, ahead)), ahead / rate_hz,
        max(abs(together(forward, side, lag)) for lag in lags),
    ]  # fmt: skip


def _attitude_features(window, down):
    part = window.shape[1] // 10
    parts = np.array([window[:, p * part : (p + 1) * part].mean(axis=1) for p in range(10)])
    parts /= np.maximum(np.linalg.norm(parts, axis=1)[:, None], 1e-6)
    tilt = np.linalg.norm(parts - down, axis=1)
    path = np.linalg.norm(np.diff(parts, axis=0), axis=1)
    return [*down, tilt.mean(), tilt.max(), path.mean(), tilt.std()]


def _axis_features(moving, down):
    n = moving.shape[1]
    cov = moving @ moving.T
    total = np.trace(cov) + 1e-6 * n
    small, mid, _ = np.linalg.eigvalsh(cov)
    forward, side = ((stream**2).sum() for stream in _level_streams(moving, down))
    return [
        mid / total, small / total, (forward + side) / total, forward / (forward + side + 1e-6 * n),
        math.log(total / n),
    ]  # fmt: skip


def spells(measures, quiet, length):
    """Rows of all stretches of so many quiet rows in which no measure goes further than 1, by trying each stretch."""
    inside = np.zeros(len(quiet), dtype=bool)
    for start in range(len(quiet) - length + 1):
        rows = slice(start, start + length)
        inside[rows] |= quiet[rows].all() and (np.ptp(measures[rows], axis=0) <= 1.0).all()
    return inside


def sizes_mg(accel_g, rate_hz, epoch_s):
    """ENMO and MAD of each epoch, an epoch at a time; the last may be short by a tenth."""
    width, five = round(epoch_s * rate_hz), round(5 * rate_hz)
    size = np.linalg.norm(accel_g.astype(float), axis=1)
    enmo, mad = [], []
    for start in range(0, len(size), width):
        part = size[start : start + width]
        if len(part) < 0.9 * width:
            break
        known = part[np.isfinite(part)]
        enmo.append(np.maximum(known - 1.0, 0.0).mean() if known.size else math.nan)
        fives = [part[k : k + five] for k in range(0, len(part), five)]
        fives = [f[np.isfinite(f)] for f in fives if np.isfinite(f).sum() >= 0.9 * five]
        mad.append(np.mean([np.abs(f - f.mean()).mean() for f in fives]) if fives else math.nan)
    return 1000.0 * np.array(enmo), 1000.0 * np.array(mad)


def counts(accel_g, width):
    """ActiGraph counts at 30 Hz, one sample after the other, straight from the difference equation."""
    forward = [-0.009341062898525, -0.02547028965936, -0.004235264826105, 0.04415241545642]
    forward += [0.03649371834776, -0.01189396193474, -0.02291739062315, -0.00678816386231]
    back = [-3.63367395910957, 5.03689812757486, -3.09612247819666, 0.50620507633883]
    back += [0.32421701566682, -0.15685485875559, 0.0194913020589]
    n_epochs = math.floor(len(accel_g) / width + 0.1 + 1e-9)
    out = np.zeros((n_epochs, 3))
    came = np.isfinite(accel_g[:, 0])
    for axis in range(3):
        whole = np.full(len(accel_g), np.nan)
        seen, said = [], []
        for k in range(len(accel_g)):
            if not came[k]:
                seen, said = [], []
                continue
            value = round(float(accel_g[k, axis]), 3)
            if not seen:
                level = value * sum(forward) / (1 + sum(back))
                seen, said = [value] * 8, [level] * 7
            seen = [value, *seen[:7]]
            now = sum(b * v for b, v in zip(forward, seen, strict=True))
            now -= sum(a * v for a, v in zip(back, said, strict=True))
            said = [now, *said[:6]]
            size = abs(now * (3.0 / 4096.0) / (2.6 / 256.0) * 237.5)
            whole[k] = math.floor(min(size, 128.0)) if size >= 4.0 else 0.0
        for k in range(0, len(whole) - 2, 3):
            if np.isfinite(whole[k : k + 3]).all() and k // width < n_epochs:
                out[k // width, axis] += math.floor(whole[k : k + 3].sum() / 3)
    shares = [came[e * width : (e + 1) * width].sum() / width for e in range(n_epochs)]
    with np.errstate(invalid="ignore", divide="ignore"):
        return out / np.array(shares)[:, None]


def network_logits(network, window):
    """Return the logits of one window (width, 3), tap by tap."""
    rows = [[*map(float, row), math.sqrt(sum(float(v) ** 2 for v in row)) - 1.0] for row in window]
    for convolution in network.convolutions:
        taps, _, after = convolution.weight.shape
        passed = []
        for start in range(0, len(rows) - taps + 1, convolution.stride):
            sums = [float(b) for b in convolution.bias]
            for tap in range(taps):
                for channel, value in enumerate(rows[start + tap]):
                    for out in range(after):
                        sums[out] += value * float(convolution.weight[tap, channel, out])
            passed.append([max(value, 0.0) for value in sums])
        rows = passed
    columns = list(zip(*rows, strict=True))
    seen = [sum(column) / len(column) for column in columns] + [max(column) for column in columns]
    return [
        sum(value * network.head[i, kind] for i, value in enumerate(seen)) + network.head_bias[kind]
        for kind in range(network.head.shape[1])
    ]


def step_points(accel_g, first, apart, taper, least, n):
    """Size and axes around every ``apart``-th row, each the mean of what came by the taper's weights."""
    reach = len(taper) - 1
    bell = np.concatenate([taper[:0:-1], taper])
    size = np.linalg.norm(accel_g.astype(float), axis=1)
    out, came = np.zeros((4, n)), np.zeros(n, dtype=bool)
    for j in range(n):
        rows = first + j * apart + np.arange(-reach, reach + 1)
        usable = np.array([0 <= row < len(size) and np.isfinite(size[row]) for row in rows])
        if bell[usable].sum() >= least:
            weight = bell[usable] / bell[usable].sum()
            of = rows[usable]
            out[:, j] = [weight @ size[of], *(weight @ accel_g[of].astype(float))]
            came[j] = True
    return out, came


def box_of_box(values, came, reach):
    """Means over a box of a box of the values that came; what lies outside the array is in neither."""

    def box(of):
        return np.array([of[max(j - reach, 0) : j + reach + 1].sum() for j in range(len(of))])

    weight = box(box(came.astype(float)))
    return np.where(weight > 0.5, box(box(values * came)) / np.maximum(weight, 1.0), 0.0)


def wave_power(values, middle, cosine, sine):
    """Power of the values around ``middle`` at each wave, by a sum over the complex wave to both sides."""
    reach = len(cosine) - 1
    around = np.pad(values, reach)[middle : middle + 2 * reach + 1]
    wave = np.concatenate([(cosine + 1j * sine)[:0:-1].conj(), cosine + 1j * sine])
    return np.abs(around @ wave) ** 2


def best_path(score, cost):
    """The path of states with the highest sum of scores less costs of moves, by trying them all."""
    from itertools import product

    n, states = score.shape

    def worth(path):
        return sum(score[i, s] for i, s in enumerate(path)) - sum(cost[a, b] for a, b in pairwise(path))

    return max(product(range(states), repeat=n), key=worth)


def axivity_samples(sector: bytes) -> list[tuple[float, float, float]]:
    """The samples of one 512-byte sector in g, bit by bit as the format says."""
    layout, count = sector[25], int.from_bytes(sector[28:30], "little")
    scale = int.from_bytes(sector[18:20], "little")
    found = []
    for i in range(count):
        if layout & 15 == 0:
            word = int.from_bytes(sector[30 + 4 * i : 34 + 4 * i], "little")
            parts = [(word >> 10 * axis) & 0x3FF for axis in range(3)]
            signed = [part - 1024 if part > 511 else part for part in parts]
            found.append(tuple(part * 2 ** (word >> 30) / 256 for part in signed))
        else:
            axes = layout >> 4
            at = 30 + 2 * (i * axes + (3 if axes >= 6 else 0))
            words = [int.from_bytes(sector[at + 2 * k : at + 2 * k + 2], "little", signed=True) for k in range(3)]
            found.append(tuple(word / 2 ** (8 + (scale >> 13)) for word in words))
    return found


def axivity_recording(content: bytes) -> list[tuple[int, int, tuple[float, float, float]]]:
    """Run, wall time and acceleration of every sample of an Axivity file that is believed, one after the other."""
    sectors = [content[at : at + 512] for at in range(1024, len(content) - 511, 512)]
    blocks = [facts | {"accel_g": axivity_samples(one)} for one in sectors if (facts := axivity_facts(one))]
    return believed_blocks(blocks)


def believed_blocks(blocks) -> list[tuple[int, int, tuple[float, float, float]]]:
    """Run, wall time and acceleration of every sample of blocks that is believed, one after the other."""
    samples = block_samples(blocks)
    believed = believed_samples([(run, time) for run, time, _, _ in samples])
    samples = [sample for sample, kept in zip(samples, believed, strict=True) if kept]
    early, late = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) * 10**9 for year in (2005, 2090))
    dated = [early <= start < late for _, _, start, _ in samples]
    # A clock that was set for a part of the time: the longer part counts, the known one where they are as long.
    if any(dated) and not all(dated):
        samples = [s for s, known in zip(samples, dated, strict=True) if known == (2 * sum(dated) >= len(dated))]
    return [(run, time, accel_g) for run, time, _, accel_g in samples]


def axivity_facts(sector: bytes) -> dict[str, float]:
    """What a sector that can be used says of itself; nothing where it can't."""

    def number(at: int, size: int, signed: bool = False) -> int:
        return int.from_bytes(sector[at : at + size], "little", signed=signed)

    stamp, fraction, count = number(14, 4), number(4, 2), number(28, 2)
    size = {0x30: 4, 0x32: 6, 0x62: 12, 0x92: 18}.get(sector[25], 0)
    year, month, day = 2000 + (stamp >> 26), stamp >> 22 & 15, stamp >> 17 & 31
    hour, minute, second = stamp >> 12 & 31, stamp >> 6 & 63, stamp & 63
    whole = sum(number(at, 2) for at in range(0, 512, 2)) % 65536 == 0 and sector[:4] == b"AX" + bytes([252, 1])
    if not whole or not size or not 0 < count * size <= 480:
        return {}
    if not 1 <= month <= 12 or day == 0 or hour > 23 or minute > 59 or second > 59:
        return {}
    rate_hz = 3200 / (1 << 15 - (sector[24] & 15))
    since_s = (fraction & 0x7FFF) / 32768 if fraction & 0x8000 else 0.0
    at_sample = number(26, 2, signed=True) + math.floor(since_s * rate_hz)
    first = datetime(year, month, 1, hour, minute, second, tzinfo=UTC) + timedelta(days=day - 1)
    start_ns = int(first.timestamp()) * 10**9 - round((at_sample / rate_hz - since_s) * 1e9)
    return {"start": start_ns, "rate": rate_hz, "session": number(6, 4), "number": number(10, 4), "count": count}


def gt3x_samples(kind: int, payload: bytes, per_g: float) -> list[tuple[float, float, float]]:
    """The samples of one record of an ActiGraph log in g, bit by bit as the format says."""
    if kind == 26:
        raw = [int.from_bytes(payload[at : at + 2], "little", signed=True) for at in range(0, len(payload) - 1, 2)]
        return [(x / per_g, y / per_g, z / per_g) for x, y, z in zip(raw[::3], raw[1::3], raw[2::3], strict=False)]
    bits = "".join(f"{byte:08b}" for byte in payload)
    values = [int(bits[at : at + 12], 2) for at in range(0, len(bits) - 11, 12)]
    signed = [value - 4096 if value > 2047 else value for value in values]
    return [(x / per_g, y / per_g, z / per_g) for y, x, z in zip(signed[::3], signed[1::3], signed[2::3], strict=False)]


def gt3x_records(log: bytes) -> list[tuple[int, int, bytes]]:
    """Kind, second and payload of each record of an ActiGraph log that can be found, by the reader's rule."""
    found, at, lost = [], 0, False
    while at < len(log):
        size = int.from_bytes(log[at + 6 : at + 8], "little") if len(log) - at > 8 else len(log)
        end = at + 8 + size
        if log[at] != 0x1E or end >= len(log):
            at, lost = at + 1, True
            continue
        total = 255
        for byte in log[at:end]:
            total ^= byte
        followed = end + 1 == len(log) or log[end + 1] == 0x1E
        if total != log[end]:
            at, lost = (end + 1, False) if followed and not lost else (at + 1, True)
        elif lost and not (followed and log[at + 1] <= 26):
            at += 1
        else:
            found.append((log[at + 1], int.from_bytes(log[at + 2 : at + 6], "little"), log[at + 8 : end]))
            at, lost = end + 1, False
    return found


def gt3x_recording(log: bytes, rate_hz: float, per_g: float) -> list[tuple[int, int, tuple[float, float, float]]]:
    """Run, wall time and acceleration of every sample of a log that is believed, one after the other."""
    blocks = []
    for kind, second, payload in gt3x_records(log):
        bits = len(payload) * 8
        whole = bits // 36 and bits % 36 <= 4 if kind == 0 else len(payload) % 6 == 0
        if kind in {0, 26} and len(payload) > 1 and whole:
            accel_g = gt3x_samples(kind, payload, per_g)
            facts = {"start": second * 10**9, "rate": rate_hz, "session": 0, "number": second}
            blocks.append(facts | {"count": len(accel_g), "accel_g": accel_g})
    return believed_blocks(blocks)


def geneactiv_pages(content: bytes) -> list[dict]:
    """What each page of a GENEActiv file says, by the reader's rules; nothing for one that it leaves out."""
    found, page = [], None
    lines = content.split(b"\n")
    for place, raw in enumerate(lines):
        line = raw[:-1] if raw.endswith(b"\r") else raw
        name = line[:40].split(b":")[0]
        if len(raw) > 8192:
            continue
        if line.startswith(b"Recorded Data"):
            if page is not None:
                found.append({})
            page = {}
        elif page is None or not line:
            continue
        elif line.startswith((b"Sequence Number:", b"Page Time:", b"Measurement Frequency:")):
            page[name] = line[len(name) + 1 :]
        elif b":" not in line[:40]:
            found.append(geneactiv_page(page, line, last=place == len(lines) - 1))
            page = None
    return [*found, *([{}] if page is not None else [])]


def geneactiv_page(page: dict, digits: bytes, last: bool) -> dict:
    """What a page with these fields and digits says, or nothing where it breaks a rule."""
    number = re.fullmatch(rb"(\d{1,9}) *", page.get(b"Sequence Number", b""))
    rate = re.match(rb"(\d+(?:[.,]\d*)?)( |$)", page.get(b"Measurement Frequency", b""))
    when = re.fullmatch(
        rb"(\d{1,4})-(\d{1,4})-(\d{1,4}) (\d{1,4}):(\d{1,4}):(\d{1,4}):(\d{1,4}) *", page.get(b"Page Time", b"")
    )
    whole = re.fullmatch(rb"[0-9A-Fa-f]{12,3600}", digits) and (len(digits) == 3600 or last)
    if not number or not rate or not when or not whole:
        return {}
    *fields, ms = (int(field) for field in when.groups())
    rate_mhz = int(float(rate[1].replace(b",", b".")) * 1000 + 1e-6)
    try:
        start_ns = int(datetime(*fields, tzinfo=UTC).timestamp()) * 10**9 + ms * 10**6
    except ValueError:
        return {}
    if not 1970 <= fields[0] < 2200 or ms > 999 or not 1_000 <= rate_mhz <= 1_000_000:
        return {}
    return {
        "start": start_ns,
        "rate": float(np.float32(rate_mhz / 1000)),
        "session": 0,
        "number": int(number[1]),
        "digits": digits,
    }


def geneactiv_recording(content: bytes, gain, offset) -> list[tuple[int, int, tuple[float, float, float]]]:
    """Run, wall time and acceleration of every sample of a GENEActiv file that is believed, one after the other."""
    blocks = []
    for page in geneactiv_pages(content):
        if page:
            text = page["digits"].decode()
            values = [[int(text[at + k : at + k + 3], 16) for k in (0, 3, 6)] for at in range(0, len(text) - 11, 12)]
            signed = [[value - 4096 if value > 2047 else value for value in sample] for sample in values]
            accel_g = [tuple((100 * v - o) / g for v, g, o in zip(s, gain, offset, strict=True)) for s in signed]
            blocks.append(page | {"count": len(accel_g), "accel_g": accel_g})
    return believed_blocks(blocks)


def block_samples(blocks):
    """Run, time, start of its block and acceleration of every sample of blocks, by the rule of times."""
    samples, run, step_ns, joined = [], 0, 0.0, False
    for k, one in enumerate(blocks):
        nominal_ns = one["count"] / one["rate"] * 1e9
        step_ns, goes_on = step_ns if joined else nominal_ns / one["count"], False
        if k + 1 < len(blocks):
            after = blocks[k + 1]
            since_ns = float(after["start"] - one["start"])
            follows = after["number"] == one["number"] + 1 and after["session"] == one["session"]
            in_time = abs(since_ns - nominal_ns) <= nominal_ns / 2
            goes_on = follows and in_time and after["rate"] == one["rate"]
            if goes_on:
                step_ns = since_ns / one["count"]
        if joined and not goes_on:  # in this order, so that it is rounded alike
            before = blocks[k - 1]
            step_ns = float(one["start"] - before["start"]) / before["count"] * one["count"] / one["count"]
        times = [one["start"] + round(i * step_ns) for i in range(one["count"])]
        samples += [(run, time, one["start"], one["accel_g"][i]) for i, time in enumerate(times)]
        run, joined = run if goes_on else run + 1, goes_on
    return samples


def believed_samples(samples):
    """Which samples (run, time) to keep so that time increases; longer runs are believed before shorter ones."""
    if all(b > a for (_, a), (_, b) in pairwise(samples)):
        return [True] * len(samples)
    starts, lengths = {}, {}
    for run, time in samples:
        starts.setdefault(run, time)
        lengths[run] = lengths.get(run, 0) + 1
    believed = []
    for run in sorted(starts, key=lambda run: -lengths[run]):
        if all(starts[run] != starts[one] and (run < one) == (starts[run] < starts[one]) for one in believed):
            believed.append(run)
    kept, ahead = [], -math.inf
    for run, time in samples:
        kept.append(run in believed and time > ahead)
        ahead = max(ahead, time) if run in believed else ahead
    return kept
