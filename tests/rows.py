"""What the rows of the table of primitives are made of."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Row(NamedTuple):
    """f(xp, *args) is written once and runs with xp = tinygrad_lite and, where numpy is True, with xp = numpy."""

    name: str
    f: Callable[..., Any]
    args: tuple[Any, ...]
    numpy: Callable[..., Any] | None

    def reference(self, *args: Any) -> Any:
        return self.f(np, *args) if self.numpy is None else self.numpy(*args)


_rng = np.random.default_rng(0)


def normal(*shape: int) -> np.ndarray:
    return _rng.standard_normal(shape)


def complexes(*shape: int) -> np.ndarray:
    return normal(*shape) + 1j * normal(*shape)


def within(low: float, high: float, *shape: int) -> np.ndarray:
    return _rng.uniform(low, high, shape)


def spaced(*shape: int) -> np.ndarray:
    """Values in random order, no two nearer than 0.5 and none within 0.2 of an integer: far from every kink."""
    n = int(np.prod(shape))
    return (_rng.permutation(n) * 0.5 - n / 4 + 0.25 * ((n % 2) + 1)).reshape(shape) + 0.01 * _rng.random(shape)


def row(name: str, f: Callable[..., Any], *args: Any, numpy: Callable[..., Any] | None = None) -> Row:
    return Row(name, f, args, numpy)


def unary(names: str, values: np.ndarray) -> list[Row]:
    rows = [(name, lambda xp, x, name=name: getattr(xp, name)(x)) for name in names.split()]
    return [row(name, f, x) for name, f in rows for x in (values, values.reshape(-1)[0])]


def binary(name: str, x: np.ndarray, y: np.ndarray) -> list[Row]:
    """The same shape, stretched axes on either side, a number on either side."""
    f = lambda xp, a, b: getattr(xp, name)(a, b)
    number = y.reshape(-1)[0].item()
    rows = [row(name, f, a, b) for a, b in [(x, y), (x, y[0]), (x[:, :1], y), (x[:1], y[:, :1]), (x[0, 0], y)]]
    return [
        *rows,
        row(name, lambda xp, a: getattr(xp, name)(a, number), x),
        row(name, lambda xp, b: getattr(xp, name)(2.5, b), y),
    ]


def reduction(name: str, x: np.ndarray, numpy: Callable[..., Any] | None = None) -> list[Row]:
    cases: list[dict[str, Any]] = [
        {},
        {"axis": 0},
        {"axis": -1},
        {"axis": (0, -1)},
        {"axis": 1, "keepdims": True},
        {"keepdims": True},
    ]
    rows = []
    for case in cases:
        reference = None if numpy is None else lambda x, case=case: numpy(x, **case)
        rows.append(row(name, lambda xp, x, case=case: getattr(xp, name)(x, **case), x, numpy=reference))
    return rows
