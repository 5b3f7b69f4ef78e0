"""What commands that use the store share: where it is, who writes, and options."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

if TYPE_CHECKING:
    from activity.store.engine import Store
    from activity.store.participants import Participant


def store_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--store`` to a command."""
    return click.option(
        "--store", default=None, metavar="PATH|URL",
        help="File of the store, or URL of a PostgreSQL database.  [default: in your data folder]",
    )(command)  # fmt: skip


def who_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--who`` to a command that writes."""
    return click.option("--who", default="staff", help="Who writes, for the audit: a role or staff id, not a name.")(
        command
    )


@contextmanager
def opened(address: str | None) -> Iterator["Store"]:
    """Yield the store at an address, or the one of whoever runs this."""
    from activity.store.engine import open_store

    store = open_store(address or _own())
    try:
        yield store
    finally:
        store.close()


@contextmanager
def reached(address: str | None, *, make: bool = False) -> Iterator["Store"]:
    """Yield the store at an address as it is, also an older one; a file that isn't there only where ``make`` says."""
    from activity.store.engine import reach

    store = reach(address or _own(), make=make)
    try:
        yield store
    finally:
        store.close()


def _own() -> str:
    from platformdirs import user_data_path

    return str(user_data_path("selfback") / "store.sqlite")


def today_of(who: "Participant") -> date:
    """Return the date where somebody lives."""
    return datetime.now(ZoneInfo(who.zone)).date()


def day_of(text: str | None, who: "Participant", option: str) -> date:
    """Return a date as it was given, or today's where somebody lives."""
    if text is None:
        return today_of(who)
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} isn't a date such as 2026-03-02", param_hint=option) from error
