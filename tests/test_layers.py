"""Who may import whom (DESIGN section 1): each rule is a row, and each row names files that exist."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("activity", "device")

#: A library and the only places that may import it.
HOMES = {
    "bleak": ("device/link", "device/simulator/bleak_backend.py"),
    "bumble": ("device/simulator",),
    "dbus_fast": ("device/link/pairing.py",),
    "smpclient": ("device/firmware",),
    "imgtool": ("device/firmware/signature.py",),
    "sklearn": ("activity/classify/train.py", "activity/classify/evaluate.py", "activity/classify/embedded/train.py"),
    "sqlalchemy": ("activity/store",),
    "fastapi": ("activity/app",),
    "starlette": ("activity/app",),
    "uvicorn": ("activity/app",),
    "argon2": ("activity/app/credentials.py",),
    "torch": ("activity/classify/train_network.py",),
    "statsmodels": ("activity/trial",),
    "jinja2": ("activity/report", "activity/app"),
    "click": ("activity/cli",),
    "rich": ("activity/cli",),
}

#: A folder and what nothing in it may import.
FORBIDDEN = {
    "device": {"activity"},
    "device/wire": {"asyncio", "device.link", "device.simulator"},
    "device/profiles": {"asyncio", "device.link", "device.simulator", "device.capture"},
    "device/readers": {"asyncio", "device.link", "device.simulator"},
    "activity/signal": {"sklearn", "asyncio"},
    "activity/features": {"sklearn", "pandas", "asyncio"},
    "activity/coach": {"numba", "sklearn", "asyncio", "device.link", "pandas"},
    "activity/day": {"numba", "sklearn", "asyncio", "device.link"},
    "activity/questionnaires": {"numba", "sklearn", "asyncio", "device.link"},
}

#: What of ``device`` the rest of ``activity`` may use, and the rooms that may use more.
OPEN_TO_ACTIVITY = ("device.recording", "device.errors", "device.readers")
WIDE_ROOMS = ("activity/cli", "activity/app", "activity/reprocess")

#: Importable from a checkout, absent once installed.
NEVER = {"models", "data", "tests", "oracles", "strategies"}

#: What ``selfback --help`` must not load: each costs from 0.3 to 5 seconds at first import.
HEAVY = ("numpy", "scipy", "pandas", "numba", "sklearn", "pyarrow", "bleak", "bumble", "rich", "jinja2", "pydantic")


def modules(folder: str) -> list[Path]:
    found = sorted((ROOT / folder).rglob("*.py")) if (ROOT / folder).is_dir() else [ROOT / folder]
    assert found, f"{folder} is gone: mend the rule"
    return found


def imported(module: Path) -> set[str]:
    """Return every dotted name that a module imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: a relative import"
            names |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def touches(names: set[str], target: str) -> bool:
    return any(name == target or name.startswith(target + ".") for name in names)


def place(module: Path) -> str:
    return module.relative_to(ROOT).as_posix()


ALL = [module for package in PACKAGES for module in modules(package)]


@pytest.mark.parametrize("library", HOMES)
def test_a_library_is_imported_in_its_home_only(library: str) -> None:
    strangers = [place(m) for m in ALL if touches(imported(m), library) and not place(m).startswith(HOMES[library])]
    assert strangers == []


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_imports_point_inwards(folder: str) -> None:
    for module in modules(folder):
        for target in FORBIDDEN[folder]:
            assert not touches(imported(module), target), f"{place(module)} imports {target}"


def test_numba_is_imported_in_kernel_files_only() -> None:
    assert [place(m) for m in ALL if touches(imported(m), "numba") and m.name != "_kernels.py"] == []


def test_activity_sees_only_recordings_of_the_device() -> None:
    for module in modules("activity"):
        if place(module).startswith(WIDE_ROOMS):
            continue
        for name in imported(module):
            if touches({name}, "device"):
                assert name == "device" or name.startswith(OPEN_TO_ACTIVITY), f"{place(module)} imports {name}"


def test_nobody_imports_what_is_not_installed_or_the_commands() -> None:
    for module in ALL:
        names = imported(module)
        for target in NEVER:
            assert not touches(names, target), f"{place(module)} imports {target}"
        if not place(module).startswith("activity/cli"):
            assert not touches(names, "activity.cli"), f"{place(module)} imports a command"


def test_package_files_hold_a_docstring_and_nothing_else() -> None:
    for module in ALL:
        if module.name == "__init__.py":
            body = ast.parse(module.read_text(encoding="utf-8")).body
            assert len(body) == 1, place(module)
            assert isinstance(body[0], ast.Expr), place(module)


def test_there_are_no_import_cycles() -> None:
    names = {place(m).removesuffix(".py").removesuffix("/__init__").replace("/", "."): m for m in ALL}
    graph = {name: {n for n in imported(module) if n in names and n != name} for name, module in names.items()}
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " -> ".join((*path, name))
        if name not in done:
            for target in graph[name]:
                visit(target, (*path, name))
            done.add(name)

    for name in graph:
        visit(name, ())


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys; from activity.cli.main import run; run(['--help']); "
        f"print(sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr.strip() == "[]"
    assert "demo" in done.stdout


def test_top_level_is_the_users() -> None:
    listed = subprocess.run(["git", "ls-files"], check=False, cwd=ROOT, capture_output=True, text=True, timeout=30)
    if listed.returncode:
        pytest.skip("not a git checkout")
    allowed = {"activity", "device", "models", "data", "tests", "pyproject.toml", "README.md"}
    allowed |= {"LICENSE", "CHANGELOG.md", ".ci", ".gitignore"}
    assert {line.split("/")[0] for line in listed.stdout.splitlines()} <= allowed
