"""A band's model on disk: ``model.json`` with facts and hashes beside ``forest.npz`` with plain arrays."""

import hashlib
import io
import json
import zipfile
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

import numpy as np

from activity.classify.embedded.features import FEATURE_VERSION, FEATURES
from activity.classify.embedded.model import MOST_TREES, EmbeddedModel, IntegerForest
from activity.errors import ModelError
from activity.labels import Activity
from activity.resources import shipped

DEFAULT_BAND_MODEL: Final = "band"
KIND: Final = "band"
FORMAT: Final = 1

_ARRAYS: Final = {
    "base": np.int16,
    "roots": np.int16,
    "feature": np.uint8,
    "threshold": np.int16,
    "left": np.int16,
    "right": np.int16,
}
_REMEDY: Final = "install selfback again, or train the model again with `selfback model train-band`"


def load_embedded(name_or_path: str | Path = DEFAULT_BAND_MODEL) -> EmbeddedModel:
    """Return a model whose forest has the hash its ``model.json`` names and whose features are those of today.

    Raises ``ModelError`` otherwise, and for a model that isn't one for the band.
    """
    folder = _find(name_or_path)
    facts = _read_facts(folder)
    data = _read(folder, "forest.npz")
    found, expected = hashlib.sha256(data).hexdigest(), facts["files"]["forest.npz"]
    if found != expected:
        raise ModelError(
            f"forest.npz has SHA-256 {found[:16]}…", where=str(folder), expected=f"{expected[:16]}…", remedy=_REMEDY
        )
    if facts["feature_version"] != FEATURE_VERSION:
        raise ModelError(
            f"trained on features {facts['feature_version']}",
            where=str(folder),
            expected=f"features {FEATURE_VERSION}, which this program exports",
            remedy=_REMEDY,
        )
    try:
        classes = tuple(Activity(name) for name in facts["classes"])
    except ValueError as error:
        raise ModelError(f"model.json: {error}", where=str(folder), remedy=_REMEDY) from None
    forest = _read_forest(data, f"{folder}/forest.npz")
    if not _fits(forest, len(classes)):
        raise ModelError("its arrays don't fit each other", where=f"{folder}/forest.npz", remedy=_REMEDY)
    return EmbeddedModel(str(facts["name"]), classes, FEATURE_VERSION, forest, facts)


def save_embedded(folder: Path, model: EmbeddedModel) -> None:
    """Write ``forest.npz`` and ``model.json``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "forest.npz").write_bytes(forest_bytes(model.forest))
    facts = {"format": FORMAT, "kind": KIND, **model.facts}
    (folder / "model.json").write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def forest_bytes(forest: IntegerForest) -> bytes:
    """Return the bytes of ``forest.npz``: the same forest gives the same bytes, with no time stamps in them."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in _ARRAYS:
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(getattr(forest, name)), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def forest_digest(forest: IntegerForest) -> str:
    """Return the SHA-256 of ``forest.npz``."""
    return hashlib.sha256(forest_bytes(forest)).hexdigest()


def _find(name_or_path: str | Path) -> Traversable:
    folder = Path(name_or_path)
    if (folder / "model.json").is_file():
        return folder
    try:
        return shipped("models", str(name_or_path))
    except FileNotFoundError:
        raise ModelError(
            f"no model {str(name_or_path)!r}", expected="the name of a shipped model, or a folder with a model.json"
        ) from None


def _read(folder: Traversable, name: str) -> bytes:
    try:
        return folder.joinpath(name).read_bytes()
    except OSError as error:
        raise ModelError(f"{name} can't be read: {error.strerror}", where=str(folder), remedy=_REMEDY) from error


def _read_facts(folder: Traversable) -> dict[str, Any]:
    try:
        facts = json.loads(_read(folder, "model.json"))
    except ValueError as error:
        raise ModelError(f"model.json is not JSON: {error}", where=str(folder), remedy=_REMEDY) from error
    if not isinstance(facts, dict) or (facts.get("kind"), facts.get("format")) != (KIND, FORMAT):
        raise ModelError(
            "not a model for the band",
            where=str(folder),
            expected=f"a model.json of kind {KIND!r} and format {FORMAT}",
            remedy="make one with `selfback model train-band`",
        )
    missing = sorted({"name", "classes", "feature_version", "files"} - set(facts))
    if missing or "forest.npz" not in facts["files"]:
        raise ModelError(f"model.json has no {', '.join(missing) or 'forest.npz'}", where=str(folder), remedy=_REMEDY)
    return dict(facts)


def _read_forest(data: bytes, where: str) -> IntegerForest:
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            return IntegerForest(**{name: _exactly(arrays[name], kind) for name, kind in _ARRAYS.items()})
    except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        raise ModelError(f"not the arrays of a forest: {error}", where=where, remedy=_REMEDY) from error


def _exactly(array: Any, kind: Any) -> Any:
    if array.dtype != kind:
        raise ValueError(f"an array of {array.dtype}, not {np.dtype(kind)}")
    return array


def _fits(forest: IntegerForest, n_classes: int) -> bool:
    """Return whether no walk can leave the arrays or go in a circle; band and Python both trust them after this."""
    n_nodes = forest.feature.size
    node = np.arange(n_nodes)
    if forest.base.shape != (n_classes,) or forest.roots.ndim != 1 or forest.roots.size % n_classes:
        return False
    if not forest.threshold.shape == forest.left.shape == forest.right.shape == forest.feature.shape == (n_nodes,):
        return False
    places = np.concatenate([forest.roots, forest.left, forest.right])
    onwards = all(bool(np.all((branch < 0) | (branch > node))) for branch in (forest.left, forest.right))
    inside = bool(np.all(places < n_nodes)) and 0 < forest.roots.size <= MOST_TREES
    return onwards and inside and bool(np.all(forest.feature < len(FEATURES)))
