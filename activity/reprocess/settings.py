"""What besides the recording decides a result; a result made with other settings is stale."""

import hashlib
import json
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Final

from activity.classify.model import Model

#: Raised when the files of an output folder change their columns or meaning.
OUTPUT_VERSION: Final = 3


@dataclass(frozen=True, slots=True)
class Settings:
    """All that a result depends on, but for its input."""

    zone: str  #: IANA name of the zone that the wearer lived in
    program_version: str
    model: str
    model_digest: str
    feature_version: int | str
    metrics: bool = False  #: whether ``metrics.parquet`` is written, too
    clock_zone: str = ""  #: of the zone that the device's clock was set to, where it is another
    output_version: int = OUTPUT_VERSION

    def key(self, input_sha256: str) -> str:
        """Return what names the result of an input under these settings."""
        text = json.dumps({"input": input_sha256, **asdict(self)}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def settings_for(model: Model, zone: str, *, metrics: bool = False, clock_zone: str = "") -> Settings:
    """Return the settings of this program with ``model``."""
    versions = version("selfback"), model.name, model.digest, model.feature_version
    return Settings(zone, *versions, metrics, clock_zone if clock_zone != zone else "")
