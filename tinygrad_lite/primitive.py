"""What a graph is made of: the node, and the primitive that computes one node from others.

The law: arrays in, array out. A Tensor in, Tensor out, and the step is remembered if a gradient is wanted.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial, wraps
from itertools import count
from typing import Any, NoReturn, TypeAlias, TypeVar

import numpy as np

from .batching import RULES, Batch, Formula, Rule, innermost, run
from .mode import current

# An array of any library that speaks NumPy's protocols, a number, or a Tensor.
Array: TypeAlias = Any
Function = TypeVar("Function", bound=Callable[..., Any])

next_number = count(1).__next__
PYTHON_NUMBERS = frozenset({float, int, bool, complex})
NUMBERS = PYTHON_NUMBERS | frozenset(np.sctypeDict.values())
REAL_NUMBERS = frozenset(kind for kind in NUMBERS if not issubclass(kind, (complex, np.complexfloating)))


class Node:
    """One value of the graph: an array and, if somebody wants a gradient through it, the step that made it.

    An input is always older than what is computed from it, so the number a node is born with is its place in the
    topological order. A change in place takes the next number: an input whose number is newer than the node computed
    from it was changed after use.
    """

    __slots__ = (
        "__weakref__",
        "_data",  # the array; NumPy's own scalar where there are no axes (its arithmetic is 10 times faster)
        "_grad",
        "_hooks",  # functions that its gradient passes through, see `hooks`; None for none
        "_inputs",  # what the step was given: Nodes, arrays, numbers; None once backward() has freed the graph
        "_number",
        "_params",
        "_primitive",  # None for a leaf
        "_requires_grad",
        "_scope",
        "_shared",  # True if somebody else may look at this memory: then it is never written to, only replaced
        "name",
    )
    _data: Array
    _grad: Any
    _hooks: dict[int, Any] | None
    _inputs: tuple[Any, ...] | None
    _number: int
    _params: dict[str, Any]
    _primitive: "Primitive | None"
    _requires_grad: bool
    _scope: tuple[str, ...]
    _shared: bool
    name: str | None


@dataclass(slots=True, eq=False, repr=False)
class Primitive:
    """A forward function on arrays and, for each array argument, the rule that hands its share of the blame back.

    A rule is `rule(g, out, *args, **params)`: the cotangent of the result, the result and the arguments; it returns the
    cotangent of its own argument. It never undoes broadcasting: the walk does that. A rule of None says: zero.
    """

    forward: Callable[..., Array]
    rules: tuple[Callable[..., Array] | None, ...]
    elementwise: bool
    view: bool
    variadic: bool
    hint: str
    shared: Callable[..., Any] | None = None
    complex: str | None = None
    batch: str | Rule | Formula | None = None
    call: Callable[..., Array] = field(init=False)
    name: str = field(init=False)
    holomorphic: bool = field(init=False)
    plain: bool = field(init=False)  # the walk just calls its rules

    def __post_init__(self) -> None:
        self.name = self.forward.__name__.strip("_")
        self.holomorphic = self.complex == "holomorphic"
        self.plain = self.complex is not None and self.shared is None and not self.variadic
        if self.complex not in (None, "holomorphic", "as written"):
            raise ValueError(f"{self.name}: complex is None, 'holomorphic' or 'as written', given {self.complex!r}")
        self.batch = self.batch or ("elementwise" if self.elementwise else None)
        if self.batch not in RULES and not callable(self.batch) and not isinstance(self.batch, Formula):
            known = ", ".join([repr(name) for name in RULES])
            raise ValueError(f"{self.name}: batch is one of {known}, or a function, given {self.batch!r}")

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def rules_for(self, inputs: tuple[Any, ...]) -> tuple[Callable[..., Array], ...]:
        """One rule for each input of a variadic step."""
        return tuple([partial(self.rules[0], i) for i in range(len(inputs))])  # type: ignore[arg-type, misc]

    def fail(self, error: Exception, operands: tuple[Any, ...]) -> NoReturn:
        """Raises the same error, naming the operation, its operands and their shapes, and saying what to write."""
        kind = next((k for k in _ERRORS if isinstance(error, k)), None)
        if kind is None:
            raise error
        raise kind(f"{call_of(self.name, *operands)}: {error}" + (f". {self.hint}" if self.hint else "")) from error

    def batched(self, error: Exception, operands: tuple[Any, ...], params: dict[str, Any]) -> Array:
        """What the step gives for a batch of examples: its data, or a Tensor with steps of its own.

        Where there is no batch, something went wrong: that is raised.
        """
        datas = [x._data if isinstance(x, Node) else x for x in operands]
        if not Batch.met or (level := innermost(datas, params)) is None:
            self.fail(error, operands)
        wrap = partial(leaf, next(type(x) for x in operands if isinstance(x, Node)))
        if isinstance(self.batch, Formula):
            return self.batch.f(*operands, **{k: wrap(v) if type(v) is Batch else v for k, v in params.items()})
        try:
            return run(self, datas, params, level, wrap)
        except Exception as found:
            found.add_note(f"inside of vmap: shapes may have its {level.size} examples in front")
            raise


_ERRORS = (np.linalg.LinAlgError, IndexError, ValueError, TypeError, MemoryError)


class ForeignOperand(TypeError):
    """No number, array or Tensor. An operator asks the operand's own class before it gives up."""


def describe(x: Any) -> str:
    """A few words for an error message: what kind of operand, its name, dtype and shape."""
    if isinstance(x, Node):
        return f"Tensor {f'{x.name!r} ' if x.name else ''}{x._data.dtype}{x._data.shape}"
    if hasattr(x, "dtype") and hasattr(x, "shape"):
        return f"array {x.dtype}{x.shape}"
    text = repr(x)
    return text if len(text) <= 40 else f"{type(x).__name__} {text[:36]}..."


def call_of(name: str, *operands: Any) -> str:
    """A call as errors tell it: the operation and what it was given."""
    return f"{name}({', '.join(map(describe, operands))})"


def primitive(
    *rules: Callable[..., Array] | None,
    elementwise: bool = False,
    view: bool = False,
    variadic: bool = False,
    hint: str = "",
    shared: Callable[..., Any] | None = None,
    complex: str | None = None,
    batch: str | Rule | Formula | None = None,
) -> Callable[[Function], Function]:
    """Makes a differentiable operation of a function of arrays, given one rule for each array argument.

    The function's first `len(rules)` arguments are arrays, the rest are parameters that no gradient flows to. Without
    rules the result is a constant (comparisons, argmax) and the arguments without a default are arrays. The function
    returned takes arrays or Tensors.

    elementwise: each result element depends on one element of each argument, and the derivative may be infinite or
    undefined somewhere: there a zero cotangent wins. view: the result may share memory with an argument. variadic: all
    positional arguments are arrays, and the one rule takes the argument's position first. hint: what to write instead,
    ends every error message. shared: what all rules need, `shared(g, out, *args, **params)`, computed once: the rules
    are given it in place of g. complex: what the rules are worth where an argument or the result is complex. None:
    nothing, such a gradient is refused. "holomorphic": all, as for real numbers: the function has a complex derivative
    (the walk conjugates). "as written": the rules hand back dL/d(real part) + i dL/d(imaginary part) themselves.
    batch: how `vmap` computes many examples at once; see `tinygrad_lite.batching`. None: one by one, with a warning.

    >>> import numpy as np, tinygrad_lite as tg
    >>> @tg.primitive(lambda g, out, x: 3 * g * x * x)
    ... def cube(x):
    ...     return x**3
    >>> x = tg.tensor(2.0, requires_grad=True)
    >>> cube(x).backward()
    >>> x.grad
    tensor(12.)
    >>> cube(np.array([1.0, 2.0]))
    array([1., 8.])
    """

    def decorate(forward: Function) -> Function:
        step = Primitive(forward, rules, elementwise, view, variadic, hint, shared, complex, batch)
        signature = list(inspect.signature(forward).parameters.values())
        arity = len(rules) or sum(p.default is p.empty and p.kind is not p.KEYWORD_ONLY for p in signature)
        if view or variadic or len(signature) != arity or arity > 2:
            call = _general(step, None if variadic else arity, signature)
        else:
            call = (_unary if arity == 1 else _binary)(step)
        call = wraps(forward)(call)
        call.primitive = step  # type: ignore[attr-defined]
        step.call = call
        return call  # type: ignore[return-value]

    return decorate


def _unary(step: Primitive) -> Callable[..., Array]:
    forward, differentiable, checked = step.forward, bool(step.rules), not step.elementwise

    def call(x: Array, /) -> Array:
        if not isinstance(x, Node):
            return forward(_bare(x))
        try:
            data = forward(a := x._data)
        except Exception as error:
            data = step.batched(error, (x,), NO_PARAMS)
            if isinstance(data, Node):
                return data
        if checked and type(data) in PYTHON_NUMBERS:
            data = np.asarray(data)[()]
        out = _result(x.__class__, data, step, (x,), NO_PARAMS, differentiable and x._requires_grad)
        if data is a:
            _share(out, x)
        return out

    return call


def _binary(step: Primitive) -> Callable[..., Array]:
    forward, differentiable, checked = step.forward, bool(step.rules), not step.elementwise

    def call(x: Array, y: Array, /) -> Array:
        if isinstance(x, Node):
            kind, a, wanted = x.__class__, x._data, x._requires_grad
            if isinstance(y, Node):
                b, wanted = y._data, wanted or y._requires_grad
            else:
                b = y = y if type(y) in NUMBERS else _constant(y, wanted)
        elif isinstance(y, Node):
            kind, b, wanted = y.__class__, y._data, y._requires_grad
            a = x = x if type(x) in NUMBERS else _constant(x, wanted)
            if type(a) is complex and type(b) is np.float64:  # two numbers of Python for Python: it would answer itself
                a = x = np.complex128(a)
        else:
            both_python = type(x) in PYTHON_NUMBERS and type(y) in PYTHON_NUMBERS
            return forward(np.asarray(x) if both_python else _bare(x), _bare(y))
        try:
            data = forward(a, b)
        except Exception as error:
            data = step.batched(error, (x, y), NO_PARAMS)
            if isinstance(data, Node):
                return data
        if checked and type(data) in PYTHON_NUMBERS:
            data = np.asarray(data)[()]
        out = _result(kind, data, step, (x, y), NO_PARAMS, differentiable and wanted)
        if data is a or data is b:
            _share(out, x, y)
        return out

    return call


def _general(step: Primitive, arity: int | None, signature: list[inspect.Parameter]) -> Callable[..., Array]:
    forward, differentiable, view = step.forward, bool(step.rules), step.view
    arrays = [p.name for p in signature[:arity]]
    names = [p.name for p in signature[arity:] if p.kind is not p.KEYWORD_ONLY]
    defaults = {p.name: p.default for p in signature[arity or 0 :] if p.default is not p.empty}

    def call(*args: Any, **given: Any) -> Array:
        if arity is not None and len(args) != arity:
            further = dict(zip(names, args[arity:], strict=False))
            if arity < len(args) <= arity + len(names) and further.keys().isdisjoint(given):
                given, args = further | given, args[:arity]
            else:  # arrays by name, or a mistake that Python's own words explain
                try:
                    bound = inspect.Signature(signature).bind(*args, **given)
                except TypeError as error:
                    raise TypeError(f"{step.name}(): {error}") from None
                bound.apply_defaults()
                given = bound.arguments
                args = tuple([given.pop(name) for name in arrays])
        params = {**defaults, **given} if defaults or given else NO_PARAMS
        kind, wanted, inputs, data = None, False, [], []
        for x in args:
            if isinstance(x, Node):
                kind, wanted = kind or x.__class__, wanted or x._requires_grad
        if kind is None:
            return forward(*map(_bare, args), **params)
        wanted = wanted and differentiable
        for x in args:
            if isinstance(x, Node):
                data.append(x._data)
            else:
                x = x if type(x) in NUMBERS else _constant(x, wanted)
                data.append(x)
            inputs.append(x)
        for name, value in given.items():
            if isinstance(value, Node):
                if value._requires_grad and differentiable:
                    raise TypeError(
                        f"{step.name}(): no gradient flows to {name}, a {describe(value)}: give it .detach()"
                    )
                params[name] = value = value._data
            if hasattr(value, "__array_function__"):
                params[name] = _constant(value, wanted)
        try:
            result = forward(*data, **params)
        except Exception as error:
            result = step.batched(error, args, params)
            if isinstance(result, Node):
                return result
        if type(result) in PYTHON_NUMBERS:
            result = np.asarray(result)
        if not result.ndim:
            result = result[()]
        out = _result(kind, result, step, tuple(inputs), params, wanted and result.dtype.kind in "fc")
        if (view and result.base is not None) or any(a is result for a in data):
            _share(out, *inputs)
        return out

    return call


NO_PARAMS: dict[str, Any] = {}
_new = object.__new__


def _result(
    kind: type, data: Array, step: Primitive | None, inputs: tuple[Any, ...], params: dict, wanted: bool
) -> Any:
    """The node that holds `data`, and remembers the step if a gradient is wanted and this thread is recording."""
    out: Any = _new(kind)
    out._data = data
    out._number = next_number()
    out._shared = False
    out._params = params
    out._grad = out._hooks = out.name = None
    if wanted and (mode := current.get()).recording:
        out._requires_grad = True
        out._primitive = step
        out._inputs = inputs
        out._scope = mode.scope
    else:
        out._requires_grad = False
        out._primitive = None
        out._inputs = out._scope = ()
    return out


def _share(*nodes: Any) -> None:
    for x in nodes:
        if isinstance(x, Node):
            x._shared = True


def leaf(kind: type, data: Array, requires_grad: bool = False, name: str | None = None, shared: bool = False) -> Any:
    """A node that nothing made: a parameter, an input or a constant. `data` is NumPy's scalar if it has no axes."""
    out = _result(kind, data[()] if data.ndim == 0 else data, None, (), NO_PARAMS, False)
    out._requires_grad, out.name, out._shared = requires_grad, name, shared
    return out


def _bare(x: Any) -> Array:
    """An argument as NumPy would take it: lists become arrays, arrays of any library and numbers stay what they are."""
    return x if type(x) in NUMBERS or x is None or hasattr(x, "__array_function__") else np.asarray(x)


def _constant(x: Any, wanted: bool) -> Array:
    """An argument that is not a Tensor. The caller may write to his array before backward reads it: it is copied."""
    if hasattr(x, "__array_function__"):
        return x.copy() if wanted and current.get().recording else x
    if x is None:
        return x
    foreign = getattr(x, "__array_ufunc__", ...) is None
    array = np.empty(0, object) if foreign else np.asarray(x)
    if array.dtype.kind not in "biufc":
        raise ForeignOperand(f"a Tensor can't be combined with {describe(x)}: give a number, an array or a Tensor")
    return array[()] if array.ndim == 0 else array
