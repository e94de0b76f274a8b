"""Deep graphs and long runs: no recursion, little memory, nothing for the garbage collector to find."""

import copy
import gc
import pickle
import sys
import threading
import tracemalloc
from contextlib import suppress

import numpy as np
import pytest

import tinygrad_lite as tg


def in_a_small_stack(work):
    """work() in a thread with a stack of 512 KiB, at the default recursion limit."""
    assert sys.getrecursionlimit() <= 1000
    result = []
    before = threading.stack_size(512 * 1024)
    try:
        thread = threading.Thread(target=lambda: result.append(work()))
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    return result[0]


@pytest.mark.parametrize("depth", [100_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("create_graph", [False, True])
def test_a_deep_chain_forward_backward_delete(depth, create_graph):
    def work():
        x = tg.tensor(0.0, dtype=np.float64, requires_grad=True)
        y = x
        for _ in range(depth):
            y = y + 1.0
        y.backward(create_graph=create_graph)
        g, x.grad = x.grad, None
        result = y.item(), g.item()
        del y, g
        return result

    assert in_a_small_stack(work) == (depth, 1.0)


def test_a_deep_chain_can_be_dropped_without_backward():
    def work():
        y = tg.tensor(0.0, requires_grad=True)
        for _ in range(100_000):
            y = y * 1.0
        del y
        return True

    assert in_a_small_stack(work)


def test_deep_chains_of_changes_in_place_and_of_nested_inputs():
    def work():
        x = tg.tensor(np.ones(2), requires_grad=True)
        y = x * 1.0
        for _ in range(20_000):
            y += x
            y *= 1.0
        (y * tg.stack([y[0], y[1]])).sum().backward()
        return x.grad.tolist()

    assert in_a_small_stack(work) == [2 * 20_001.0**2] * 2


def test_repr_copy_and_errors_of_deep_graphs_never_meet_the_recursion_limit():
    def work():
        y = tg.tensor(0.0, requires_grad=True)
        for _ in range(20_000):
            y = y + 1.0
        for refused in (copy.deepcopy, pickle.dumps):
            with pytest.raises(RuntimeError, match="detach"):
                refused(y)
        cut = y.detach()
        assert copy.deepcopy(cut).item() == pickle.loads(pickle.dumps(cut)).item() == 20_000
        return repr(y), copy.copy(y).item(), f"{y:.1f}"

    assert in_a_small_stack(work) == ("tensor(20000., from=add)", 20_000.0, "20000.0")


def test_a_scalar_node_takes_at_most_700_bytes():
    x = tg.tensor(1.0, requires_grad=True)
    n = 10_000
    tracemalloc.start()
    try:
        y = x
        for _ in range(n):
            y = y * 1.0
        used = tracemalloc.get_traced_memory()[0] / n
    finally:
        tracemalloc.stop()
    assert used <= 700


def _step(w, data):
    loss = ((tg.tanh(data @ w) - 1.0) ** 2).mean() + w[0].max()
    loss.backward()
    with tg.no_grad(), w.writeable() as array:
        array -= 0.01 * w.grad.numpy()
    w.grad = None


def _transform(w, data):
    tg.grad(lambda v: tg.grad(lambda u: (u * u * v).sum())(v).sum())(w)


@pytest.mark.parametrize("step", [_step, _transform])
def test_memory_is_flat_over_10_000_steps_without_the_garbage_collector(step):
    w, data = tg.tensor(np.eye(3), requires_grad=True), np.ones((4, 3))
    gc.collect()
    gc.disable()
    try:
        for _ in range(5_000):  # until the interpreter's own caches are full
            step(w, data)
        start = sys.getallocatedblocks()
        for _ in range(10_000):
            step(w, data)
        assert sys.getallocatedblocks() - start < 200
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_a_failed_step_leaves_no_cycle_behind():
    x = tg.tensor(np.ones(3), requires_grad=True)
    gc.collect()
    gc.disable()
    try:
        for _ in range(10):
            for fail in (lambda: x + np.ones(2), lambda: (x * 2).backward(), lambda: x @ np.ones(2)):
                with suppress(ValueError, RuntimeError):
                    fail()
        assert gc.collect() == 0
    finally:
        gc.enable()


def chain(x, length, step):
    for _ in range(length):
        x = step(x)
    return x


def wide(x, length, step):
    ends = [step(x) for _ in range(length // 2)]
    total = ends[0]
    for end in ends[1:]:
        total = total + end
    return total


@pytest.mark.parametrize(
    ("small", "large"), [(2_000, 20_000), pytest.param(100_000, 1_000_000, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("graph", [chain, wide])
def test_each_operation_is_visited_once_and_takes_the_same_memory_however_many_there_are(graph, small, large):
    calls = []

    def rule(g, out, x):
        calls[-1] += 1
        return g

    @tg.primitive(rule)
    def step(x):
        return x + 1

    def bytes_of_each(length):
        calls.append(0)
        x = tg.tensor(1.0, requires_grad=True)
        tracemalloc.start()
        y = graph(x, length, step)
        recorded = tracemalloc.get_traced_memory()[1]
        y.backward()
        walked = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return np.array([recorded, walked]) / length

    few, many = bytes_of_each(small), bytes_of_each(large)
    assert calls == ([small, large] if graph is chain else [small // 2, large // 2])
    assert np.all(many < 1.3 * few), (few, many)
