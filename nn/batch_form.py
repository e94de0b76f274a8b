"""What the batches of a model are made of, and the errors for others."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from tinygrad_lite import nests

from .class_weights import as_class_weight, class_weights
from .data import as_columns, as_pair, count

Batch: TypeAlias = tuple[Any, Any, Any]  # x, y, sample_weight: arrays, or lists of several; None where there is none


class Form:
    """What a model's batches are made of.

    input_names(x), output_names: the names of several inputs and outputs, None where there is one. targets: whether
    there has to be a y. class_weight: {class: weight}, which the sample weights of each batch are multiplied with.
    """

    def __init__(
        self,
        input_names: Callable[[Any], list[str] | None] = lambda x: None,
        output_names: list[str] | None = None,
        targets: bool = True,
        class_weight: Any = None,
    ) -> None:
        if class_weight is not None and output_names is not None:
            raise ValueError("class_weight is for a model with one output: give sample_weight, for each output")
        self.input_names, self.output_names, self.targets = input_names, output_names, targets
        self.class_weight = None if class_weight is None else as_class_weight(class_weight)

    def columns(self, x: Any, y: Any, sample_weight: Any, where: str = "") -> Batch:
        """The arrays, of as many samples each. `where` says in errors which batch they are of."""
        inputs = self.input_names(x)
        if y is None and not self.targets:
            x = as_columns(f"x{where}", x, inputs)
        else:
            x, y = as_pair(f"x{where}", x, f"y{where}", y, inputs, self.output_names)
        if sample_weight is not None:
            each = self.output_names if isinstance(sample_weight, (list, tuple, dict)) else None
            sample_weight = as_columns(f"sample_weight{where}", sample_weight, each)
            if not all(np.isfinite(weights).all() for weights in nests.leaves(sample_weight)):
                raise ValueError(f"sample_weight{where} has nan or infinite numbers: the loss would be nan")
            if count(sample_weight) != count(x):
                raise ValueError(
                    f"x{where} has {count(x)} samples, sample_weight{where} has {count(sample_weight)}:"
                    " they must have as many"
                )
        return x, y, sample_weight

    def batch(self, number: int, given: Any) -> Batch:
        """Batch `number`, checked: a tuple (or list, as in Keras) of its parts, or x alone."""
        parts = tuple(given) if isinstance(given, (tuple, list)) else (given,)
        if not 1 <= len(parts) <= 3:
            raise ValueError(
                f"batch {number} has {len(parts)} parts, but it must be a tuple (x, y) or (x, y, sample_weight):"
                " several inputs or outputs are a list or dict in their place, as in ([a, b], y)"
            )
        x, y, sample_weight = (*parts, None, None)[:3]
        if y is None and self.targets:
            raise ValueError(f"batch {number} has no y: it must be a tuple (x, y) or (x, y, sample_weight)")
        where = f" of batch {number}"
        return self.weighted(self.columns(x, y, sample_weight, where), where)

    def weighted(self, batch: Batch, where: str = "") -> Batch:
        """The batch, its samples weighted by their classes, too."""
        x, y, sample_weight = batch
        if self.class_weight is None or y is None:
            return batch
        weights = class_weights(f"y{where}", y, self.class_weight)
        if sample_weight is not None:
            weights = sample_weight * weights.reshape(-1, *[1 for _ in sample_weight.shape[1:]])
        return x, y, weights
