"""Memory for time: a function whose steps are computed again in the walk back, instead of kept."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import numpy as np

from ..batching import bare
from ..mode import is_grad_enabled
from ..primitive import Array, Node, describe
from .capturing import Captured
from .one_step import one_step, stand_in
from .pulling import pull


def checkpoint(f: Callable[..., Any], generator: "np.random.Generator | None" = None) -> Callable[..., Any]:
    """The same function, of which the graph keeps the arguments only: the walk back runs it once more.

    A network of n equal blocks, each one a checkpoint, keeps n arguments and the steps of one block, for the time of
    one more run forward. Take about the square root of the number of layers as the number of blocks (Chen et al. 2016,
    arXiv:1604.06174). Layers that are not built yet run twice at first.

    f takes any arguments, nests of Tensors among them, and may close over Tensors such as weights; it returns a Tensor
    or a nest of them. generator: what f draws random numbers from, for dropout say: the second run draws the same ones.
    Derivatives of every order are those of f. What else f does, besides its result, it does twice.

    The walk back raises RuntimeError if the second run has another result (random numbers of another generator), or if
    a Tensor that f uses was changed in place since.

    >>> import tinygrad_lite as tg
    >>> w = tg.tensor(3.0, requires_grad=True)
    >>> block = tg.checkpoint(lambda x: tg.tanh(w * x) ** 2)
    >>> block(0.5).backward()  # 2 tanh(w x) / cosh(w x)² x
    >>> w.grad
    tensor(0.16356638)
    """

    @wraps(f)
    def block(*args: Any, **options: Any) -> Any:
        if not is_grad_enabled():
            return f(*args, **options)
        state = generator.bit_generator.state if generator else None
        call = Captured(lambda *full: f(*full, **options), args)
        if not call.settled:  # a layer drew its first weights: the next run is the one that can be repeated
            state = generator.bit_generator.state if generator else None
            call = Captured(lambda *full: f(*full, **options), args)

        def back(cotangents: list[Any], results: list[Any], inputs: list[Any]) -> list[Any]:
            fresh = [stand_in(x) for x in inputs]
            with _drawing_again(generator, state):
                outs = call(fresh)
            for out, result in zip(outs, results, strict=True):
                _compare(bare(out._data), bare(result._data if isinstance(result, Node) else result))
            return pull(outs, cotangents, fresh, is_grad_enabled())

        return call.filled(one_step("checkpoint", call.inputs, call.values, back) if call.values else [])

    return block


@contextmanager
def _drawing_again(generator: "np.random.Generator | None", state: Any) -> Iterator[None]:
    """Inside, the generator draws what it drew from that state on; afterwards it goes on where it stood."""
    if generator is None:
        yield
        return
    now = generator.bit_generator.state
    generator.bit_generator.state = state
    try:
        yield
    finally:
        generator.bit_generator.state = now


def _compare(again: Array, first: Array) -> None:
    """Raises RuntimeError unless the two are the same but for rounding."""
    same = again.shape == first.shape and again.dtype == first.dtype
    if same:
        tolerance = float(np.finfo(first.dtype).eps) ** 0.5
        with np.errstate(all="ignore"):
            same = np.allclose(again, first, tolerance, tolerance * np.max(abs(first), initial=0.0), equal_nan=True)
    if not same:
        raise RuntimeError(
            f"a checkpoint computed something else when it ran again for the derivative: {describe(again)} instead of"
            f" {describe(first)}. If it draws random numbers, write checkpoint(f, generator=...); arrays that it closes"
            " over must not change before the walk back"
        )
