"""How much each class counts: weights of classes, as weights of the samples that belong to them."""

from typing import Any

import numpy as np

from .checks import number, whole_number
from .classes import class_numbers


def as_class_weight(given: Any) -> dict[int, float]:
    """The weights by class number. Raises TypeError or ValueError for anything but {class number: weight}."""
    if not isinstance(given, dict):
        raise TypeError(f"class_weight must be a dict such as {{0: 1.0, 1: 5.0}}, given {type(given).__name__}")
    return {
        whole_number("a class of class_weight", key, 0): float(number(f"class_weight of class {key}", weight))
        for key, weight in given.items()
    }


def class_weights(y_name: str, y: Any, class_weight: dict[int, float]) -> np.ndarray:
    """The weight of each sample, float32: that of its class, 1 where the class has none, as in Keras.

    y: class numbers (n,) or (n, 1), or one-hot rows (n, classes). Raises ValueError for what are no classes.

    >>> import numpy as np
    >>> class_weights("y", np.array([0, 1, 2, 1]), {0: 0.5, 1: 2.0})
    array([0.5, 2. , 1. , 2. ], dtype=float32)
    """
    classes = class_numbers(y_name, y)
    found, place = np.unique(classes, return_inverse=True)
    return np.array([class_weight.get(int(c), 1.0) for c in found], np.float32)[place.reshape(-1)]
