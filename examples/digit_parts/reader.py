"""Lets a network read a digit, and asks why: what each layer made of it, and the blame of every pixel."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

import nn
import tinygrad_lite as tg


class Layer(NamedTuple):
    """What a layer made of the digit: `values` (neurons,) or (height, width, filters), and the sensitivity of the
    answer to each of them."""

    name: str
    values: np.ndarray
    sensitivity: np.ndarray


@dataclass(frozen=True)
class Reading:
    """What was read, and why.

    confidences: float (10,), 1 in all. sensitivity: (28, 28), how strongly the answer's logit responds to each pixel;
    the logit, as the softmax of a sure answer hardly responds to anything.
    """

    image: np.ndarray
    confidences: np.ndarray
    sensitivity: np.ndarray
    layers: list[Layer]

    @property
    def digit(self) -> int:
        """The answer."""
        return int(self.confidences.argmax())

    @property
    def blame(self) -> np.ndarray:
        """|value x sensitivity| of each pixel: its part in the answer. Paper has none."""
        return np.abs(self.image * self.sensitivity)


def read(model: nn.Sequential, image: np.ndarray) -> Reading:
    """What the model, whose outputs are ten logits, reads in an image (28, 28) of 0 for paper to 1 for ink.

    >>> import nn, numpy as np
    >>> model = nn.Sequential([nn.Dense(10, use_bias=False, input_shape=(784,))])
    >>> model.set_weights([np.eye(784, 10, k=-400)])          # 3 is how much ink there is at pixel 403
    >>> image = np.zeros((28, 28), np.float32)
    >>> image[14, 11] = 1
    >>> reading = read(model, image)
    >>> reading.digit, float(reading.blame.max())
    (3, 1.0)
    """
    model.eval()
    for weight in model.trainable_weights:
        weight.requires_grad = False  # only the pixels and neurons are asked
    pixels = tg.tensor(image[None], requires_grad=True)
    signal = pixels.reshape((1, *(model.input_shape or (784,))))
    asked: list[tuple[str, tg.Tensor, tg.Tensor]] = []
    for layer in model.layers:
        signal = layer(signal)
        if getattr(layer, "activation", None) is nn.activations.relu:
            nothing = tg.tensor(np.zeros(signal.shape, np.float32), requires_grad=True)
            asked.append((str(layer.name), signal, nothing))
            signal = signal + nothing  # its sensitivity is the neurons'
    logits = signal.detach().numpy()[0]
    signal[0, int(logits.argmax())].backward()
    layers = [Layer(name, _array(values)[0], _array(nothing.grad)[0]) for name, values, nothing in asked]
    return Reading(image, nn.activations.softmax(logits), _array(pixels.grad)[0], layers)


def _array(values: Any) -> np.ndarray:
    return values.detach().numpy() if isinstance(values, tg.Tensor) else np.asarray(values)
