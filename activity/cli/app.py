"""``selfback app``: serve the pages, invite people, and make accounts for staff."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from activity.cli import console
from activity.cli.storing import opened, store_option, who_option

if TYPE_CHECKING:
    from activity.app.context import Context

LOOPBACK = "127.0.0.1"
_ROLES = ("clinician", "trial", "admin")


class Serving(click.Group):
    """A group whose first command is meant where none is named: ``selfback app --demo`` serves."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Return what is left of the arguments, with the command that is meant."""
        helps = set(args[:1]) & set(ctx.help_option_names)
        named = args[:1] and args[0] in self.commands
        return super().parse_args(ctx, args if helps or named else ["serve", *args])


@click.group(
    cls=Serving, no_args_is_help=False, short_help="Serve the app of participants and the pages of staff."
)  # fmt: skip
def command() -> None:
    """Serve the app of participants and the pages of staff, invite people, and make accounts."""


@command.command(short_help="Serve the pages on this machine, and print a link to sign in by.")
@store_option
@click.option("--port", type=click.IntRange(1, 65535), default=8765, help="Port on 127.0.0.1.")
@click.option(
    "--origin", default=None, metavar="https://HOST",
    help="Address that browsers use, where a proxy with a certificate stands in front.",
)  # fmt: skip
@click.option("--role", type=click.Choice(_ROLES), default="trial", help="Role of whoever opens the printed link.")
@click.option("--site", default="", help="Site of a clinician.")
@click.option("--demo", is_flag=True, help="Serve a made-up study instead of a store; it is gone when this ends.")
@click.option("--people", type=click.IntRange(1, 500), default=16, help="How many people the demo has.")
@click.option("--json", "as_json", is_flag=True, help="Print each link as a JSON document.")
def serve(
    *, store: str | None, port: int, origin: str | None, role: str, site: str, demo: bool, people: int,
    as_json: bool,
) -> None:  # fmt: skip
    """Serve the pages on 127.0.0.1 until you press Ctrl+C, and print a link that signs you in once.

    Nothing listens on the network. To reach it from elsewhere, put a proxy with a certificate in front and say
    --origin. Requests are not logged.
    """
    _needs_extra()
    from activity.app.context import Context
    from activity.app.entering import staff_link
    from activity.app.server import serve as run
    from activity.app.settings import Settings
    from activity.store.accounts import Role, checked_name

    if role == "clinician" and not site:
        raise click.UsageError("a clinician has a --site")
    if site:
        site = checked_name(site, "site")
    with _demo_address() if demo else _given(store) as address, opened(address) as kept:
        context = Context(kept, Settings(origin or f"http://{LOOPBACK}:{port}"))
        if demo:
            for whose, link in _fill(context, people):
                _say_link(whose, link, as_json=as_json)
        _say_link(role, staff_link(context, Role(role), site), as_json=as_json)
        console.note("each link works once; press Ctrl+C to stop")
        run(context, LOOPBACK, port)


@command.command(short_help="Take the days of all bands that were given into the store, where pages find them.")
@click.argument("results", metavar="RESULTS", type=click.Path(path_type=Path))
@store_option
@who_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document a band.")
def days(results: Path, *, store: str | None, who: str, as_json: bool) -> None:
    """Take the days in RESULTS, which `selfback process` wrote, of every band that somebody has into the store.

    A day that is there as it is changes nothing, so it can run after every sync. Days of another source are never
    added to those of a band.
    """
    from activity.cli.plan import wearer_and_days
    from activity.store.bands import bands_given
    from activity.store.days import Source, keep_days
    from activity.store.writing import writing

    with opened(store) as kept:
        with kept.reading() as connection:
            bands = bands_given(connection)
        for serial in bands:
            one, found, _ = wearer_and_days(kept, serial, results)
            with writing(kept, who, "days") as write:
                new = keep_days(write, one, Source.BAND, found)
            if as_json:
                console.emit_json({"id": one.id, "band": serial, "days": len(found), "new": new})
            else:
                console.emit(f"{one.id}: {new} new of {len(found)} days of band {serial}")


@command.command(short_help="Print a one-time link for a participant.")
@click.argument("id_", metavar="ID")
@store_option
@who_option
@click.option("--origin", default=f"http://{LOOPBACK}:8765", help="Address that browsers use.")
@click.option("--site", default=None, help="Also say which site looks after them.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
def invite(id_: str, *, store: str | None, who: str, origin: str, site: str | None, as_json: bool) -> None:
    """Print a link that signs a participant's device in once, within seven days; older links no longer work."""
    _needs_extra()
    from activity.app.context import Context
    from activity.app.entering import invitation_for
    from activity.app.settings import Settings
    from activity.store.accounts import give_site
    from activity.store.participants import participant
    from activity.store.writing import writing

    with opened(store) as kept:
        with writing(kept, who, "invite") as write:
            one = participant(write.connection, id_)
            if site is not None:
                give_site(write, one, site)
        link = invitation_for(Context(kept, Settings(origin)), one, who)
    if as_json:
        console.emit_json({"id": one.id, "link": link})
    else:
        console.emit(link)


@command.command(short_help="Make, change or close an account of the staff.")
@click.argument("staff_id", metavar="ID")
@store_option
@who_option
@click.option("--role", type=click.Choice(_ROLES), required=True, help="What they may see.")
@click.option("--site", default="", help="Site of a clinician.")
@click.option("--close", is_flag=True, help="Close the account; whoever is signed in by it is signed out.")
@click.option(
    "--password-file",
    type=click.Path(path_type=Path, exists=True),
    default=None,
    help="File with the password.  [default: asked]",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
def staff(
    staff_id: str, *, store: str | None, who: str, role: str, site: str, close: bool, password_file: Path | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Make an account of the staff, or make it anew, and print what their authenticator app takes.

    ID is no name: initials or a number of the study.
    """
    _needs_extra()
    from activity.app.credentials import hash_password, new_totp_secret, totp_address
    from activity.store.accounts import Role, StaffMember, checked_name, keep_staff
    from activity.store.writing import writing

    if role == "clinician" and not site:
        raise click.UsageError("a clinician has a --site")
    name, where = checked_name(staff_id, "staff id"), checked_name(site, "site") if site else ""
    password, secret = "", ""
    if not close:
        typed = password_file.read_text(encoding="utf-8").strip() if password_file else _asked_password()
        password, secret = hash_password(typed), new_totp_secret()
    with opened(store) as kept, writing(kept, who, "account") as write:
        keep_staff(write, StaffMember(name, Role(role), where, password, secret, not close))
    said = {"id": name, "role": role, "site": where, "open": not close}
    if as_json:
        console.emit_json(said | ({} if close else {"totp": totp_address(secret, name)}))
    else:
        console.emit(f"{name}: closed" if close else totp_address(secret, name))


def _asked_password() -> str:
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))


@contextmanager
def _demo_address() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="selfback-demo-") as folder:
        yield str(Path(folder) / "demo.sqlite")


@contextmanager
def _given(store: str | None) -> Iterator[str | None]:
    yield store


def _say_link(role: str, link: str, *, as_json: bool) -> None:
    if as_json:
        console.emit_json({"role": role, "link": link})
    else:
        console.emit(f"{role}: {link}")


def _fill(context: "Context", people: int) -> "tuple[tuple[str, str], ...]":
    """Make the demo study, and return a link for one participant and for a clinician of their site."""
    from zoneinfo import ZoneInfo

    from activity.app.demo import SITES, ZONE, fill_demo
    from activity.app.entering import invitation_for, staff_link
    from activity.store.accounts import Role

    console.note("making up a study: nobody's data, real plans ...")
    with console.progress("people") as display:
        task = display.add_task("people", total=people)
        today = context.clock().astimezone(ZoneInfo(ZONE)).date()
        one = fill_demo(context, today, people=people, told=lambda done: display.update(task, completed=done))
    clinician = staff_link(context, Role.CLINICIAN, SITES[0])
    return ("participant", invitation_for(context, one, "demo")), ("clinician", clinician)


def _needs_extra() -> None:
    """Say what to install where the extra of the app isn't there."""
    from importlib.util import find_spec

    from activity.errors import MissingExtraError

    missing = [name for name in ("fastapi", "uvicorn", "argon2", "multipart") if find_spec(name) is None]
    if missing:
        raise MissingExtraError(
            f"{missing[0]} is not installed", expected="the extra `app`", remedy="pip install 'selfback[app]'"
        )
