"""Commands that use a store, run in this process on a store of the test's own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from activity.cli import main

#: Run a command; return exit code, stdout, stderr.
Selfback = Callable[..., tuple[int, str, str]]


def commands_with_store(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the words of every command that takes ``--store``."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from commands_with_store(inner, (*path, name))
    elif any(option.name == "store" for option in command.params):
        yield path


def on_a_store(store: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Selfback:
    """Return what runs commands on a store."""
    for words in commands_with_store(main.selfback):
        monkeypatch.setenv(f"SELFBACK_{'_'.join(words).upper()}_STORE", str(store))

    def call(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main.run([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return call
