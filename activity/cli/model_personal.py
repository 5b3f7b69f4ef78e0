"""``selfback model personalise``: a model fitted to one wearer from a minute or two of labelled movement."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from activity.cli import console
from activity.cli.model_data import json_option

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from activity.classify.labelled import LabelledGrid
    from activity.classify.model import Model


@click.command("personalise")
@click.argument("labelled", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder for the model.")
@click.option("--model", default=None, help="Model to start from: a name or a folder.  [default: the shipped one]")
@json_option
def personalise_model(labelled: Path, *, output: Path, model: str | None, as_json: bool) -> None:
    """Fit a model to one wearer, from a Parquet file with subject, activity, t (ns), x, y, z (g).

    Nothing is trained again: only the last layer moves, and only as far as the wearer's own windows ask for. Use the
    result with --model of the other commands.
    """
    import numpy as np

    from activity.classify.artefact import DEFAULT_MODEL, load_model, save_model
    from activity.classify.labelled import read_labelled
    from activity.classify.personal import personalise
    from activity.errors import NotEnoughDataError

    start = load_model(model or DEFAULT_MODEL)
    grids = read_labelled(labelled, start.rate_hz)
    wearers = sorted({grid.subject for grid in grids})
    if len(wearers) != 1:
        raise NotEnoughDataError(f"recordings of {len(wearers)} people", where=str(labelled), expected="of one wearer")
    parts = [own_windows(grid, start) for grid in grids]
    rows, kind = (np.concatenate(column) for column in zip(*parts, strict=True))
    members = personalise(start.members, rows, kind)
    facts = {
        key: value
        for key, value in start.facts.items()
        if key not in {"digest", "files", "members", "judged", "format", "feature_version"}
    }
    personal = {"from": start.name, "digest": start.digest, "windows": len(rows)}
    save_model(output, members, facts | {"name": output.name, "personal": personal})
    if as_json:
        console.emit_json({"path": str(output), "personal": personal})
        return
    console.note(f"learned from {len(rows)} windows of {', '.join(sorted({grid.original for grid in grids}))}")
    console.emit(str(output))


def own_windows(grid: "LabelledGrid", model: "Model") -> "tuple[NDArray[np.float32], NDArray[np.int64]]":
    """Return a recording's windows and the column of the model that each belongs to.

    A label that says less than the model knows, such as walking, is taken as the likeliest of its kinds.
    """
    import numpy as np

    from activity.classify.kinds import activity_of
    from activity.classify.model import kind_probability
    from activity.classify.raw import cut_windows
    from activity.errors import NotEnoughDataError
    from activity.windows import Windows

    cut, known = cut_windows(grid.grid, Windows.of_seconds(model.width_s, model.rate_hz))
    rows = cut[known]
    columns = [i for i, kind in enumerate(model.kinds) if grid.kind in {kind, str(activity_of(kind))}]
    if not columns:
        raise NotEnoughDataError(f"{model.name} doesn't know {grid.original}", expected=", ".join(model.kinds))
    if not len(rows):
        return rows, np.empty(0, np.int64)
    return rows, np.array(columns)[kind_probability(model, rows)[:, columns].argmax(axis=1)]
