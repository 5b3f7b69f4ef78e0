"""A store for what is exported from one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from activity.store.engine import Store, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    found = open_store(str(tmp_path / "s.sqlite"))
    yield found
    found.close()
