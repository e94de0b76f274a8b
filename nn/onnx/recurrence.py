"""Recurrent layers. ONNX has a node that walks through time, but knows no masks: with one, see `steps`."""

from typing import Any

import numpy as np

from ..layers import GRU, LSTM, Bidirectional, SimpleRNN
from ..layers.recurrent import Recurrent
from .conversions import conversion, of_layer
from .graph import Graph, Value
from .merge import joined
from .steps import through_steps

ACTIVATIONS = {"tanh": "Tanh", "sigmoid": "Sigmoid", "relu": "Relu", "linear": "Affine"}
GATES = {SimpleRNN: [0], GRU: [0, 1, 2], LSTM: [0, 3, 1, 2]}  # where ONNX's gates stand among the layer's


@conversion(SimpleRNN, GRU, LSTM)
def recurrent(graph: Graph, layer: Recurrent, x: Value, initial_state: Any = None, mask: Any = None) -> Any:
    out, states = _walked(graph, layer, x, initial_state, mask, layer.go_backwards)
    return [out, *states] if layer.return_state else out


@conversion(Bidirectional)
def bidirectional(graph: Graph, layer: Bidirectional, x: Value, initial_state: Any = None, mask: Any = None) -> Any:
    both: list[Recurrent] = [layer.forward_layer, layer.backward_layer]
    results, states = [], []
    count = len(both[0].state_names)
    halves = (None, None) if initial_state is None else (initial_state[:count], initial_state[count:])
    for each, initial in zip(both, halves, strict=True):
        if of_layer(each) is not recurrent:
            raise NotImplementedError(
                f"ONNX export does not know {type(each).__name__}, which {graph.path!r} is made of"
            )
        with graph.scope(str(each.name)):
            out, last = _walked(graph, each, x, initial, mask, both[0].go_backwards)
        if each.return_sequences and mask is not None:
            present = graph.node("Unsqueeze", graph.cast(mask, out.dtype), graph.constant([2], "axes"))
            out = graph.node("Mul", out, present)
        results.append(out)
        states += last if both[0].return_state else []
    merged = _merged(graph, layer.merge_mode, results)
    return [merged, *states] if states else merged


def _merged(graph: Graph, mode: str | None, results: list[Value]) -> Any:
    if mode == "concat":
        return joined(graph, results, axis=results[0].ndim - 1)
    return results if mode is None else graph.node({"sum": "Add", "mul": "Mul", "ave": "Mean"}[mode], *results)


def _walked(
    graph: Graph, layer: Recurrent, x: Value, initial: Any, mask: Any, reverse: bool
) -> tuple[Value, list[Value]]:
    """What the layer gives without its states, and the last states; a sequence from its end, if that is wanted."""
    x = graph.transpose(graph.cast(x, layer.kernel.dtype), (1, 0, 2))
    given = [] if initial is None else list(initial) if isinstance(initial, (list, tuple)) else [initial]
    if not all(isinstance(state, Value) for state in [*given, *([] if mask is None else [mask])]):
        raise NotImplementedError(
            f"{graph.path}: an initial_state or a mask that is no input is for one batch size only; in an ONNX file the"
            " batch may have any: make it an nn.Input"
        )
    given = [graph.cast(state, x.dtype) for state in given]
    sequence, states = _in_one(graph, layer, x, given) if mask is None else through_steps(graph, layer, x, given, mask)
    if not layer.return_sequences:
        return states[0], states
    if reverse:
        ends = {"starts": [-1], "ends": [-(2**63)], "axes": [0], "steps": [-1]}
        sequence = graph.node("Slice", sequence, *[graph.constant(n, name) for name, n in ends.items()])
    return graph.transpose(sequence, (1, 0, 2)), states


def _in_one(graph: Graph, layer: Recurrent, x: Value, initial: list[Value]) -> tuple[Value, list[Value]]:
    """The states after each step, in order of time, and the last ones: by ONNX's own RNN, GRU or LSTM."""
    kind = next(kind for kind in GATES if isinstance(layer, kind))

    def gates(columns: np.ndarray) -> np.ndarray:
        """(rows, gates * units) in ONNX's order of the gates."""
        return columns.reshape(len(columns), -1, layer.units)[:, GATES[kind]].reshape(columns.shape)

    kernel = graph.weight(layer.kernel, gates(layer.kernel.data).T[None])
    recurrent_kernel = graph.weight(layer.recurrent_kernel, gates(layer.recurrent_kernel.data).T[None])
    bias = None
    if layer.use_bias:
        rows = layer.bias.data.reshape(-1, layer.gates * layer.units)  # a GRU has a second one, for the states
        both = gates(np.concatenate([rows, np.zeros_like(rows)])[:2])
        bias = graph.weight(layer.bias, both.reshape(1, -1))
    outer, inner = layer.activation, getattr(layer, "recurrent_activation", "")
    names = {SimpleRNN: [outer], GRU: [inner, outer], LSTM: [inner, outer, outer]}[kind]
    options: dict[str, Any] = {"linear_before_reset": 1} if kind is GRU else {}
    if linear := names.count("linear"):
        options |= {"activation_alpha": [1.0] * linear, "activation_beta": [0.0] * linear}
    first = graph.constant([0], "axes")
    sequence, *states = graph.node(
        "RNN" if kind is SimpleRNN else kind.__name__,
        x,
        kernel,
        recurrent_kernel,
        bias,
        None,
        *[graph.node("Unsqueeze", state, first) for state in initial],
        outputs=1 + len(layer.state_names),
        hidden_size=layer.units,
        direction="reverse" if layer.go_backwards else "forward",
        activations=[ACTIVATIONS[name] for name in names],
        **options,
    )
    sequence = graph.node("Squeeze", sequence, graph.constant([1], "axes"))
    return sequence, [graph.node("Squeeze", state, first) for state in states]
