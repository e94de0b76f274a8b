"""Walks the graph backwards. The only place where gradients are added up and where broadcasting is undone."""

import threading
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any, NoReturn, TypeAlias

import numpy as np

from .batching import Batch, Refused, innermost, levels_of, one_by_one
from .batching import bare as all_examples
from .examples import enter, leave
from .hooks import RETAIN, through_hooks
from .mode import current, enable_grad, no_grad
from .primitive import NO_PARAMS, PYTHON_NUMBERS, REAL_NUMBERS, Array, Node, call_of, describe, leaf

# Is shown (node, None, g), all that a node is handed, and (node, x, r), the share r that it hands on to its argument x.
Watch: TypeAlias = Callable[[Node, Node | None, Array], None]

_number = attrgetter("_number")
_depositing = threading.Lock()  # threads that share a leaf take turns at its gradient


def backward(root: Node, gradient: Any = None, retain_graph: bool = False, create_graph: bool = False) -> None:
    """Adds the derivative of `root` to the gradient of each leaf it was computed from; see `Tensor.backward`."""
    if not root._requires_grad:
        if root._data.dtype.kind not in "fc":
            raise RuntimeError(
                f"backward() from a {describe(root)}: whole numbers and booleans go in jumps and have no derivative, so"
                " that they are constants, whatever they were computed from"
            )
        raise RuntimeError(
            f"backward() from a {describe(root)} that does not depend on anything with requires_grad=True."
            " Create the leaf with tensor(..., requires_grad=True), outside no_grad()"
        )
    if type(root._data) is Batch and root._data.level.open:
        raise RuntimeError(
            f"backward() from a {describe(root)} inside of vmap: leaves have no place for a gradient of each example."
            " Write grad(f) inside of vmap, or call backward() outside"
        )
    nodes = history(root)
    found = pull_back(nodes, seed_of(root, gradient, create_graph), create_graph=create_graph, hooks=True)
    with _depositing, enable_grad() if create_graph else no_grad():
        sums = []
        for node, g in found:
            g = g if isinstance(g, Node) else leaf(root.__class__, g)
            sums.append((node, g if node._grad is None else node._grad + g))
        for node, total in sums:
            node._grad = total
    if not (retain_graph or create_graph):
        free(nodes)


def seed_of(root: Node, gradient: Any, create_graph: bool = False) -> Array:
    """The cotangent that the walk starts with: what was given, or 1 for a single number."""
    data = root._data
    if gradient is None:
        if data.size != 1:
            raise RuntimeError(
                f"backward() needs a single number to start from, this is a {describe(root)}."
                " Reduce it, for example .sum(), or give backward(gradient) of the same shape"
            )
        if data.dtype.kind == "c":
            raise RuntimeError(
                f"backward() needs a real number to start from, this is a {describe(root)}. Take one of it, for"
                " example .real or abs(), or give backward(gradient): dL/d(real part) + i dL/d(imaginary part)"
            )
        seed = np.ones_like(data)[()]
    else:
        seed = gradient if hasattr(gradient, "dtype") else np.asarray(gradient)
        if seed.shape != data.shape:
            raise ValueError(
                f"the gradient given has the shape {seed.shape}, it must have that of the {describe(root)}"
            )
        if seed.dtype != data.dtype:
            if seed.dtype.kind == "c" and data.dtype.kind != "c":
                raise TypeError(f"gradient is {seed.dtype}, it must be real as the Tensor: a {describe(root)}")
            seed = seed.astype(data.dtype)
    if create_graph:
        return seed if isinstance(seed, Node) else leaf(root.__class__, seed.copy())
    return seed._data if isinstance(seed, Node) else seed


def history(root: Node, wrt: Sequence[Node] = ()) -> list[Node]:
    """What the root was computed from and what a gradient flows to, newest first: that is a topological order.

    The root, too, if it wants a gradient. With `wrt`, only what depends on one of those nodes. Raises RuntimeError
    where the graph was freed, or where a Tensor was changed in place after use.
    """
    ends = {node._number for node in wrt}
    oldest = min(ends, default=0)
    stack = [root] if root._requires_grad else []
    seen = {root._number}
    nodes = []
    while stack:
        node = stack.pop()
        number = node._number
        if number in ends:
            nodes.append(node)
            continue
        for x in node._inputs if node._inputs is not None else _refuse_freed(node):
            if isinstance(x, Node):
                n = x._number
                if n > number:  # the input was changed since: put what it was in its place, and look again
                    _restore_inputs(node)
                    stack.append(node)
                    break
                if x._requires_grad and n not in seen and n >= oldest:
                    seen.add(n)
                    stack.append(x)
        else:
            nodes.append(node)
    nodes.sort(key=_number, reverse=True)
    if not wrt:
        return nodes
    depends = set(ends)
    for node in reversed(nodes):
        if any(isinstance(x, Node) and x._number in depends for x in node._inputs or ()):
            depends.add(node._number)
    return [node for node in nodes if node._number in depends]


def _refuse_freed(node: Node) -> NoReturn:
    raise RuntimeError(
        f"the graph of this {describe(node)} was freed by an earlier backward(). Compute it again, or keep the graph"
        " with backward(retain_graph=True)"
    )


def _restore_inputs(node: Node) -> None:
    node._inputs = tuple([_as_it_was(x, node) if isinstance(x, Node) else x for x in node._inputs or ()])


def _as_it_was(x: Node, node: Node) -> Node:
    """The version of `x` that `node` was computed from: a recorded change in place keeps the former as first input."""
    version = x
    while version._number > node._number:
        if not version._inputs:
            raise RuntimeError(
                f"{describe(x)} was changed in place after {node._primitive.name} had used it to compute"  # type: ignore[union-attr]
                f" {describe(node)}, so that its gradient would be wrong. Call backward() before the change, or change"
                " a copy: x = x.copy()"
            )
        version = version._inputs[0]
    return version


def pull_back(
    nodes: list[Node],
    seed: Array,
    wrt: Sequence[Node] = (),
    create_graph: bool = False,
    watch: Watch | None = None,
    hooks: bool = False,
) -> list[tuple[Node, Array]]:
    """The chain rule over `nodes` (a `history`): each leaf, or each node of `wrt`, with the cotangent it is handed.

    The first node, the root, is handed the seed. The cotangents are arrays of their own or, with create_graph, Tensors
    that can be differentiated again. `watch` is shown every cotangent on the way; where the walk is repeated with care,
    the last word counts. hooks: cotangents pass through the hooks of their nodes, and those that a node is to retain
    are found, too.
    """
    hooks = hooks and any(node._hooks for node in nodes)
    detecting = current.get().watch if watch is None else None
    watch, once = watch or detecting, hooks or detecting is not None  # with care from the start
    batched = Batch.met and (type(_data_of(seed)) is Batch or any(type(node._data) is Batch for node in nodes))
    if batched and not create_graph:  # the rules run on Tensors: primitives know what to do with many examples
        seed, watch = leaf(nodes[0].__class__, seed), watch and _shown_all_examples(watch)
    with enable_grad() if create_graph else no_grad(), np.errstate(all="ignore"):
        tensors = create_graph or batched
        found = _walk(nodes, seed, wrt, tensors, batched, watch, careful=once, hooks=hooks)  # each hook is called once
        if (
            not once
            and any(n._primitive and n._primitive.elementwise for n in nodes)
            and any(_has_nan(g) for _, g in found)
        ):
            # A zero cotangent met an infinite derivative, or the nan is honest: the careful walk tells them apart.
            found = _walk(nodes, seed, wrt, tensors, batched, watch, careful=True)
    return [(x, g._data) for x, g in found] if batched and not create_graph else found


def _shown_all_examples(watch: Watch) -> Watch:
    """Shows it arrays with all examples in front, as large as what they belong to."""

    def show(node: Node, x: Node | None, g: Array) -> None:
        array, own = all_examples(_data_of(g)), all_examples((node if x is None else x)._data)
        watch(node, x, np.broadcast_to(array, own.shape) if array.ndim < own.ndim else array)

    return show


def _walk(
    nodes: list[Node],
    seed: Array,
    wrt: Sequence[Node],
    tensors: bool,
    batched: bool,
    watch: Watch | None,
    careful: bool = False,
    hooks: bool = False,
) -> list[tuple[Node, Array]]:
    ends = {node._number for node in wrt}
    reached = {node._number for node in nodes} if wrt else None
    cotangents: dict[int, Array] = {nodes[0]._number: seed} if nodes else {}
    complex_met = seed.dtype.kind == "c"
    found = []
    for node in nodes:
        g = cotangents.pop(node._number, None)
        if g is None:
            continue
        if hooks and node._hooks:
            g = through_hooks(node, g)
            if RETAIN in node._hooks:
                found.append((node, g.copy()))
        if watch is not None:
            watch(node, None, g)
        step = node._primitive
        if step is None or node._number in ends:
            found.append((node, g.copy() if g is seed else g))
            continue
        inputs, params = node._inputs or (), node._params
        if tensors:
            given = [g, node, *inputs]
        else:
            given = [g, node._data]
            for x in inputs:
                given.append(x._data if isinstance(x, Node) else x)
        # conj(f') g = conj(f' conj(g)): so the rules of real calculus serve complex numbers.
        turned = complex_met and step.holomorphic and g.dtype.kind == "c"
        if turned:
            given[0] = g.conjugate()
        rules = step.rules
        if not step.plain:
            if step.complex is None:
                _refuse_complex(node, g)
            if step.shared is not None:
                given[0] = _of_each(step.shared, given, params) if batched else step.shared(*given, **params)
            if step.variadic:
                rules = step.rules_for(inputs)
        for x, rule in zip(inputs, rules):  # noqa: B905 - a keyword here costs a tenth of the walk
            if not isinstance(x, Node) or not x._requires_grad or rule is None:
                continue
            number = x._number
            if reached is not None and number not in reached:
                continue
            data = x._data
            try:
                r = _of_each(rule, given, params) if batched else rule(*given, **params) if params else rule(*given)
                if turned:
                    r = r.conjugate()
                if careful:
                    r = (_zero_wins_in_each if batched else _zero_wins)(g, r, step.elementwise)
                if batched:
                    r = _summed_over_examples(r, number)
                if (kind := type(r)) is not type(data) or kind not in REAL_NUMBERS:  # numbers of one type fit
                    complex_met = complex_met or data.dtype.kind == "c"
                    if kind in PYTHON_NUMBERS or r.dtype is not data.dtype or r.shape != data.shape:
                        r = _fit(r, data)
                    if number not in cotangents and (x._primitive is None or number in ends):
                        r = r.copy() if tensors or r.base is not None or any(r is a for a in given) else r
            except Exception as error:
                error.add_note(f"in the derivative of {step.name} by a {describe(x)}")
                raise
            if watch is not None:
                watch(node, x, r)
            cotangents[number] = cotangents[number] + r if number in cotangents else r
    return found


def _fit(r: Array, data: Array) -> Array:
    """A cotangent brought to the shape and dtype of its argument: the axes that broadcasting stretched are summed."""
    if type(r) in PYTHON_NUMBERS:
        r = np.asarray(r)[()]
    if r.dtype.kind == "c" and data.dtype.kind != "c":  # a real argument moves along the real axis only
        r = r.real
    if r.shape != data.shape:
        shape, extra = r.shape, len(r.shape) - len(data.shape)
        if r.dtype == np.float16:
            r = r.astype(np.float32)  # added up in float32, rounded once
        if extra > 0:
            r = r.sum(axis=tuple(range(extra)))
        elif extra < 0:
            r = r.reshape((1,) * -extra + shape)
        stretched = tuple([i for i, n in enumerate(data.shape) if n == 1 and r.shape[i] != 1])
        if stretched:
            r = r.sum(axis=stretched, keepdims=True)
        if r.shape != data.shape:
            raise ValueError(f"the rule gave a cotangent of the shape {shape} for an argument of {data.shape}")
    if r.dtype != data.dtype:
        r = r.astype(data.dtype)
    return r


def _refuse_complex(node: Node, g: Array) -> None:
    """Raises TypeError if complex numbers go into or come out of a step whose rules are for real numbers."""
    for x in (g, *(node._inputs or ())):
        if type(x) is complex or (hasattr(x, "dtype") and x.dtype.kind == "c"):
            raise TypeError(
                f"{call_of(node._primitive.name, *(node._inputs or ()))} has no derivative for complex numbers:"  # type: ignore[union-attr]
                " compute with .real and .imag"
            )


def _of_each(rule: Callable[..., Array], given: Sequence[Any], params: dict[str, Any]) -> Array:
    """A rule on many examples. One that asks for their values, for an `if` say, is run on each of them."""
    try:
        return rule(*given, **params)
    except Refused:
        level = innermost([_data_of(x) for x in given], params)
        if level is None:
            raise
        each = lambda *given, **params: _of_each(rule, given, params)  # inside of another vmap it may be refused again
        found = one_by_one(each, given, params, level, lambda x: leave(x, level))
        return tuple([enter(x, level) for x in found]) if isinstance(found, tuple) else enter(found, level)


def _summed_over_examples(r: Array, number: int) -> Array:
    """The cotangent of what is older than a call of vmap that is over: it is one and the same for all examples."""
    for level in levels_of(_data_of(r)):
        if level.number > number and not level.open:
            r = leave(r, level).sum(axis=0)
    return r


def _data_of(x: Any) -> Any:
    return x._data if isinstance(x, Node) else x


def _zero_wins(g: Array, r: Array, elementwise: bool) -> Array:
    """A zero cotangent hands back zero, also through an infinite or undefined derivative."""
    g_data, r_data = _data_of(g), _data_of(r)
    undefined = (r_data != r_data) & (g_data == 0 if elementwise else not g_data.any())
    return np.where(undefined, 0.0, r) if np.any(undefined) else r


def _zero_wins_in_each(g: Array, r: Array, elementwise: bool) -> Array:
    stopped = np.equal(g, 0) if elementwise else np.logical_not(np.any(g))
    return np.where(np.logical_and(np.not_equal(r, r), stopped), 0.0, r)


def _has_nan(g: Array) -> bool:
    data = all_examples(_data_of(g))
    return bool(np.isnan(np.vdot(data, data)))


def free(nodes: Iterable[Node]) -> None:
    """Lets go of the graph. Newest first, so that no chain of destructors starts."""
    for node in nodes:
        if node._primitive is not None:
            node._inputs = None
            node._params = NO_PARAMS
