"""``selfback goal``: somebody's own change to the step goal of their week."""

import click

from activity.cli import console
from activity.cli.storing import day_of, opened, store_option, who_option


@click.command(
    short_help="Change this week's step goal, by up to a fifth.",
    epilog="WISH is a number of steps such as 5500, or a change such as +10% or -15% of what was proposed. Up only to "
    "the ceiling, and not in a week in which nothing goes up. Next week starts from the goal that was changed. "
    "A wish that starts with a minus goes after --, as in: selfback goal ID -- -15%",
    context_settings={"ignore_unknown_options": True},
)
@click.argument("id_", metavar="ID")
@click.argument("wish", metavar="WISH")
@store_option
@who_option
@click.option("--date", "date_", default=None, help="A day of the week to change.  [default: today]")
@click.option("--dry-run", is_flag=True, help="Show the goal; keep nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the goal as a JSON document.")
def command(
    id_: str, wish: str, *, store: str | None, who: str, date_: str | None, dry_run: bool, as_json: bool
) -> None:
    """Change the step goal of the week's plan that is kept, within bounds, and keep both the change and the plan."""
    from activity.coach.content import load_content
    from activity.coach.own_goal import read_wish, with_own_goal
    from activity.coach.plan_document import plan_to_document
    from activity.store.history import held_plan
    from activity.store.participants import keep_edit, keep_plan, participant
    from activity.store.writing import writing

    wished = read_wish(wish)
    with opened(store) as kept:
        with kept.reading() as connection:
            one = participant(connection, id_)
            day = day_of(date_, one, "--date")
            number, plan = held_plan(connection, one, day)
        changed = with_own_goal(plan, wished, load_content())
        goal = plan_to_document(changed)["goal"]
        if not dry_run:
            with writing(kept, who, "goal") as write:
                keep_edit(write, one, number, {"goal": {"from": plan.goal.steps_per_day, "to": goal["steps_per_day"]}})
                keep_plan(write, one, plan_to_document(changed))
    if as_json:
        console.emit_json(goal)
    else:
        before = plan.goal.steps_per_day
        console.emit(
            f"{one.id}: {changed.goal.steps_per_day:,} steps a day in the week from {plan.start}, was {before:,}"
        )
