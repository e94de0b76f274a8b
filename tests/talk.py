"""The other end of a playground's socket: asks, looks at frames, waits."""

import json
import time
from collections.abc import Callable
from typing import Any


def ask(connection: Any, do: str, **message: Any) -> dict[str, Any]:
    """Sends it and gives the answer to it; frames that come in between are acknowledged."""
    connection.send(json.dumps({"do": do, "id": 7, **message}))
    while True:
        received = connection.recv(timeout=20)
        if isinstance(received, bytes):
            connection.send('{"do": "drawn"}')
        else:
            return json.loads(received)


def frame(connection: Any) -> dict[str, Any]:
    """The header of the next frame, which is acknowledged."""
    while True:
        received = connection.recv(timeout=20)
        if isinstance(received, bytes):
            connection.send('{"do": "drawn"}')
            return json.loads(received[4 : 4 + int.from_bytes(received[:4], "little")])


def until(true: Callable[[], Any], seconds: float = 10) -> Any:
    """Waits until it is true, and gives what it is then."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := true():
            return value
        time.sleep(0.02)
    raise AssertionError(f"after {seconds} seconds it is still not true")
