"""How long each page takes with 500 participants of nine months in SQLite; run: pytest tests/bench/test_app_pages.py -s

One virtual person's nine months are made by the coach and copied to all: what a page reads is what it would be, and
who the people are makes no difference to it.
"""

import statistics
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from app_clients import ORIGIN, Clock, browser, fresh, participant_cookie, staff_cookie
from sqlalchemy import Integer, insert, literal, select

from activity.app.context import Context
from activity.app.demo import fill_demo
from activity.app.settings import Settings
from activity.store.accounts import Role
from activity.store.engine import open_store
from activity.store.ids import new_id
from activity.store.schema import ABOUT, PARTICIPANT

NOW = datetime(2026, 11, 24, 11, 30, tzinfo=UTC)
PEOPLE, WEEKS, RUNS = 500, 39, 30
PAGES = ("/", "/week", "/exercises", "/why", "/flare", "/help", "/settings", "/ask/weekly-checkin")


def test_pages_of_a_full_study(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "s.sqlite"))
    context = Context(store, Settings(ORIGIN), Clock(NOW))
    who = fill_demo(context, NOW.date(), people=1, weeks=WEEKS)
    with store.writing() as connection:
        for _ in range(PEOPLE - 1):
            other = new_id()
            for table in (PARTICIPANT, *ABOUT):
                names = [
                    column.name for column in table.c if not (column.name == "id" and isinstance(column.type, Integer))
                ]
                mine = table.c.id if table is PARTICIPANT else table.c.participant
                values = [literal(other).label(n) if n == mine.name else table.c[n] for n in names]
                connection.execute(insert(table).from_select(names, select(*values).where(mine == who.id)))
    size_mb = (tmp_path / "s.sqlite").stat().st_size / 1e6
    print(f"\n{PEOPLE} people, {WEEKS} weeks, {size_mb:,.0f} MB")
    app = fresh(context)
    me = browser(app, participant_cookie(context, who))
    staff = browser(app, staff_cookie(context, Role.CLINICIAN, "odense"))
    person = staff.get("/staff").text.split('href="/staff/person/')[1].split('"')[0]
    rows = [(me, page) for page in PAGES] + [(staff, "/staff"), (staff, f"/staff/person/{person}")]
    for client, page in rows:
        took = []
        for _ in range(RUNS):
            start = time.perf_counter()
            assert client.get(page).status_code == 200
            took.append(1000 * (time.perf_counter() - start))
        took.sort()
        shown = "/staff/person/…" if "person/" in page else page
        print(f"{shown:24} median {statistics.median(took):7.1f} ms   p95 {took[int(0.95 * RUNS)]:7.1f} ms")
    store.close()


if __name__ == "__main__":
    pytest.main([__file__, "-s"])
