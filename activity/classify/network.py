"""A small convolutional network as plain arrays, and what it says of windows of raw acceleration.

The window's axes and the size of its acceleration pass through convolutions, each followed by a rectifier. What is
left of each channel is its mean and its largest value over the window, and a linear head turns these into kinds.
Nothing of it knows which way the band is worn: that it can be worn otherwise is learned (``augment``).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from activity.classify import _kernels
from activity.threads import share

INPUTS: Final = 4  #: x, y, z, and |a| - 1 g
#: Raised by hand whenever a network is given something else; a model of another version is refused.
INPUT_VERSION: Final = "samples-1"
#: Windows that pass at once: their activations stay in the second-level cache.
_AT_ONCE: Final = 32
_LEAST_SHARED: Final = 32 * _AT_ONCE
#: Matrices this small are slower in several threads than in one (OpenBLAS), so windows are shared out instead.
_BLAS: Final = ThreadpoolController()


@dataclass(frozen=True, slots=True, eq=False)
class Convolution:
    """``taps`` rows of all channels, every ``stride`` rows, to other channels; no padding."""

    weight: NDArray[np.float32]  #: (taps, channels_in, channels_out)
    bias: NDArray[np.float32]  #: (channels_out,)
    stride: int


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Convolutions in order, then a head on the mean and the largest value of each channel."""

    convolutions: tuple[Convolution, ...]
    head: NDArray[np.float64]  #: (2 * channels, n_kinds)
    head_bias: NDArray[np.float64]  #: (n_kinds,)
    spread: NDArray[np.float64]  #: (2 * channels,) sd over the training windows of what the head sees


def embed(network: Network, windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (n, 2 * channels): what the head sees of (n, width, 3) windows in g without a NaN."""
    width = 2 * network.convolutions[-1].bias.size
    out = np.empty((len(windows), width), dtype=np.float32)

    def some(first: int, last: int) -> None:
        buffers = _Buffers(network, windows.shape[1])
        for begin in range(first, last, _AT_ONCE):
            rows = slice(begin, min(begin + _AT_ONCE, last))
            passed = _pass(network, windows[rows], buffers)
            out[rows, : width // 2] = passed.mean(axis=1)
            out[rows, width // 2 :] = passed.max(axis=1)

    with _BLAS.limit(limits=1, user_api="blas"):
        share(some, len(windows), _LEAST_SHARED)
    return out


def head_logits(network: Network, embedded: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return (n, n_kinds) logits of what ``embed`` gave."""
    with _BLAS.limit(limits=1, user_api="blas"):  # threads that it wakes for this go on spinning for a while
        logits: NDArray[np.float64] = embedded.astype(np.float64) @ network.head + network.head_bias
    return logits


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return probabilities, each row summing to 1."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    out: NDArray[np.float64] = shifted / shifted.sum(axis=1, keepdims=True)
    return out


def least_width(network: Network) -> int:
    """Return the fewest rows of which one row is left after all convolutions."""
    rows = 1
    for convolution in reversed(network.convolutions):
        rows = (rows - 1) * convolution.stride + convolution.weight.shape[0]
    return rows


class _Buffers:
    """Room for the values between convolutions, made once for many windows."""

    def __init__(self, network: Network, width: int) -> None:
        if width < least_width(network):
            raise ValueError(f"a window of {width} rows, the least is {least_width(network)}")
        self.inputs = np.empty((_AT_ONCE, width, INPUTS), dtype=np.float32)
        self.seen: list[NDArray[np.float32]] = []  #: what the steps of each convolution see
        self.made: list[NDArray[np.float32]] = []  #: what they make of it
        for convolution in network.convolutions:
            taps, before, after = convolution.weight.shape
            width = (width - taps) // convolution.stride + 1
            self.seen.append(np.empty((_AT_ONCE, width, taps * before), dtype=np.float32))
            self.made.append(np.empty((_AT_ONCE, width, after), dtype=np.float32))


def _pass(network: Network, windows: NDArray[np.float32], buffers: _Buffers) -> NDArray[np.float32]:
    """Return what is left of windows after all convolutions; good until the buffers are used again."""
    n = len(windows)
    rows = buffers.inputs[:n]
    _kernels.with_size(windows, rows)
    for convolution, seen, made in zip(network.convolutions, buffers.seen, buffers.made, strict=True):
        _, before, after = convolution.weight.shape
        # Taps of all channels lie side by side in memory, so what a step sees is one stretch of a window's values.
        _kernels.unfold(rows.reshape(n, -1), convolution.stride * before, seen[:n])
        flat = made[:n].reshape(-1, after)
        np.matmul(seen[:n].reshape(len(flat), -1), convolution.weight.reshape(-1, after), out=flat)
        _kernels.rectify(flat, convolution.bias)
        rows = made[:n]
    return rows
