"""``selfback store``: prove what is kept, of people and of bands; back it up, restore it, bring it up."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from activity.cli import console
from activity.cli.storing import reached, store_option, who_option

if TYPE_CHECKING:
    from activity.store.backup import Manifest
    from activity.store.check import Checked
    from activity.store.engine import Store
    from device.capture.check import CaptureChecked

INTEGRITY, NOT_ALL_HERE = 5, 4


def json_option(command: Any) -> Any:
    """Add ``--json`` to a command."""
    return click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")(command)


@click.group(short_help="Check, back up, restore and migrate what is kept.")
def command() -> None:
    """Check, back up, restore and migrate what is kept of participants; prove what came from a band."""


@command.command(
    short_help="Prove what is kept, and list what isn't right.",
    epilog="Exit code 4: the band had more than is here, sync again; 5: something isn't what was written; "
    "6: the store is locked, or of a newer version.",
)
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@store_option
@json_option
def check(folder: Path | None, *, store: str | None, as_json: bool) -> int:
    """Prove the store of participants, or the captures in FOLDER, which `selfback sync` wrote. Nothing is changed.

    Of a store: its file, references, ids, documents, and the audit entry by entry. Of captures: each segment's
    hash and packets, what the band said that it had against what is held, and every gap.
    """
    if folder is not None:
        return _check_captures(folder, as_json=as_json)
    from activity.store.check import check_store

    with reached(store) as kept:
        found = check_store(kept)
        shown = kept.shown
    if as_json:
        console.emit_json(_document(shown, found))
    else:
        _say(shown, found)
    return INTEGRITY if found.findings else 0


def _document(shown: str, found: "Checked") -> dict[str, Any]:
    findings = [{"kind": finding.kind, "what": finding.what} for finding in found.findings]
    form = {"found": found.form.found, "current": found.form.head}
    return {
        "store": shown, "form": form, "rows": dict(found.rows), "last_hash": found.last_hash,
        "whole": not findings, "findings": findings,
    }  # fmt: skip


def _say(shown: str, found: "Checked") -> None:
    console.emit(f"{shown}: form {found.form.found}")
    if found.form.steps:
        console.emit(f"  older than this version, which has {found.form.head}: selfback store migrate")
    for name, rows in found.rows.items():
        console.emit(f"  {name:<12}{rows:>8}")
    console.emit(f"  last hash of the audit: {found.last_hash}")
    for finding in found.findings:
        console.emit(f"  {finding.kind}: {finding.what}")
    console.emit("  as it was written" if not found.findings else f"  {len(found.findings)} things aren't right")


def _check_captures(folder: Path, *, as_json: bool) -> int:
    from device.capture.check import check_captures

    found = check_captures(folder)
    for one in found:
        if as_json:
            console.emit_json(one.document())
        else:
            _say_capture(one)
    if any(one.faults for one in found):
        return INTEGRITY
    return NOT_ALL_HERE if any(one.missing for one in found) else 0


def _say_capture(one: "CaptureChecked") -> None:
    console.emit(str(one.folder))
    if one.wanted:
        start, stop = one.wanted
        console.emit(f"  the band had blocks {start:,} to {stop - 1:,}; held: {one.held:,} of {stop - start:,}")
    for segment in one.segments:
        console.emit(f"  {segment.name}: {segment.packets:,} packets, {segment.state}")
    for first, last in one.missing:
        console.emit(f"  not here yet: blocks {first:,} to {last - 1:,}")
    for first, last in one.unreadable:
        console.emit(f"  came damaged every time: blocks {first:,} to {last - 1:,}")
    for gap in one.gaps:
        console.emit(f"  gap: {gap.start} to {gap.stop}, {gap.seconds:,.1f} s, {gap.why}")
    for fault in one.faults:
        console.emit(f"  not right: {fault}")


@command.command(short_help="Write all that is kept to one file.")
@store_option
@click.option("--to", type=click.Path(path_type=Path), default=None, help="File to write.  [default: beside the store]")
@click.option("--dry-run", is_flag=True, help="Say what would be written; write nothing.")
@json_option
def backup(*, store: str | None, to: Path | None, dry_run: bool, as_json: bool) -> int:
    """Write all that is kept, of one moment, to one file that restores into SQLite and PostgreSQL alike.

    It is read back and proved before it takes its name, and only its owner can read it. What is erased from the
    store later is still in it: keep backups no longer than you may.
    """
    from activity.store.backup import back_up
    from activity.store.check import check_store

    with reached(store) as kept:
        now = datetime.now(UTC)
        path = to or _beside(kept, now, "backup")
        if dry_run:
            rows = dict(check_store(kept).rows)
            _say_backup({"backup": str(path), "rows": rows, "written": False}, as_json=as_json)
            return 0
        manifest = back_up(kept, path, now)
    return _wrote(path, manifest, as_json=as_json)


def _wrote(path: Path, manifest: "Manifest", *, as_json: bool) -> int:
    rows = {name: facts.rows for name, facts in manifest.tables.items()}
    document = {"backup": str(path), "rows": rows, "written": True, "last_hash": manifest.last_hash}
    _say_backup({**document, "breaches": list(manifest.breaches)}, as_json=as_json)
    for breach in manifest.breaches:
        console.note(f"not as it was written, and backed up as it is: {breach}")
    return INTEGRITY if manifest.breaches else 0


def _say_backup(document: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        console.emit_json(document)
    else:
        console.emit(document["backup"])
        done = "in it" if document["written"] else "would be in it"
        console.note(f"{sum(document['rows'].values()):,} rows {done}")


@command.command(short_help="Put a backup in the place of what is kept.")
@click.argument("file", type=click.Path(path_type=Path))
@store_option
@who_option
@click.option("--replace", is_flag=True, help="Also where the store holds something; that is backed up first.")
@click.option("--dry-run", is_flag=True, help="Prove the backup and say what it holds; change nothing.")
@json_option
def restore(file: Path, *, store: str | None, who: str, replace: bool, dry_run: bool, as_json: bool) -> int:
    """Put a backup in the place of what is kept: all of it, or nothing where anything fails.

    Whoever was erased from the store since the backup isn't brought back.
    """
    from activity.store.backup import read_manifest
    from activity.store.backup import restore as put_back

    manifest = read_manifest(file)
    rows = {name: facts.rows for name, facts in manifest.tables.items()}
    document: dict[str, Any] = {
        "backup": str(file), "made_at": manifest.made_at, "form": manifest.form, "rows": rows, "restored": not dry_run,
    }  # fmt: skip
    if not dry_run:
        with reached(store, make=True) as kept:
            now = datetime.now(UTC)
            aside = _beside(kept, now, "replaced") if replace else None
            done = put_back(file, kept, now, replaced=aside, who=who)
            document["erased_again"] = list(done.erased_again)
            if aside is not None and aside.exists():
                document["replaced"] = str(aside)
    if as_json:
        console.emit_json(document)
    else:
        verb = "restored" if not dry_run else "would be restored"
        console.emit(f"{file}: {sum(rows.values()):,} rows of {manifest.made_at} {verb}")
        if document.get("replaced"):
            console.note(f"what was there: {document['replaced']}")
        for key in document.get("erased_again", ()):
            console.note(f"{key} was erased since, and isn't brought back")
    for breach in manifest.breaches:
        console.note(f"wasn't as it was written when it was backed up: {breach}")
    return INTEGRITY if manifest.breaches else 0


@command.command(short_help="Bring a store up to this version, with a backup first.")
@store_option
@click.option("--to", type=click.Path(path_type=Path), default=None, help="File of the backup.  [default: beside it]")
@click.option("--dry-run", is_flag=True, help="Say what would run; change nothing.")
@json_option
def migrate(*, store: str | None, to: Path | None, dry_run: bool, as_json: bool) -> None:
    """Bring a store up to the form of this version, with a backup first; interrupted, it stays as it was."""
    from activity.store.backup import back_up
    from activity.store.engine import bring_up, form

    with reached(store) as kept:
        found = form(kept)
        now = datetime.now(UTC)
        path = to or _beside(kept, now, f"form-{found.found}")
        changes = bool(found.steps) and not dry_run
        if changes:
            if found.found is not None:
                back_up(kept, path, now)
            bring_up(kept)
    steps = [{"form": revision, "what": what} for revision, what in found.steps]
    document = {"from": found.found, "to": found.head, "steps": steps, "changed": changes}
    if as_json:
        console.emit_json(document | ({"backup": str(path)} if changes else {}))
        return
    for step in steps:
        console.emit(f"{step['form']}: {step['what']}")
    if not steps:
        console.emit(f"current: {found.head}")
    elif changes:
        console.note(f"backup: {path}")


def _beside(kept: "Store", now: datetime, why: str) -> Path:
    """Return a name for a backup: beside a file, or in the data folder of whoever runs this for a database."""
    from platformdirs import user_data_path

    when = f"{now:%Y%m%dT%H%M%SZ}"
    if kept.file is not None:
        return kept.file.with_name(f"{kept.file.name}.{why}-{when}.zip")
    return user_data_path("selfback") / "backups" / f"postgresql.{why}-{when}.zip"
