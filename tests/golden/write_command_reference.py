"""Write the command reference into README.md, from the commands' own help.

Run: ``python tests/golden/write_command_reference.py``
"""

import re
import sys
from pathlib import Path

import click

README = Path(__file__).parents[2] / "README.md"
BLOCK = re.compile(r"(?<=<!-- commands -->\n).*?(?=<!-- /commands -->)", re.DOTALL)


def commands(group: click.Group, context: click.Context, prefix: str) -> list[tuple[str, click.Command, click.Context]]:
    """Return every leaf command with its full name, in the order of help."""
    found: list[tuple[str, click.Command, click.Context]] = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        child = click.Context(command, context, name)
        full = f"{prefix} {name}"
        found += commands(command, child, full) if isinstance(command, click.Group) else [(full, command, child)]
    return found


def option_row(option: click.Option, context: click.Context) -> str:
    """Return one line of the reference: the option as help shows it, and what it does."""
    record = option.get_help_record(context)
    assert record is not None, option.name
    names, text = (" ".join(part.split()) for part in record)
    return f"- `{names}`: {text}"


def reference() -> str:
    """Return the Markdown of all commands and options."""
    from activity.cli.main import selfback

    lines: list[str] = []
    for name, command, context in commands(
        selfback, selfback.make_context("selfback", [], resilient_parsing=True), "selfback"
    ):
        usage = " ".join(p.make_metavar(context) for p in command.params if isinstance(p, click.Argument))
        lines += [f"### `{name}{' ' + usage if usage else ''}`", "", " ".join((command.help or "").split()), ""]
        rows = [option_row(p, context) for p in command.params if isinstance(p, click.Option) and not p.hidden]
        lines += [*rows, ""] if rows else []
    return "\n".join(lines)


def with_reference(readme: str) -> str:
    """Return the README with its command block written anew."""
    text = reference()
    return BLOCK.sub(lambda _: f"\n{text}", readme)


if __name__ == "__main__":
    README.write_text(with_reference(README.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"wrote {README}", file=sys.stderr)
