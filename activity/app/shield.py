"""What stands before every page: which requests come in, and what each answer tells the browser to allow.

A request for another host is refused (DNS rebinding), one that another site's page sends is refused by its Fetch
Metadata (W3C, Fetch Metadata Request Headers) or by its Origin, and a body is bounded before it is read.
"""

import logging
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from activity.app.settings import Settings

#: The longest form is a check-in of forty questions.
MOST_BODY_BYTES: Final = 64 * 1024
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
    "x-frame-options": "DENY",
}
_LOG: Final = logging.getLogger(__name__)
_OURS: Final = "Something went wrong on our side. Nothing that was sent before is lost."
#: Two years, as browsers' preload lists ask for.
HSTS: Final = "max-age=63072000"


class Shield:
    """An ASGI middleware that refuses what isn't ours to answer, and sets the headers of every answer."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                self._set_headers(MutableHeaders(scope=message))
            await send(message)

        refusal = self._refusal(scope["method"], Headers(scope=scope))
        if refusal is not None:
            status, text = refusal
            await PlainTextResponse(text, status)(scope, receive, sending)
            return
        try:
            await self._app(scope, receive, sending)
        except Exception as error:
            # The type alone: a message may hold what somebody answered, and so may a traceback.
            _LOG.error("a page failed: %s", type(error).__name__)
            if not begun:
                await PlainTextResponse(_OURS, 500)(scope, receive, sending)

    def _set_headers(self, headers: MutableHeaders) -> None:
        for name, value in HEADERS.items():
            headers.setdefault(name, value)
        headers.setdefault("cache-control", "no-store")
        if self._settings.is_secure:
            headers.setdefault("strict-transport-security", HSTS)

    def _refusal(self, method: str, headers: Headers) -> tuple[int, str] | None:
        if headers.get("host", "").lower() != self._settings.host.lower():
            return 421, "This address isn't served here."
        site, mode = headers.get("sec-fetch-site"), headers.get("sec-fetch-mode")
        if method in SAFE:
            foreign = site not in {None, "same-origin", "none"} and mode != "navigate"
            return (403, "Another site can't ask for this.") if foreign else None
        if site != "same-origin" if site is not None else headers.get("origin") != self._settings.origin:
            return 403, "This has to come from a page of this app."
        length = headers.get("content-length", "")
        if "transfer-encoding" in headers or not length.isdecimal():
            return 411, "How long it is has to be said."
        return (413, "That is too long.") if int(length) > MOST_BODY_BYTES else None
