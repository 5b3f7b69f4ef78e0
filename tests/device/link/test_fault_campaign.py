"""A seeded campaign of all that can go wrong between a band and a disk: nothing lost, nothing twice, each gap reported.

10,000 rounds: ``SELFBACK_LONG_CAMPAIGN=1 pytest tests/device/link/test_fault_campaign.py -s``
"""

import os
import shutil
from collections import Counter
from pathlib import Path

import fault_campaign
import pytest

ROUNDS = 10_000 if os.environ.get("SELFBACK_LONG_CAMPAIGN") else 200
PARTS = 8


@pytest.fixture(autouse=True)
def page_cache_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A killed process leaves what it wrote to the system; power cuts are tested where files are cut at every byte."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.mark.timeout(0 if ROUNDS > 200 else 300)
@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_goes_wrong_nothing_is_lost_or_doubled_and_each_gap_is_reported(part: int, tmp_path: Path) -> None:
    seen: Counter[str] = Counter()
    for number in range(part * ROUNDS // PARTS, (part + 1) * ROUNDS // PARTS):
        folder = tmp_path / str(number)
        try:
            seen += fault_campaign.campaign_round(number, folder)
        except BaseException as error:
            error.add_note(f"in round {number}: fault_campaign.campaign_round({number}, folder)")
            raise
        shutil.rmtree(folder)
    print(f"\n{ROUNDS // PARTS:,} rounds: " + ", ".join(f"{count:,} {what}" for what, count in sorted(seen.items())))
    assert seen["frames"]
    assert seen["links lost"]
    assert seen["hosts killed"]
