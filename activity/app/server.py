"""The app put together: routes, what stands before them, and what is said when something is refused."""

import logging
from typing import Final

import uvicorn
from fastapi import Depends, FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response

from activity.app import asking_pages, entering, participant_pages, staff_pages
from activity.app.context import Context, NobodyError, RefusedError, checked_form
from activity.app.rendering import FOR_A_YEAR, STATIC, TYPES, WORKER, page, static_address, static_digest, static_text
from activity.app.shield import Shield
from activity.errors import StoreError

_LOG: Final = logging.getLogger(__name__)
MANIFEST: Final = {
    "id": "/",
    "name": "selfback",
    "short_name": "selfback",
    "description": "Your week with your back: steps, exercises and one message a day.",
    "start_url": "/",
    "scope": "/",
    "display": "standalone",
    "background_color": "#f8f4ed",
    "theme_color": "#1d6453",
}


def make_app(context: Context) -> Shield:
    """Return the app behind its shield; it says nothing of itself that a stranger could use."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, dependencies=[Depends(checked_form)])
    app.state.context = context
    for room in (participant_pages, asking_pages, entering, staff_pages):
        app.include_router(room.ROUTER)
    app.add_api_route("/static/{digest}/{name}", static, include_in_schema=False)
    app.add_api_route("/worker.js", worker, include_in_schema=False)
    app.add_api_route("/manifest.webmanifest", manifest, include_in_schema=False)
    app.add_exception_handler(NobodyError, _nobody)
    app.add_exception_handler(RefusedError, _refused)
    app.add_exception_handler(HTTPException, _unknown)
    app.add_exception_handler(StoreError, _busy)
    return Shield(app, context.settings)


def serve(context: Context, host: str, port: int) -> None:
    """Serve the app until somebody stops it; requests are not logged."""
    uvicorn.run(
        make_app(context), host=host, port=port, access_log=False, log_level="warning", server_header=False,
        proxy_headers=False, ws="none",
    )  # fmt: skip


def static(digest: str, name: str) -> Response:
    """Give a file of the pages; under the address of its bytes it may be kept."""
    if name not in STATIC or digest != static_digest(name):
        raise RefusedError(404, "There is no such file.")
    kind = TYPES[name.rpartition(".")[2]]
    return Response(static_text(name), headers={"content-type": kind, "cache-control": FOR_A_YEAR})


def worker() -> Response:
    """Give the service worker, which has to lie at the root and is asked for anew each time."""
    return Response(static_text(WORKER), headers={"content-type": TYPES["js"], "cache-control": "no-cache"})


def manifest() -> Response:
    """Give what a phone needs to put the app among its others."""
    icons = [{"src": static_address("icon.svg"), "sizes": "any", "type": TYPES["svg"], "purpose": "any"}]
    return JSONResponse({**MANIFEST, "icons": icons}, media_type="application/manifest+json")


async def _nobody(request: Request, error: Exception) -> Response:
    if isinstance(error, NobodyError) and error.staff:
        return RedirectResponse("/staff/login", 303)
    text = "Open the link that your team gave you. Each link works once, on one device."
    return page(request, "refused.html", 401, title="You are not signed in", text=text)


async def _refused(request: Request, error: Exception) -> Response:
    status, text = (error.status, error.text) if isinstance(error, RefusedError) else (400, "")
    return page(request, "refused.html", status, title="That didn't work", text=text)


async def _unknown(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    return page(request, "refused.html", status, title="There is nothing here", text="Go back and try again.")


async def _busy(request: Request, error: Exception) -> Response:
    _LOG.error("store: %s", getattr(error, "code", ""))
    return page(request, "refused.html", 503, title="Not just now", text="Nothing was lost. Try again in a minute.")
