"""Write data/casebase/synthetic.jsonl: weeks of virtual people, marked as made up.

Run: ``python tests/golden/write_case_base.py``. The same content and settings write the same bytes.
"""

from pathlib import Path

from activity.coach.cases.document import write_cases
from activity.coach.cases.settings import load_settings
from activity.coach.content import load_content
from activity.trial.virtual.arms import made_up_cases

FILE = Path(__file__).parents[2] / "data" / "casebase" / "synthetic.jsonl"
PEOPLE, WEEKS, SEED = 60, 4, 20210802


def main() -> None:
    """Write the file."""
    cases = made_up_cases(PEOPLE, WEEKS, SEED, content=load_content(), settings=load_settings())
    write_cases(cases, FILE)
    print(f"wrote {len(cases)} cases to {FILE}")


if __name__ == "__main__":
    main()
