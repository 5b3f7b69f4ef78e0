"""``selfback participant``: the people in the store, each by a pseudonym."""

from pathlib import Path
from typing import Any

import click

from activity.cli import console
from activity.cli.storing import day_of, opened, store_option, today_of, who_option


@click.group(short_help="Add, show, export and erase participants.")
def command() -> None:
    """Add, show, export and erase participants. Names, addresses and birth dates have no place here."""


@command.command(short_help="Add a participant and print the new id.")
@store_option
@who_option
@click.option("--zone", default="UTC", help="Time zone in which they live, e.g. Europe/Oslo.")
@click.option("--language", default="en", help="Language of what they are shown, e.g. en or nb.")
@click.option("--band", default=None, metavar="SERIAL", help="Give them the band of this serial number.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
def add(*, store: str | None, who: str, zone: str, language: str, band: str | None, as_json: bool) -> None:
    """Add a participant and print the new id, which is random and tells a slip of the pen."""
    from activity.store.bands import give_band
    from activity.store.participants import add_participant
    from activity.store.writing import writing
    from device.readers.clock import zone_named

    zone_named(zone)
    with opened(store) as kept, writing(kept, who, "participant add") as write:
        one = add_participant(write, zone, language)
        if band is not None:
            give_band(write, one, band, today_of(one))
    if as_json:
        console.emit_json({"id": one.id, "zone": one.zone, "language": one.language})
    else:
        console.emit(one.id)


@command.command(short_help="Give a participant a band, or take it back.")
@click.argument("id_", metavar="ID")
@click.argument("serial")
@store_option
@who_option
@click.option("--since", default=None, help="Day on which they got it; the days after it are theirs.  [default: today]")
@click.option("--returned", is_flag=True, help="They gave it back.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
def band(
    id_: str, serial: str, *, store: str | None, who: str, since: str | None, returned: bool, as_json: bool
) -> None:
    """Give a participant the band with a serial number, which `selfback sync` says; whoever had it has it no more."""
    from activity.errors import BandUnassignedError
    from activity.store.bands import checked_serial, give_band, return_band, wearer
    from activity.store.participants import participant
    from activity.store.writing import writing

    with opened(store) as kept, writing(kept, who, "participant band") as write:
        one = participant(write.connection, id_)
        day = day_of(since, one, "--since")
        if not returned:
            give_band(write, one, serial, day)
        elif wearer(write.connection, serial).participant == one:
            return_band(write, serial, day)
        else:
            raise BandUnassignedError("it is somebody else's", checked_serial(serial), f"a band of {one.id}")
    said = {"id": one.id, "band": checked_serial(serial), "since": day.isoformat()}
    if as_json:
        console.emit_json(said | {"returned": returned})
    else:
        console.emit(f"{one.id}: band {said['band']} {'returned' if returned else 'theirs'} since {said['since']}")


@command.command("list", short_help="List all participants.")
@store_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document a participant.")
def list_all(*, store: str | None, as_json: bool) -> None:
    """List all participants by id."""
    from activity.store.participants import participants

    with opened(store) as kept, kept.reading() as connection:
        found = participants(connection)
    for one in found:
        if as_json:
            console.emit_json({"id": one.id, "zone": one.zone, "language": one.language})
        else:
            console.emit(f"{one.id}  {one.zone}  {one.language}")


@command.command(short_help="Show what is kept of a participant.")
@click.argument("id_", metavar="ID")
@store_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
def show(id_: str, *, store: str | None, as_json: bool) -> None:
    """Show what is kept of a participant: how much of each kind, and from when."""
    from activity.store.participants import export, participant

    with opened(store) as kept, kept.reading() as connection:
        found = export(connection, participant(connection, id_))
    if as_json:
        console.emit_json(_counts(found))
        return
    one = found["participant"]
    console.emit(f"{one['id']}  {one['zone']}  {one['language']}")
    for kind, count in _counts(found)["kept"].items():
        rows = found[kind]
        when = f", the last of {rows[-1]['written_at'][:10]}" if rows else ""
        console.emit(f"  {kind:<10}{count:>5}{when}")


def _counts(found: dict[str, Any]) -> dict[str, Any]:
    kinds = [kind for kind in found if kind not in {"participant", "audit"}]
    return {**found["participant"], "kept": {kind: len(found[kind]) for kind in kinds}}


@command.command("export", short_help="Write all that is kept of a participant.")
@click.argument("id_", metavar="ID")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=None, help="File to write.  [default: stdout]")
@store_option
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
def export_all(id_: str, *, output: Path | None, store: str | None, as_json: bool) -> None:
    """Write all that is kept of a participant as one JSON document: their data, for them to keep."""
    import json

    from activity.reprocess.output import write_page
    from activity.store.participants import export, participant

    with opened(store) as kept, kept.reading() as connection:
        found = export(connection, participant(connection, id_))
    if output is None:
        console.emit_json(found)
    else:
        write_page(output, json.dumps(found, indent=2, ensure_ascii=False) + "\n")
        if as_json:
            console.emit_json({"id": found["participant"]["id"], "output": str(output)})
        else:
            console.emit(str(output))


@command.command(short_help="Keep that a clinician said it is safe to go on.")
@click.argument("id_", metavar="ID")
@store_option
@click.option("--who", required=True, help="The clinician, for the audit: a role or staff id, not a name.")
@click.option("--date", "date_", default=None, help="Day on which they said so.  [default: today]")
@click.option("--note", default="", help="What it is about; nothing that names anybody.")
@click.option("--json", "as_json", is_flag=True, help="Print what was kept as JSON.")
def clear(id_: str, *, store: str | None, who: str, date_: str | None, note: str, as_json: bool) -> None:
    """Keep that a clinician said it is safe to go on after a warning sign or in spite of an exclusion."""
    from activity.store.history import CLEARANCE
    from activity.store.participants import keep_event, participant
    from activity.store.writing import writing

    with opened(store) as kept:
        with kept.reading() as connection:
            one = participant(connection, id_)
        day = day_of(date_, one, "--date")
        with writing(kept, who, "clearance") as write:
            keep_event(write, one, CLEARANCE, day, {"note": note})
    if as_json:
        console.emit_json({"id": one.id, "cleared": day.isoformat(), "who": who})
    else:
        console.emit(f"{one.id}: cleared on {day} by {who}; plans may be made again")


@command.command(short_help="Erase a participant and all that is kept of them.")
@click.argument("id_", metavar="ID")
@store_option
@who_option
@click.option("--reason", required=True, help="Why, for the audit, e.g. 'their wish'.")
@click.option("--dry-run", is_flag=True, help="Say what would be erased; erase nothing.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
def erase(id_: str, *, store: str | None, who: str, reason: str, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Erase a participant and all that is kept of them. What stays is the id, and when who erased it and why."""
    from activity.store.participants import export, participant
    from activity.store.writing import writing

    with opened(store) as kept:
        with kept.reading() as connection:
            one = participant(connection, id_)
            rows = sum(_counts(export(connection, one))["kept"].values())
        if not dry_run:
            if not yes:
                click.confirm(f"Erase {one.id} and {rows} entries for ever?", abort=True, err=True)
            with writing(kept, who, reason) as write:
                write.erase(one.id)
    if as_json:
        console.emit_json({"id": one.id, "entries": rows, "erased": not dry_run})
    else:
        console.emit(f"{one.id}: {rows} entries {'would be erased' if dry_run else 'erased'}")
