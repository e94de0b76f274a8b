"""What training makes small and what is told about it: for each output a loss, what that counts for, and metrics."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tinygrad_lite import Tensor

from . import losses, metrics
from .callbacks import Logs
from .checks import number
from .data import Samples, count, in_order


class Target:
    """How one output is judged. The prefix stands before the names of its results."""

    def __init__(self, prefix: str, loss: Any, weight: float, its_metrics: Any) -> None:
        self.prefix = prefix
        self.loss: Callable[..., Tensor] = losses.get(loss)
        self.weight = float(number("loss_weights", weight))  # a NumPy float64 would make the sum one
        self.mean_loss = metrics.Mean("loss")
        listed = its_metrics if isinstance(its_metrics, (list, tuple)) else [] if its_metrics is None else [its_metrics]
        self.metrics = [metrics.get(metric, self.loss) for metric in listed]

    def loss_of(self, y: np.ndarray, y_pred: Tensor) -> Tensor:
        """The loss of a batch, one number: the mean of what the loss gives, as in Keras."""
        value = self.loss(y, y_pred)
        if not isinstance(value, Tensor):
            raise TypeError(f"a loss must give a Tensor computed from y_pred, this one gave {type(value).__name__}")
        return value.mean() if value.ndim else value


class Objective:
    """The losses and metrics that `Model.compile` was given, and their means over the batches so far.

    outputs: the names of several outputs, None where there is one. For several, a list in their order or a dict by
    their names: of losses (or one loss for all), of weights, of metrics (each one, a list or None; a dict may leave
    names out). What training makes small is the weighted sum of the losses.
    """

    def __init__(self, outputs: list[str] | None, loss: Any, given_metrics: Any, loss_weights: Any) -> None:
        if outputs is None:
            if loss_weights is not None:
                raise ValueError("loss_weights weigh the losses of several outputs; this model has one output")
            self.targets = [Target("", loss, 1.0, given_metrics)]
        else:
            chosen = in_order("loss", loss, outputs) if isinstance(loss, (list, tuple, dict)) else [loss] * len(outputs)
            weights = [1.0] * len(outputs) if loss_weights is None else in_order("loss_weights", loss_weights, outputs)
            if given_metrics is None or isinstance(given_metrics, dict):
                given_metrics = dict.fromkeys(outputs) | (given_metrics or {})
            each = zip(outputs, chosen, weights, in_order("metrics", given_metrics, outputs), strict=True)
            self.targets = [Target(f"{name}_", *of_name) for name, *of_name in each]
        self.several = outputs is not None
        self.mean_loss = metrics.Mean("loss")
        self._told: list[tuple[str, metrics.Metric]] = [("loss", self.mean_loss)]
        if self.several:
            self._told += [(f"{target.prefix}loss", target.mean_loss) for target in self.targets]
        self._told += [(target.prefix + metric.name, metric) for target in self.targets for metric in target.metrics]
        names = [name for name, _ in self._told]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(
                f"two results would be named {twice[0]!r}: name one otherwise, as in nn.metrics.Metric(f, name='...')"
            )

    def reset(self) -> None:
        """Forgets all batches."""
        for _, metric in self._told:
            metric.reset_state()

    def loss_of(self, y: Samples, y_pred: Any) -> Tensor:
        """The loss of a batch: the weighted sum of the outputs' losses, whose means are kept."""
        if not self.several:
            ((target, one_y, one_y_pred),) = self._each(y, y_pred)
            return target.loss_of(one_y, one_y_pred)
        total: Any = 0.0
        for target, one_y, one_y_pred in self._each(y, y_pred):
            value = target.loss_of(one_y, one_y_pred)
            target.mean_loss.add(value.item(), len(one_y))
            total = total + target.weight * value
        return total

    def judged(self, y: Samples, y_pred: Any) -> Tensor:
        """The loss of a batch, as `loss_of` computes it, but no mean is kept of it."""
        losses = [(target, target.loss_of(one_y, one_y_pred)) for target, one_y, one_y_pred in self._each(y, y_pred)]
        weighed = [target.weight * loss if self.several else loss for target, loss in losses]
        return sum(weighed[1:], weighed[0])

    def update(self, value: float, y: Samples, y_pred: Any) -> None:
        """Counts a batch: its loss and, for the metrics, what was predicted."""
        self.mean_loss.add(value, count(y))
        for target, one_y, one_y_pred in self._each(y, y_pred):
            for metric in target.metrics:
                metric.update_state(one_y, one_y_pred)

    def results(self) -> Logs:
        """The means so far."""
        return {name: metric.result() for name, metric in self._told}

    def _each(self, y: Any, y_pred: Any) -> Iterator[tuple[Target, Any, Any]]:
        """Each target with what should and what did come out."""
        if not self.several:
            if isinstance(y_pred, (list, tuple, dict)):
                raise TypeError(
                    f"the loss is for one output, the model gave a {type(y_pred).__name__}: several outputs are trained"
                    " with a model made by nn.Model(inputs, outputs)"
                )
            y, y_pred = [y], [y_pred]
        return zip(self.targets, y, y_pred, strict=True)
