"""``selfback exercises``: the library that plans draw from, as a list, in full, as drawings, or as a page."""

from pathlib import Path

import click

from activity.cli import console

GROUPS = (
    "abdominals",
    "back extensors",
    "core stability",
    "gluteal and hip muscles",
    "flexibility",
    "pain relief",
)


@click.command(
    short_help="List the exercises that plans draw from; show one; draw them.",
    epilog="Drawings are our own, one SVG an exercise, under the licence of data/content.",
)
@click.argument("id_", metavar="[ID]", required=False)
@click.option("--group", type=click.Choice(GROUPS), default=None, help="Only those of one group.")
@click.option("--svg", "folder", type=click.Path(path_type=Path), default=None, help="Write the drawings into FOLDER.")
@click.option("--html", "page", type=click.Path(path_type=Path), default=None, help="Write a page with all of them.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document an exercise.")
def command(id_: str | None, *, group: str | None, folder: Path | None, page: Path | None, as_json: bool) -> None:
    """List the exercises that plans draw from, or show the one of that ID with its steps; write their drawings."""
    from activity.cli.main import INTENDED_USE
    from activity.coach.content import load_content
    from activity.errors import AnswerError
    from activity.report.drawing.exercise import exercise_drawing
    from activity.report.library_page import render_library
    from activity.report.text import exercise_lines, exercise_row
    from activity.reprocess.output import write_page

    content = load_content()
    chosen = [one for one in content.exercises if group in {None, one.group.value} and id_ in {None, one.id}]
    if not chosen:
        raise AnswerError(f"no exercise {id_!r}", f"of {group}" if group else "exercises", "an id of the list",
                          "selfback exercises")  # fmt: skip
    if folder:
        for one in chosen:
            write_page(folder / f"{one.id}.svg", exercise_drawing(one))
        console.note(f"wrote {len(chosen)} drawings into {folder}")
    if page:
        write_page(page, render_library(chosen, content.rules, INTENDED_USE))
        console.note(f"wrote {page}")
    if as_json:
        for one in chosen:
            console.emit_json(one.model_dump(mode="json"))
    elif id_ is not None:
        console.emit("\n".join(exercise_lines(chosen[0], content.rules)))
    elif not (folder or page):
        console.emit("\n".join(map(exercise_row, chosen)))
