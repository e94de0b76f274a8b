"""Functions of functions: from a function of Tensors, the function that computes its derivatives."""

from collections.abc import Callable, Sequence
from functools import wraps
from itertools import chain
from typing import Any

import numpy as np

from . import ops
from .backprop import history, pull_back, seed_of
from .creation import tensor, zeros_like
from .mode import enable_grad, is_grad_enabled
from .primitive import Node, describe, leaf
from .tensor import Tensor, differentiable


def vjp(f: Callable[..., Tensor], *args: Any) -> tuple[Tensor, Callable[..., tuple[Tensor, ...]]]:
    """f(*args), and the function that pulls a cotangent of that result back to a cotangent of each argument.

    The arguments are floating point arrays, numbers or Tensors. Calls nest in any order: what is pulled back can be
    differentiated again by whoever wants to. Raises TypeError if an argument is not floating point, or if f does not
    return a Tensor; RuntimeError if f changes an argument in place, or if something it used was changed since.

    >>> import tinygrad_lite as tg
    >>> y, pull = tg.vjp(lambda a, b: a * b, 2.0, 3.0)
    >>> y, pull(1.0)
    (tensor(6.), (tensor(3.), tensor(2.)))
    """
    out, leaves, _, watched = _record(f, args)
    number = out._number

    def pull(cotangent: Any = None) -> tuple[Tensor, ...]:
        if out._number != number:
            raise RuntimeError(f"the result of the function, a {describe(out)}, was changed in place before the pull")
        nodes = history(out, leaves)  # again: it notices what was changed since
        return _pull(out, leaves, nodes, watched, cotangent)

    # A Tensor of its own: whoever writes to the value does not change what is pulled back.
    return ops.reshape(out, out.shape) if watched and is_grad_enabled() else out.detach(), pull


def _record(f: Callable[..., Tensor], args: Sequence[Any]) -> tuple[Tensor, list[Tensor], list[Node], bool]:
    """f at fresh leaves: the result, the leaves, what lies between, and whether somebody outside wants a gradient."""
    leaves = [_fresh(x) for x in args]
    numbers = [x._number for x in leaves]
    with enable_grad():
        out = f(*leaves)
    if not isinstance(out, Tensor):
        raise TypeError(f"the function must return one Tensor, it returned {describe(out)}")
    if [x._number for x in leaves] != numbers:
        raise RuntimeError("the function changed an argument in place: write x = x + y in it, not x += y")
    nodes = history(out, leaves)
    reached = {node._number for node in nodes}
    # Somebody outside may want to differentiate the result: through an argument, or through what f closes over.
    watched = any(node._primitive is not None for node in leaves) or any(
        isinstance(x, Node) and x._requires_grad and x._number not in reached
        for x in (out, *chain.from_iterable(n._inputs or () for n in nodes if n._number not in numbers))
    )
    return out, leaves, nodes, watched


def _pull(
    out: Tensor, leaves: list[Tensor], nodes: list[Node], watched: bool, cotangent: Any = None
) -> tuple[Tensor, ...]:
    outside = watched or (isinstance(cotangent, Node) and cotangent._requires_grad)
    create_graph = outside and is_grad_enabled()
    seed = seed_of(out, cotangent, create_graph)
    found = {node._number: g for node, g in pull_back(nodes, seed, leaves, create_graph)}
    return tuple(_tensor(found[x._number]) if x._number in found else zeros_like(x) for x in leaves)


def _fresh(x: Any) -> Tensor:
    """A new Tensor to differentiate with respect to; what it came from stays behind it for those outside."""
    if isinstance(x, Tensor) and x._requires_grad and is_grad_enabled():
        return ops.reshape(x, x.shape)
    data = (x.detach() if isinstance(x, Tensor) else tensor(x))._data
    return leaf(Tensor, data, differentiable(data, True), shared=True)


def _tensor(g: Any) -> Tensor:
    return g if isinstance(g, Tensor) else leaf(Tensor, np.asarray(g))


def value_and_grad(f: Callable[..., Tensor], argnums: int | tuple[int, ...] = 0) -> Callable[..., tuple[Tensor, Any]]:
    """The function that computes f, which returns a single number, and its derivative by the arguments chosen.

    >>> import tinygrad_lite as tg
    >>> tg.value_and_grad(lambda x: (x * x).sum())([1.0, 2.0])
    (tensor(5.), tensor([2., 4.]))
    """
    chosen = argnums if isinstance(argnums, tuple) else (argnums,)

    @wraps(f)
    def derivative(*args: Any, **options: Any) -> tuple[Tensor, Any]:
        def of_chosen(*some: Any) -> Tensor:
            full = list(args)
            for i, x in zip(chosen, some, strict=True):
                full[i] = x
            return f(*full, **options)

        value, leaves, nodes, watched = _record(of_chosen, [args[i] for i in chosen])
        if value.size != 1:
            raise ValueError(
                f"the function must return a single number, it returned a {describe(value)}: reduce it, for example"
                " .sum(), or choose a cotangent with vjp"
            )
        grads = _pull(value, leaves, nodes, watched)
        value = value if watched and is_grad_enabled() else value.detach()
        return value, grads if isinstance(argnums, tuple) else grads[0]

    return derivative


def grad(f: Callable[..., Tensor], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """The derivative of f, which returns a single number: of any order, by applying it again.

    >>> import tinygrad_lite as tg
    >>> tg.grad(tg.grad(lambda x: x**3))(2.0)
    tensor(12.)
    """
    both = value_and_grad(f, argnums)

    @wraps(f)
    def derivative(*args: Any, **options: Any) -> Any:
        return both(*args, **options)[1]

    return derivative
