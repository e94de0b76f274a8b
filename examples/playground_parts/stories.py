"""Told stories, each a page of its own that may run its own script and reach nothing."""

import secrets
from collections import OrderedDict

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

KEPT = 32
FENCE = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
_shelf: OrderedDict[str, str] = OrderedDict()


def put(page: str) -> str:
    """Keeps the page, and says under which path it can be read: as long as it is among the last 32.

    >>> put("<p>one</p>").startswith("/story/")
    True
    """
    key = secrets.token_urlsafe(16)
    _shelf[key] = page
    while len(_shelf) > KEPT:
        _shelf.popitem(last=False)
    return f"/story/{key}"


async def read(request: Request) -> Response:
    """The page that is kept under this key."""
    page = _shelf.get(request.path_params["key"])
    if page is None:
        return PlainTextResponse("This story is no longer kept. Ask for it again.", status_code=404)
    return HTMLResponse(page, headers={"Content-Security-Policy": FENCE})
