"""Work that threads do ahead of whoever asks for its results."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")
Tasks: TypeAlias = "SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None]"


def ahead(
    calls: Iterator[Callable[[], T]], threads: int, depth: int, finish: Callable[[], object] | None = None
) -> Iterator[T]:
    """call() for each of the calls, in their order: so many threads do up to `depth` of them before they are asked for.

    What a call raises is raised in its place, with the traceback of where it happened. When the iterator has ended, is
    closed or is dropped, nothing new is begun, the threads end with what they are at, and nobody waits for that; one
    of them calls `finish` at last.
    """
    tasks: Tasks = SimpleQueue()
    pending: deque[Future[T]] = deque()
    more = True
    try:
        for _ in range(threads):  # daemons: a call that does not come back keeps no program from ending
            threading.Thread(target=_work, args=(tasks,), name="nn.Dataset", daemon=True).start()
        while True:
            while more and len(pending) < depth:
                pending.append(Future())
                try:
                    call = next(calls)
                except StopIteration:
                    pending.pop()
                    more = False
                except Exception as error:
                    pending[-1].set_exception(error)
                    more = False
                else:
                    tasks.put((pending[-1], call))
                    del call  # nobody but the thread keeps what it works on
            if not pending:
                return
            yield pending.popleft().result()
    finally:
        for future in pending:
            future.cancel()
        if finish is not None:
            tasks.put((Future(), finish))
        for _ in range(threads):
            tasks.put(None)


def _work(tasks: Tasks) -> None:
    while (task := tasks.get()) is not None:
        future, call = task
        if future.set_running_or_notify_cancel():
            try:
                future.set_result(call())
            except BaseException as error:
                future.set_exception(error)
        del task, future, call  # while it waits for the next it keeps nothing alive
