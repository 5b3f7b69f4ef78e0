"""A model on disk: ``model.json`` with facts and hashes beside ``forest.npz`` with plain arrays."""

import hashlib
import io
import json
import zipfile
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

import numpy as np

from activity.classify.model import Forest, Model
from activity.errors import ModelError
from activity.features.table import FEATURE_VERSION, FEATURES
from activity.labels import Activity
from activity.resources import shipped

DEFAULT_MODEL: Final = "wrist"
FORMAT: Final = 1

_ARRAYS: Final = {"roots": np.int32, "feature": np.int16, "threshold": np.float32, "right": np.int32}
_REMEDY: Final = "install selfback again, or train the model again with `selfback model train`"


def find_model(name_or_path: str | Path) -> Traversable:
    """Return the folder of a model: a path to one, or the name of a shipped one; ``ModelError`` if there is none."""
    folder = Path(name_or_path)
    if (folder / "model.json").is_file():
        return folder
    try:
        return shipped("models", str(name_or_path))
    except FileNotFoundError:
        raise ModelError(
            f"no model {str(name_or_path)!r}",
            expected="the name of a shipped model, or a folder with a model.json",
            remedy="see `selfback model info`",
        ) from None


def load_model(name_or_path: str | Path = DEFAULT_MODEL) -> Model:
    """Return a model whose every file has the hash its ``model.json`` names and whose features are those of today."""
    folder = find_model(name_or_path)
    facts = _read_facts(folder)
    where = str(folder)
    for name, expected in facts["files"].items():
        found = hashlib.sha256(_read(folder, name)).hexdigest()
        if found != expected:
            raise ModelError(
                f"{name} has SHA-256 {found[:16]}…", where=where, expected=f"{expected[:16]}…", remedy=_REMEDY
            )
    if facts["feature_version"] != FEATURE_VERSION:
        raise ModelError(
            f"trained on features {facts['feature_version']}",
            where=where,
            expected=f"features {FEATURE_VERSION}, which this program computes",
            remedy=_REMEDY,
        )
    names = tuple(feature.name for feature in FEATURES)
    if tuple(facts["feature_names"]) != names:
        raise ModelError("its feature names are not those of the table", where=where, remedy=_REMEDY)
    return Model(
        name=facts["name"],
        classes=tuple(Activity(name) for name in facts["classes"]),
        feature_names=names,
        feature_version=facts["feature_version"],
        rate_hz=float(facts["rate_hz"]),
        width_s=float(facts["width_s"]),
        forest=_read_forest(folder, len(names), len(facts["classes"])),
        facts=facts,
    )


def save_model(folder: Path, forest: Forest, facts: dict[str, Any]) -> dict[str, Any]:
    """Write ``forest.npz`` and ``model.json`` and return the facts with the hashes in them."""
    folder.mkdir(parents=True, exist_ok=True)
    data = forest_bytes(forest)
    (folder / "forest.npz").write_bytes(data)
    whole = {"format": FORMAT, **facts, "files": {"forest.npz": hashlib.sha256(data).hexdigest()}}
    (folder / "model.json").write_text(json.dumps(whole, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return whole


def forest_bytes(forest: Forest) -> bytes:
    """Return the bytes of ``forest.npz``: the same forest gives the same bytes, with no time stamps in them."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in (*_ARRAYS, "value"):
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(getattr(forest, name)), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _read(folder: Traversable, name: str) -> bytes:
    try:
        return folder.joinpath(name).read_bytes()
    except OSError as error:
        raise ModelError(f"{name} can't be read: {error.strerror}", where=str(folder), remedy=_REMEDY) from error


def _read_facts(folder: Traversable) -> dict[str, Any]:
    needed = {"format", "name", "classes", "feature_names", "feature_version", "rate_hz", "width_s", "files"}
    try:
        facts = json.loads(_read(folder, "model.json"))
    except ValueError as error:
        raise ModelError(f"model.json is not JSON: {error}", where=str(folder), remedy=_REMEDY) from error
    missing = sorted(needed - set(facts)) if isinstance(facts, dict) else sorted(needed)
    if missing:
        raise ModelError(f"model.json has no {', '.join(missing)}", where=str(folder), remedy=_REMEDY)
    if facts["format"] != FORMAT or "forest.npz" not in facts["files"]:
        raise ModelError(
            f"model.json has format {facts['format']}", where=str(folder), expected=f"{FORMAT}", remedy=_REMEDY
        )
    return dict(facts)


def _read_forest(folder: Traversable, n_features: int, n_classes: int) -> Forest:
    where = f"{folder}/forest.npz"
    try:
        with np.load(io.BytesIO(_read(folder, "forest.npz")), allow_pickle=False) as arrays:
            forest = Forest(
                **{name: arrays[name].astype(kind, copy=False) for name, kind in _ARRAYS.items()},
                value=arrays["value"].astype(np.float64, copy=False),
            )
    except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        raise ModelError(f"not the arrays of a forest: {error}", where=where, remedy=_REMEDY) from error
    # The walker trusts its indices, so they are checked once here.
    leaf = forest.feature < 0
    n_nodes = forest.feature.size
    inner = forest.right[~leaf]
    fits = (
        forest.value.ndim == 2
        and forest.value.shape[1] == n_classes
        and forest.threshold.shape == forest.right.shape == (n_nodes,)
        and forest.roots.size > 0
        and bool(np.all((forest.roots >= 0) & (forest.roots < n_nodes)))
        and bool(np.all(forest.feature < n_features))
        and bool(np.all((inner > np.flatnonzero(~leaf)) & (inner < n_nodes)))
        and bool(np.all((forest.right[leaf] >= 0) & (forest.right[leaf] < len(forest.value))))
        and bool(leaf[-1])
    )
    if not fits:
        raise ModelError("its arrays don't fit each other", where=where, remedy=_REMEDY)
    return forest
