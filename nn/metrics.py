"""How good a prediction is, in words people use. A metric adds up batches; its result is the mean over all samples."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .naming import look_up


def categorical_accuracy(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """For each sample 1 if the largest of y_pred is where the largest of y_true (one-hot) is, else 0."""
    return np.argmax(y_true, axis=-1) == np.argmax(y_pred, axis=-1)


def sparse_categorical_accuracy(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """For each sample 1 if the largest of y_pred is at the class number y_true, else 0."""
    guess = np.argmax(y_pred, axis=-1)
    return y_true.reshape(guess.shape) == guess


def binary_accuracy(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """For each element 1 if y_pred is on the same side of 0.5 as y_true, else 0."""
    return (y_true > 0.5) == (y_pred > 0.5)


def mean_squared_error(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """For each element (y_true - y_pred)**2."""
    return np.square(y_true - y_pred)


def mean_absolute_error(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """For each element |y_true - y_pred|."""
    return np.abs(y_true - y_pred)


class Metric:
    """The mean of a function of (y_true, y_pred) over all samples of all batches since the last reset.

    >>> import nn, numpy as np
    >>> metric = nn.metrics.Metric(nn.metrics.binary_accuracy)
    >>> metric.update_state(np.array([1, 0]), np.array([0.9, 0.8]))
    >>> metric.result()
    0.5
    """

    def __init__(self, function: Callable[..., Any], name: str | None = None) -> None:
        self.function = function
        self.name: str = name or str(getattr(function, "__name__", type(function).__name__))
        self.reset_state()

    def reset_state(self) -> None:
        """Forgets all batches."""
        self._total, self._count = 0.0, 0

    def update_state(self, y_true: np.ndarray, y_pred: np.ndarray) -> None:
        """Adds a batch."""
        values = np.asarray(self.function(y_true, y_pred))
        self._total += float(values.sum(dtype=np.float64))
        self._count += values.size

    def result(self) -> float:
        """The mean so far; nan before the first batch."""
        return self._total / self._count if self._count else float("nan")


class Mean(Metric):
    """The mean of numbers, each counted as often as its batch has samples."""

    def __init__(self, name: str) -> None:
        super().__init__(lambda: 0.0, name)

    def add(self, value: float, count: int) -> None:
        """Adds the mean of `count` samples."""
        self._total += value * count
        self._count += count


METRICS: dict[str, Callable[..., Any]] = {
    "categorical_accuracy": categorical_accuracy,
    "sparse_categorical_accuracy": sparse_categorical_accuracy,
    "binary_accuracy": binary_accuracy,
    "mean_squared_error": mean_squared_error,
    "mse": mean_squared_error,
    "mean_absolute_error": mean_absolute_error,
    "mae": mean_absolute_error,
}


def get(metric: Any, loss_name: str = "") -> Metric:
    """The metric of that name. "accuracy" is the accuracy that goes with the loss, as in Keras."""
    if isinstance(metric, Metric):
        return metric
    if callable(metric):
        return Metric(metric)
    if isinstance(metric, str) and metric.lower() in ("accuracy", "acc"):
        if loss_name.startswith("sparse_"):
            return Metric(sparse_categorical_accuracy, metric)
        return Metric(
            binary_accuracy if loss_name in ("binary_crossentropy", "hinge") else categorical_accuracy, metric
        )
    return Metric(look_up("metric", metric, METRICS), metric)
