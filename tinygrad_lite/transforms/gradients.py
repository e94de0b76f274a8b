"""From a function of Tensors, the function that computes its gradient: reverse mode."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from .. import nests, ops
from ..mode import is_grad_enabled
from ..primitive import describe
from ..tensor import Tensor
from .pulling import Recorded, leaves_like


def vjp(f: Callable[..., Any], *args: Any) -> tuple[Any, Callable[..., tuple[Any, ...]]]:
    """f(*args), and the function that pulls a cotangent of that result back to a cotangent of each argument.

    The arguments are floating point arrays, numbers or Tensors, or nests of them in dicts, lists and tuples; a list of
    nothing but numbers is an array. f returns a Tensor or a nest of them; the cotangent is such a nest, too. Calls nest
    in any order: what is pulled back can be differentiated again by whoever wants to. Raises TypeError if an argument
    is not floating point, or if f returns something else, or nothing but whole numbers; RuntimeError if f changes an
    argument in place, or if something it used was changed since.

    >>> import tinygrad_lite as tg
    >>> y, pull = tg.vjp(lambda a, b: a * b, 2.0, 3.0)
    >>> y, pull(1.0)
    (tensor(6.), (tensor(3.), tensor(2.)))
    """
    recorded = Recorded(f, args)
    outs = recorded.outs
    numbers = [out._number for out in outs]

    def pull(cotangent: Any = None) -> tuple[Any, ...]:
        for out, number in zip(outs, numbers, strict=True):
            if out._number != number:
                raise RuntimeError(
                    f"the result of the function, a {describe(out)}, was changed in place before the pull"
                )
        given = (
            [None] if cotangent is None and len(outs) == 1 else leaves_like("the cotangent", cotangent, recorded.out)
        )
        return tuple(recorded.pull(given))

    if not (recorded.watched and is_grad_enabled()):
        return recorded.value(), pull
    # Tensors of their own: whoever writes to the value does not change what is pulled back.
    return nests.mapped(lambda out: ops.reshape(out, out.shape), recorded.out), pull


def value_and_grad(f: Callable[..., Tensor], argnums: int | tuple[int, ...] = 0) -> Callable[..., tuple[Tensor, Any]]:
    """The function that computes f, which returns a single number, and its derivative by the arguments chosen.

    An argument may be any nest of Tensors in dicts, lists and tuples: the derivative is such a nest, too.

    >>> import tinygrad_lite as tg
    >>> tg.value_and_grad(lambda x: (x * x).sum())([1.0, 2.0])
    (tensor(5.), tensor([2., 4.]))
    """

    @wraps(f)
    def derivative(*args: Any, **options: Any) -> tuple[Tensor, Any]:
        recorded = Recorded(lambda *full: f(*full, **options), args, chosen_of(argnums))
        if not isinstance(recorded.out, Tensor) or recorded.out.size != 1:
            raise ValueError(
                f"the function must return a single number, it returned a {describe(recorded.out)}: reduce it, for"
                " example .sum(), or choose a cotangent with vjp"
            )
        return recorded.value(), like_argnums(argnums, recorded.pull([None], recorded.nodes))

    return derivative


def grad(f: Callable[..., Tensor], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """The derivative of f, which returns a single number: of any order, by applying it again.

    The argument chosen, or each of several, may be any nest of Tensors: the derivative is such a nest, too.

    >>> import tinygrad_lite as tg
    >>> tg.grad(tg.grad(lambda x: x**3))(2.0)
    tensor(12.)
    >>> tg.grad(lambda p, x: p["slope"] * x + p["offset"])({"slope": 2.0, "offset": 1.0}, 3.0)
    {'slope': tensor(3.), 'offset': tensor(1.)}
    """
    both = value_and_grad(f, argnums)

    @wraps(f)
    def derivative(*args: Any, **options: Any) -> Any:
        return both(*args, **options)[1]

    return derivative


def chosen_of(argnums: int | tuple[int, ...]) -> tuple[int, ...]:
    return argnums if isinstance(argnums, tuple) else (argnums,)


def like_argnums(argnums: int | tuple[int, ...], found: Sequence[Any]) -> Any:
    """A tuple if argnums is one, else the only element."""
    return tuple(found) if isinstance(argnums, tuple) else found[0]
