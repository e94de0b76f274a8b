"""How wrong a prediction is, as one number: the mean over the samples.

Each loss is a function of (y_true, y_pred); the class of the same name holds its options, as in Keras.
y_true is a constant: no gradient flows into it, so a y_true that wants one is refused. Nothing is broadcast: the shapes
must be equal, but for a last axis of length 1 that only one of them has, as in Keras.

sample_weight: what each sample counts, (batch,), or each of its steps, (batch, steps). As in Keras the weighted losses
are summed and divided by their number, not by the sum of the weights.
"""

from collections.abc import Callable
from inspect import signature
from typing import Any

import numpy as np

import tinygrad_lite as tg
from tinygrad_lite import Tensor, batching, primitive

from .activations import log_softmax, softmax, softplus
from .configured import Configured
from .data import same_last_axis
from .naming import choose
from .weighing import weights_like

Array = Any


_HINTS = {
    "categorical_crossentropy": " For class numbers use sparse_categorical_crossentropy",
    "sparse_categorical_crossentropy": " For one-hot rows use categorical_crossentropy",
}


def _same_shape(loss: str, y_true: Array, y_pred: Array) -> None:
    if y_true.shape != y_pred.shape:
        raise ValueError(
            f"{loss}: y_true has the shape {y_true.shape}, y_pred {y_pred.shape}; they must be equal."
            + _HINTS.get(loss, "")
        )


def _constant(y: Array) -> np.ndarray:
    if not isinstance(y, Tensor):
        return np.asarray(y)
    if y.requires_grad:
        raise ValueError("y_true is a constant to a loss, but this one wants a gradient: write y_true.detach()")
    return y.numpy()


def _as(loss: str, y_true: Array, y_pred: Tensor) -> np.ndarray:
    """y_true as a constant array of y_pred's shape and dtype."""
    y = same_last_axis(_constant(y_true), y_pred.shape)
    _same_shape(loss, y, y_pred)
    return y if y.dtype == y_pred.dtype else y.astype(y_pred.dtype)


def _mean(values: Tensor, sample_weight: Any) -> Tensor:
    """The mean of the values, each times its sample's weight."""
    return values.mean() if sample_weight is None else (values * weights_like(values, sample_weight)).mean()


# Cross-entropy.


def _from_logits_rule(g: Array, out: Array, logits: Array, y: Array) -> Array:
    return (softmax(logits) * y.sum(axis=-1, keepdims=True) - y) * (g / (y.size // y.shape[-1]))


def _mean_of_rows(y: Array, logs: Array) -> Array:
    return -(y * logs).sum() / (y.size // y.shape[-1])


@primitive(_from_logits_rule, batch=batching.Formula(lambda logits, y: _mean_of_rows(y, log_softmax(logits))))
def softmax_crossentropy(logits: Array, y: Array) -> Array:
    """The mean of -sum(y * log_softmax(logits)) over the samples, in one step; y is a constant array."""
    shifted = logits - np.max(logits, axis=-1, keepdims=True)
    log_sums = np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))
    return np.sum(y * (log_sums - shifted)) / np.asarray(y.size // y.shape[-1], dtype=shifted.dtype)


def _from_probabilities_rule(g: Array, out: Array, p: Array, y: Array) -> Array:
    tiny = float(np.finfo(p.dtype).tiny)
    return -y / tg.maximum(p, tiny) * (g / (y.size // y.shape[-1]))


def _logs(p: Array) -> Array:
    return tg.log(tg.maximum(p, float(np.finfo(p.dtype).tiny)))


@primitive(_from_probabilities_rule, batch=batching.Formula(lambda p, y: _mean_of_rows(y, _logs(p))))
def crossentropy(p: Array, y: Array) -> Array:
    """The mean of -sum(y * log(p)) over the samples. A p of 0 counts as the smallest number there is."""
    logs = np.log(np.maximum(p, np.finfo(p.dtype).tiny))
    return -np.sum(y * logs) / np.asarray(y.size // y.shape[-1], dtype=p.dtype)


def categorical_crossentropy(
    y_true: Array, y_pred: Tensor, from_logits: bool = False, sample_weight: Any = None
) -> Tensor:
    """-sum(y_true * log(y_pred)): y_true (batch, classes) one-hot or probabilities, y_pred the same shape.

    y_pred are probabilities (a softmax) or, with from_logits, what goes into the softmax: exact at any size.
    Raises ValueError for shapes that differ.
    """
    y = _as("categorical_crossentropy", y_true, y_pred)
    if sample_weight is not None:
        y = y * weights_like(y, sample_weight, y.ndim - 1)
    return softmax_crossentropy(y_pred, y=y) if from_logits else crossentropy(y_pred, y=y)


def one_hot(labels: Array, num_classes: int, dtype: Any = np.float32) -> np.ndarray:
    """Class numbers 0..num_classes-1 of any shape as rows that are 1 in one place: shape (..., num_classes).

    Raises ValueError that names the first label out of range, TypeError for labels that are no integers.
    """
    labels = _constant(labels)
    if labels.dtype.kind not in "iuf" or (labels.dtype.kind == "f" and (labels != np.floor(labels)).any()):
        raise TypeError(f"labels must be integers, given {labels.dtype}: write y.astype(int)")
    if labels.size and (labels.min() < 0 or labels.max() >= num_classes):
        where = np.argwhere((labels < 0) | (labels >= num_classes))[0]
        place = ", ".join(map(str, where.tolist()))
        raise ValueError(
            f"label {labels[tuple(where)]} at index [{place}] is none of the {num_classes} classes 0..{num_classes - 1}"
        )
    out = np.zeros((labels.size, num_classes), dtype)
    out[np.arange(labels.size), labels.reshape(-1).astype(np.int64)] = 1
    return out.reshape(*labels.shape, num_classes)


def sparse_categorical_crossentropy(
    y_true: Array, y_pred: Tensor, from_logits: bool = False, sample_weight: Any = None
) -> Tensor:
    """The same as `categorical_crossentropy`, with class numbers: y_true (batch,), y_pred (batch, classes)."""
    labels = _constant(y_true)
    if labels.ndim == y_pred.ndim and labels.shape[-1:] == (1,):
        labels = labels[..., 0]
    _same_shape("sparse_categorical_crossentropy", labels, y_pred[..., 0])
    y = one_hot(labels, y_pred.shape[-1], y_pred.dtype)
    return categorical_crossentropy(y, y_pred, from_logits, sample_weight)


def binary_crossentropy(y_true: Array, y_pred: Tensor, from_logits: bool = False, sample_weight: Any = None) -> Tensor:
    """-(y log p + (1 - y) log(1 - p)), the mean over all elements; y_true in 0..1.

    y_pred are probabilities (a sigmoid, held between 1e-7 and 1 - 1e-7 as in Keras) or, with from_logits, what goes
    into the sigmoid: exact at any size.
    """
    y = _as("binary_crossentropy", y_true, y_pred)
    if from_logits:
        return _mean(softplus(y_pred) - y_pred * y, sample_weight)
    margin = max(1e-7, float(np.finfo(y.dtype).epsneg))  # in float16, 1 - 1e-7 would be 1
    p = tg.clip(y_pred, margin, 1 - margin)
    return -_mean(y * tg.log(p) + (1 - y) * tg.log(1 - p), sample_weight)


# Distances.


def mean_squared_error(y_true: Array, y_pred: Tensor, sample_weight: Any = None) -> Tensor:
    """The mean of (y_true - y_pred)**2."""
    y = _as("mean_squared_error", y_true, y_pred)
    return _mean(tg.square(y_pred - y), sample_weight)


def mean_absolute_error(y_true: Array, y_pred: Tensor, sample_weight: Any = None) -> Tensor:
    """The mean of |y_true - y_pred|."""
    y = _as("mean_absolute_error", y_true, y_pred)
    return _mean(tg.abs(y_pred - y), sample_weight)


def hinge(y_true: Array, y_pred: Tensor, sample_weight: Any = None) -> Tensor:
    """The mean of max(1 - y_true * y_pred, 0), for labels -1 and 1 (0 and 1 are taken as -1 and 1)."""
    y = _as("hinge", y_true, y_pred)
    if ((y == 0) | (y == 1)).all():
        y = 2 * y - 1
    return _mean(tg.maximum(1 - y_pred * y, 0.0), sample_weight)


class Loss(Configured):
    """A loss with its options: call it with (y_true, y_pred) and perhaps a sample_weight."""

    def __init__(self, function: Callable[..., Tensor], **options: Any) -> None:
        self.function = function
        self.options = options
        self.name = function.__name__

    def __call__(self, y_true: Array, y_pred: Tensor, sample_weight: Any = None) -> Tensor:
        return self.function(y_true, y_pred, **self.options, sample_weight=sample_weight)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{key}={value!r}' for key, value in self.options.items())})"


class CategoricalCrossentropy(Loss):
    """`categorical_crossentropy` as an object."""

    def __init__(self, from_logits: bool = False) -> None:
        super().__init__(categorical_crossentropy, from_logits=from_logits)


class SparseCategoricalCrossentropy(Loss):
    """`sparse_categorical_crossentropy` as an object."""

    def __init__(self, from_logits: bool = False) -> None:
        super().__init__(sparse_categorical_crossentropy, from_logits=from_logits)


class BinaryCrossentropy(Loss):
    """`binary_crossentropy` as an object."""

    def __init__(self, from_logits: bool = False) -> None:
        super().__init__(binary_crossentropy, from_logits=from_logits)


class MeanSquaredError(Loss):
    """`mean_squared_error` as an object."""

    def __init__(self) -> None:
        super().__init__(mean_squared_error)


class MeanAbsoluteError(Loss):
    """`mean_absolute_error` as an object."""

    def __init__(self) -> None:
        super().__init__(mean_absolute_error)


class Hinge(Loss):
    """`hinge` as an object."""

    def __init__(self) -> None:
        super().__init__(hinge)


LOSSES: dict[str, Callable[..., Tensor]] = {
    "categorical_crossentropy": categorical_crossentropy,
    "sparse_categorical_crossentropy": sparse_categorical_crossentropy,
    "binary_crossentropy": binary_crossentropy,
    "mean_squared_error": mean_squared_error,
    "mse": mean_squared_error,
    "mean_absolute_error": mean_absolute_error,
    "mae": mean_absolute_error,
    "hinge": hinge,
}


def get(loss: Any) -> Callable[..., Tensor]:
    """The loss of that name; a function of (y_true, y_pred) is taken as it is."""
    return choose("loss", loss, LOSSES)


def weighted(loss: Callable[..., Any], y_true: Array, y_pred: Tensor, sample_weight: Any) -> Any:
    """loss(y_true, y_pred), in which each sample counts by its weight, if there are weights.

    A loss that takes sample_weight is given it; of another, what it gives for each sample is weighed. Raises ValueError
    for one that gives a single number.
    """
    if sample_weight is None:
        return loss(y_true, y_pred)
    if "sample_weight" in signature(loss).parameters:
        return loss(y_true, y_pred, sample_weight=sample_weight)
    values = loss(y_true, y_pred)
    if isinstance(values, Tensor) and not values.ndim:
        raise ValueError(
            "this loss gives one number for a whole batch, so its samples can't be weighed: let it give one for each"
            " sample, or take sample_weight=None as an argument"
        )
    return _mean(values, sample_weight) if isinstance(values, Tensor) else values
