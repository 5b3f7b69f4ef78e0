"""A simulated band in another process, as another shell would run it."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator

START = "import sys; from activity.cli.main import run; sys.exit(run(sys.argv[1:]))"
HOURS = 1


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-c", START, *map(str, arguments)]


@contextlib.contextmanager
def simulated(*options: object) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """A band of its own process, switched on; yields how to reach it."""
    process = subprocess.Popen(
        command("simulate", "--port", 0, "--hours", HOURS, *options),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip(), process
    finally:
        process.terminate()
        process.communicate(timeout=30)
