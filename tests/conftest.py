"""Fixtures that all tests share: where the real recordings are, and seeded generators."""

import os
from pathlib import Path

import numpy as np
import processed_folder
import pytest
import store_commands

CHECKOUT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def recordings_dir() -> Path:
    """The folder of real recordings; a machine without it skips, continuous integration fails."""
    folder = Path(os.environ.get("SELFBACK_TEST_DATA", CHECKOUT.parent / "shared" / "data"))
    if not folder.is_dir():
        reason = f"no recordings at {folder}; set SELFBACK_TEST_DATA"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator with a fixed seed, fresh for each test."""
    return np.random.default_rng(20211)


@pytest.fixture(scope="session")
def processed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of results of one recording and one failure; for reading."""
    return processed_folder.make(tmp_path_factory.mktemp("processed"))


@pytest.fixture
def selfback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> store_commands.Selfback:
    """Run a command on a store of the test's own; return exit code, stdout, stderr."""
    return store_commands.on_a_store(tmp_path / "s.sqlite", capsys, monkeypatch)
