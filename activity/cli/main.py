"""The ``selfback`` command: a table of subcommands, each in a module of its own that imports its work late."""

import contextlib
import difflib
import errno
import importlib
import os
import signal
import sys
from typing import Final

import click

from activity.cli import console
from activity.errors import OutputError
from device.errors import Fault

#: Order is the order of help: a day's journey first, tools last. A row is a module of this package.
COMMANDS: Final[tuple[str, ...]] = (
    "demo",
    "scan",
    "sync",
    "watch",
    "process",
    "days",
    "report",
    "participant",
    "ask",
    "checkin",
    "plan",
    "goal",
    "log",
    "message",
    "did",
    "app",
    "trial",
    "export",
    "store",
    "tool",
    "exercises",
    "firmware",
    "simulate",
    "model",
    "content",
    "doctor",
    "explain",
)

INTENDED_USE: Final = (
    "Research software for studies of activity and self-management of low back pain. "
    "It is not a medical device and gives no diagnosis."
)

EXIT_INTERRUPTED: Final = 128 + signal.SIGINT


class Commands(click.Group):
    """The table of subcommands; a module is imported only when its command is asked for or listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return the command, with the environment variable of every option shown in its help."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"activity.cli.{cmd_name}").command
        _show_environment(command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command to run; a name that is nearly one of ours gets that one named."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            close = difflib.get_close_matches(args[0], COMMANDS, n=1)
            if not close:
                raise
            raise click.UsageError(f"{error.message} Did you mean {close[0]!r}?", ctx) from error

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; a closed pipe ends it in peace: who read our output, as ``head`` does, has enough."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            _silence_stdout()
            return 0


def _show_environment(command: click.Command) -> None:
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            parameter.show_envvar = True
    if isinstance(command, click.Group):
        for child in command.commands.values():
            _show_environment(child)


@click.group(
    cls=Commands,
    context_settings={"auto_envvar_prefix": "SELFBACK", "help_option_names": ["-h", "--help"], "show_default": True},
    epilog=INTENDED_USE,
)
@click.version_option(package_name="selfback", message="selfback %(version)s")
def selfback() -> None:
    """From a wristband's raw acceleration to a day, a weekly plan and a daily message."""


def main() -> None:
    """Run the command and leave with the exit code that DESIGN gives the outcome."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code; a command returns its own by ``ctx.exit``."""
    try:
        outcome = selfback.main(arguments, prog_name="selfback", standalone_mode=False)
        sys.stdout.flush()  # here, so that a full disk or a closed pipe is met inside this table
    except click.Abort:
        console.note("selfback: stopped; what was finished is kept, run the same command to go on")
        return EXIT_INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except Fault as fault:
        console.report_fault(fault)
        return fault.exit_code
    except OSError as error:
        return _unwritable(error)
    return outcome if isinstance(outcome, int) else 0


def _unwritable(error: OSError) -> int:
    """Return the exit code of output that can't be written; any other operating-system error goes on up."""
    if error.errno not in {errno.ENOSPC, errno.EDQUOT, errno.EROFS}:
        raise error
    _silence_stdout()
    console.note(f"selfback: can't write {error.filename or 'the output'}: {error.strerror}")
    console.note("  try: make room or choose another folder, then run the same command to go on")
    return OutputError.exit_code


def _silence_stdout() -> None:
    """Point stdout at nothing: Python flushes what it still holds at exit, and would fail on it once more."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
