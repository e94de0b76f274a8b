"""What all transforms are made of: a function recorded at fresh leaves, and the pull from its results back to them.

No transform needs levels: each differentiates with respect to leaves of its own, made for this one call.
"""

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import numpy as np

from .. import nests, ops
from ..backprop import history, pull_back, seed_of
from ..creation import tensor, zeros_like
from ..mode import enable_grad, is_grad_enabled
from ..primitive import Array, Node, describe, leaf, primitive
from ..tensor import Tensor, differentiable

NUMBERS = (int, float, complex, np.generic)


class Recorded:
    """f(*args), recorded at fresh leaves in place of the arguments in `chosen` (all, by default).

    out: what f returned, a Tensor or a nest of them; outs: its Tensors. leaves: one for each Tensor, array and number
    of the chosen arguments; nodes: what lies between. watched: whether somebody outside may want to differentiate the
    result, through an argument or through what f closes over.
    """

    def __init__(self, f: Callable[..., Any], args: Sequence[Any], chosen: Sequence[int] | None = None) -> None:
        self.args = {i: with_arrays(args[i]) for i in (range(len(args)) if chosen is None else chosen)}
        self.leaves: list[Tensor] = []
        full = list(args)
        for i, nest in self.args.items():
            fresh = [_fresh(x, i, path) for path, x in nests.named_leaves(nest)]
            self.leaves += [x for x in fresh if x is not None]
            full[i] = nests.rebuilt(nest, fresh)
        numbers = [x._number for x in self.leaves]
        with enable_grad():
            self.out = f(*full)
        self.outs = tensors_of(self.out)
        if self.outs and all(out.dtype.kind not in "fc" for out in self.outs):
            raise TypeError(
                f"the function returned a {describe(self.outs[0])}: whole numbers and booleans go in jumps and have no"
                " derivative"
            )
        if changed := [x for x, number in zip(self.leaves, numbers, strict=True) if x._number != number]:
            words = f"the function changed its argument in place, a {describe(changed[0])}"
            raise RuntimeError(f"{words}: write x = x + y in it, not x += y")
        self.nodes = _united([history(out, self.leaves) for out in self.outs])
        reached = {node._number for node in self.nodes}
        between = [node for node in self.nodes if node._number not in numbers]
        self.watched = any(x._primitive is not None for x in self.leaves) or any(
            isinstance(x, Node) and x._requires_grad and x._number not in reached
            for x in (*self.outs, *chain.from_iterable([node._inputs or () for node in between]))
        )

    def value(self) -> Any:
        """What f returned: recorded if somebody outside may want its derivative, else constants."""
        return self.out if self.watched and is_grad_enabled() else nests.mapped(ops.detach, self.out)

    def pull(self, cotangents: Sequence[Any], nodes: list[Node] | None = None) -> list[Any]:
        """What cotangents of the Tensors of the result hand back to each argument: nests like the arguments."""
        outside = self.watched or any(isinstance(c, Node) and c._requires_grad for c in cotangents)
        return self.like_args(pull(self.outs, cotangents, self.leaves, outside and is_grad_enabled(), nodes))

    def like_args(self, flat: Sequence[Tensor]) -> list[Any]:
        """One Tensor for each leaf, in nests like the arguments."""
        following = iter(flat)
        return [nests.mapped(lambda x: None if x is None else next(following), nest) for nest in self.args.values()]


def _united(histories: list[list[Node]]) -> list[Node]:
    """Each node once, newest first."""
    if len(histories) == 1:
        return histories[0]
    nodes = {node._number: node for each in histories for node in each}
    return [nodes[number] for number in sorted(nodes, reverse=True)]


def pull(
    outs: Sequence[Tensor],
    cotangents: Sequence[Any],
    wrt: Sequence[Tensor],
    create_graph: bool,
    nodes: list[Node] | None = None,
) -> list[Tensor]:
    """What cotangents of some Tensors hand back to each Tensor of `wrt`. nodes: the history, where there is one out."""
    pairs = [
        (out, seed_of(out, c, create_graph))
        for out, c in zip(outs, cotangents, strict=True)
        if c is not None or out._requires_grad
    ]
    pairs = [(out, seed) for out, seed in pairs if out._requires_grad]
    if not pairs:
        return [zeros_like(x) for x in wrt]
    root, seed = pairs[0]
    if len(pairs) > 1:
        with enable_grad():
            root, nodes = _inner(*[out for out, _ in pairs], *[seed for _, seed in pairs]), None
        seed = seed_of(root, None, create_graph)
    found = pull_back(history(root, wrt) if nodes is None else nodes, seed, wrt, create_graph, hooks=True)
    shares = {node._number: g for node, g in found}
    return [_tensor(shares[x._number]) if x._number in shares else zeros_like(x) for x in wrt]


@primitive(lambda i, g, out, *x: g * x[i - len(x) // 2], variadic=True, complex="as written")
def _inner(*x: Array) -> Array:
    """The inner product of the first half of the arrays with the second: each half is the derivative by the other."""
    half = len(x) // 2
    return sum([_dot(a, b) for a, b in zip(x[:half], x[half:], strict=True)])


def _dot(a: Array, b: Array) -> Array:
    return (a.conj() * b).real.sum() if a.dtype.kind == "c" else (a * b).sum()


def _tensor(g: Any) -> Tensor:
    return g if isinstance(g, Tensor) else leaf(Tensor, g if hasattr(g, "dtype") else np.asarray(g))


# Arguments and results.


def with_arrays(nest: Any) -> Any:
    """The nest with each list or tuple of nothing but numbers as one leaf: the array that NumPy makes of it."""
    return nests.mapped(lambda x: tensor(x) if isinstance(x, (list, tuple)) else x, nest, is_leaf=_is_array)


def _is_array(x: Any) -> bool:
    return isinstance(x, (list, tuple)) and bool(x) and _only_numbers(x)


def _only_numbers(nest: Any) -> bool:
    if isinstance(nest, (list, tuple)) and not hasattr(nest, "_fields"):
        return all(map(_only_numbers, nest))
    return isinstance(nest, (int, float, complex, np.generic))


def _fresh(x: Any, argument: int, path: str) -> Tensor | None:
    """A new Tensor to differentiate with respect to; what it came from stays behind it for those outside."""
    if x is None:
        return None
    name = getattr(x, "name", None) or path or None
    if isinstance(x, Tensor) and x._requires_grad and is_grad_enabled():
        fresh = ops.reshape(x, x.shape)
        fresh.name = name
        return fresh
    try:
        data = (x.detach() if isinstance(x, Tensor) else tensor(x))._data
        return leaf(Tensor, data, differentiable(data, True), name, shared=True)
    except TypeError as error:
        place = f"argument {argument}" + (f", at {path}" if path else "")
        raise TypeError(f"no derivative with respect to {place}, {describe(x)}: {error}") from None


def tensors_of(out: Any) -> list[Tensor]:
    """The Tensors of what a function returned; TypeError for anything else in it."""
    found = list(nests.named_leaves(out))
    for path, x in found:
        if not isinstance(x, Tensor):
            place = f" at {path}" if path else ""
            raise TypeError(
                f"the function must return Tensors, one or a nest of them, it returned {describe(x)}{place}"
            )
    return [x for _, x in found]


def leaves_like(what: str, nest: Any, model: Any) -> list[Any]:
    """The leaves of a nest that must have the structure of another; ValueError says what differs."""
    found: list[Any] = []
    try:
        nests.mapped(lambda _, x: found.append(with_arrays(x)), model, nest)
    except ValueError as error:
        raise ValueError(f"{what} must be like what it belongs to: {error}") from None
    if (wrong := next((x for x in found if isinstance(x, (dict, list, tuple))), None)) is not None:
        raise ValueError(f"{what} must be like what it belongs to: a Tensor is expected where {describe(wrong)} stands")
    return found
