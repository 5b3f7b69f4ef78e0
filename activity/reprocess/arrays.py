"""Arrow arrays out of memory as it lies: Arrow's own conversions import pandas, a quarter of a second a process."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

_EPOCH: Final = date(1970, 1, 1)
_WIDTHS: Final = {
    pa.int16(): np.int16,
    pa.int32(): np.int32,
    pa.int64(): np.int64,
    pa.float32(): np.float32,
    pa.float64(): np.float64,
    pa.date32(): np.int32,
    pa.timestamp("ns", "UTC"): np.int64,
}


def numbers(values: NDArray[Any], kind: pa.DataType, known: NDArray[np.bool_] | None = None) -> pa.Array:
    """Return ``values`` as numbers, dates or instants of a ``kind``; those that aren't ``known`` are null."""
    with np.errstate(invalid="ignore"):  # what isn't known may not fit
        data = np.ascontiguousarray(values, dtype=_WIDTHS[kind])
    return pa.Array.from_buffers(kind, data.size, [_bits(known), pa.py_buffer(data)])


def flags(values: NDArray[np.bool_], known: NDArray[np.bool_] | None = None) -> pa.Array:
    """Return ``values`` as booleans; those that aren't ``known`` are null."""
    return pa.Array.from_buffers(pa.bool_(), values.size, [_bits(known), _bits(values)])


def texts(values: Sequence[str | None]) -> pa.Array:
    """Return strings, null for None."""
    coded = [(value or "").encode() for value in values]
    return pa.Array.from_buffers(
        pa.string(), len(coded), [_bits(_known(values)), _offsets(coded), pa.py_buffer(b"".join(coded))]
    )


def column(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Return Python's values, None where null, as an array: of texts, booleans, dates, numbers or lists."""
    known = _known(values)
    if kind == pa.string():
        return texts(values)
    if kind == pa.bool_():
        return flags(np.array([bool(value) for value in values], dtype=bool), known)
    if pa.types.is_list(kind):
        held = [value or [] for value in values]
        inner = column([one for value in held for one in value], kind.value_type)
        return pa.Array.from_buffers(kind, len(held), [_bits(known), _offsets(held)], children=[inner])
    if kind == pa.date32():
        values = [value and (value - _EPOCH).days for value in values]
    whole = np.int64 if np.issubdtype(_WIDTHS[kind], np.integer) else np.float64  # an instant doesn't fit a float
    return numbers(np.array([0 if value is None else value for value in values], dtype=whole), kind, known)


def _known(values: Sequence[Any]) -> NDArray[np.bool_]:
    return np.array([value is not None for value in values], dtype=bool)


def _bits(values: NDArray[np.bool_] | None) -> pa.Buffer | None:
    return None if values is None else pa.py_buffer(np.packbits(values, bitorder="little"))


def _offsets(parts: Sequence[Sequence[Any] | bytes]) -> pa.Buffer:
    return pa.py_buffer(np.cumsum([0, *(len(part) for part in parts)], dtype=np.int32))
