"""Write the digest of a year's plans of three made-up people, which every machine has to come to as well.

Run: ``PYTHONPATH=.:tests python tests/golden/write_plan.py`` after any change of content or rules.
"""

import hashlib
import json
import sys
from pathlib import Path

from people_weeks import person_of, plans_of

from activity.coach.content import load_content
from activity.coach.plan_document import plan_to_document

PLANS = Path(__file__).with_name("plans.json")
PEOPLE = (3, 4, 6)


def golden() -> dict[str, object]:
    """Return the version of the content, and of each person the first plan and a digest of all plans."""
    people = {}
    for seed in PEOPLE:
        documents = [plan_to_document(plan) for plan in plans_of(person_of(seed))]
        text = json.dumps(documents, sort_keys=True, ensure_ascii=False)
        people[str(seed)] = {"plans": len(documents), "sha256": hashlib.sha256(text.encode()).hexdigest()}
    return {"content_version": load_content().version, "people": people}


if __name__ == "__main__":
    text = json.dumps(golden(), indent=1, sort_keys=True) + "\n"
    if sys.argv[1:] == ["--print"]:
        print(text, end="")
    else:
        PLANS.write_text(text, encoding="utf-8")
        print(f"wrote {PLANS}", file=sys.stderr)
