"""Several threads for one operation. NumPy lets go of Python's lock while it computes, so plain threads are enough.

BLAS has threads of its own, which go on spinning for a while after each product and take the cores from ours. So inside
`threads()` BLAS keeps to one thread, and the operations that go through a batch (convolutions, pooling, activations of
large arrays) share it out instead: their copies and sums then run on all cores too, not only their products.

Memory that one step has freed is kept for the next, too: to be handed fresh pages by the system for every activation
took a seventh of a convolutional network's training step.
"""

import ctypes
import math
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar, copy_context
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")

SMALL = 1 << 16  # elements: an operation on fewer is not worth a second thread
BLOCK = 1 << 18  # elements: what a core's own cache holds

_parts: ContextVar[int] = ContextVar("parts", default=1)
_pool: ThreadPoolExecutor | None = None


@contextmanager
def threads(count: int | None = None) -> Iterator[int]:
    """Inside, large operations share their batch among `count` threads: by default as many as BLAS would use.

    It counts for this thread; BLAS keeps to one thread for the whole process meanwhile. `fit`, `evaluate` and `predict`
    of nn's models with convolutions or attention do this by themselves; where products of matrices are all there is,
    BLAS's own threads are faster. It needs threadpoolctl: without it, nothing changes. Gives the number of threads.
    Raises ValueError for a count that is no whole number of at least 1.

    >>> import numpy as np, tinygrad_lite as tg
    >>> with tg.threads():
    ...     y = tg.conv(np.ones((8, 28, 28, 1), np.float32), np.ones((3, 3, 1, 4), np.float32))
    >>> y.shape
    (8, 26, 26, 4)
    """
    if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 1):
        raise ValueError(f"threads: count must be a whole number of at least 1, given {count!r}")
    blas = _blas()
    if blas is None:
        yield _parts.get()
        return
    with blas:
        token = _parts.set(count or max(_parts.get(), blas.threads))
        try:
            yield _parts.get()
        finally:
            _parts.reset(token)


class _Blas:
    """Holds BLAS to one thread from the first `with` to the end of the last, whichever threads they are in."""

    def __init__(self, libraries: Any) -> None:
        self.libraries = libraries
        self.threads = 1  # as many as it used before
        self.users = 0
        self.lock = threading.Lock()
        self.limits = ExitStack()

    def __enter__(self) -> None:
        with self.lock:
            if not self.users:
                self.threads = max([library.num_threads for library in self.libraries.lib_controllers], default=1)
                self.limits.enter_context(self.libraries.limit(limits=1))
                self.limits.enter_context(_keeping_freed_memory())
            self.users += 1

    def __exit__(self, *_: object) -> None:
        with self.lock:
            self.users -= 1
            if not self.users:
                self.limits.close()


@cache
def _blas() -> _Blas | None:
    try:
        from threadpoolctl import ThreadpoolController
    except ImportError:
        return None
    return _Blas(ThreadpoolController().select(user_api="blas"))


@contextmanager
def _keeping_freed_memory() -> Iterator[None]:
    """Inside, glibc keeps what is freed; other systems' allocators are left as they are."""
    libc: Any = ctypes.CDLL(None) if os.name == "posix" else None
    if not hasattr(libc, "mallopt"):
        yield
        return
    trim_threshold, mmap_threshold, largest = -1, -3, 32 << 20  # mallopt(3); more than `largest` it refuses
    libc.mallopt(mmap_threshold, largest)
    libc.mallopt(trim_threshold, 1 << 30)
    try:
        yield
    finally:
        libc.mallopt(trim_threshold, 2 * largest)  # what glibc itself arrives at after it has freed a large array


def threads_in_use() -> int:
    """How many threads large operations are shared among: 1 outside `threads()`."""
    return _parts.get()


def in_parts(work: Callable[[int, int], T], count: int, size: int) -> list[T]:
    """[work(start, stop), ...] for the parts of range(count), one for each thread; `size` elements are worked on.

    Returns, or raises the first error, when all parts are done: nobody writes to memory afterwards.
    """
    parts = 1 if size < SMALL else min(_parts.get(), count)
    if parts <= 1:
        return [work(0, count)]
    bounds = [count * i // parts for i in range(parts + 1)]
    futures: list[Future[T]] = []
    try:
        for i in range(1, parts):
            futures.append(_executor().submit(copy_context().run, work, bounds[i], bounds[i + 1]))
        first = work(0, bounds[1])
    finally:
        wait(futures)
    return [first, *[future.result() for future in futures]]


def share_out(work: Callable[[Iterator[slice]], object], count: int, size: int, step: int) -> None:
    """work(blocks) on each thread: the threads take slices of `step` out of range(count) until there are no more.

    For work that writes each block to a place of its own: who takes which makes no difference. The slices are made a
    little smaller where that lets the threads be done at the same time.
    """
    rounds = -(-count // (step * _parts.get()))
    step = max(1, -(-count // max(1, rounds * _parts.get())))
    blocks = iter([slice(n, min(n + step, count)) for n in range(0, count, step)])
    in_parts(lambda start, stop: work(blocks), count, size)


def by_blocks(work: Callable[[Any], object], shape: tuple[int, ...]) -> None:
    """work(block) for slices of the first axis of such an array, each of a size that a core's own cache holds.

    On all threads inside `threads()`. Returns when all blocks are done, or raises the first error.

    >>> import numpy as np, tinygrad_lite as tg
    >>> x, out = np.arange(6.0).reshape(3, 2), np.empty((3, 2))
    >>> tg.by_blocks(lambda block: np.exp(x[block], out=out[block]), x.shape)
    >>> bool((out == np.exp(x)).all())
    True
    """
    size = math.prod(shape)
    if not shape or size <= SMALL:
        work(slice(None) if shape else ...)
        return

    def take(blocks: Iterator[slice]) -> None:
        for block in blocks:
            work(block)

    share_out(take, shape[0], size, max(1, BLOCK * shape[0] // size))


def _executor() -> ThreadPoolExecutor:
    global _pool
    if _pool is None:
        _pool = ThreadPoolExecutor(max(1, (os.cpu_count() or 1) - 1), thread_name_prefix="tinygrad_lite")
    return _pool


def _forget_pool(*_: Any) -> None:
    global _pool
    _pool = None  # a forked process has none of its parent's threads


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pool)
