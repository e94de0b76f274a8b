"""From a small graph to the closed formula of its derivative: computed once more in symbols, differentiated by SymPy.

It does not look at our rules: that both agree is a test of both.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..primitive import Node, Primitive
from .account import Place
from .formula import Formula, NoFormula, inert, kit

MOST_STEPS = 60
MOST_ELEMENTS = 16  # of each value
_WRITTEN_OUT = 300  # steps, where what is used twice counts twice
_CASES = 3  # one within the other: with each, SymPy takes several times as long
_LONGEST = 90  # operations of a formula that can be read
_SIMPLIFIED = 12  # operations: SymPy takes its time over longer ones
_NAMED_APART = 10  # operations: in a longer formula, what occurs more than once gets a name of its own
_PIECEWISE = {"relu", "clip", "where", "maximum", "minimum"}  # one of several formulas, as the case may be
_DIGITS = 6  # of a number in a formula that is read


class Line(NamedTuple):
    """One step of the recipe. An input is the number of an earlier value, or a constant array."""

    number: int
    primitive: Primitive
    inputs: tuple[Any, ...]
    params: dict[str, Any]
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Recipe:
    """A small graph without its Tensors: the leaves with their names and values, and the steps, oldest first."""

    result: int
    name: str
    leaves: dict[int, tuple[str, np.ndarray]]  # those without a name are written as numbers
    lines: tuple[Line, ...]
    values: dict[int, np.ndarray]


def recipe_of(result: Node, nodes: Sequence[Node], name: str, names: Callable[[Node], str]) -> Recipe | str:
    """What a formula needs to know of a small graph, or why there is none. `nodes`: the history, newest first."""
    steps: list[Any] = [node for node in reversed(nodes) if node._primitive is not None]
    if len(steps) > MOST_STEPS:
        return f"a formula of {len(steps):,} steps can't be read (it is made for at most {MOST_STEPS})"
    if not steps:
        return "nothing was computed"
    if result._data.size != 1:
        return "a formula is made for a single number as the result"
    sizes = [np.size(x._data if isinstance(x, Node) else x) for node in steps for x in (node, *(node._inputs or ()))]
    if max(sizes, default=0) > MOST_ELEMENTS:
        return f"a formula of arrays is made for at most {MOST_ELEMENTS} elements each"
    if not all(sizes):
        return "a formula needs numbers, and there is an array without any"
    written: dict[int, int] = {}  # of each value, the steps it takes to write it out: what is used twice counts twice
    for node in steps:
        each = sum(written.get(x._number, 1) for x in node._inputs if isinstance(x, Node))
        written[node._number] = 1 + each * _elements_used(node)
    if written[result._number] > _WRITTEN_OUT:
        return f"written out, it has more than {_WRITTEN_OUT} operations"
    cases: dict[int, int] = {}
    for node in steps:
        within = max([cases.get(x._number, 0) for x in node._inputs if isinstance(x, Node)], default=0)
        cases[node._number] = within + (node._primitive.name in _PIECEWISE)
    if (deep := max(cases.values())) > _CASES:
        return f"it has cases within cases, {deep} deep: too many to be read"
    leaves: dict[int, tuple[str, np.ndarray]] = {}
    lines, values = [], {}
    for node in steps:
        inputs: list[Any] = []
        for x in node._inputs:
            if isinstance(x, Node) and x._primitive is None:
                leaves[x._number] = (names(x) if x.name or x._requires_grad else "", np.array(x._data))
            inputs.append(x._number if isinstance(x, Node) else None if x is None else np.array(x))
        params = {k: np.array(v) if hasattr(v, "__array_function__") else v for k, v in node._params.items()}
        lines.append(Line(node._number, node._primitive, tuple(inputs), params, tuple(node._data.shape)))
        values[node._number] = np.array(node._data)
    return Recipe(result._number, name.removeprefix("the "), leaves, tuple(lines), values)


def _elements_used(node: Any) -> int:
    """About how many elements of an argument one element of the result is made of."""
    if node._primitive.elementwise:
        return 1
    name, x = node._primitive.name, node._inputs[0]
    if name in ("matmul", "affine", "softmax", "log_softmax"):
        return int(x.shape[-1]) if x.ndim else 1
    return max(1, int(np.size(x._data if isinstance(x, Node) else x)) // node._data.size)


def formula_of(recipe: Recipe, end: int, name: str, place: Place = ()) -> Formula:
    """The derivative of the recipe's result by one element of one of its values. Raises NoFormula, ImportError."""
    tools = kit()
    symbols: dict[str, Any] = {}
    point: dict[Any, float] = {}
    taken: set[str] = set()

    def symbolic(called: str, value: np.ndarray) -> Any:
        found = np.empty(value.shape, object)
        for at in np.ndindex(*value.shape):
            index = ", ".join(map(str, at))
            label = f"{called}[{index}]" if at else called
            plain = inert(called) + ("_" + "".join(map(str, at)) if at else "")
            while plain in taken or label in symbols:  # two of one name
                plain, label = plain + "_", label + "'"
            taken.add(plain)
            found[at] = symbols[label] = tools.sympy.Symbol(plain, real=True)
            point[symbols[label]] = float(value[at])
        return found

    known: dict[int, Any] = {}
    for number, (called, value) in recipe.leaves.items():
        known[number] = symbolic(called, value) if called else tools.constants(value)
    for line in recipe.lines:
        if line.number == end:
            known[end] = symbolic(name, recipe.values[end])
            continue
        args = [known[x] if isinstance(x, int) else None if x is None else tools.constants(x) for x in line.inputs]
        known[line.number] = tools.apply(line, args)
    if end not in known:
        raise NoFormula(f"{recipe.name} does not depend on {name}")
    value, by = known[recipe.result].reshape(-1)[0], known[end][place]
    derivative = _shortest(tools, tools.sympy.diff(value, by))
    if (length := derivative.count_ops()) > _LONGEST:
        raise NoFormula(f"it has {length:,} operations, too many to be read")
    used = derivative.free_symbols | value.free_symbols | {by}
    short, where = _named_apart(tools, derivative, taken)
    short, where = _few_digits(tools, short), tuple([(name, _few_digits(tools, x)) for name, x in where])
    notes = tuple([note for f, note in tools.notes.items() if short.has(f) or any(x.has(f) for _, x in where)])
    label = next(label for label, s in symbols.items() if s is by)
    return Formula(recipe.name, label, value, derivative, {n: s for n, s in symbols.items() if s in used},
                   {s: v for s, v in point.items() if s in used}, short, where, notes)  # fmt: skip


def _shortest(tools: Any, expression: Any) -> Any:
    found = [expression]
    if expression.count_ops() <= _SIMPLIFIED and len(expression.atoms(tools.sympy.Piecewise)) < 2:
        found.append(tools.sympy.simplify(expression))
    found.append(tools.sympy.factor_terms(found[-1]))
    return min(found, key=lambda x: x.count_ops())


def _named_apart(tools: Any, expression: Any, taken: set[str]) -> tuple[Any, tuple[tuple[Any, Any], ...]]:
    """The expression with a name for each part of some length that occurs more than once."""
    if expression.count_ops() <= _NAMED_APART:
        return expression, ()
    names = (s for s in tools.sympy.numbered_symbols("z", real=True) if s.name not in taken)
    found, (short,) = tools.sympy.cse(expression, symbols=names, order="none")
    inline: dict[Any, Any] = {}
    kept = []
    for name, x in found:
        x = x.xreplace(inline)
        if x.count_ops() < 3 or not x.free_symbols:
            inline[name] = x
        else:
            kept.append((name, x))
    if len(kept) == 1 and "z" not in taken:  # the only one needs no number
        ((name, x),) = kept
        z = tools.sympy.Symbol("z", real=True)
        return short.xreplace(inline).xreplace({name: z}), ((z, x),)
    return short.xreplace(inline), tuple(kept)


def _few_digits(tools: Any, expression: Any) -> Any:
    def short(x: Any) -> Any:
        x = tools.sympy.Float(x, _DIGITS)
        return tools.sympy.Integer(x) if float(x).is_integer() and abs(x) < 10**_DIGITS else x

    return expression.xreplace({x: short(x) for x in expression.atoms(tools.sympy.Float)})
