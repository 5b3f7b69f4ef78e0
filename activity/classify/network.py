"""A small convolutional network as plain arrays, and what it says of windows of raw acceleration.

The window's axes and the size of its acceleration pass through convolutions, each followed by a rectifier. What is
left of each channel is its mean and its largest value over the window, and a linear head turns these into kinds.
Nothing of it knows which way the band is worn: that it can be worn otherwise is learned (``augment``).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from activity.threads import share

INPUTS: Final = 4  #: x, y, z, and |a| - 1 g
#: Raised by hand whenever a network is given something else; a model of another version is refused.
INPUT_VERSION: Final = "samples-1"
#: Windows that pass at once: their activations stay in the second-level cache.
_AT_ONCE: Final = 128
_LEAST_SHARED: Final = 8 * _AT_ONCE
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
        for begin in range(first, last, _AT_ONCE):
            rows = slice(begin, min(begin + _AT_ONCE, last))
            passed = _inputs(windows[rows])
            for convolution in network.convolutions:
                passed = _convolve(passed, convolution)
            out[rows, : width // 2] = passed.mean(axis=1)
            out[rows, width // 2 :] = passed.max(axis=1)

    with _BLAS.limit(limits=1, user_api="blas"):
        share(some, len(windows), _LEAST_SHARED)
    return out


def head_logits(network: Network, embedded: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return (n, n_kinds) logits of what ``embed`` gave."""
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


def _inputs(windows: NDArray[np.float32]) -> NDArray[np.float32]:
    out = np.empty((*windows.shape[:2], INPUTS), dtype=np.float32)
    out[:, :, :3] = windows
    size = np.einsum("nti,nti->nt", windows, windows)
    np.sqrt(size, out=size)
    np.subtract(size, np.float32(1.0), out=out[:, :, 3])
    return out


def _convolve(rows: NDArray[np.float32], convolution: Convolution) -> NDArray[np.float32]:
    taps, channels, _ = convolution.weight.shape
    n, width, _ = rows.shape
    steps = (width - taps) // convolution.stride + 1
    # Taps of all channels lie side by side in memory, so a view of overlapping rows is one matrix.
    flat = sliding_window_view(rows.reshape(n, -1), taps * channels, axis=1)[:, :: convolution.stride * channels]
    out: NDArray[np.float32] = flat.reshape(n * steps, -1) @ convolution.weight.reshape(taps * channels, -1)
    out += convolution.bias
    np.maximum(out, np.float32(0.0), out=out)
    return out.reshape(n, steps, -1)
