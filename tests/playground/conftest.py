"""A playground that runs, and a browser that visits it."""

import http.client
import importlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from talk import until


@dataclass
class Served:
    """A server that runs in a thread: its address, its hall of tabs, and clients of it."""

    port: int
    hall: Any

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], str]:
        """(status, headers, body) of a request. Headers are given with _ for -; `host=None` sends none."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.putrequest(method, path, skip_host=True)
        for name, value in {"host": f"127.0.0.1:{self.port}", **headers}.items():
            if value is not None:
                connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body

    def socket(self, path: str = "/socket", origin: str | None = "", **options: Any) -> Any:
        """A websocket of a page of this server, as `websockets` opens it; with another Origin, or with None."""
        client = importlib.import_module("websockets.sync.client")
        origin = self.address if origin == "" else origin
        return client.connect(f"ws://127.0.0.1:{self.port}{path}", origin=origin, proxy=None, max_size=None, **options)


@pytest.fixture
def parts(missing: Callable[..., None]) -> Any:
    """The module playground_parts.server."""
    try:
        return importlib.import_module("playground_parts.server")
    except ModuleNotFoundError as error:
        if error.name not in ("starlette", "uvicorn", "websockets"):
            raise
        missing(error.name)


@pytest.fixture
def serve(parts: Any) -> Iterator[Callable[..., Served]]:
    """serve(hall=None, **options of application): a server that runs until the test is over."""
    running = []

    def start(hall: Any = None, **options: Any) -> Served:
        hall = hall or parts.tab.Hall()
        server = parts.server(parts.application(hall=hall, **options))
        listener = socket.create_server(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        running.append((server, thread, listener))
        until(lambda: server.started)
        return Served(listener.getsockname()[1], hall)

    yield start
    for server, thread, listener in running:
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive()
        listener.close()


@pytest.fixture
def playground(serve: Callable[..., Served]) -> Served:
    """The playground as it is, running."""
    return serve()


@pytest.fixture
def browse_url(chromium: Any, size_of_page: Callable[..., None]) -> Iterator[Callable[..., Any]]:
    """browse_url(url, width=1400, height=900, dark=False): Chromium, at that address.

    Afterwards nothing may have been loaded from anywhere else, and the console has to be empty.
    """
    visited = []

    def visit(url: str, width: int = 1400, height: int = 900, dark: bool = False) -> Any:
        size_of_page(width, height, dark)
        visited.append(url.split("/")[2])
        chromium.get("about:blank")  # a change of what follows # alone would load nothing
        chromium.get(url)
        return chromium

    for log in ("browser", "performance"):
        chromium.get_log(log)
    yield visit
    events = [json.loads(entry["message"])["message"] for entry in chromium.get_log("performance")]
    loaded = {e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"}
    console = chromium.get_log("browser")
    chromium.get("about:blank")
    assert {url.split("/")[2] for url in loaded if not url.startswith(("blob:", "data:"))} <= set(visited)
    assert console == []
