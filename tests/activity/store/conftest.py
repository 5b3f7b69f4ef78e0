"""Both kinds of store, real ones: SQLite in a file, PostgreSQL in a server of the tests' own."""

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import postgres
import pytest
from sqlalchemy import create_engine, text

from activity.store.engine import Store, open_store


@pytest.fixture(scope="session")
def postgres_address() -> Iterator[str]:
    """A running server; a machine without one skips, continuous integration fails."""
    if postgres.programs() is None:
        reason = "PostgreSQL is not installed"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    # A socket's path has to be short.
    folder = Path(tempfile.mkdtemp(prefix="sb-pg-"))
    try:
        with postgres.server(folder) as address:
            yield address
    finally:
        shutil.rmtree(folder, ignore_errors=True)


_NUMBERS = itertools.count()


def fresh_database(server: str) -> str:
    """An address of a database of its own."""
    name = f"test{next(_NUMBERS)}"
    engine = create_engine(server.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return server.replace("/postgres?", f"/{name}?")


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a store may be made, of each kind."""
    if request.param == "sqlite":
        return str(tmp_path / "store" / "s.sqlite")
    return fresh_database(request.getfixturevalue("postgres_address"))


@pytest.fixture
def store(address: str) -> Iterator[Store]:
    """An empty store of each kind."""
    opened = open_store(address)
    yield opened
    opened.close()


@pytest.fixture
def other_address(store: Store, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a store of the other kind may be made."""
    if store.engine.dialect.name == "sqlite":
        return fresh_database(request.getfixturevalue("postgres_address"))
    return str(tmp_path / "other.sqlite")
