"""Training of networks with torch, which is needed here and nowhere else: what comes out is plain arrays."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from activity.classify.augment import HAND_WORK, Strips, augmented, draw, hand_work
from activity.classify.design import Design
from activity.classify.kinds import KINDS, OTHER
from activity.classify.labelled import LabelledGrid
from activity.classify.network import INPUTS, Convolution, Network, embed
from activity.labels import ROLLUP, Rollup

_LEAST_SPREAD: Final = 1e-3  # of a channel that training never woke
_SLOWEST: Final = np.array([kind.slowest for kind in KINDS])
_FASTEST: Final = np.array([kind.fastest for kind in KINDS])
_STILL: Final = np.array([ROLLUP[kind.activity] is Rollup.STILL for kind in KINDS])


class _Net(nn.Module):
    def __init__(self, design: Design) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        last = INPUTS
        shape = list(zip(design.channels, design.taps, design.strides, strict=True))
        for i, (channels, taps, stride) in enumerate(shape):
            part = 3.0 if i == len(shape) - 1 else 6.0
            layers += [nn.Conv1d(last, channels, taps, stride=stride), nn.BatchNorm1d(channels), nn.ReLU()]
            layers.append(nn.Dropout(design.dropout / part))
            last = channels
        self.body = nn.Sequential(*layers)
        self.head = nn.Sequential(nn.Dropout(design.dropout), nn.Linear(2 * last, len(KINDS)))

    def forward(self, axes: torch.Tensor) -> torch.Tensor:
        size = axes.norm(dim=1, keepdim=True) - 1.0
        passed = self.body(torch.cat([axes, size], 1))
        logits: torch.Tensor = self.head(torch.cat([passed.mean(2), passed.amax(2)], 1))
        return logits


def train_network(
    grids: tuple[LabelledGrid, ...],
    width: int,
    design: Design,
    seed: int,
    told: Callable[[int, int], None] = lambda _done, _total: None,
) -> Network:
    """Return a network for windows of ``width`` rows; ``told(done, total)`` is called after each round.

    The same recordings, design and seed give the same network on the same machine and torch; recordings shorter than
    a window are left out.
    """
    torch.set_num_threads(1)  # these matrices are too small to share, and one thread adds up in one order
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    whole = [grid for grid in grids if len(grid.grid) >= width]
    strips, kind = _strips(whole)
    net = _Net(design)
    turns = np.repeat(np.arange(kind.size), strips.length // width)
    batches = (turns.size + HAND_WORK) // design.batch
    optimiser = torch.optim.AdamW(net.parameters(), lr=design.most_rate, weight_decay=design.decay)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimiser, design.most_rate, total_steps=design.rounds * batches)
    loss_of = nn.CrossEntropyLoss(weight=_weights(kind[turns]), label_smoothing=design.soft_labels)
    for done in range(design.rounds):
        order = rng.permutation(np.concatenate([turns, np.full(HAND_WORK, -1)]))
        for chosen in np.split(order[: batches * design.batch], batches):
            true = np.where(chosen >= 0, kind[chosen], OTHER)
            rows = _batch(strips, true, chosen, (width, whole[0].grid.rate_hz), rng)
            loss = loss_of(net(torch.from_numpy(rows.transpose(0, 2, 1).copy())), torch.from_numpy(true))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            cycle.step()
        told(done + 1, design.rounds)
    plain = _plain(net.eval())
    rows = draw(strips, turns, width, np.ones(turns.size), np.random.default_rng(seed))
    return replace(plain, spread=embed(plain, rows).std(axis=0, dtype=np.float64) + _LEAST_SPREAD)


def _strips(grids: list[LabelledGrid]) -> tuple[Strips, NDArray[np.int64]]:
    """Return the recordings end to end without the rows that are missing, and the kind of each."""
    parts = [part.grid.accel_g[~np.isnan(part.grid.accel_g[:, 0])] for part in grids]
    length = np.array([len(part) for part in parts])
    kind = np.array([part.kind_index for part in grids])
    return Strips(np.concatenate(parts), np.cumsum(length) - length, length), kind


def _batch(
    strips: Strips,
    true: NDArray[np.int64],
    chosen: NDArray[np.int64],
    shape: tuple[int, float],
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Return windows of the chosen strips, and made-up hand work where none is chosen; ``shape`` is rows and rate."""
    width, rate_hz = shape
    real = chosen >= 0
    stretch = rng.uniform(_SLOWEST[true[real]], _FASTEST[true[real]])
    rows = np.empty((chosen.size, width, 3), np.float32)
    rows[real] = draw(strips, chosen[real], width, stretch, rng)
    rows[~real] = hand_work(int(np.sum(~real)), width, rate_hz, rng)
    return augmented(rows, _STILL[true], rate_hz, rng)


def _weights(kind: NDArray[np.int64]) -> torch.Tensor:
    """Return weights half-way between equal windows and equal kinds."""
    count = np.bincount(kind, minlength=len(KINDS)).astype(np.float64)
    count[OTHER] += HAND_WORK
    return torch.tensor(np.sqrt(count.mean() / np.maximum(count, 1.0)), dtype=torch.float32)


def _plain(net: _Net) -> Network:
    """Return the arrays of a network, with the normalisations folded into the convolutions."""
    convolutions = []
    for convolution, norm in zip(net.body[0::4], net.body[1::4], strict=True):
        assert isinstance(convolution, nn.Conv1d)  # noqa: S101 - tells the type checker what the body is made of
        assert isinstance(norm, nn.BatchNorm1d)  # noqa: S101
        scale = _array(norm.weight) / np.sqrt(_array(norm.running_var) + norm.eps)
        weight = _array(convolution.weight) * scale[:, None, None]
        bias = (_array(convolution.bias) - _array(norm.running_mean)) * scale + _array(norm.bias)
        convolutions.append(
            Convolution(
                np.ascontiguousarray(weight.transpose(2, 1, 0), dtype=np.float32),
                bias.astype(np.float32),
                convolution.stride[0],
            )
        )
    linear = net.head[1]
    assert isinstance(linear, nn.Linear)  # noqa: S101
    head = _array(linear.weight).T.copy()
    return Network(tuple(convolutions), head, _array(linear.bias), np.ones(len(head)))


def _array(tensor: torch.Tensor | None) -> NDArray[np.float64]:
    assert tensor is not None  # noqa: S101
    out: NDArray[np.float64] = tensor.detach().numpy().astype(np.float64)
    return out
