"""Write the drawing of a made-up trial as it is now; look at it before it is committed.

Run: ``PYTHONPATH=.:tests python tests/golden/write_trial_flow.py``
"""

from pathlib import Path

from trial_flow import example

from activity.trial.flow_diagram import flow_diagram

TARGET = Path(__file__).with_name("trial_flow.svg")

if __name__ == "__main__":
    TARGET.write_text(flow_diagram(example()), encoding="utf-8")
    print(f"wrote {TARGET}")
