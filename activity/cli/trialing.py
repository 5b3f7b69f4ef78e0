"""What the commands of a study share: options, the day that counts, and beginning a study with a new key."""

import secrets
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from activity.cli.storing import day_of

if TYPE_CHECKING:
    from activity.store.engine import Store
    from activity.store.participants import Participant
    from activity.store.study import Study
    from activity.store.writing import Writing
    from activity.trial.protocol import Protocol


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--json`` to a command."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def date_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--date`` to a command."""
    return click.option("--date", "date_", default=None, help="Day that counts.  [default: today where they live]")(
        command
    )


def key_option(*, required: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add ``--key`` to a command."""
    return click.option(
        "--key",
        type=click.Path(path_type=Path),
        default=None,
        required=required,
        help="File with the key of the study.",
    )


def as_of(text: str | None) -> Callable[["Participant"], date]:
    """Return what day counts for somebody: the one that was given, or today where they live."""
    return lambda who: day_of(text, who, "--date")


def frozen_study(write: "Writing") -> "Study":
    """Return the running study; `ProtocolChangedError` where content or model isn't what it is frozen to."""
    from activity.store.study import check_unchanged, study
    from activity.trial.pins import pins

    running = study(write.connection)
    check_unchanged(running, running.protocol, pins(running.protocol.model))
    return running


def begin(
    store: "Store", protocol: "Protocol", pins: Mapping[str, str], key: Path | None, who: str,
    *, draw: Callable[[int], bytes] = secrets.token_bytes,
) -> bool:  # fmt: skip
    """Begin a study with a new key of bytes that ``draw`` gives, and return whether it is new; else only compare."""
    from activity.errors import AnswerError
    from activity.store.study import begin_study, has_study
    from activity.store.writing import writing
    from activity.trial.key import check_apart, make_key
    from activity.trial.randomisation import key_check

    with writing(store, who, "trial init") as write:
        if has_study(write.connection):
            return begin_study(write, protocol, pins, "")
        if key is None:
            raise AnswerError("no file for the key", "trial init", "--key FILE, in another folder than the store")
        check_apart(key, store.file)
        secret = make_key(key, draw)
        return begin_study(write, protocol, pins, key_check(secret, protocol.id))
