"""The same inputs give the same plan: here, on any machine, and whatever order Python's sets come in."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
WRITER = ROOT / "tests" / "golden" / "write_plan.py"
REFRESH = "content or rules changed? run: PYTHONPATH=.:tests python tests/golden/write_plan.py"


@pytest.mark.parametrize("hash_seed", ["0", "1", "4711"])
def test_plans_are_those_of_every_other_machine_and_of_every_order_of_sets(hash_seed: str) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
    done = subprocess.run(
        [sys.executable, str(WRITER), "--print"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    kept = json.loads((ROOT / "tests" / "golden" / "plans.json").read_text(encoding="utf-8"))
    assert json.loads(done.stdout) == kept, REFRESH
