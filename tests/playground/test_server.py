"""The server answers to its own pages only, bounds what they may ask for, and outlives whatever they send."""

import asyncio
import contextlib
import json
import socket
import time
from collections import Counter

import pytest

from talk import ask, frame, until


class Counting:
    """A session that counts its turns; what it is asked for it does."""

    def __init__(self):
        self.playing = False
        self.turns = 0
        self.answered = []

    def answer(self, message):
        self.answered.append(message["do"])
        if message["do"] == "fail":
            raise {"value": ValueError("that is no good"), "own": KeyError("a mistake of ours")}[message["kind"]]
        if message["do"] == "play":
            self.playing = True
        if message["do"] == "break":
            self.turns, self.playing = None, True
        return {"turns": self.turns}

    def turn(self, seconds):
        self.turns += 1
        time.sleep(0.002)
        return 0.0

    def frame(self):
        return self.frames.pack({"turns": self.turns}, {})


@pytest.fixture
def counting(serve, parts):
    """A server whose page is that session; `counting(**options of Hall)`. Its sessions, too."""
    sessions = []

    def make():
        sessions.append(Counting())
        sessions[-1].frames = __import__("playground_parts.frames", fromlist=["pack"])
        return sessions[-1]

    def start(**options):
        served = serve(parts.tab.Hall(**options), pages=[parts.Page("", parts.HERE / "page", make)])
        served.sessions = sessions
        return served

    return start


def refused(served, **options):
    websockets = pytest.importorskip("websockets")
    with pytest.raises(websockets.exceptions.InvalidStatus) as error, served.socket(**options):
        pass
    return error.value.response.status_code


def close_of(connection):
    """Reads on until the server closes it: (code, reason)."""
    websockets = pytest.importorskip("websockets")
    with contextlib.suppress(websockets.exceptions.ConnectionClosed):
        while True:
            connection.recv(timeout=10)
    return connection.close_code, connection.close_reason


def test_the_page_is_served_with_a_fence_around_it(playground):
    status, headers, body = playground.get("/")
    assert status == 200 and "<title>Playground" in body
    assert "script-src 'self';" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert "server" not in headers
    assert playground.get("/main.js")[1]["content-type"].startswith("text/javascript")


def test_the_address_of_the_digits_may_be_typed_without_its_last_stroke(playground):
    status, headers, _ = playground.get("/digits")
    assert (status, headers["location"]) == (307, "/digits/")
    assert "<title>Digits" in playground.get("/digits/")[2]


OUTSIDE = ["/../server.py", "/%2e%2e/server.py", "/..%2fserver.py", "//etc/passwd", "/%00", "/a" * 3000]


@pytest.mark.parametrize("path", OUTSIDE)
def test_nothing_else_is_served(playground, path):
    assert playground.get(path)[0] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_there_is_nothing_to_write_to(playground, method):
    assert playground.get("/", method, origin=playground.address)[0] == 405
    assert playground.get("/", method)[0] == 403


HOSTS = ["evil.example", "evil.example:{port}", "127.0.0.1.evil.example", "localhost.evil.example:{port}", "[::1"]


@pytest.mark.parametrize("host", [*HOSTS, "1.2.3.4", "", None])
def test_another_name_is_refused(playground, host):
    host = host and host.format(port=playground.port)
    assert playground.get("/", host=host)[0] in (400, 403)
    assert "<title>" not in playground.get("/", host=host)[2]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "LOCALHOST:80", "[::1]:8000"])
def test_its_own_names_are_answered(playground, host):
    assert playground.get("/", host=host)[0] == 200


def test_told_to_listen_to_others_it_also_answers_to_numbers_but_not_to_strange_names(serve):
    served = serve(names=frozenset({"desk"}), numbers=True)
    assert [served.get("/", host=host)[0] for host in ("desk:80", "192.168.1.7:80", "evil.example")] == [200, 200, 403]


FOREIGN = ["http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1.evil.example", None]


@pytest.mark.parametrize("origin", FOREIGN)
def test_a_socket_is_for_our_own_page_only(playground, origin):
    assert refused(playground, origin=origin) == 403
    assert playground.get("/", origin=origin or "http://evil.example")[0] == 403


def test_a_socket_under_a_strange_name_is_refused(playground):
    assert refused(playground, additional_headers={"Host": "evil.example"}) in (400, 403)


def test_there_is_no_socket_elsewhere(playground):
    assert refused(playground, path="/other") in (403, 404)


GARBAGE = [
    "", "{", "[]", "1", '"do"', '{"do": 1}', '{"do": null}', '{"doo": "play"}', '{"do": "play", "x": NaN}',
    "[" * 100_000, '{"do": "cursor", "x": 1e999}', "9" * 10_000, b"\x00\xff", '{"do": "\\ud800"}',
    '{"do": "' + "x" * 100_000 + '"}', '{"do": "__init__"}', '{"do": "open", "query": 7}',
    '{"do": "step", "unit": ["batch"]}', '{"do": "pace", "unit": "epoch", "speed": -1}',
    '{"do": "change", "changes": {"noise": 7}}', '{"do": "change", "changes": {"noise": "much"}}',
    '{"do": "edit", "layer": 1e9, "to": 0, "source": 0, "value": 1}',
    '{"do": "edit", "layer": 9, "to": 9, "source": 9, "value": 1}',
    '{"do": "edit", "layer": 1, "to": 0, "source": 0, "value": "1"}',
    '{"do": "edit", "layer": 1, "to": 0, "source": 0, "value": ' + "9" * 4000 + "}",
    '{"do": "edit", "layer": true, "to": 0, "value": 1}',
    '{"do": "own", "problem": "classification", "data": {}}',
    '{"do": "own", "problem": "classification", "data": [[1, 2]]}',
    '{"do": "own", "problem": "classification", "data": "a,b"}',
    '{"do": "explain", "layer": 1, "to": 0, "source": 0, "of": "all"}',
]  # fmt: skip


def test_garbage_gets_a_clear_error_and_the_session_lives_on(playground, capfd):
    with playground.socket() as connection:
        for text in GARBAGE:
            connection.send(text)
            while isinstance(received := connection.recv(timeout=10), bytes):
                connection.send('{"do": "drawn"}')
            error = json.loads(received)["error"]
            assert 10 < len(error) < 1000, text
            assert "Traceback" not in error
        assert ask(connection, "back", unit="batch") == {
            "re": "back", "id": 7, "went": False
        }  # fmt: skip
    assert "Traceback" not in capfd.readouterr().err  # none of it is a mistake of ours


def test_a_message_that_is_too_long_ends_its_tab_and_no_other(playground):
    with playground.socket() as one, playground.socket() as other:
        frame(one)
        one.send("x" * (1 << 20) + "x")
        assert close_of(one)[0] == 1009
        assert ask(other, "back", unit="batch")["went"] is False


def test_a_mistake_of_ours_is_told_and_logged(counting, capfd):
    served = counting()
    with served.socket() as connection:
        assert ask(connection, "fail", kind="value") == {"re": "fail", "id": 7, "error": "that is no good"}
        assert capfd.readouterr().err == ""
        assert ask(connection, "fail", kind="own")["error"] == "'a mistake of ours'"
        assert "KeyError: 'a mistake of ours'" in capfd.readouterr().err
        connection.send('{"do": "break"}')
        while isinstance(received := connection.recv(timeout=10), bytes) or json.loads(received)["re"] != "turn":
            pass
        assert "unsupported operand" in json.loads(received)["error"]
        assert ask(connection, "fail", kind="value")["error"] == "that is no good"
        assert "TypeError" in capfd.readouterr().err


def test_frames_wait_for_the_page_and_so_does_training(counting):
    served = counting()
    with served.socket() as connection:
        assert isinstance(connection.recv(timeout=10), bytes)
        connection.send('{"do": "play"}')
        received = Counter(type(connection.recv(timeout=10)) for _ in range(2))
        assert received == {str: 1, bytes: 1}  # two frames are on their way: no more
        with pytest.raises(TimeoutError):
            connection.recv(timeout=1.5)
        turns = served.sessions[0].turns
        assert turns > 100
        time.sleep(0.3)
        assert served.sessions[0].turns == turns  # nobody looks: it rests
        connection.send('{"do": "drawn"}')
        connection.recv(timeout=10)
        until(lambda: served.sessions[0].turns > turns)


def test_there_are_at_most_thirty_frames_a_second(counting):
    served = counting()
    with served.socket() as connection:
        ask(connection, "play")
        start = time.monotonic()
        for _ in range(31):
            frame(connection)
        assert time.monotonic() - start > 0.93


def test_too_many_messages_are_slowed_down_not_lost(counting):
    served = counting()
    with served.socket() as connection:
        start = time.monotonic()
        for _ in range(300):
            connection.send('{"do": "count"}')
        answers = 0
        while answers < 300:
            answers += isinstance(connection.recv(timeout=10), str)
        assert time.monotonic() - start > 0.4  # 240 at once, then 120 a second


def test_ten_tabs_at_once_each_train_and_each_are_shown(playground):
    with contextlib.ExitStack() as tabs:
        connections = [tabs.enter_context(playground.socket()) for _ in range(10)]
        for i, connection in enumerate(connections):
            ask(connection, "open", query=f"networkShape={i % 6 + 1}")
            connection.send('{"do": "play", "on": true}')
        end = time.monotonic() + 30
        seen = [0] * 10
        while min(seen) < 2 and time.monotonic() < end:
            for i, connection in enumerate(connections):
                shown = frame(connection)
                seen[i] = shown["epoch"] if shown["sizes"] == [2, i % 6 + 1, 1] else 0
        assert min(seen) >= 2
    until(lambda: not playground.hall.tabs)


def test_a_tab_that_vanishes_frees_its_place(counting):
    served = counting()
    for _ in range(3):
        with served.socket() as connection:
            ask(connection, "play")
            connection.socket.shutdown(socket.SHUT_RDWR)  # no goodbye
    until(lambda: not served.hall.tabs)
    turns = [session.turns for session in served.sessions]
    time.sleep(0.1)
    assert [session.turns for session in served.sessions] == turns


def test_a_full_hall_refuses_unless_a_tab_has_long_been_silent(counting):
    served = counting(tabs=2)
    with served.socket() as one, served.socket() as two:
        until(lambda: len(served.hall.tabs) == 2)
        with served.socket() as third:
            assert close_of(third) == (4002, "2 tabs are open, all of them in use")
        served.hall.tabs[0].heard -= 61
        with served.socket() as third:
            assert ask(third, "play") == {"re": "play", "id": 7, "turns": 0}
            assert close_of(one)[0] == 4001
            assert ask(two, "play")["re"] == "play"


class Deaf:
    """The socket of a page that takes nothing any more, not even a goodbye."""

    async def accept(self):
        pass

    async def wait(self, *args):
        await asyncio.sleep(3600)

    receive = send_bytes = send_text = close = wait


def test_a_full_hall_stays_within_its_limit_though_those_who_go_take_their_time(parts):
    async def crowd():
        hall = parts.tab.Hall(tabs=3)
        guests = [asyncio.ensure_future(hall.enter(Deaf(), parts.PlaygroundSession)) for _ in range(3)]
        await asyncio.sleep(0.1)
        for tab in hall.tabs:
            tab.heard -= 61
        for _ in range(9):
            guests.append(asyncio.ensure_future(hall.enter(Deaf(), parts.PlaygroundSession)))
            await asyncio.sleep(0.02)
        inside = len(hall.tabs)
        while staying := [guest for guest in guests if not guest.done()]:
            for guest in staying:
                guest.cancel()
            await asyncio.sleep(0.01)
        hall.threads.shutdown()
        return inside

    assert asyncio.run(crowd()) == 3


def test_a_tab_that_says_nothing_is_put_to_sleep(counting):
    served = counting(idle=0.3)
    with served.socket() as connection:
        assert close_of(connection)[0] == 4001
    until(lambda: not served.hall.tabs)


def test_a_story_is_read_by_its_key_only_and_reaches_nothing(playground):
    with playground.socket() as connection:
        ask(connection, "open", query="")
        path = ask(connection, "explain", layer=1, to=0, source=0, of="sample")["path"]
    status, headers, body = playground.get(path)
    assert status == 200 and "sensitivity" in body
    assert headers["content-security-policy"].startswith("sandbox allow-scripts; default-src 'none'")
    assert playground.get("/story/guess")[0] == 404
