"""Dataset: a pass is always the same, whatever threads are at work and wherever it begins; and threads end."""

import gc
import itertools
import math
import os
import re
import signal
import subprocess
import sys
import threading
import time
import traceback
import weakref
from functools import partial

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import nn
import tinygrad_lite as tg
from nn.batches import as_source
from nn.pipeline.ahead import ahead
from nn.random import drawing_from

X, Y = np.arange(10.0), np.arange(10)


def plain(elements):
    """What the elements hold, to be compared."""
    return [tuple(np.asarray(part).tolist() for part in element) for element in elements]


def numbers(elements):
    return [x for (x,) in plain(elements)]


def counted(n):
    """A function whose iterators give so many numbers."""

    def count():
        yield from range(n)

    return count


def workers():
    return [thread for thread in threading.enumerate() if thread.name == "nn.Dataset"]


def wait_for_no_workers():
    end = time.monotonic() + 10
    while workers() and time.monotonic() < end:
        time.sleep(0.001)
    assert workers() == []


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    if workers():
        gc.collect()  # a caught error's traceback may hold an iterator
    wait_for_no_workers()


# Where samples come from.


def test_rows_of_arrays():
    data = nn.Dataset.from_arrays(X, Y, X / 2)
    assert len(data) == data.length == 10 and data.batched is False
    assert plain(data.take(2)) == [(0.0, 0, 0.0), (1.0, 1, 0.5)]
    assert plain(nn.Dataset.from_arrays(["a", "b"])) == [("a",), ("b",)]
    assert plain(nn.Dataset.from_arrays([[1, 2], [3, 4]])) == [([1, 2],), ([3, 4],)]
    assert plain(nn.Dataset.from_arrays(tg.tensor([1.0, 2.0], requires_grad=True))) == [(1.0,), (2.0,)]


def test_lists_and_dicts_of_arrays():
    data = nn.Dataset.from_arrays([X, {"b": X + 1}], {"c": Y, "d": Y * 2})
    x, y = list(data.batch(4))[-1]
    assert isinstance(x, list) and x[0].tolist() == [8, 9] and x[1]["b"].tolist() == [9, 10]
    assert y["c"].tolist() == [8, 9] and y["d"].tolist() == [16, 18]
    by_map = data.map(lambda x, y: (x, y)).batch(4)  # not taken at once, but stacked
    x2, y2 = list(by_map)[-1]
    assert x2[0].tolist() == [8, 9] and x2[1]["b"].tolist() == [9, 10] and y2["d"].tolist() == [16, 18]


def test_the_arrays_cannot_be_changed_by_accident():
    x = np.zeros((3, 2))

    def change(x):
        x += 1
        return x

    with pytest.raises(ValueError, match="read-only"):
        list(nn.Dataset.from_arrays(x).map(change))
    assert x.flags.writeable and not x.any()


def test_batches_of_arrays_are_views_where_rows_follow_each_other():
    data = nn.Dataset.from_arrays(X).batch(4)
    assert all(np.shares_memory(x, X) for (x,) in data)
    assert [x.tolist() for (x,) in data.epoch(0)] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_a_generator_is_begun_anew_in_each_pass():
    begun = []

    def function():
        begun.append(len(begun))
        yield from [(1, 2), (3, 4)]

    data = nn.Dataset.from_generator(function)
    assert plain(data) == plain(data) == [(1, 2), (3, 4)]
    assert begun == [0, 1] and data.length is None and data.batched is None
    assert plain(nn.Dataset.from_generator(lambda: [5, 6])) == [(5,), (6,)]
    assert plain(nn.Dataset.from_generator(lambda: [([1, 2], 0), ([3, 4], 1)]).batch(2)) == [([[1, 2], [3, 4]], [0, 1])]


# The steps.


def test_batch():
    data = nn.Dataset.from_generator(counted(10))
    assert numbers(data.batch(4)) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert numbers(data.batch(4, drop_remainder=True)) == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert numbers(data.batch(4).batch(2, drop_remainder=True)) == [[[0, 1, 2, 3], [4, 5, 6, 7]]]
    arrays = nn.Dataset.from_arrays(X)
    assert [len(arrays.batch(n)) for n in (1, 4, 5, 10, 11)] == [10, 3, 2, 1, 1]
    assert [len(arrays.batch(n, drop_remainder=True)) for n in (1, 4, 5, 10, 11)] == [10, 2, 2, 1, 0]


def test_map_and_filter():
    data = nn.Dataset.from_arrays(X, Y)
    assert plain(data.map(lambda x, y: (x + 1, y, 0.5)).take(1)) == [(1.0, 0, 0.5)]
    assert plain(data.map(lambda x, y: x * 2).take(2)) == [(0.0,), (2.0,)]
    assert plain(data.filter(lambda x, y: y % 4 == 1)) == [(1.0, 1), (5.0, 5), (9.0, 9)]
    assert plain(data.batch(5).map(lambda x, y: (tg.tensor(x).sum(), y.max()))) == [(10.0, 4), (35.0, 9)]
    assert data.filter(lambda x, y: True).length is None


def test_take_skip_and_repeat():
    for data in (nn.Dataset.from_arrays(Y), nn.Dataset.from_generator(counted(10))):
        assert numbers(data.skip(7)) == [7, 8, 9] and numbers(data.skip(12)) == numbers(data.take(0)) == []
        assert numbers(data.take(2)) == [0, 1] and numbers(data.take(12)) == list(range(10))
        assert numbers(data.skip(8).repeat(2).take(3)) == [8, 9, 8]
        assert numbers(data.skip(8).repeat().skip(3).take(3)) == [9, 8, 9]
        assert numbers(data.skip(7).repeat().batch(2).take(2)) == [[7, 8], [9, 7]]
        assert data.repeat().length == math.inf
    assert len(nn.Dataset.from_arrays(Y).repeat().skip(3).take(5)) == 5
    assert len(nn.Dataset.from_arrays(Y).repeat(3).skip(25)) == 5


def test_shuffled_arrays_are_a_permutation_and_another_in_each_pass():
    data = nn.Dataset.from_arrays(X, Y).shuffle()
    passes = [plain(data.epoch(e)) for e in range(20)]
    assert all(sorted(each) == [(i, i) for i in range(10)] for each in passes)
    assert len({tuple(each) for each in passes}) == 20
    places = [[y for _, y in plain(data.epoch(e))].index(0) for e in range(1000)]
    np.testing.assert_allclose(np.bincount(places, minlength=10), 100, atol=40)
    twice = numbers(nn.Dataset.from_arrays(Y).shuffle().repeat(2))
    assert sorted(twice[:10]) == sorted(twice[10:]) and twice[:10] != twice[10:]
    assert sorted(numbers(nn.Dataset.from_arrays(Y).repeat(2).shuffle())) == sorted(twice)
    assert plain(data.repeat(3).epoch(2)) == [element for e in (6, 7, 8) for element in passes[e]]
    assert plain(data.repeat().take(20).epoch(5)) == passes[5] + passes[6]


@pytest.mark.parametrize("make", [lambda: nn.Dataset.from_arrays(Y), lambda: nn.Dataset.from_generator(counted(10))])
def test_a_buffer_shuffles_what_comes_by(make):
    data = make().shuffle(4)
    passes = [numbers(data.epoch(e)) for e in range(300)]
    assert all(sorted(each) == list(range(10)) for each in passes)
    assert all(number < place + 4 for each in passes for place, number in enumerate(each))
    firsts = np.bincount([each[0] for each in passes])
    assert len(firsts) == 4 and firsts.min() > 40
    assert numbers(make().shuffle(1)) == list(range(10))
    assert sorted(numbers(make().shuffle(100))) == list(range(10)) != numbers(make().shuffle(100))


def test_a_for_loop_is_the_next_pass():
    data = nn.Dataset.from_arrays(Y).shuffle()
    assert [numbers(data) for _ in range(3)] == [numbers(data.epoch(e)) for e in range(3)]
    assert numbers(data.take(10)) == numbers(data.epoch(0))  # a new Dataset begins at 0


def test_what_it_says_it_is():
    data = nn.Dataset.from_arrays({"a": X, "b": np.zeros((10, 2), np.uint8)}, Y).shuffle(seed=1)
    assert repr(data.batch(4, drop_remainder=True).map(np.sin, threads=2).prefetch(2)) == (
        "<Dataset.from_arrays(x (10,) float64 and (10, 2) uint8, y (10,) int64).shuffle(seed=1)"
        ".batch(4, drop_remainder=True).map(sin, threads=2).prefetch(2): 2 elements>"
    )
    assert repr(data.repeat()).endswith(".repeat(): endless>")
    assert repr(nn.Dataset.from_generator(counted(3)).filter(bool)) == "<Dataset.from_generator(count).filter(bool)>"
    assert bool(data.take(0))


# Random numbers.


def noisy(x, *rest):
    return x + nn.random_generator().integers(1000), *rest


def random_count():
    for _ in range(6):
        yield int(nn.random_generator().integers(1000))


def chain(threads=0, **seed):
    data = nn.Dataset.from_arrays(Y).shuffle(**seed).map(noisy, threads, **seed).shuffle(3, **seed).batch(2)
    data = data.map(noisy, threads, **seed).filter(lambda x: nn.random_generator().random() < 0.8, **seed)
    return data.prefetch(2) if threads else data


def test_a_seed_repeats_everything_whatever_the_threads():
    for make in (chain, lambda threads: chain(threads, seed=5)):
        runs = []
        for threads in (0, 1, 4, 0):
            nn.set_random_seed(3)
            data = make(threads)
            nn.set_random_seed(4)  # no matter: the seeds are drawn when the Dataset is made
            runs.append([plain(data.epoch(e)) for e in (0, 1, 7)])
        assert runs[0] == runs[1] == runs[2] == runs[3]
        assert len({repr(each) for each in runs[0]}) == 3
    assert plain(chain()) != plain(chain())
    assert plain(chain(seed=5)) == runs[0][0] != plain(chain(seed=6))


def test_steps_of_the_same_seed_draw_other_numbers():
    draw = lambda x: nn.random_generator().random()
    first, second = (nn.Dataset.from_arrays(X).map(draw, seed=1).map(draw, seed=1) for _ in range(2))
    assert numbers(first) == numbers(second)
    pairs = nn.Dataset.from_arrays(X).map(lambda x: (x, draw(x)), seed=1).map(lambda x, y: (y, draw(x)), seed=1)
    assert all(x != y for x, y in plain(pairs))
    assert len({*numbers(first.epoch(0)), *numbers(first.epoch(1))}) == 20


def test_a_generator_function_draws_other_numbers_in_each_pass_and_the_same_again():
    data = nn.Dataset.from_generator(random_count, seed=1)
    first, second = numbers(data), numbers(data)
    assert first != second and numbers(data.epoch(0)) == first == numbers(data.prefetch(3).epoch(0))
    assert numbers(data.epoch(1, start=2)) == second[2:]


def test_who_draws_meanwhile_is_not_disturbed():
    nn.set_random_seed(1)
    alone = nn.random_generator().random(4).tolist()
    data = nn.Dataset.from_generator(random_count, seed=1).map(noisy, seed=1).filter(noisy, seed=2).shuffle(2, seed=3)
    nn.set_random_seed(1)
    assert [nn.random_generator().random() for _ in data.take(4)] == alone
    nn.set_random_seed(1)
    with pytest.raises(ZeroDivisionError):
        list(nn.Dataset.from_arrays(X).map(lambda x: nn.random_generator().random() / 0, seed=1))
    assert nn.random_generator().random(4).tolist() == alone


def test_a_generator_that_nobody_draws_from_is_not_made():
    made = []
    with drawing_from(lambda: made.append(1) or np.random.default_rng(0)):
        assert not made
        assert nn.random_generator() is nn.random_generator() and made == [1]
        with drawing_from(lambda: np.random.default_rng(1)):
            assert nn.random_generator().random() == np.random.default_rng(1).random()
        assert nn.random_generator().random() == np.random.default_rng(0).random()


# Wherever a pass begins.

SOURCES = ["arrays", "generator"]
STEPS = [
    ("shuffle",),
    ("shuffle", 3),
    ("batch", 2),
    ("batch", 3, True),
    ("map",),
    ("map threads",),
    ("filter",),
    ("take", 5),
    ("skip", 2),
    ("repeat",),
    ("repeat", 2),
    ("prefetch", 2),
]


def built(source, size, chosen, threads):
    nn.set_random_seed(size)
    data = nn.Dataset.from_arrays(np.arange(size)) if source == "arrays" else nn.Dataset.from_generator(counted(size))
    for name, *values in chosen:
        if name.startswith("map"):
            data = data.map(noisy, threads if name == "map threads" else 0)
        elif name == "filter":
            data = data.filter(lambda x: nn.random_generator().random() < 0.7)
        elif name == "shuffle":
            try:
                data = data.shuffle(*values)
            except ValueError:  # not all at once
                data = data.shuffle(3)
        else:
            data = getattr(data, name)(*values)
    return data.take(30) if data.length is None or data.length > 30 else data


def goes_on_from_anywhere(source, size, chosen, epoch):
    whole = plain(built(source, size, chosen, 0).epoch(epoch))
    for threads in (0, 1, 4) if {("map threads",)} & {*chosen} else (0,):
        data = built(source, size, chosen, threads)
        assert data.length in (None, len(whole))
        assert plain(data.epoch(epoch)) == whole
        for start in {0, 1, 3, len(whole) // 2, max(0, len(whole) - 1), len(whole), len(whole) + 3}:
            assert plain(data.epoch(epoch, start)) == whole[start:]


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("first", STEPS)
def test_a_pass_begun_in_the_middle_goes_on_as_the_whole_pass(source, first):
    for second in STEPS:
        if {first, second} != {("filter",), ("repeat",)} and not first[0] == second[0] == "batch":
            goes_on_from_anywhere(source, 7, [first, second], 2)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    st.sampled_from(SOURCES), st.integers(1, 10), st.lists(st.sampled_from(STEPS), min_size=3, max_size=6),
    st.integers(0, 3),
)  # fmt: skip
def test_a_longer_chain_begun_in_the_middle_goes_on_as_the_whole_pass(source, size, chosen, epoch):
    assume(not {("filter",), ("repeat",)} <= {*chosen})  # it might wait for ever for what is left out
    try:
        goes_on_from_anywhere(source, size, chosen, epoch)
    except ValueError:  # nothing to be repeated, or batches of several lengths to be stacked
        assume(False)


def test_what_is_left_out_is_no_work():
    called = []

    def function(x):
        called.append(x)
        return x

    for threads in (0, 2):
        called.clear()
        data = nn.Dataset.from_arrays(np.arange(1000)).shuffle(seed=1).batch(10).map(function, threads).repeat(3)
        whole = numbers(data.epoch(1))
        assert len(whole) == 300
        called.clear()
        assert numbers(data.epoch(1, start=250)) == whole[250:]
        assert len(called) == 50
    endless = nn.Dataset.from_arrays(np.arange(1000)).shuffle(seed=1).repeat().batch(10)
    assert numbers(endless.take(10**12 + 1).epoch(0, start=10**12)) == numbers(
        nn.Dataset.from_arrays(np.arange(1000)).shuffle(seed=1).batch(10).take(1).epoch(10**10)
    )


# Threads.


def test_several_threads_are_at_work_and_keep_the_order():
    together = threading.Barrier(4, timeout=10)

    def function(x):
        together.wait()
        time.sleep(0.001 * (x % 3))
        return x

    assert numbers(nn.Dataset.from_arrays(np.arange(16)).map(function, threads=4)) == list(range(16))


@pytest.mark.parametrize(("step", "most"), [(lambda data: data.map(lambda x: x, 3), 6), (lambda d: d.prefetch(4), 4)])
def test_they_work_only_so_far_ahead(step, most):
    given = []

    def function():
        for i in itertools.count():
            given.append(i)
            yield i

    taken = step(nn.Dataset.from_generator(function)).epoch(0)
    for asked in range(1, 5):
        next(taken)
        time.sleep(0.05)
        assert asked < len(given) <= asked + most
    taken.close()


def boom(x):
    if x == 5:
        raise LookupError("five")
    return x


@pytest.mark.parametrize("threads", [0, 1, 4])
@pytest.mark.parametrize("prefetch", [0, 3])
@pytest.mark.parametrize("where", ["map", "filter", "generator"])
def test_an_error_comes_where_its_element_is_asked_for(threads, prefetch, where):
    if where == "generator":
        data = nn.Dataset.from_generator(lambda: map(boom, range(10))).map(lambda x: x, threads)
    elif where == "filter":
        data = nn.Dataset.from_arrays(np.arange(10)).filter(lambda x: boom(x) is not None).map(lambda x: x, threads)
    else:
        data = nn.Dataset.from_arrays(np.arange(10)).map(boom, threads)
    given, seen = (data.prefetch(prefetch) if prefetch else data).epoch(0), []
    with pytest.raises(LookupError, match="five") as raised:
        seen.extend(int(x) for (x,) in given)
    assert seen == [0, 1, 2, 3, 4]
    lines = traceback.extract_tb(raised.value.__traceback__)
    assert lines[-1].line == 'raise LookupError("five")'
    if where != "generator":
        assert raised.value.__notes__ == [
            f"in {where}({'boom' if where == 'map' else '<lambda>'}), element 5 of pass 0"
        ]
    assert list(given) == []


def test_threads_end_when_nobody_asks_any_more():
    data = nn.Dataset.from_arrays(np.arange(1000)).map(lambda x: x, 3).batch(2).map(lambda x: x, 2).prefetch(4)
    for leave in (lambda given: given.close(), lambda given: None):
        given = data.epoch(0)
        assert not workers()  # none before the first element
        next(given)
        assert len(workers()) == 6
        leave(given)
        del given
        wait_for_no_workers()


def test_a_batch_that_was_given_is_not_kept():
    class Kept(np.ndarray):
        pass

    data = nn.Dataset.from_arrays(np.arange(100)).map(lambda x: np.zeros(3).view(Kept), 2).prefetch(2)
    given = data.epoch(0)
    seen = [weakref.ref(next(given)[0]) for _ in range(10)]
    time.sleep(0.05)
    assert [ref() is None for ref in seen] == [True] * 9 + [False]  # the last is held until the next is asked for

    idle = ahead(iter([lambda: np.zeros(3).view(Kept)] * 9), 2, 1)
    seen = [weakref.ref(next(idle)) for _ in range(5)]
    time.sleep(0.05)
    assert all(ref() is None for ref in seen)


def test_what_was_to_be_done_ahead_is_not_begun_after_the_end():
    begun, go_on = [], threading.Event()

    def function(x):
        begun.append(x)
        if x == 1:
            go_on.wait(10)
        return x

    given = ahead((partial(function, x) for x in range(100)), threads=1, depth=5)
    next(given)
    while len(begun) < 2:
        time.sleep(0.001)
    given.close()
    go_on.set()
    wait_for_no_workers()
    assert begun == [0, 1]


def test_threads_run_in_the_context_of_who_asks():
    seen = []

    def function(x):
        seen.append((tg.is_grad_enabled(), threading.current_thread().name))
        return x

    for data in (
        nn.Dataset.from_arrays(X).map(function, threads=2),
        nn.Dataset.from_arrays(X).map(function).prefetch(1),
    ):
        seen.clear()
        with tg.no_grad():
            list(data)
        assert set(seen) == {(False, "nn.Dataset")}


def test_a_generator_may_hold_a_context_open():
    closed = []

    def function():
        with tg.no_grad():
            try:
                yield from X
            finally:
                closed.append(tg.is_grad_enabled())

    given = nn.Dataset.from_generator(function).prefetch(2).epoch(0)
    next(given)
    given.close()
    end = time.monotonic() + 10
    while not closed and time.monotonic() < end:
        time.sleep(0.001)
    assert closed == [False] and tg.is_grad_enabled()


SLEEPER = """
import os, signal, time, nn, numpy as np
signal.signal(signal.SIGINT, signal.default_int_handler)  # what was begun in the background may ignore it
def function(x):
    if x:
        os.write(1, b"asleep\\n")
        time.sleep(60)
    return x
for x in nn.Dataset.from_arrays(np.arange(9)).map(function, threads=2){}:
    pass
"""


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
@pytest.mark.parametrize("step", ["", ".prefetch(2)"])
def test_an_interrupt_is_heard_while_threads_work(step):
    command = [sys.executable, "-c", SLEEPER.format(step)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdout.readline() == "asleep\n"
            program.send_signal(signal.SIGINT)
            _, errors = program.communicate(timeout=20)
        finally:
            program.kill()
    assert errors.rstrip().endswith("KeyboardInterrupt") and program.returncode != 0


def test_a_thread_that_cannot_be_started_leaves_none_behind(monkeypatch):
    start, started = threading.Thread.start, []

    def failing(self):
        if len(started) == 2:
            raise RuntimeError("can't start new thread")
        started.append(self)
        start(self)

    monkeypatch.setattr(threading.Thread, "start", failing)
    with pytest.raises(RuntimeError, match="can't start"):
        list(ahead(iter([int, int]), 3, 2))
    for thread in started:
        thread.join(10)
        assert not thread.is_alive()


# Bad input.

DATA = nn.Dataset.from_arrays(X, Y)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: nn.Dataset(X, Y), TypeError, r"write Dataset.from_arrays\(x, y\), not Dataset\(x, y\): given ndarray"),
        (lambda: nn.Dataset.from_arrays(X, Y[:9]), ValueError, r"as many .* given x \(10,\) float64, y \(9,\) int64"),
        (lambda: nn.Dataset.from_arrays([X, X[:3]]), ValueError, r"given x \(10,\) float64 and \(3,\) float64"),
        (lambda: nn.Dataset.from_arrays({}), ValueError, "as many samples each, given x"),
        (lambda: nn.Dataset.from_arrays(X, None, Y), ValueError, "sample_weight is given without y"),
        (lambda: nn.Dataset.from_arrays(3.0), ValueError, "whose first axis counts the samples, given 3.0"),
        (lambda: nn.Dataset.from_arrays(None), ValueError, "first axis counts the samples, given None"),
        (
            lambda: nn.Dataset.from_generator(counted(3)()),
            TypeError,
            r"write from_generator\(function\), not from_gene",
        ),
        (lambda: nn.Dataset.from_generator([1, 2]), TypeError, r"from_generator needs a function, given list \[1, 2\]"),
        (lambda: list(nn.Dataset.from_generator(lambda: 3)), TypeError, "<lambda> must give an iterator of samples"),
        (lambda: list(nn.Dataset.from_generator(lambda: [(1, 2, 3, 4)])), ValueError, "given 4 parts"),
        (lambda: list(nn.Dataset.from_generator(lambda: [()])), ValueError, "given 0 parts"),
        (
            lambda: list(DATA.map(lambda x, y: None)),
            ValueError,
            "given None in it\nin map.<lambda>., element 0 of pass",
        ),
        (lambda: list(DATA.map(lambda x: x)), TypeError, "positional argument"),
        (lambda: DATA.map(3), TypeError, "map needs a function, given int 3"),
        (lambda: DATA.filter("x"), TypeError, "filter needs a function, given str 'x'"),
        (lambda: DATA.map(np.sin, threads=-1), ValueError, "threads must be a whole number of at least 0, given -1"),
        (lambda: DATA.map(np.sin, seed="a"), TypeError, "seed must be a whole number"),
        (lambda: DATA.batch(0), ValueError, "batch_size must be a whole number of at least 1, given 0"),
        (lambda: DATA.batch(2.0), TypeError, "batch_size must be a whole number"),
        (lambda: DATA.prefetch(0), ValueError, "count must be a whole number of at least 1"),
        (lambda: DATA.take(-1), ValueError, "count must be a whole number of at least 0"),
        (lambda: DATA.skip(None), TypeError, "count must be a whole number"),
        (lambda: DATA.repeat(0), ValueError, "count must be a whole number of at least 1"),
        (lambda: DATA.epoch(-1), ValueError, "number must be a whole number"),
        (lambda: DATA.epoch(0, start=0.5), TypeError, "start must be a whole number"),
        (lambda: DATA.shuffle(0), ValueError, "buffer_size must be a whole number of at least 1"),
        (lambda: DATA.repeat().shuffle(), ValueError, "needs buffer_size.*: these have no end"),
        (lambda: DATA.batch(2).shuffle(), ValueError, "needs buffer_size.*: only samples of arrays, not yet mapped or"),
        (lambda: len(DATA.repeat()), TypeError, r"repeat\(\): endless> has no len\(\): it does not end"),
        (lambda: len(DATA.filter(bool)), TypeError, r"has no len\(\): only going through it will tell"),
        (
            lambda: list(nn.Dataset.from_generator(lambda: [[1, 2], [1, 2], [1, 2, 3]]).batch(2).map(np.sin).batch(2)),
            ValueError,
            r"samples of the shapes \(2, 2\) and \(1, 3\) can't be one batch: map them to one shape before",
        ),
        (lambda: list(nn.Dataset.from_generator(lambda: [X, X[:2]]).batch(2)), ValueError, "in batch 0 of pass 0"),
        (
            lambda: list(nn.Dataset.from_generator(lambda: [{"a": X}, {"b": X}]).batch(2)),
            ValueError,
            "must all be dicts with the keys a",
        ),
        (
            lambda: list(nn.Dataset.from_generator(lambda: [(X, 1), (X,)]).batch(2)),
            ValueError,
            "must all have as many parts as the first, 2",
        ),
        (lambda: list(DATA.take(0).map(np.sin).filter(bool).repeat()), ValueError, "nothing to be repeated"),
    ],
)
def test_bad_input_says_what_to_write(call, error, words):
    with pytest.raises(error) as raised:
        call()
    told = "\n".join([str(raised.value), *getattr(raised.value, "__notes__", [])])
    assert re.search(words, told, re.DOTALL), told


# As batches for `fit`.


def ys(epoch):
    return [y.tolist() for _, y, _ in epoch]


def test_a_dataset_is_a_source_of_batches():
    data = DATA.shuffle(seed=2).batch(4)
    source = as_source(data, epochs=5, shuffle=True)
    assert source.steps == 3
    for epoch in (0, 1, 4):
        whole = [y for _, y in plain(data.epoch(epoch))]
        assert ys(source.epoch(epoch)) == whole and ys(source.epoch(epoch, 2)) == whole[2:]
    assert as_source(data.filter(lambda *parts: True)).steps is None


@pytest.mark.parametrize("step", [lambda data: data, lambda data: data.filter(lambda *x: True), lambda d: d.repeat()])
def test_steps_per_epoch_of_a_dataset_go_on_through_its_passes(step):
    data = DATA.shuffle(seed=2).batch(4)
    stream = [y for e in range(6) for _, y in plain(data.epoch(e))]
    source = as_source(step(data), steps_per_epoch=5)
    for epoch in (0, 1, 2, 0):
        assert ys(source.epoch(epoch)) == stream[epoch * 5 : epoch * 5 + 5]
    assert ys(source.epoch(1, start=3)) == stream[8:10]
    source.close()


@pytest.mark.parametrize("steps", [None, 2])
def test_closing_a_source_ends_its_threads_though_somebody_holds_its_iterator(steps):
    source = as_source(DATA.batch(2).map(lambda x, y: (x, y), 2).prefetch(1), steps_per_epoch=steps)
    given = source.epoch(0)
    next(given)
    assert workers()
    source.close()
    wait_for_no_workers()
    assert list(given) == []


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: as_source(DATA), ValueError, r"gives single samples: write .batch\(batch_size\) at its end"),
        (lambda: as_source(DATA.batch(2).repeat()), ValueError, "does not end: give steps_per_epoch"),
        (lambda: as_source(DATA.batch(2), Y), ValueError, "y is given beside x, but x is a Dataset"),
        (lambda: as_source(DATA.batch(2), batch_size=2), ValueError, "batch_size=2 is given, but x is a Dataset"),
        (lambda: list(as_source(DATA.batch(2).take(0)).epoch(0)), ValueError, "there are no batches"),
        (
            lambda: list(as_source(nn.Dataset.from_generator(lambda: [(1.0, 2)])).epoch(0)),
            ValueError,
            "x of batch 0 must have at least one sample along its first axis",
        ),
    ],
)
def test_a_dataset_that_fit_cannot_use_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()


def trained(data, epochs=2, **options):
    nn.set_random_seed(0)
    model = nn.Sequential([nn.Dense(4, "relu", input_shape=(3,)), nn.Dropout(0.5), nn.Dense(1)])
    model.compile("sgd", "mse")
    return model, model.fit(data, epochs=epochs, verbose=0, **options)


X3 = np.random.default_rng(1).standard_normal((40, 3)).astype(np.float32)
Y3 = X3.sum(axis=1, keepdims=True)


def jitter(x, y):
    return x + nn.random_generator().normal(0, 0.1, x.shape).astype(x.dtype), y


def test_fit_on_a_dataset_repeats_to_the_bit_whatever_the_threads():
    runs = []
    for threads in (0, 1, 4):
        data = nn.Dataset.from_arrays(X3, Y3).shuffle(seed=1).map(jitter, threads, seed=2).batch(8)
        model, history = trained(data.prefetch(2) if threads else data, validation_data=data)
        runs.append(([w.tobytes() for w in model.get_weights()], history.history))
    assert runs[0] == runs[1] == runs[2]
    assert history.history["val_loss"][-1] < history.history["val_loss"][0]


def test_evaluate_and_predict_on_a_dataset():
    data = nn.Dataset.from_arrays(X3, Y3).batch(16).prefetch(1)
    model, _ = trained(data)
    assert model.evaluate(data, verbose=0) == pytest.approx(model.evaluate(X3, Y3, verbose=0))
    np.testing.assert_array_equal(model.predict(data), model.predict(X3, batch_size=16))


def test_an_error_in_fit_leaves_no_threads():
    class Failing(nn.Callback):
        def on_train_batch_end(self, batch, logs):
            raise LookupError

        on_test_batch_end = on_predict_batch_end = on_train_batch_end

    data = nn.Dataset.from_arrays(X3, Y3).map(jitter, 2).batch(4).prefetch(1)
    model, _ = trained(data)
    for call in (
        lambda: trained(data, callbacks=[Failing()]),
        lambda: trained(data, steps_per_epoch=2, callbacks=[Failing()]),
        lambda: model.evaluate(data, verbose=0, callbacks=[Failing()]),
        lambda: model.predict(data, callbacks=[Failing()]),
    ):
        with pytest.raises(LookupError) as raised:
            call()
        wait_for_no_workers()  # though the traceback still holds everything
        assert raised.value.__traceback__ is not None


def test_an_iterator_to_validate_with_is_refused_before_training_where_it_would_end():
    batches = nn.Dataset.from_arrays(X3, Y3).batch(8)
    with pytest.raises(ValueError, match=r"can't be gone through 2 times: say how many .* validation_steps"):
        trained(batches, validation_data=iter(batches))
    for options in ({"epochs": 3, "initial_epoch": 2}, {"validation_freq": 2}, {"validation_steps": 2}):
        _, history = trained(batches, validation_data=iter(batches), **options)
        assert history.history["val_loss"]
