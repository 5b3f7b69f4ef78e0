"""``selfback content``: whether what participants are asked and told is what was signed, and signing it."""

from pathlib import Path

import click

from activity.cli import console


@click.group(short_help="Check and sign rules, exercises, messages and questions.")
def command() -> None:
    """Check and sign content; data/content/README.md says what a signature proves and what it doesn't."""


@command.command(short_help="Check that content is what was signed.")
@click.option("--folder", type=click.Path(path_type=Path), default=None, help="Folder of content.  [default: shipped]")
@click.option("--json", "as_json", is_flag=True, help="Print the record as JSON.")
def check(*, folder: Path | None, as_json: bool) -> None:
    """Check that content is what was signed, and that it hangs together; say who reviewed it."""
    from activity.coach.content import load_content
    from activity.coach.signature import check_signature
    from activity.resources import shipped

    signed = check_signature(folder or shipped("data", "content"))
    content = load_content(folder)
    if as_json:
        console.emit_json({**signed.model_dump(mode="json"), "content_version": content.version})
        return
    console.emit(f"version {signed.version}, {signed.status}" + (f", {signed.reviewer}" if signed.reviewer else ""))
    console.emit(f"  {len(signed.files)} files as they were on {signed.date}; plans name them {content.version}")


@command.command(short_help="Write down what content is now, and who reviewed it.")
@click.option("--folder", type=click.Path(path_type=Path), default=None, help="Folder of content.  [default: shipped]")
@click.option("--version", default="1", help="Version of the content, of your choice.")
@click.option("--reviewer", default="", help="The clinician who reviewed it; nobody if left out.")
@click.option("--json", "as_json", is_flag=True, help="Print the record as JSON.")
def sign(*, folder: Path | None, version: str, reviewer: str, as_json: bool) -> None:
    """Write down what content is now, so that any later change is refused; without a reviewer it says so."""
    from datetime import UTC, datetime

    from activity.coach.signature import Status, check_signature
    from activity.coach.signature import sign as write
    from activity.resources import shipped

    place = folder or Path(str(shipped("data", "content")))
    status = Status.REVIEWED if reviewer else Status.NOT_REVIEWED
    path = write(place, version, reviewer, status, datetime.now(UTC).date())
    signed = check_signature(place)
    if as_json:
        console.emit_json(signed.model_dump(mode="json"))
    else:
        console.emit(f"{path}: {len(signed.files)} files, {signed.status}")
