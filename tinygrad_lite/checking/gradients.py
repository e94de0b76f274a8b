"""Any function's derivatives against finite differences."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..creation import tensor
from ..primitive import Node
from ..tensor import Tensor
from ..transforms import vjp


def check_grads(
    f: Callable[..., Tensor], *args: Any, order: int = 2, eps: float = 1e-6, tolerance: float = 1e-6, seed: int = 0
) -> None:
    """Raises AssertionError unless f's derivatives, up to the given order, agree with finite differences.

    f takes arrays or numbers and returns one Tensor; the floating point arguments are differentiated, in float64, and
    the complex ones in complex128. One random direction v and one random weighting u of the results, from a fixed seed:
    u . (f(x + eps v) - f(x - eps v)) / (2 eps) must equal (the u that backward() pulls back) . v, both as arrays and as
    Tensors recorded for the next order. The derivative is then checked in the same way. (a . b is the real part of
    conj(a) b, added up.)

    >>> import tinygrad_lite as tg
    >>> tg.check_grads(lambda x, y: tg.exp(x) * y, [0.5, 1.0], 2.0)
    >>> @tg.primitive(lambda g, out, x: g * x)  # wrong: it should be 2 * x
    ... def wrong(x):
    ...     return x * x
    >>> tg.check_grads(wrong, 3.0)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    AssertionError: derivative of order 1: backward() gives -0.0498287..., finite differences -0.0996574...
    """
    rng = np.random.default_rng(seed)
    values = [np.asarray(x._data if isinstance(x, Node) else x) for x in args]
    chosen = [i for i, x in enumerate(values) if x.dtype.kind in "fc"]
    if not chosen:
        raise TypeError("check_grads needs at least one floating point argument: write 2.0 instead of 2")

    def of_chosen(*points: Any) -> Tensor:
        full = list(args)
        for i, x in zip(chosen, points, strict=True):
            full[i] = x
        return f(*full)

    points = [values[i].astype(np.complex128 if values[i].dtype.kind == "c" else np.float64) for i in chosen]
    _check(of_chosen, points, 1, order, eps, tolerance, rng)


def _check(
    f: Callable[..., Tensor],
    points: list[np.ndarray],
    order: int,
    last: int,
    eps: float,
    tolerance: float,
    rng: "np.random.Generator",
) -> None:
    out, pull = vjp(f, *points)
    u = _random(rng, out)
    directions = [_random(rng, x) for x in points]
    pulled = [g.detach().numpy() for g in pull(u)]
    analytic = sum(float(_dot(v, g)) for g, v in zip(pulled, directions, strict=True))
    ahead, behind = (_values(f, points, directions, step) for step in (eps, -eps))
    numeric = float(_dot(u, (ahead - behind) / (2 * eps)))
    _compare(analytic, numeric, f"derivative of order {order}: backward() gives", "finite differences", tolerance)

    recorded = vjp(f, *[tensor(x, requires_grad=True) for x in points])[1](u)
    again = sum(float(_dot(v, g.detach().numpy())) for g, v in zip(recorded, directions, strict=True))
    _compare(again, analytic, f"derivative of order {order}: recorded, backward() gives", "on arrays", tolerance)

    if order < last:
        weights = [_random(rng, x) for x in points]

        def derivative(*xs: Any) -> Tensor:
            return sum(_dot(w, g) for w, g in zip(weights, vjp(f, *xs)[1](u), strict=True))

        _check(derivative, points, order + 1, last, eps, tolerance, rng)


def _random(rng: "np.random.Generator", like: Any) -> np.ndarray:
    """Random numbers of the shape of `like`, complex where it is."""
    v = rng.standard_normal(like.shape)
    return v + 1j * rng.standard_normal(like.shape) if like.dtype.kind == "c" else v


def _dot(a: np.ndarray, b: Any) -> Any:
    """How far b goes in the direction of a."""
    return (a.conj() * b).real.sum() if b.dtype.kind == "c" else (a * b).sum()


def _values(
    f: Callable[..., Tensor], points: list[np.ndarray], directions: list[np.ndarray], step: float
) -> np.ndarray:
    return f(*[tensor(x + step * v) for x, v in zip(points, directions, strict=True)]).detach().numpy()


def _compare(a: float, b: float, what: str, other: str, tolerance: float) -> None:
    if not abs(a - b) <= tolerance * (1 + max(abs(a), abs(b))):
        raise AssertionError(f"{what} {a:.9g}, {other} {b:.9g}")
