"""The playground's network, made of nn's layers in float64, its loss, and what it shows on the plane."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import nn
import tinygrad_lite as tg

from .features import grid, inputs_of
from .random_numbers import SeedRandom
from .settings import Settings


def build(settings: Settings, random: SeedRandom) -> nn.Sequential:
    """The network with its first weights: drawn from -0.5 .. 0.5 neuron by neuron, biases 0.1, or all 0.

    With cross-entropy the last layer gives logits; `shown` makes of them what a picture shows.
    """

    def kernel(shape: tuple[int, ...]) -> np.ndarray:
        weights = np.zeros(shape)
        if not settings.init_zero:
            for neuron in weights.T:
                neuron[:] = [random.random() - 0.5 for _ in neuron]
        return weights

    def bias(shape: tuple[int, ...]) -> np.ndarray:
        return np.full(shape, 0.0 if settings.init_zero else 0.1)

    def dense(units: int, activation: str, inputs: int, name: str) -> nn.Dense:
        return nn.Dense(
            units,
            activation,
            kernel_initializer=kernel,
            bias_initializer=bias,
            input_shape=(inputs,),
            name=name,
        )

    model, inputs = nn.Sequential(name="network"), len(settings.features)
    for i, (units, activation) in enumerate(zip(settings.hidden, settings.hidden_activations, strict=True), 1):
        model.add(dense(units, activation, inputs, f"hidden_{i}"))
        if settings.dropout:
            model.add(nn.Dropout(settings.dropout, name=f"dropout_{i}"))
        inputs = units
    model.add(dense(settings.outputs, output_activation(settings), inputs, "output"))
    return model


def output_activation(settings: Settings) -> str:
    """What the last layer makes of its sums: tanh for classes -1 and 1; values and logits stay as they are."""
    return "tanh" if settings.problem == "classification" and settings.loss_in_use == "squared" else "linear"


def targets_of(settings: Settings, labels: np.ndarray) -> np.ndarray:
    """What should come out for these labels: (points, outputs)."""
    entropy = settings.loss_in_use == "cross-entropy"
    if settings.outputs > 1:
        rows = nn.one_hot(labels.astype(int), settings.outputs, np.float64)
        return rows if entropy else 2 * rows - 1
    return (labels[:, None] + 1) / 2 if entropy else labels[:, None]


def half_squared_error(y: Any, y_pred: tg.Tensor) -> tg.Tensor:
    """Half the squared distance, the mean over the samples."""
    return tg.square(y_pred - y).sum() / (2 * len(y))


def binary_crossentropy(y: Any, y_pred: tg.Tensor) -> tg.Tensor:
    """nn's, of logits."""
    return nn.losses.binary_crossentropy(y, y_pred, from_logits=True)


def categorical_crossentropy(y: Any, y_pred: tg.Tensor) -> tg.Tensor:
    """nn's, of logits."""
    return nn.losses.categorical_crossentropy(y, y_pred, from_logits=True)


def loss_of(settings: Settings) -> Callable[[Any, tg.Tensor], tg.Tensor]:
    """The loss that goes with the settings, as a function of (targets, outputs)."""
    if settings.loss_in_use == "squared":
        return half_squared_error
    return categorical_crossentropy if settings.outputs > 1 else binary_crossentropy


def optimizer_of(settings: Settings) -> nn.Optimizer:
    """The optimizer that goes with the settings."""
    rate = settings.learning_rate
    return {
        "sgd": lambda: nn.SGD(rate),
        "momentum": lambda: nn.SGD(rate, momentum=0.9),
        "nesterov": lambda: nn.SGD(rate, momentum=0.9, nesterov=True),
        "rmsprop": lambda: nn.RMSprop(rate),
        "adadelta": lambda: nn.Adadelta(rate),
        "adam": lambda: nn.Adam(rate),
        "adamw": lambda: nn.AdamW(rate),
    }[settings.optimizer]()


def denses(model: nn.Sequential) -> list[nn.Dense]:
    """The layers with weights."""
    return [layer for layer in model.layers if isinstance(layer, nn.Dense)]


def shown(settings: Settings, outputs: Any) -> Any:
    """The outputs as a picture shows them: logits of two classes as -1 .. 1, of more as probabilities."""
    if settings.loss_in_use != "cross-entropy":
        return outputs
    return nn.activations.softmax(outputs) if settings.outputs > 1 else nn.activations.tanh(outputs / 2)


def right(outputs: np.ndarray, targets: np.ndarray) -> float:
    """The share of these samples that are classified right. Logits or not, more than one output or not."""
    if targets.shape[1] > 1:
        return float((outputs.argmax(axis=1) == targets.argmax(axis=1)).mean())
    return float(((outputs > 0) == (targets > 0)).mean())


def maps(settings: Settings, layers: Sequence[nn.Dense], size: int) -> np.ndarray:
    """What each neuron, inputs and outputs too, gives over the plane: float32 (neurons, size, size), as `grid` lies."""
    values = inputs_of(*grid(size).T, settings.features)
    found = [values]
    for layer in layers:
        kernel, bias = (weight.detach().numpy().astype(np.float32) for weight in (layer.kernel, layer.bias))
        values = layer.activation(values @ kernel + bias)
        found.append(values)
    found[-1] = shown(settings, values)
    return np.concatenate(found, axis=1).T.reshape(-1, size, size)
