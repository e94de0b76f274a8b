"""Who may talk to the server: only pages that it served itself, and only under a name that is its own.

Any web page that you have open can send requests to 127.0.0.1, and a name that is made to point there (DNS rebinding)
lets it read the answers. Host and Origin tell both apart from our own page.
"""

import ipaddress
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
App = Callable[[MutableMapping[str, Any], Any, Any], Awaitable[None]]


def own_name(host: str, names: frozenset[str], numbers: bool = False) -> bool:
    """Whether a Host header names this server: one of `names`, or, if `numbers`, any IP address.

    An address can't be rebound, only a name can.

    >>> own_name("localhost:8000", LOOPBACK), own_name("[::1]:8000", LOOPBACK), own_name("evil.example", LOOPBACK)
    (True, True, False)
    """
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name in names:
        return True
    try:
        return numbers and bool(ipaddress.ip_address(name))
    except ValueError:
        return False


class Guard:
    """The door of the application: refuses foreign Hosts and Origins, and hands out the headers that fence the page in.

    A websocket, and any request that may change something, has to come from a page of this server.
    """

    def __init__(self, app: App, names: frozenset[str] = LOOPBACK, numbers: bool = False) -> None:
        self.app = app
        self.names = names
        self.numbers = numbers

    def refusal(self, scope: MutableMapping[str, Any]) -> str:
        """Why this request is not served, or an empty string."""
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not own_name(hosts[0], self.names, self.numbers):
            return "This server doesn't answer to that name (Host)."
        origins = headers.getlist("origin")
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD") and not origins:
            return ""
        ours = {f"http://{hosts[0]}", f"https://{hosts[0]}"}
        return "" if len(origins) == 1 and origins[0] in ours else "Only this server's pages may ask for that (Origin)."

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)

        async def fenced(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        if why := self.refusal(scope):
            return await PlainTextResponse(why, status_code=403)(scope, receive, fenced)
        return await self.app(scope, receive, fenced)
