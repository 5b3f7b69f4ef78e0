"""A page as PDF. Nothing is fetched: pages carry all they need, and an address in one would be somebody's mistake."""

from pathlib import Path
from typing import Any

from activity.errors import MissingExtraError
from activity.reprocess.output import write_bytes


def write_pdf(page: str, path: Path) -> None:
    """Write a page in one step, on A4; `MissingExtraError` where the extra isn't installed, `OutputError`."""
    try:
        from weasyprint import CSS, HTML  # noqa: PLC0415 - an extra, and half a second to import
        from weasyprint.urls import URLFetcher  # noqa: PLC0415
    except (ImportError, OSError) as error:  # OSError: without the libraries of Pango
        remedy = "Install it with `pip install 'selfback[trial]'`, and Pango (on Debian: libpangoft2-1.0-0)."
        raise MissingExtraError("pages can't be made into PDF", expected="the extra `trial`", remedy=remedy) from error
    sheet = CSS(string="@page { size: A4; margin: 14mm 12mm } html { font-size: 9pt }")
    made: Any = HTML(string=page, url_fetcher=URLFetcher(allowed_protocols=(), fail_on_errors=True)).write_pdf(
        stylesheets=[sheet]
    )
    write_bytes(path, bytes(made))
