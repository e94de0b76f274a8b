"""A computation with several results as one step of the graph, with a derivative of its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from .. import nests, ops
from ..mode import is_grad_enabled
from ..primitive import Array, Node, leaf, primitive
from ..tensor import Tensor

# back(cotangents, results, inputs): what is handed to each input, None for nothing. All are arrays in an ordinary walk.
# In one that is recorded they are Tensors, and what it gives can be differentiated again.
Back = Callable[[list[Any], list[Any], list[Any]], Sequence[Any]]


@dataclass(slots=True, eq=False, repr=False)
class _Call:
    """What was computed, laid end to end in one array: a node has one. Freed with the graph, as a parameter is."""

    results: Sequence[Array]
    joined: Array
    back: Back

    def shares(self, g: Any, out: Any, inputs: list[Any]) -> list[Any]:
        found = self.back(_apart(g, self.results), _apart(out, self.results), inputs)
        found = [np.zeros_like(x) if share is None else share for share, x in zip(found, inputs, strict=True)]
        if isinstance(g, Node):
            return [x if isinstance(x, Node) else leaf(Tensor, x) for x in found]
        return [x._data if isinstance(x, Node) else x for x in found]


def one_step(name: str, inputs: Sequence[Tensor], results: Sequence[Array], back: Back) -> list[Tensor]:
    """The results, arrays of floating point or complex numbers, as Tensors which one step computed from the inputs."""
    joined = results[0] if len(results) == 1 else np.concatenate([np.ravel(x) for x in results])
    return _apart(_step(name)(*inputs, call=_Call(results, joined, back)), results)


@lru_cache
def _step(name: str) -> Callable[..., Tensor]:
    def step(*arrays: Array, call: _Call) -> Array:
        return call.joined

    step.__name__ = name
    return primitive(
        lambda i, shares, out, *inputs, call: shares[i],
        variadic=True,
        shared=lambda g, out, *inputs, call: call.shares(g, out, list(inputs)),
        complex="as written",
    )(step)


def _apart(joined: Any, models: Sequence[Array]) -> list[Any]:
    """The arrays that were laid end to end, each of the shape and dtype of its model."""
    if len(models) == 1:
        return [joined]
    parts, at = [], 0
    for model in models:
        part = ops.reshape(joined[at : at + model.size], model.shape)
        part = ops.real(part) if part.dtype.kind == "c" and model.dtype.kind != "c" else part
        parts.append(part if part.dtype == model.dtype else ops.astype(part, model.dtype))
        at += model.size
    return parts


# Arguments: nests, in which some leaves are Tensors through which a gradient is wanted.


def wanted(args: Sequence[Any]) -> list[Tensor]:
    """The Tensors among the arguments through which somebody wants a gradient."""
    return [x for x in nests.leaves(args) if _is_wanted(x)] if is_grad_enabled() else []


def replaced(args: Sequence[Any], new: Sequence[Any]) -> list[Any]:
    """The arguments with other leaves where the Tensors of `wanted` are."""
    following = iter(new)
    return [nests.mapped(lambda x: next(following) if _is_wanted(x) else x, arg) for arg in args]


def kept(args: Sequence[Any]) -> list[Any]:
    """The arguments as they are now: the caller may write to his arrays."""
    return [nests.mapped(lambda x: x.copy() if isinstance(x, np.ndarray) and x.flags.writeable else x, a) for a in args]


def outside(args: Sequence[Any], but_wanted: bool = False) -> list[Any]:
    """The arguments for code that knows no Tensors: each as its array, which can't be written to.

    but_wanted: those that `wanted` finds stay Tensors.
    """

    def told(x: Any) -> Any:
        return x.data if isinstance(x, Tensor) and not (but_wanted and x._requires_grad) else x

    return [nests.mapped(told, arg) for arg in args]


def stand_in(x: Any) -> Tensor:
    """A new Tensor to differentiate by: a leaf or, of what can be differentiated further back, a step from it."""
    if isinstance(x, Tensor) and x._requires_grad and is_grad_enabled():
        return ops.reshape(x, x.shape)
    return leaf(Tensor, x._data if isinstance(x, Tensor) else x, True, shared=True)


def _is_wanted(x: Any) -> bool:
    return isinstance(x, Tensor) and x._requires_grad
