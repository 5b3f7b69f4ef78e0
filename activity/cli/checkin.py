"""``selfback checkin``: the questions of each week, which is ``ask`` with that form."""

from pathlib import Path

import click

from activity.cli.ask import keep
from activity.cli.storing import store_option, who_option


@click.command(short_help="Ask the questions of the week, and keep the answers.")
@click.argument("id_", metavar="ID")
@store_option
@who_option
@click.option("--answers", type=click.Path(path_type=Path), default=None, help="TOML or JSON file of the answers.")
@click.option("--date", "date_", default=None, help="Day that the answers are of.  [default: today]")
@click.option("--json", "as_json", is_flag=True, help="Print what was kept as JSON.")
def command(id_: str, *, store: str | None, who: str, answers: Path | None, date_: str | None, as_json: bool) -> None:
    """Ask a participant the questions of the week, or take the answers from a file, and keep them."""
    keep(id_, "weekly-checkin", store=store, who=who, answers=answers, date_=date_, as_json=as_json)
