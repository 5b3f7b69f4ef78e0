"""What decides a network, given the recordings and a seed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Design:
    """Shape and training of a network; convolutions from the samples to the head."""

    channels: tuple[int, ...]
    taps: tuple[int, ...]
    strides: tuple[int, ...]
    rounds: int  #: as many windows are drawn in each as the recordings hold without overlap
    batch: int = 128
    most_rate: float = 3e-3  #: of learning, at the top of one cycle (Smith & Topin, 2019)
    decay: float = 1e-2  #: of weights (AdamW)
    dropout: float = 0.3  #: before the head; after a convolution a sixth, after the last a third of it
    soft_labels: float = 0.05
