"""Write report_page.html, the page that tests/activity/report/test_page.py compares with.

Run it after a wanted change, look at the page in a browser, and say in the commit why it changed:
``python tests/golden/write_report_page.py``
"""

import sys
from pathlib import Path

GOLDEN = Path(__file__).parent / "report_page.html"


def main() -> None:
    sys.path.insert(0, str(Path(__file__).parents[1]))
    import example_page

    from activity.report.page import render_page

    GOLDEN.write_text(render_page(example_page.page_data()), encoding="utf-8")


if __name__ == "__main__":
    main()
