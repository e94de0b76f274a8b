"""A function with the Tensors that it closes over as further arguments: what runs it again must know them all."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import nests
from ..backprop import history
from ..mode import enable_grad
from ..primitive import Array, Node, describe, leaf, next_number
from ..tensor import Tensor
from .one_step import kept, replaced, stand_in, wanted

_PLACE = object()


class Captured:
    """f(*args), run once; called with Tensors in the place of its inputs, it runs f again.

    inputs: the Tensors that the results depend on and through which a gradient is wanted: those among the arguments,
    then those that f closes over, such as weights. They are found by recording the run. values: the results that depend
    on them; the nest that they are in is filled by `filled`. settled: whether all that f closes over was there before
    the run, and none made in it, as a layer makes its weights when it is called first.
    """

    def __init__(self, f: Callable[..., Any], args: Sequence[Any]) -> None:
        self.f, self.args = f, kept(args)
        own, now = wanted(self.args), next_number()
        out, outs, closed, _ = self._run([stand_in(x) for x in own])
        self.values: list[Array] = [x._data for x in outs]
        self.inputs = [*own, *closed]
        self.settled = all(x._number < now for x in closed)
        self.constants = [x for x in nests.leaves(self.args) if isinstance(x, Node) and not x._requires_grad]
        self._form = nests.mapped(lambda x: _PLACE if _moves(x) else x, out)
        self._own, self._numbers = len(own), [x._number for x in (*closed, *self.constants)]

    def filled(self, tensors: Sequence[Tensor]) -> Any:
        """The nest that f returned, with these Tensors in the place of those that depend on the inputs."""
        following = iter(tensors)
        return nests.mapped(lambda x: next(following) if x is _PLACE else x, self._form)

    def __call__(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        """The results that depend on the inputs, recorded anew. Raises RuntimeError if f now uses other Tensors."""
        _, outs, closed, nodes = self._run(inputs[: self._own])
        if [x._number for x in (*closed, *self.constants)] != self._numbers or len(outs) != len(self.values):
            known = {x._number for x in self.inputs}
            other = [describe(x) for x in (*closed, *self.constants) if x._number not in known]
            raise RuntimeError(
                f"the function uses other Tensors than in its first run{': ' * bool(other)}{', '.join(other)}. None may"
                " be made anew in it, or changed in place before the walk back"
            )
        new = {x._number: y for x, y in zip(closed, inputs[self._own :], strict=True)}
        for node in nodes:
            if any(isinstance(x, Node) and x._number in new for x in node._inputs or ()):
                node._inputs = tuple([new.get(x._number, x) if isinstance(x, Node) else x for x in node._inputs or ()])
        return [new.get(x._number, x) for x in outs]

    def _run(self, own: Sequence[Tensor]) -> tuple[Any, list[Tensor], list[Tensor], list[Node]]:
        """What f returns, its Tensors that depend on something, those that f closes over, and the nodes it made."""
        began: Tensor = leaf(Tensor, np.zeros(()))
        with enable_grad():
            out = self.f(*replaced(self.args, own))
        outs = [x for x in nests.leaves(out) if _moves(x)]
        return out, outs, *_explored(outs, own, began)


def _moves(x: Any) -> bool:
    return isinstance(x, Tensor) and x._requires_grad


def _explored(outs: Sequence[Tensor], own: Sequence[Tensor], began: Tensor) -> tuple[list[Tensor], list[Node]]:
    """The Tensors that some results were computed from and that were there before, or are leaves; the nodes made."""
    closed: dict[int, Any] = {}
    made: dict[int, Node] = {}
    for out in outs:
        history(out, [began])  # refuses what was freed, and puts right what was changed in place
    ends, stack = {x._number for x in own}, list[Any](outs)
    while stack:
        x = stack.pop()
        if x._number in ends or x._number in made:
            continue
        if x._primitive is None or x._number < began._number:
            closed[x._number] = x
        else:
            made[x._number] = x
            stack += [i for i in x._inputs or () if isinstance(i, Node) and i._requires_grad]
    return [closed[number] for number in sorted(closed)], list(made.values())
