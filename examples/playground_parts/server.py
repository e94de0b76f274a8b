"""The playground's server: its pages, the socket behind each, and the door in front of them."""

import contextlib
import socket
import threading
import webbrowser
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket

from digit_parts.session import DigitsSession

from . import guard, stories, tab
from .session import PlaygroundSession

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Page:
    """A page: the path that it is found under, the folder of its files, and what one tab of it has on the server."""

    path: str
    folder: Path
    session: Callable[[], tab.Session]

    def routes(self, hall: tab.Hall) -> list[BaseRoute]:
        """The page's files, its socket at `path`/socket, and the way from `path` to `path`/."""

        async def connect(socket: WebSocket) -> None:
            await hall.enter(socket, self.session)

        async def home(request: Request) -> Response:
            return RedirectResponse(f"{self.path}/")

        files = StaticFiles(directory=self.folder, html=True)
        way = [Route(self.path, home)] if self.path else []
        return [*way, WebSocketRoute(f"{self.path}/socket", connect), Mount(self.path, files)]


# A page is one line here; those with a path come before the one without, which gets all the rest.
PAGES = [
    Page("/digits", HERE.parent / "digit_parts" / "page", DigitsSession),
    Page("", HERE / "page", PlaygroundSession),
]


def application(
    pages: Sequence[Page] = PAGES,
    hall: tab.Hall | None = None,
    names: frozenset[str] = guard.LOOPBACK,
    numbers: bool = False,
) -> guard.Guard:
    """All of it as one ASGI application. `names` and `numbers` are the Hosts that it answers to: see `guard`."""
    hall = hall or tab.Hall()

    @contextlib.asynccontextmanager
    async def closing(app: Starlette) -> AsyncIterator[None]:
        yield
        hall.threads.shutdown(wait=False, cancel_futures=True)

    routes: list[BaseRoute] = [Route("/story/{key}", stories.read)]
    routes += [route for page in pages for route in page.routes(hall)]
    return guard.Guard(Starlette(routes=routes, lifespan=closing), names, numbers)


def server(app: guard.Guard) -> uvicorn.Server:
    """uvicorn with the bounds that it has to keep: the size of a message, the number of connections."""
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, server_header=False, ws="websockets-sansio", ws_max_size=tab.SIZE,
        ws_per_message_deflate=False, limit_concurrency=200, timeout_graceful_shutdown=2,
    )  # fmt: skip
    return uvicorn.Server(config)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there. If the port is taken, and was not asked for in particular (0), a free one."""
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    return socket.create_server((host, port), family=family, backlog=64)


def serve(host: str, port: int, browser: bool) -> None:
    """Serves the pages until Ctrl-C. Says where, and opens the browser there.

    Other machines can only reach it if `host` is not a loopback address; then it also answers to the machine's names.
    """
    with listen(host, port) as listener:
        port = listener.getsockname()[1]
        local = host in guard.LOOPBACK
        names = guard.LOOPBACK if local else guard.LOOPBACK | {host.lower(), socket.gethostname().lower()}
        running = server(application(names=names, numbers=not local))
        shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "::1": "[::1]"}.get(host, host)
        address = f"http://{shown}:{port}/"
        print(f"The playground is at {address} (Ctrl-C ends it)", flush=True)
        if browser:
            threading.Timer(0.5, webbrowser.open, [address]).start()
        with contextlib.suppress(KeyboardInterrupt):
            running.run(sockets=[listener])
    print("\nbye")
