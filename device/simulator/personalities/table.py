"""The wristbands of others that can be simulated: one row each. Adding one is a module and a row."""

from typing import Final

from device.simulator.personalities.axle import Axle
from device.simulator.personalities.bangle import Bangle
from device.simulator.personalities.infinitime import InfiniTime, InfiniTimeFifo
from device.simulator.personalities.polar import PolarCompressed, PolarRaw
from device.simulator.personalities.seizure_detector import SeizureDetector
from device.simulator.personalities.watch import SimulatedWatch

PERSONALITIES: Final[dict[str, type[SimulatedWatch]]] = {
    "infinitime": InfiniTime,
    "infinitime-fifo": InfiniTimeFifo,
    "seizure-detector": SeizureDetector,
    "polar": PolarCompressed,
    "polar-raw": PolarRaw,
    "axle": Axle,
    "bangle": Bangle,
}
