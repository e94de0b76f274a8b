"""Forward mode: how the result moves when the arguments move.

There is no second set of rules. What is pulled back, J.T @ u, is linear in the cotangent u, so pulling a tangent back
through that pull gives J @ tangent: the pull-back through the pull-back.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import nests
from ..mode import is_grad_enabled
from ..primitive import Node, describe, leaf
from ..tensor import Tensor
from .pulling import Recorded, leaves_like, pull


def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """f(*primals), and how it moves when the arguments move along the tangents: (value, J @ tangents).

    primals, tangents: a tuple of arguments each, of the same shapes; an argument may be any nest of Tensors. f returns
    a Tensor or a nest of them, and so does jvp. It costs about two gradients, whatever the number of arguments. Raises
    TypeError and ValueError for arguments that do not fit, as `vjp`.

    >>> import tinygrad_lite as tg
    >>> tg.jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 10.0))
    (tensor(6.), tensor(23.))
    """
    if not isinstance(primals, (tuple, list)) or not isinstance(tangents, (tuple, list)):
        given = f"{describe(primals)} and {describe(tangents)}"
        raise TypeError(f"jvp takes a tuple of arguments and a tuple of tangents, given {given}: write (x,) and (v,)")
    recorded = Recorded(f, primals)
    moves = leaves_like("the tangents", tuple(tangents), tuple(recorded.args.values()))
    return recorded.value(), nests.rebuilt(recorded.out, pushing(recorded)([t for t in moves if t is not None]))


def pushing(recorded: Recorded) -> Callable[[Sequence[Any]], list[Tensor]]:
    """The function that says how the Tensors of the result move when each leaf moves along its tangent (None: not)."""
    cotangents = [_generic(out) for out in recorded.outs]
    pulled = pull(recorded.outs, cotangents, recorded.leaves, create_graph=True)

    def push(tangents: Sequence[Any]) -> list[Tensor]:
        pairs = [(x, t) for x, t in zip(pulled, tangents, strict=True) if t is not None]
        outside = recorded.watched or any(isinstance(t, Node) and t._requires_grad for _, t in pairs)
        return pull([x for x, _ in pairs], [t for _, t in pairs], cotangents, outside and is_grad_enabled())

    return push


def _generic(out: Tensor) -> Tensor:
    """A cotangent to differentiate with respect to.

    It may be any, but its elements must not cancel each other: where a sum of them is 0 by chance, "a zero cotangent
    wins" would stop an infinite derivative.
    """
    values = 1 + np.arange(out.size) * 0.6180339887498949 % 1
    return leaf(Tensor, values.reshape(out.shape).astype(out.dtype), True)
