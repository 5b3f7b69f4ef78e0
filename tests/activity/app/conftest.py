"""A small demo study, made once and copied for each test, with two people of different sites."""

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from app_clients import ORIGIN, Clock
from argon2 import PasswordHasher

from activity.app import credentials
from activity.app.context import Context
from activity.app.demo import fill_demo
from activity.app.settings import Settings
from activity.store.accounts import sites
from activity.store.engine import open_store
from activity.store.participants import Participant, keep_event, participants
from activity.store.standing import standing
from activity.store.writing import writing

NOW = datetime(2026, 11, 24, 11, 30, tzinfo=UTC)
TODAY = date(2026, 11, 24)
SECRET = "Planted Word"


@pytest.fixture(scope="session", autouse=True)
def quick_hashes() -> Iterator[None]:
    """Hashes that cost little: what is tested is whether they fit, not how long they take."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(credentials, "_HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        yield


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("demo") / "s.sqlite"
    store = open_store(str(path))
    fill_demo(Context(store, Settings(ORIGIN), Clock(NOW)), TODAY, people=5, weeks=2)
    store.close()
    return path


@pytest.fixture
def context(made: Path, tmp_path: Path) -> Iterator[Context]:
    shutil.copy(made, tmp_path / "s.sqlite")
    store = open_store(str(tmp_path / "s.sqlite"))
    yield Context(store, Settings(ORIGIN), Clock(NOW))
    store.close()


@pytest.fixture
def people(context: Context) -> tuple[Participant, Participant]:
    """Somebody of Odense of whom staff noted something, and somebody of Trondheim; both have a plan."""
    with context.store.reading() as connection:
        where = sites(connection)
        planned = [one for one in participants(connection) if standing(connection, one, TODAY).plan is not None]
    mine = next(one for one in planned if where[one.id] == "odense")
    other = next(one for one in planned if where[one.id] == "trondheim")
    with writing(context.store, "test") as write:
        keep_event(write, mine, "clinician-note", TODAY, {"text": SECRET})
    return mine, other
