"""A model on disk: ``model.json`` with facts and hashes beside a file of plain arrays for each member."""

import hashlib
import io
import json
import zipfile
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from activity.classify.kinds import activity_of
from activity.classify.model import Boosted, Forest, Member, Model, member_version
from activity.classify.network import INPUTS, Convolution, Network, least_width
from activity.errors import ModelError
from activity.features.table import FEATURES
from activity.resources import shipped
from activity.windows import Windows

DEFAULT_MODEL: Final = "fast"
FORMAT: Final = 2

_TREES: Final = {"roots": np.int32, "feature": np.int16, "threshold": np.float32, "right": np.int32}
_HEAD: Final = ("head", "head_bias", "spread")
_NEEDED: Final = frozenset(
    {"format", "name", "kinds", "members", "rate_hz", "width_s", "temperature", "files", "feature_version"}
)
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
    kinds = tuple(facts["kinds"])
    members = tuple(_read_member(folder, name, len(kinds)) for name in facts["members"])
    version, today = str(facts["feature_version"]), member_version(members)
    if version != today:
        raise ModelError(
            f"trained on features {version}",
            where=where,
            expected=f"features {today}, which this program computes",
            remedy=_REMEDY,
        )
    try:
        for kind in kinds:
            activity_of(kind)
    except ValueError as error:
        raise ModelError(f"{error} in kinds", where=where, remedy=_REMEDY) from error
    model = Model(
        name=facts["name"],
        kinds=kinds,
        members=members,
        rate_hz=float(facts["rate_hz"]),
        width_s=float(facts["width_s"]),
        temperature=float(facts["temperature"]),
        feature_version=version,
        facts=facts | {"digest": _digest(facts)},
    )
    transitions, n_classes = model.transitions, len(model.classes)
    if transitions.shape != (n_classes, n_classes) or not np.all(transitions > 0.0):
        raise ModelError("its transitions don't fit its classes", where=where, remedy=_REMEDY)
    width = Windows.of_seconds(model.width_s, model.rate_hz).width_samples
    if any(isinstance(member, Network) and least_width(member) > width for member in members):
        raise ModelError(f"windows of {width} rows are too short for its network", where=where, remedy=_REMEDY)
    return model


def save_model(folder: Path, members: tuple[Member, ...], facts: dict[str, Any]) -> dict[str, Any]:
    """Write the arrays of each member and ``model.json``, and return the facts with the hashes in them."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for index, member in enumerate(members, start=1):
        name = f"{type(member).__name__.lower()}-{index}.npz"
        data = member_bytes(member)
        (folder / name).write_bytes(data)
        files[name] = hashlib.sha256(data).hexdigest()
    version = {"feature_version": member_version(members), "members": list(files), "files": files}
    whole = {"format": FORMAT, **facts, **version}
    (folder / "model.json").write_text(json.dumps(whole, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return whole


def member_bytes(member: Member) -> bytes:
    """Return the bytes of a member's file: the same member gives the same bytes, with no time stamps in them."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in _arrays(member).items():
            file = io.BytesIO()
            np.lib.format.write_array(file, np.ascontiguousarray(array), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), file.getvalue(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _arrays(member: Member) -> dict[str, NDArray[Any]]:
    if isinstance(member, Forest):
        return {name: getattr(member, name) for name in (*_TREES, "value")}
    if isinstance(member, Boosted):
        return _arrays(member.trees) | {"base": member.base}
    arrays: dict[str, NDArray[Any]] = {"strides": np.array([c.stride for c in member.convolutions], np.int64)}
    for index, convolution in enumerate(member.convolutions):
        arrays |= {f"weight_{index}": convolution.weight, f"bias_{index}": convolution.bias}
    return arrays | {name: getattr(member, name) for name in _HEAD}


def _digest(facts: dict[str, Any]) -> str:
    """Return a hash over all that decides what the model says."""
    said = {
        key: facts.get(key) for key in ("kinds", "members", "rate_hz", "width_s", "temperature", "transitions", "files")
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _read(folder: Traversable, name: str) -> bytes:
    try:
        return folder.joinpath(name).read_bytes()
    except OSError as error:
        raise ModelError(f"{name} can't be read: {error.strerror}", where=str(folder), remedy=_REMEDY) from error


def _read_facts(folder: Traversable) -> dict[str, Any]:
    where = str(folder)
    try:
        facts = json.loads(_read(folder, "model.json"))
    except ValueError as error:
        raise ModelError(f"model.json is not JSON: {error}", where=where, remedy=_REMEDY) from error
    if isinstance(facts, dict) and facts.get("kind"):
        raise ModelError(
            f"a model for the {facts['kind']}",
            where=where,
            expected="one that recognises recordings",
            remedy="write it as C with `selfback model export-c`; its figures are in its CARD.md",
        )
    if isinstance(facts, dict) and facts.get("format", FORMAT) != FORMAT:
        raise ModelError(f"model.json has format {facts['format']}", where=where, expected=f"{FORMAT}", remedy=_REMEDY)
    missing = sorted(_NEEDED - set(facts)) if isinstance(facts, dict) else sorted(_NEEDED)
    if missing:
        raise ModelError(f"model.json has no {', '.join(missing)}", where=where, remedy=_REMEDY)
    if not facts["members"] or set(facts["members"]) != set(facts["files"]):
        raise ModelError("its members are not its files", where=where, remedy=_REMEDY)
    return dict(facts)


def _read_member(folder: Traversable, name: str, n_kinds: int) -> Member:
    where = f"{folder}/{name}"
    try:
        with np.load(io.BytesIO(_read(folder, name)), allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
        if "roots" not in arrays:
            return _as_network(arrays, n_kinds)
        forest = _as_forest(arrays, n_kinds)
        return _as_boosted(forest, arrays["base"]) if "base" in arrays else forest
    except (ValueError, KeyError, IndexError, OSError, zipfile.BadZipFile) as error:
        raise ModelError(f"not the arrays of a model: {error}", where=where, remedy=_REMEDY) from error


def _as_network(arrays: dict[str, NDArray[Any]], n_kinds: int) -> Network:
    convolutions = tuple(
        Convolution(arrays[f"weight_{i}"].astype(np.float32), arrays[f"bias_{i}"].astype(np.float32), int(stride))
        for i, stride in enumerate(arrays["strides"])
    )
    network = Network(convolutions, **{name: arrays[name].astype(np.float64) for name in _HEAD})
    channels = INPUTS
    for convolution in convolutions:
        _, before, after = convolution.weight.shape
        if before != channels or convolution.bias.shape != (after,) or convolution.stride < 1:
            raise ValueError("its convolutions don't fit each other")
        channels = after
    shapes = (network.head.shape, network.head_bias.shape, network.spread.shape)
    if shapes != ((2 * channels, n_kinds), (n_kinds,), (2 * channels,)) or not np.all(network.spread > 0.0):
        raise ValueError("its head doesn't fit the kinds")
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise ValueError("a weight is not finite")
    return network


def _as_forest(arrays: dict[str, NDArray[Any]], n_kinds: int) -> Forest:
    forest = Forest(
        **{name: arrays[name].astype(kind, copy=False) for name, kind in _TREES.items()},
        value=arrays["value"].astype(np.float64, copy=False),
    )
    # The walker trusts its indices, so they are checked once here.
    leaf = forest.feature < 0
    n_nodes = forest.feature.size
    inner = forest.right[~leaf]
    fits = (
        forest.value.ndim == 2
        and forest.value.shape[1] == n_kinds
        and forest.threshold.shape == forest.right.shape == (n_nodes,)
        and forest.roots.size > 0
        and bool(np.all((forest.roots >= 0) & (forest.roots < n_nodes)))
        and bool(np.all(forest.feature < len(FEATURES)))
        and bool(np.all((inner > np.flatnonzero(~leaf)) & (inner < n_nodes)))
        and bool(np.all((forest.right[leaf] >= 0) & (forest.right[leaf] < len(forest.value))))
        and bool(leaf[-1])
    )
    if not fits:
        raise ValueError("its trees don't fit each other")
    return forest


def _as_boosted(forest: Forest, base: NDArray[Any]) -> Boosted:
    if base.shape != (forest.value.shape[1],) or not (np.isfinite(base).all() and np.isfinite(forest.value).all()):
        raise ValueError("its logits don't fit the kinds")
    return Boosted(forest, base.astype(np.float64, copy=False))
