"""One tab of a page: its messages in, its pictures out, its training in between, all of it bounded.

What a page does behind its messages is a `Session`; this file is what all of them share. A session's methods run in
worker threads, never two of one session at the same time, so that training never keeps the page waiting.
"""

import asyncio
import json
import sys
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from starlette.websockets import WebSocket, WebSocketDisconnect

FRAMES = 30  # pictures a second, at most
AHEAD = 2  # pictures that may be on their way to the page at once
RATE, BURST = 120, 240  # messages a second; so many may come at once
SIZE = 1 << 20  # bytes of a message
IDLE = 3600.0  # seconds after which a tab that says nothing is put to sleep
TABS = 24
TURN = 0.025  # seconds of training between two looks at the messages
ASLEEP, FULL = 4001, 4002  # codes with which a socket is closed


class Session(Protocol):
    """What one tab has on the server. A ValueError that it raises is shown in the page as it is."""

    playing: bool  # whether turn is to be called, again and again

    def answer(self, message: dict[str, Any]) -> dict[str, Any] | None:
        """Does what the page asks for. What it returns is sent, as JSON; afterwards a new frame is due."""
        ...

    def turn(self, seconds: float) -> float:
        """Trains for about that long. Returns how long to wait before the next turn; mostly 0."""
        ...

    def frame(self) -> bytes:
        """What the page shows now. Asked for only when the page has drawn the last ones."""
        ...


class Hall:
    """The tabs that are open, of all pages, and the threads that they take turns in."""

    def __init__(self, tabs: int = TABS, idle: float = IDLE) -> None:
        self.limit = tabs
        self.idle = idle
        self.tabs: list[Tab] = []
        self.threads = ThreadPoolExecutor(2, "tab")  # first come, first served: one turn each

    async def enter(self, socket: WebSocket, session: Callable[[], Session]) -> None:
        """Serves a tab until it leaves. In a full hall, the one that has been silent longest gives up its place."""
        await socket.accept()
        if len(self.tabs) >= self.limit:
            oldest = min(self.tabs, key=lambda tab: tab.heard)
            if time.monotonic() - oldest.heard < 60:
                return await socket.close(FULL, f"{self.limit} tabs are open, all of them in use")
            self.tabs.remove(oldest)  # now, however long its goodbye takes
            oldest.task.cancel()
        tab = Tab(socket, session, self)
        self.tabs.append(tab)
        try:
            await tab.task
        except asyncio.CancelledError:
            if not tab.task.cancelled():  # the server stops
                tab.task.cancel()
                raise
            await socket.close(ASLEEP, "put to sleep, another tab needed the place")
        except (WebSocketDisconnect, RuntimeError):
            pass  # gone, perhaps while something was being sent to it
        finally:
            if tab in self.tabs:
                self.tabs.remove(tab)


class Tab:
    """One socket and its session, from the first message to the last."""

    def __init__(self, socket: WebSocket, session: Callable[[], Session], hall: Hall) -> None:
        self.socket = socket
        self.hall = hall
        self.heard = time.monotonic()
        self.inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue(8)
        self.session: Session | None = None
        self.task = asyncio.ensure_future(self._live(session))

    async def _live(self, make: Callable[[], Session]) -> None:
        reader = asyncio.ensure_future(self._read())
        try:
            self.session = await self._thread(make)
            await self._serve(self.session, reader)
        finally:
            reader.cancel()

    async def _read(self) -> None:
        """Puts messages into the inbox. Who sends too many is not read for a while, and has to wait."""
        left, last = float(BURST), time.monotonic()
        while True:
            received = await self.socket.receive()
            if received["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(received.get("code", 1000))
            now = time.monotonic()
            left, last = min(BURST, left + (now - last) * RATE) - 1, now
            if left < 0:
                await asyncio.sleep(-left / RATE)
            self.heard = time.monotonic()
            try:
                await self.inbox.put(parse(received.get("text")))
            except ValueError as error:
                await self.inbox.put({"do": "complain", "error": str(error)})

    async def _serve(self, session: Session, reader: asyncio.Future[None]) -> None:
        changed, credit, shown, resume = True, AHEAD, 0.0, 0.0
        while True:
            now = time.monotonic()
            due = shown + 1 / FRAMES
            if changed and credit and now >= due:
                shown, changed = (due if now < due + 1 / FRAMES else now), False  # a late one doesn't delay the next
                if (frame := await self._safely({"do": "frame"}, session.frame)) is not None:
                    credit -= 1
                    await self.socket.send_bytes(frame)
                continue
            training = session.playing and (credit > 0 or now < shown + 1)  # else nobody looks
            if training and now >= resume and self.inbox.empty() and not reader.done():
                seconds = min(TURN, max(TURN / 5, due - now)) if credit else TURN  # so that the frame isn't late
                wait = await self._safely({"do": "turn"}, session.turn, seconds)
                if wait is None:
                    session.playing = False
                resume, changed = (wait or 0.0) + time.monotonic(), True
                continue
            alarms = [due] * (changed and credit > 0) + [resume] * training + [self.heard + self.hall.idle]
            message = await self._message(reader, min(alarms) - now)
            if message is None:
                if time.monotonic() - self.heard > self.hall.idle:
                    return await self.socket.close(ASLEEP, "put to sleep, nobody has been here for long")
            elif message["do"] == "drawn":
                credit = min(AHEAD, credit + 1)
            else:
                changed = await self._answer(session, message) or changed

    async def _message(self, reader: asyncio.Future[None], seconds: float) -> dict[str, Any] | None:
        """The next message, or None when the time is up. Raises WebSocketDisconnect when the page is gone."""
        if self.inbox.empty():
            waiter = asyncio.ensure_future(self.inbox.get())
            either: list[asyncio.Future[Any]] = [waiter, reader]
            await asyncio.wait(either, timeout=max(0.0, seconds), return_when=asyncio.FIRST_COMPLETED)
            if waiter.done():
                return waiter.result()
            waiter.cancel()
            if reader.done():
                reader.result()
            return None
        return self.inbox.get_nowait()

    async def _answer(self, session: Session, message: dict[str, Any]) -> bool:
        """Lets the session do it. Whether there may be something new to see."""
        if message["do"] == "complain":
            await self._complain(message, message["error"])
            return False

        def told() -> str | None:
            answer = session.answer(message)
            return None if answer is None else json.dumps({**_about(message), **answer}, allow_nan=False)

        if text := await self._safely(message, told):
            await self.socket.send_text(text)
        return True

    async def _safely(self, message: dict[str, Any], function: Callable[..., Any], *args: Any) -> Any:
        """What the function returns, in a thread; an error is told to the page, and the session lives on."""
        try:
            return await self._thread(function, *args)
        except Exception as error:
            if not isinstance(error, ValueError):  # ours, not the user's
                traceback.print_exception(error, file=sys.stderr)
            await self._complain(message, " ".join(str(error).split())[:1000] or type(error).__name__)

    async def _complain(self, message: dict[str, Any], error: str) -> None:
        await self.socket.send_text(json.dumps({**_about(message), "error": error}))

    async def _thread(self, function: Callable[..., Any], *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self.hall.threads, function, *args)


def _about(message: dict[str, Any]) -> dict[str, Any]:
    number = message.get("id")
    return {"re": message["do"][:40], "id": number if isinstance(number, int) else None}


def parse(text: str | None) -> dict[str, Any]:
    """The message: a JSON object whose "do" says what is asked for. ValueError says what is wrong with it.

    >>> parse('{"do": "play"}')
    {'do': 'play'}
    """
    if text is None:
        raise ValueError("A message has to be text.")
    try:
        message = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise ValueError("A message has to be JSON.") from None
    if not isinstance(message, dict) or not isinstance(message.get("do"), str):
        raise ValueError('A message has to be an object with a text "do", such as {"do": "play"}.')
    return message


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is not a number")
