"""What a running study is frozen to besides its protocol: each file of content and questionnaires, and the model."""

import hashlib

from activity.coach.signature import check_signature, hashes
from activity.errors import ModelError
from activity.resources import shipped


def pins(model: str) -> dict[str, str]:
    """Return the SHA-256 of each by name, as it is now; ``ContentError`` on unsigned content, ``ModelError``.

    ``model.json`` holds the hashes of its arrays, which loading checks, so that its own is enough.
    """
    try:
        card = shipped("models", model, "model.json").read_bytes()
    except OSError as error:
        raise ModelError(f"no model {model!r} is shipped", "model", "a folder of models/") from error
    folder = shipped("data", "content")
    check_signature(folder)
    return {**hashes(folder), f"models/{model}": hashlib.sha256(card).hexdigest()}
