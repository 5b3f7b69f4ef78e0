"""Axivity AX3 and AX6 files (.cwa): a header of 1,024 bytes, then sectors of 512, each with a checksum.

The format is described in the Open Movement project's ``Docs/ax3/ax3-technical.md``.
Times follow one rule. A sector says at which of its samples a clock reading was taken; from that and the nominal rate
comes the time of its first sample. Sectors that follow each other in number and time make a run; inside a run, times
are interpolated between first samples, and the last sector goes on at the pace of the one before it. Every other
sector starts a new run, and the time between runs is a gap. Where runs contradict each other, the longer one is right.

The file is read twice: what sectors say of themselves first, of which a band's whole memory takes 50 MB, then samples.
"""

import itertools
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from device.errors import EmptyFileError
from device.readers.axivity import _kernels
from device.readers.axivity.header import HEADER_BYTES, read_header
from device.readers.axivity.sectors import SECTOR, SECTORS_AT_ONCE, Sectors, index_sectors, pages, rate_hz_of
from device.readers.clock import wall_offset_ns
from device.readers.runs import Timed, timed
from device.recording import BandInfo, Chunk, Damage, Stream

_DATA: Final = slice(30, 510)
_GYROSCOPE_AXES: Final = 6  # from this many axes on, the gyroscope's three come first


def open_cwa(path: Path, zone: str) -> Iterator[tuple[str, Stream]]:
    """Yield the one recording of an Axivity file, without name; the device's clock is read in ``zone``.

    Errors: `EmptyFileError`, `DamagedFileError`. Sectors with a bad checksum are left out and counted.
    """
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        if not size:
            raise EmptyFileError("the file is empty", str(path), "an Axivity recording", "copy it from the band again")
        sectors, damage = index_sectors(file, size, str(path))
        file.seek(0)
        band, header_damage = _band(file.read(HEADER_BYTES), sectors)
    runs = timed(sectors.start_ns, sectors.count, sectors.rate_hz, sectors.number, sectors.session)
    offset_ns = wall_offset_ns(runs.first_ns, zone)
    said = header_damage + damage + runs.damage
    yield "", Stream(partial(_chunks, path, sectors, runs, offset_ns, said), band, zone)


def _band(header: bytes, sectors: Sectors) -> tuple[BandInfo, tuple[Damage, ...]]:
    code = sectors.rate[:1]
    return read_header(header, float(16 >> (int(code[0]) >> 6)), float(rate_hz_of(code)[0]))


def _chunks(path: Path, sectors: Sectors, runs: Timed, offset_ns: int, damage: tuple[Damage, ...]) -> Iterator[Chunk]:
    ends = np.searchsorted(sectors.place, np.arange(0, sectors.place[-1] + 1, SECTORS_AT_ONCE, dtype=np.int32)).tolist()
    run_before = -1
    with path.open("rb") as file:
        for (first, page), (begin, end) in zip(
            pages(file), itertools.pairwise([*ends, sectors.place.size]), strict=False
        ):
            part = slice(begin, end)
            first_sample, stop = runs.first[part].astype(np.int64), sectors.count[part].astype(np.int64)
            counts = stop - first_sample
            if not counts.sum():
                continue
            accel_g = _samples(page, sectors.place[part] - first, first_sample, stop)
            time_ns = np.empty(len(accel_g), dtype=np.int64)
            _kernels.sample_times(runs.start_ns[part] - offset_ns, runs.step_ns[part], first_sample, stop, time_ns)
            held = counts > 0
            run = runs.run[part][held]
            new = np.flatnonzero(np.diff(run, prepend=run_before))
            starts = (np.cumsum(counts[held]) - counts[held])[new]
            run_before = int(run[-1])
            yield Chunk(accel_g, time_ns, tuple(starts.tolist()), damage)
            damage = ()


def _samples(
    page: NDArray[np.uint8], places: NDArray[np.int32], first: NDArray[np.int64], stop: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Return samples ``[first, stop)`` of the sectors at ``places`` of a page, in order, (n, 3) in g."""
    sectors = page.view(SECTOR).reshape(-1)
    layout, scale = sectors["layout"][places], sectors["scale"][places]
    data = np.ascontiguousarray(page[:, _DATA])
    counts = stop - first
    ends = np.cumsum(counts)
    out = np.empty((int(ends[-1]), 3), dtype=np.float32)
    edges = np.concatenate(([0], np.flatnonzero(np.diff(layout & 15)) + 1, [layout.size]))
    for a, b in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        rows = out[int(ends[a] - counts[a]) : int(ends[b - 1])]
        if layout[a] & 15 == 0:
            _kernels.packed_samples(data.view("<u4"), places[a:b], first[a:b], stop[a:b], rows)
        else:
            axes = (layout[a:b] >> 4).astype(np.int64)
            skipped = np.where(axes >= _GYROSCOPE_AXES, 3, 0)
            per_g = (1 << (8 + (scale[a:b].astype(np.int64) >> 13))).astype(np.float32)
            words = data.view("<i2")
            _kernels.word_samples(words, places[a:b], first[a:b], stop[a:b], axes, skipped, per_g, rows)
    return out
