"""``selfback did``: an exercise that was done, or not, and how it felt."""

import click

from activity.cli import console
from activity.cli.storing import day_of, opened, store_option, who_option


@click.command(short_help="Write down how an exercise went for a participant.")
@click.argument("id_", metavar="ID")
@click.argument("exercise")
@store_option
@who_option
@click.option("--date", "date_", default=None, help="Day on which it was done.  [default: today]")
@click.option("--not-done", is_flag=True, help="It was not done.")
@click.option("--rating", type=click.Choice(["too-easy", "right", "too-hard"]), default=None, help="How it felt.")
@click.option("--pain", type=click.IntRange(0, 10), default=None, help="Pain while doing it.")
@click.option(
    "--swap", type=click.Choice(["away", "never"]), default=None, help="Another one this time, or not this one again."
)
@click.option("--json", "as_json", is_flag=True, help="Print what is kept as a JSON document.")
def command(
    id_: str, exercise: str, *, store: str | None, who: str, date_: str | None, not_done: bool, rating: str | None,
    pain: int | None, swap: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Write down that EXERCISE was done, how it felt and how much it hurt; the next plan makes it harder or easier."""
    from activity.coach.content import load_content
    from activity.coach.exercise_log import load_exercise_log
    from activity.errors import AnswerError
    from activity.store.participants import keep_exercise, participant
    from activity.store.writing import writing

    if load_content().exercise(exercise) is None:
        raise AnswerError(f"no exercise {exercise!r}", "did", "an id of the library", "selfback exercises")
    with opened(store) as kept:
        with kept.reading() as connection:
            one = participant(connection, id_)
        day = day_of(date_, one, "--date")
        said = {"date": day.isoformat(), "exercise": exercise, "done": not not_done}
        said |= {
            name: value for name, value in (("rating", rating), ("pain", pain), ("swap", swap)) if value is not None
        }
        load_exercise_log([said])
        with writing(kept, who, "did") as write:
            keep_exercise(write, one, exercise, day, said)
    if as_json:
        console.emit_json(said)
    else:
        console.emit("It is kept.")
