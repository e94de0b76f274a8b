"""Threads: modes belong to the thread, gradients of a shared leaf to all of them."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import tinygrad_lite as tg


def test_recording_belongs_to_the_thread():
    x = tg.tensor(2.0, requires_grad=True)
    with tg.no_grad(), tg.scope("mine"), ThreadPoolExecutor(1) as pool:
        there = pool.submit(lambda: x * x).result()
        here = x * x
    assert there.requires_grad and there.scope == () and not here.requires_grad


def test_a_thread_that_leaves_no_grad_late_disturbs_nobody():
    entered, leave = threading.Event(), threading.Event()

    def other():
        with tg.no_grad():
            entered.set()
            leave.wait(10)
        return tg.is_grad_enabled()

    with ThreadPoolExecutor(1) as pool:
        result = pool.submit(other)
        entered.wait(10)
        assert tg.is_grad_enabled()
        leave.set()
        assert result.result()
    assert tg.is_grad_enabled()


def test_nested_gradients_interleaved_in_two_threads():
    """Both threads are inside their inner gradient at the same time, in every round."""
    meet = threading.Barrier(2)

    def second_derivative_of_a_cube(x):
        def inner(y):
            meet.wait(10)
            z = y * y
            meet.wait(10)
            return z * y

        return tg.grad(lambda y: tg.grad(inner)(y))(x).item()

    with ThreadPoolExecutor(2) as pool:
        for i in range(50):
            assert list(pool.map(second_derivative_of_a_cube, [2.0, 4.0 + i])) == [12.0, 6 * (4.0 + i)]


def test_a_leaf_shared_by_eight_threads_sums_right():
    x = tg.tensor(np.ones(3), requires_grad=True)
    start = threading.Barrier(8)

    def work(k):
        start.wait(10)
        for _ in range(500):
            (x * k).sum().backward()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(1, 9)))
    assert x.grad.tolist() == [500.0 * 36] * 3


def losses(x):
    """Small graphs of different kinds, hooks and a stretch without recording among them."""
    y = tg.tanh(x) * x + 1
    with tg.no_grad():
        factor = y * 2
    z = (y * factor / (x * x + 1)).sum()
    z.register_hook(lambda g: g * 3)
    return z


@pytest.mark.parametrize("rounds", [1_000, pytest.param(10_000, marks=pytest.mark.slow)])
def test_two_threads_at_once_give_the_gradients_of_each_alone(rounds):
    """Bit for bit, while the interpreter changes threads as often as it can."""

    def gradient(start):
        x = tg.tensor(np.linspace(start, start + 1, 5), requires_grad=True)
        losses(x).backward()
        return x.grad.tolist()

    alone = [gradient(1.0), gradient(-3.0)]
    meet, interval = threading.Barrier(2), sys.getswitchinterval()

    def work(start):
        meet.wait(10)
        return {tuple(gradient(start)) for _ in range(rounds)}

    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(2) as pool:
            found = list(pool.map(work, [1.0, -3.0]))
    finally:
        sys.setswitchinterval(interval)
    assert found == [{tuple(g)} for g in alone] and alone[0] != alone[1]


def test_one_thread_records_while_the_other_does_not():
    meet = threading.Barrier(2)
    w = tg.tensor(2.0, requires_grad=True)

    def work(recording):
        meet.wait(10)
        block = tg.enable_grad if recording else tg.no_grad
        found = set()
        for _ in range(2_000):
            with block():
                found.add((w * w).requires_grad)
        return found

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(work, [True, False])) == [{True}, {False}]
