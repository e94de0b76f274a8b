"""What the network says at one point and why: values, sensitivities, and the story of one weight."""

from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import Any

import numpy as np

import nn
import tinygrad_lite as tg

from .features import FEATURES, inputs_of
from .network import loss_of, output_activation, shown
from .settings import Settings


def names(settings: Settings) -> list[list[str]]:
    """What the neurons of each layer are called: "X1", "1.2" for the second of the first hidden layer, "output"."""
    hidden = [[f"{layer}.{i + 1}" for i in range(units)] for layer, units in enumerate(settings.hidden, 1)]
    outputs = ["output"] if settings.outputs == 1 else [f"class {i}" for i in range(settings.outputs)]
    if settings.outputs > 1 and settings.dataset_in_use == "own" and settings.own:
        outputs = list(settings.own.class_names)
    return [[FEATURES[name].label for name in settings.features], *hidden, outputs]


def probe(settings: Settings, layers: Sequence[nn.Dense], point: tuple[float, float], output: int) -> dict[str, Any]:
    """All values at a point of the plane, and how strongly one output answers to each, from one backward().

    neurons: the values of each layer, the inputs first; sensitivities: of the same shapes, the output's derivative by
    each. links: what each link hands on, weight x value, (from, to); link_sensitivities and bias_sensitivities: by each
    weight and bias. output: all outputs as they are shown. Where they are shown otherwise than the last layer gives
    them (cross-entropy), its values and sensitivities are those of the logits.
    """
    kernels = [tg.tensor(layer.kernel.data, requires_grad=True) for layer in layers]
    biases = [tg.tensor(layer.bias.data, requires_grad=True) for layer in layers]
    values = tg.tensor(inputs_of(*np.array(point)[:, None], settings.features))
    nudges = [tg.zeros(values.shape, np.float64, requires_grad=True)]  # to each value: how the output answers to it
    found = [values + nudges[0]]
    for layer, kernel, bias in zip(layers, kernels, biases, strict=True):
        values = layer.activation(found[-1] @ kernel + bias)
        nudges.append(tg.zeros(values.shape, np.float64, requires_grad=True))
        found.append(values + nudges[-1])
    result = shown(settings, found[-1])
    result[0, output].backward()
    neurons = [each.detach().numpy()[0] for each in found]
    return {
        "neurons": neurons,
        "sensitivities": [nudge.grad.numpy()[0] for nudge in nudges],
        "links": [value[:, None] * layer.kernel.data for value, layer in zip(neurons, layers, strict=False)],
        "link_sensitivities": [kernel.grad.numpy() for kernel in kernels],
        "bias_sensitivities": [bias.grad.numpy() for bias in biases],
        "output": result.detach().numpy()[0].tolist(),
    }


def arithmetic(
    settings: Settings, layers: Sequence[nn.Dense], point: tuple[float, float], layer: int, to: int
) -> list[str]:
    """How a neuron comes to its value at a point of the plane: the formula, with the numbers, and the result."""
    values = inputs_of(*np.array(point)[:, None], settings.features)
    for dense in layers[: layer - 1]:
        values = dense.activation(values @ dense.kernel.data + dense.bias.data)
    called, dense = names(settings), layers[layer - 1]
    weights, bias = dense.kernel.data[:, to], dense.bias.data[to]
    total = float(values[0] @ weights + bias)
    function = (*settings.hidden_activations, output_activation(settings))[layer - 1]
    before, after = ("", "") if function == "linear" else (f"{function}(", ")")
    products = [f"{_bracketed(w)} × {_bracketed(v)}" for w, v in zip(weights, values[0], strict=True)]
    lines = [
        f"{called[layer][to]} = {before}{' + '.join([f'weight × {name}' for name in called[layer - 1]])} + bias{after}",
        f"= {before}{' + '.join(products)} + {_bracketed(bias)}{after}",
    ]
    if function != "linear":
        lines.append(f"= {before}{_number(total)}{after}")
    return [*lines, f"= {_number(float(dense.activation(np.array([total]))[0]))}"]


def _number(value: float) -> str:
    return f"{value:.4g}".replace("-", "−")


def _bracketed(value: float) -> str:
    return f"({_number(value)})" if value < 0 else _number(value)


def story(
    settings: Settings,
    layers: Sequence[nn.Dense],
    which: tuple[int, int, int | None],
    x: np.ndarray,
    y: np.ndarray,
) -> Any:
    """Tells how strongly the mean loss of these samples answers to one weight: (layer, to, source or None).

    The network is computed once more, neuron by neuron and each by its name, of Tensors that hold the value for each
    sample (or one number, where there is one sample). What does not depend on the weight is a constant: the story is
    of the paths that lead from it to the loss.
    """
    layer, to, source = which
    called = names(settings)
    below = x  # the values of the layer below: none depends on the weight
    for dense in layers[: layer - 1]:
        below = dense.activation(below @ dense.kernel.data + dense.bias.data)
    one = len(x) == 1

    def value(column: Any) -> tg.Tensor:
        return tg.tensor(column[0] if one else column)

    def named(tensor: tg.Tensor, name: str) -> tg.Tensor:
        tensor.name = name
        return tensor

    def neuron(total: tg.Tensor, layer: int, i: int) -> tg.Tensor:
        name = called[layer][i]
        out = layers[layer - 1].activation(named(total, f"sum of {name}"))
        return total if out is total else named(out, name if name == "output" else f"neuron {name}")

    dense, name = layers[layer - 1], called[layer][to]
    kernel, bias = dense.kernel.data[:, to].copy(), dense.bias.data[to]
    if source is None:
        weight = named(tg.tensor(bias, requires_grad=True), f"bias of {name}")
        total = weight + named(value(below @ kernel), f"links of {name}")
    else:
        weight = named(tg.tensor(kernel[source], requires_grad=True), f"weight {called[layer - 1][source]} → {name}")
        kernel[source] = 0
        handed = weight * named(value(below[:, source]), called[layer - 1][source])
        total = handed + named(value(below @ kernel + bias), f"other links and bias of {name}")
    dependent: dict[int, Any] = {to: neuron(total, layer, to)}
    values = dense.activation(below @ dense.kernel.data + dense.bias.data)
    for number in range(layer + 1, len(layers) + 1):
        dense, after = layers[number - 1], {}
        for i in range(dense.units):
            kernel = dense.kernel.data[:, i]
            products = [
                neuron_ * named(tg.tensor(kernel[j]), f"weight {called[number - 1][j]} → {called[number][i]}")
                for j, neuron_ in dependent.items()
            ]
            others = [j for j in range(len(kernel)) if j not in dependent]
            rest = value(values[:, others] @ kernel[others] + dense.bias.data[i])
            rest.name = f"{'other links and ' if others else ''}bias of {called[number][i]}"
            after[i] = neuron(reduce(add, products) + rest, number, i)
        values, dependent = dense.activation(values @ dense.kernel.data + dense.bias.data), after
    return tg.explain(named(_loss(settings, dependent, values, y, one), "loss"), wrt=weight)


def _loss(settings: Settings, dependent: dict[int, Any], outputs: np.ndarray, y: np.ndarray, one: bool) -> tg.Tensor:
    """The mean loss, of the outputs that depend on the weight and of those that don't."""
    columns = [dependent.get(i, tg.tensor(outputs[0, i] if one else outputs[:, i])) for i in range(outputs.shape[1])]
    if len(columns) > 1:
        together = tg.stack(columns, axis=-1)
        return loss_of(settings)(y, together[None] if one else together)
    target = tg.tensor(y[0, 0] if one else y[:, 0], name="target")
    if settings.loss_in_use == "squared":
        each = tg.square(columns[0] - target) / 2
    else:
        each = nn.activations.softplus(columns[0]) - columns[0] * target
    return each if one else each.mean()
