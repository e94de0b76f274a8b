"""What leaves no trace in a graph: where a computation left it. Found by watching the computation run."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, NamedTuple

from ..mode import ScopeWithLine, written_by_us
from ..primitive import Node, Primitive, _result, describe

_LEAVES = {"item", "numpy", "tolist", "__float__", "__int__", "__array__", "__index__"}


class Cut(NamedTuple):
    """An operation that gives a constant of what wants a gradient: in words, its name, and where it was asked for."""

    words: str
    operation: str
    scope: Any


class _Made(NamedTuple):
    out: Node  # held, so that no other takes its address
    step: Primitive
    inputs: tuple[Any, ...]
    scope: Any


class Watched:
    """All that a computation made of Tensors, recorded or not, and where values left them."""

    def __init__(self) -> None:
        self.result: Any = None
        self.made: dict[int, _Made] = {}
        self.left: list[tuple[Node, str, Any]] = []

    def profile(self, frame: FrameType, event: str, arg: Any) -> None:
        code = frame.f_code
        if event != "return":
            return
        if code is _result.__code__ and isinstance(arg, Node):
            values = frame.f_locals
            if values["step"] is not None:
                self.made[id(arg)] = _Made(arg, values["step"], values["inputs"], _line(frame))
            return
        x = frame.f_locals.get("self") if code.co_name in _LEAVES and written_by_us(code.co_filename) else None
        if isinstance(x, Node):
            self.left.append((x, code.co_name, _line(frame)))

    def cut_of(self, x: Node) -> Cut | None:
        """Where the way that led to x was cut, if it was."""
        above = [x]
        met = {id(x)}
        while above:
            made = self.made.get(id(above.pop()))
            if made is None:
                continue
            nodes = [y for y in made.inputs if isinstance(y, Node)]
            if any(map(_wants, nodes)) and not made.out._requires_grad:
                return _cut(made)
            above += [y for y in nodes if id(y) not in met]
            met.update(map(id, nodes))
        return None

    def cuts(self, t: Node) -> tuple[list[Cut], list[Cut]]:
        """The cuts on the ways from t to the result; and where values that depend on t left the graph."""
        depends = {id(t)}
        for key, made in self.made.items():  # in the order of their birth
            if any(isinstance(x, Node) and id(x) in depends for x in made.inputs):
                depends.add(key)
        stack, leads = [self.result], {id(self.result)}
        while stack:
            made_ = self.made.get(id(stack.pop()))
            for x in made_.inputs if made_ else ():
                if isinstance(x, Node) and id(x) not in leads:
                    leads.add(id(x))
                    stack.append(x)
        found = [self.made[key] for key in depends & leads if key in self.made]
        found = [m for m in found if not m.out._requires_grad and any(_wants(x) and id(x) in depends for x in m.inputs)]
        found.sort(key=lambda m: m.out._number)
        left = [
            Cut(f"Cut by {name}(), which gives a number or an array without a graph", name, scope)
            for x, name, scope in self.left
            if id(x) in depends
        ]
        return [_cut(m) for m in found], left


def _wants(x: Any) -> bool:
    return isinstance(x, Node) and x._requires_grad


def _cut(made: _Made) -> Cut:
    name, out = made.step.name, made.out
    if name == "detach":
        return Cut("Cut by detach()", name, made.scope)
    if out._data.dtype.kind not in "fc":
        return Cut(f"Cut by {name}, which gives {describe(out)}: whole numbers have no derivative", name, made.scope)
    if not made.step.rules:
        return Cut(f"Cut by {name}, which has no derivative", name, made.scope)
    return Cut(f"Cut by no_grad(), inside of which {name} was computed", name, made.scope)


def _line(frame: FrameType | None) -> ScopeWithLine:
    while frame is not None and written_by_us(frame.f_code.co_filename):
        frame = frame.f_back
    scope = ScopeWithLine(())
    scope.line = frame and (frame.f_code.co_filename, frame.f_lineno)
    return scope


def watched(f: Callable[[], Any]) -> tuple[Any, Watched]:
    """What f returns, and what it did on the way. In this thread; a profiler that runs is put back afterwards."""
    seen, before = Watched(), sys.getprofile()
    sys.setprofile(seen.profile)
    try:
        seen.result = f()
    finally:
        sys.setprofile(before)
    return seen.result, seen
