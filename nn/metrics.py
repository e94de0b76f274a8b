"""How good a prediction is, in words people use. A metric adds up batches; its result is the mean over all samples."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from .classes import class_numbers
from .configured import Configured
from .data import same_last_axis
from .naming import choose
from .weighing import weights_like


def categorical_accuracy(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """For each sample 1 if the largest of y_pred is where the largest of y_true (one-hot) is, else 0."""
    return np.argmax(_as("categorical_accuracy", y_true, y_pred.shape), axis=-1) == np.argmax(y_pred, axis=-1)


def sparse_categorical_accuracy(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """For each sample 1 if the largest of y_pred (..., classes) is at the class number y_true (...), else 0."""
    return _as("sparse_categorical_accuracy", y_true, y_pred.shape[:-1]) == np.argmax(y_pred, axis=-1)


def binary_accuracy(y_true: np.ndarray, y_pred: np.ndarray, threshold: float = 0.5) -> np.ndarray:
    """For each element 1 if y_pred is above the threshold just where y_true (0 or 1, -1 or 1) is 1, else 0."""
    return (_as("binary_accuracy", y_true, y_pred.shape) > 0.5) == (y_pred > threshold)


def accuracy(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """The accuracy that goes with the shapes, as in Keras.

    One number a sample: binary; y_true without y_pred's last axis, or with 1 there: sparse; else categorical.
    """
    if y_pred.ndim == 1 or y_pred.shape[-1] == 1:
        return binary_accuracy(y_true, y_pred)
    if y_true.ndim < y_pred.ndim or y_true.shape[-1] == 1:
        return sparse_categorical_accuracy(y_true, y_pred)
    return categorical_accuracy(y_true, y_pred)


def mean_squared_error(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """For each element (y_true - y_pred)**2."""
    return np.square(_as("mean_squared_error", y_true, y_pred.shape) - y_pred)


def mean_absolute_error(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """For each element |y_true - y_pred|."""
    return np.abs(_as("mean_absolute_error", y_true, y_pred.shape) - y_pred)


def confusion_matrix(labels: Any, guesses: Any, classes: int | None = None) -> np.ndarray:
    """How often samples of each label (row) were taken for each class (column), as whole numbers.

    labels, guesses: class numbers (n,), one-hot rows or confidences (n, classes), or confidences of yes (n, 1).
    classes: how many there are, at least; else up to the largest that occurs. Raises ValueError for different numbers
    of samples, nan and what is no class, TypeError for no numbers. `nn.plots.confusion` makes a picture of it.

    >>> import nn
    >>> nn.metrics.confusion_matrix([0, 0, 1, 1, 1], [[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.1, 0.9], [0.3, 0.7]])
    array([[1, 1],
           [0, 3]])
    """
    columns = [np.shape(given)[1] for given in (labels, guesses) if np.ndim(given) == 2]
    rows, columns_of = class_numbers("labels", labels), class_numbers("guesses", guesses)
    if len(rows) != len(columns_of):
        raise ValueError(f"there are {len(rows):,} labels and {len(columns_of):,} guesses: they must be as many")
    n = max(int(rows.max()) + 1, int(columns_of.max()) + 1, classes or 0, *columns)
    counts = np.zeros((n, n), np.int64)
    np.add.at(counts, (rows, columns_of), 1)
    return counts


def _as(metric: str, y_true: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """y_true in this shape: nothing is broadcast, but a last axis of length 1 may come or go."""
    y = same_last_axis(y_true, shape)
    if y.shape != shape:
        raise ValueError(f"{metric}: y_true has the shape {y_true.shape}, needed is {shape}")
    return y


class Metric(Configured):
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
        self._total: float = 0.0
        self._count: float = 0

    def update_state(self, y_true: np.ndarray, y_pred: np.ndarray, sample_weight: Any = None) -> None:
        """Adds a batch, in which each sample counts by its weight, if there are weights."""
        values = np.asarray(self.function(y_true, y_pred))
        if sample_weight is None:
            self._total += float(values.sum(dtype=np.float64))
            self._count += values.size
        else:
            values = values.astype(np.float64)
            weights = np.broadcast_to(weights_like(values, sample_weight), values.shape)
            self._total += float((values * weights).sum())
            self._count += float(weights.sum())

    def result(self) -> float:
        """The mean so far; nan before the first batch."""
        return self._total / self._count if self._count else float("nan")

    def state_dict(self) -> dict[str, Any]:
        """What it has added up so far, for a run that goes on later. A subclass with more in it says so here."""
        return {"total": self._total, "count": self._count}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from there."""
        self._total, self._count = state["total"], state["count"]


class Mean(Metric):
    """The mean of numbers, each counted as often as its batch has samples."""

    def __init__(self, name: str) -> None:
        super().__init__(float, name)

    @property
    def empty(self) -> bool:
        """Whether nothing was added yet."""
        return not self._count

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


def get(metric: Any, loss: Any = None) -> Metric:
    """The metric of that name; a Metric is taken as it is, a function of (y_true, y_pred) is averaged.

    "accuracy" is the accuracy that goes with the loss and the shapes. After a binary cross-entropy or a hinge it looks
    at each output by itself; where those take logits, yes begins at 0 (in Keras, at 0.5 even then).
    """
    if isinstance(metric, Metric):
        return metric
    if isinstance(metric, str) and metric.lower() in ("accuracy", "acc"):
        return Metric(_accuracy_for(loss), metric)
    function = choose("metric", metric, {"accuracy": accuracy, **METRICS})
    return Metric(function, metric if isinstance(metric, str) else None)


def _accuracy_for(loss: Any) -> Callable[..., np.ndarray]:
    name = getattr(loss, "name", getattr(loss, "__name__", ""))
    if name not in ("binary_crossentropy", "hinge"):
        return accuracy
    logits = name == "hinge" or getattr(loss, "options", {}).get("from_logits", False)
    return partial(binary_accuracy, threshold=0.0) if logits else binary_accuracy
