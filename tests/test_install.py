"""What is installed is what was meant: the wheel's contents, README's two commands, no name taken twice."""

import importlib.metadata
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COMMAND = "python3 -m venv .venv && .venv/bin/pip install '.[{extras}]' && .venv/bin/{run}"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names in a freshly built wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(build, check=False, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        return archive.namelist()


def test_readme_has_exactly_its_two_commands() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = [line for line in readme.splitlines() if line.startswith("python3 -m venv")]
    assert shown == [
        COMMAND.format(extras="all", run="selfback demo"),
        COMMAND.format(extras="all,test", run="pytest"),
    ]


def test_readme_says_what_the_software_is_not() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "not a\n> medical device" in readme


def test_wheel_holds_every_module_and_what_is_shipped(wheel: list[str]) -> None:
    for folder in ("activity", "device"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                assert path.relative_to(ROOT).as_posix() in wheel
    for folder in ("models", "data/casebase", "data/content", "data/questionnaires", "data/study"):
        shipped = [path for path in (ROOT / folder).rglob("*") if path.is_file()]
        assert shipped, folder
        for path in shipped:
            assert f"activity/_shipped/{path.relative_to(ROOT).as_posix()}" in wheel


def test_wheel_holds_nothing_else(wheel: list[str]) -> None:
    tops = {name.split("/")[0] for name in wheel}
    assert {top for top in tops if not re.fullmatch(r"selfback-.*\.dist-info", top)} == {"activity", "device"}
    assert not [name for name in wheel if name.endswith((".pkl", ".joblib", ".pickle", ".nbi", ".nbc"))]


def test_extras_are_those_of_the_design() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    assert set(extras) == {"app", "trial", "firmware", "sim", "cluster", "postgres", "train", "all", "test", "dev"}
    # Training is no part of all: its one library is larger than the rest together, and nothing needs it to run.
    (everything,) = extras["all"]
    assert everything == "selfback[app,postgres,trial,firmware,sim,cluster]"


def test_no_other_distribution_owns_our_package_names() -> None:
    owners = importlib.metadata.packages_distributions()
    if "device" not in owners:
        pytest.skip("an editable install lists no files")
    assert set(owners["device"]) == {"selfback"}
    assert set(owners["activity"]) == {"selfback"}


def test_version_is_said_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert importlib.metadata.version("selfback") == project["version"]
    assert project["version"] in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
