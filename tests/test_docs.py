"""Every command and option has help and stands in README, and README's figures name their command."""

import importlib.util
from pathlib import Path
from types import ModuleType

import click
import pytest

ROOT = Path(__file__).parents[1]


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def writer() -> ModuleType:
    return load(ROOT / "tests" / "golden" / "write_command_reference.py")


@pytest.fixture(scope="module")
def leaves(writer: ModuleType) -> list[tuple[str, click.Command, click.Context]]:
    from activity.cli.main import selfback

    context = selfback.make_context("selfback", [], resilient_parsing=True)
    found: list[tuple[str, click.Command, click.Context]] = writer.commands(selfback, context, "selfback")
    return found


def test_every_command_and_option_has_help(leaves: list[tuple[str, click.Command, click.Context]]) -> None:
    assert len(leaves) >= 8
    for name, command, _ in leaves:
        assert command.help, name
        assert command.get_short_help_str(), name
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, f"{name} {parameter.opts}"


def test_every_option_can_come_from_the_environment(leaves: list[tuple[str, click.Command, click.Context]]) -> None:
    for name, command, context in leaves:
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                shown = parameter.get_help_record(context)
                assert shown is not None
                assert "SELFBACK_" in shown[1], f"{name} {parameter.opts}"


def test_every_command_speaks_json(leaves: list[tuple[str, click.Command, click.Context]]) -> None:
    for name, command, _ in leaves:
        assert any("--json" in p.opts for p in command.params), name


def test_readme_holds_the_command_reference_of_this_program(writer: ModuleType) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert writer.with_reference(readme) == readme, "run: python tests/golden/write_command_reference.py"


def test_every_error_code_is_explained_in_a_sentence() -> None:
    from activity.cli.explain import faults, meaning

    known = faults()
    assert len(known) >= 15
    for code, kind in known.items():
        assert meaning(kind).endswith("."), code
        assert len(meaning(kind)) > 30, code
        assert kind.exit_code in {1, 2, 3, 4, 5, 6, 7}, code


def test_every_fault_class_has_a_code_of_its_own() -> None:
    from device.errors import Fault

    seen: dict[str, type[Fault]] = {}
    waiting: list[type[Fault]] = [Fault]
    while waiting:
        kind = waiting.pop()
        waiting.extend(kind.__subclasses__())
        assert seen.setdefault(kind.code, kind) is kind, f"{kind} and {seen[kind.code]} share a code"


def test_the_protocol_page_and_the_c_header_are_those_of_the_table() -> None:
    documents = load(ROOT / "tests" / "golden" / "write_wire_documents.py").DOCUMENTS
    assert len(documents) == 2
    for path, text in documents.items():
        assert path.read_text(encoding="utf-8") == text(), "run: python tests/golden/write_wire_documents.py"
