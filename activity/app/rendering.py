"""Pages from templates, and the files that they stand on, each under a name that changes with its bytes."""

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from fastapi import Request
from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from activity.app.context import context_of, cookie_of
from activity.app.credentials import form_token, new_secret
from activity.app.settings import Settings
from activity.report import palette, wording

#: Files of the pages, by the ending that says what they are.
TYPES: Final[Mapping[str, str]] = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
STATIC: Final = ("app.css", "app.js", "icon.svg")
WORKER: Final = "worker.js"
#: Answers whose names change with their bytes may be kept for a year.
FOR_A_YEAR: Final = "public, max-age=31536000, immutable"


def page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a page; somebody without a cookie gets one, so that a form of the page can be told from a foreign one."""
    cookie = cookie_of(request) or new_secret()
    text = environment().get_template(template).render(token=form_token(cookie), at=request.url.path, **values)
    response = HTMLResponse(text, status)
    if not cookie_of(request):
        set_cookie(response, context_of(request).settings, cookie, None)
    return response


def set_cookie(response: Response, settings: Settings, secret: str, stays_s: int | None) -> None:
    """Set the cookie of a browser; without a time it goes with the browser."""
    response.set_cookie(
        settings.cookie, secret, max_age=stays_s, path="/", secure=settings.is_secure, httponly=True, samesite="lax"
    )


@cache
def environment() -> Environment:
    """Return the templates, with the filters that they use."""
    found = Environment(
        loader=FunctionLoader(_template), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    found.filters |= {
        "count": wording.count,
        "duration": wording.duration,
        "sentence": wording.sentence,
        "long_date": wording.long_date,
        "short_date": wording.short_date,
        "drawn": Markup,  # of our own drawings only, whose texts are escaped where they are drawn
    }
    found.globals["static"] = static_address
    return found


def static_address(name: str) -> str:
    """Return the address of a file of the pages."""
    return f"/static/{static_digest(name)}/{name}"


@cache
def static_digest(name: str) -> str:
    """Return what changes in the address of a file when its bytes do."""
    return hashlib.sha256(static_text(name).encode()).hexdigest()[:12]


@cache
def static_text(name: str) -> str:
    """Return a file of the pages; the style sheet begins with the colours that the reports have too."""
    text = files("activity.app").joinpath("static", name).read_text(encoding="utf-8")
    if name == "app.css":
        return palette.css_variables() + text
    if name == WORKER:
        addresses = ",".join(f'"{static_address(one)}"' for one in STATIC)
        return f"const STATIC = [{addresses}];\n{text}"
    return text


def _template(name: str) -> str:
    return files("activity.app").joinpath("templates", name).read_text(encoding="utf-8")
