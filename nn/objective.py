"""What training makes small and what is told about it: for each output a loss, what that counts for, and metrics."""

from collections.abc import Callable, Iterator
from typing import Any

from tinygrad_lite import Tensor

from . import losses, metrics
from .callbacks import Logs
from .checks import number
from .data import in_order


class Target:
    """How one output is judged. The prefix stands before the names of its results."""

    def __init__(self, prefix: str, loss: Any, weight: float, its_metrics: Any, weighted_metrics: Any) -> None:
        self.prefix = prefix
        self.loss: Callable[..., Tensor] | None = None if loss is None else losses.get(loss)
        self.weight = float(number("loss_weights", weight))  # a NumPy float64 would make the sum one
        self.mean_loss = metrics.Mean("loss")
        self.metrics = [metrics.get(metric, self.loss) for metric in _listed(its_metrics)]
        self.weighted_metrics = [metrics.get(metric, self.loss) for metric in _listed(weighted_metrics)]
        for metric in self.weighted_metrics:
            if metric.name in [other.name for other in self.metrics]:
                metric.name = f"weighted_{metric.name}"

    def loss_of(self, y: Any, y_pred: Tensor, sample_weight: Any = None) -> Tensor:
        """The loss of a batch, one number: the mean of what the loss gives, as in Keras."""
        if self.loss is None:
            raise RuntimeError("the model was not told what to make small: call compile(optimizer=..., loss=...) first")
        if y is None:
            raise ValueError("y is missing: give the target of each sample of x")
        value = losses.weighted(self.loss, y, y_pred, sample_weight)
        if not isinstance(value, Tensor):
            raise TypeError(f"a loss must give a Tensor computed from y_pred, this one gave {type(value).__name__}")
        return value.mean() if value.ndim else value


def _listed(given: Any) -> list[Any]:
    return list(given) if isinstance(given, (list, tuple)) else [] if given is None else [given]


def _of_each(what: str, given: Any, outputs: list[str]) -> list[Any]:
    if given is None or isinstance(given, dict):
        given = dict.fromkeys(outputs) | (given or {})
    return in_order(what, given, outputs)


class Objective:
    """The losses and metrics that `Model.compile` was given, and their means over the batches so far.

    outputs: the names of several outputs, None where there is one. For several, a list in their order or a dict by
    their names: of losses (None: this output is not trained; or one loss for all), of weights, of metrics (each one, a
    list or None; a dict may leave names out). What training makes small is the weighted sum of the losses. In
    weighted_metrics, and in the losses, each sample counts by its weight; where a metric of that name is among the
    others, it is named weighted_<name>.
    """

    def __init__(
        self, outputs: list[str] | None, loss: Any, given_metrics: Any, loss_weights: Any, weighted_metrics: Any = None
    ) -> None:
        if outputs is None:
            if loss_weights is not None:
                raise ValueError("loss_weights weigh the losses of several outputs; this model has one output")
            self.targets = [Target("", loss, 1.0, given_metrics, weighted_metrics)]
        else:
            chosen = in_order("loss", loss, outputs) if isinstance(loss, (list, tuple, dict)) else [loss] * len(outputs)
            weights = [1.0] * len(outputs) if loss_weights is None else in_order("loss_weights", loss_weights, outputs)
            plain = _of_each("metrics", given_metrics, outputs)
            weighted = _of_each("weighted_metrics", weighted_metrics, outputs)
            each = zip(outputs, chosen, weights, plain, weighted, strict=True)
            self.targets = [Target(f"{name}_", *of_name) for name, *of_name in each]
        self.several = outputs is not None
        self._with_loss = [target for target in self.targets if target.loss is not None] or self.targets
        self.mean_loss = metrics.Mean("loss")
        self._own: dict[str, metrics.Mean] = {}
        self._told: list[tuple[str, metrics.Metric]] = [("loss", self.mean_loss)]
        if len(self._with_loss) > 1:
            self._told += [(f"{target.prefix}loss", target.mean_loss) for target in self._with_loss]
        for target in self.targets:
            listed = target.metrics + target.weighted_metrics
            self._told += [(target.prefix + metric.name, metric) for metric in listed]
        names = [name for name, _ in self._told]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(
                f"two results would be named {twice[0]!r}: name one otherwise, as in nn.metrics.Metric(f, name='...')"
            )

    def reset(self) -> None:
        """Forgets all batches."""
        self._own.clear()
        for _, metric in self._told:
            metric.reset_state()

    def add(self, name: str, value: float, samples: int) -> None:
        """Counts a number of somebody's own: the mean of so many samples."""
        self._own.setdefault(name, metrics.Mean(name)).add(value, samples)

    def loss_of(self, y: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """The loss of a batch: the weighted sum of the outputs' losses, whose means are kept."""
        if not self.several:
            ((target, *of_target),) = self._each(y, y_pred, sample_weight)
            return target.loss_of(*of_target)
        total: Any = 0.0
        for target, one_y, *rest in self._each(y, y_pred, sample_weight):
            if target not in self._with_loss:
                continue
            value = target.loss_of(one_y, *rest)
            target.mean_loss.add(value.item(), len(one_y))
            total = total + target.weight * value
        return total

    def judged(self, y: Any, y_pred: Any) -> Tensor:
        """The loss of a batch, as `loss_of` computes it, but no mean is kept of it."""
        each = [(target, rest) for target, *rest in self._each(y, y_pred) if target in self._with_loss]
        losses = [(target, target.loss_of(*of_target)) for target, of_target in each]
        weighed = [target.weight * loss if self.several else loss for target, loss in losses]
        return sum(weighed[1:], weighed[0])

    def update(self, value: float, samples: int, y: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Counts a batch: its loss and, for the metrics, what was predicted."""
        self.mean_loss.add(value, samples)
        for target, one_y, one_y_pred, weight in self._each(y, y_pred, sample_weight):
            for metric in target.metrics:
                metric.update_state(one_y, one_y_pred)
            for metric in target.weighted_metrics:
                metric.update_state(one_y, one_y_pred, weight)

    def results(self) -> Logs:
        """The means so far; without the loss, where a step of somebody's own never counts it."""
        told = self._told[self.mean_loss.empty :]  # the loss is the first
        return {name: metric.result() for name, metric in [*told, *self._own.items()]}

    def state_dict(self) -> dict[str, Any]:
        """What all metrics have added up so far."""
        return {
            "metrics": {name: metric.state_dict() for name, metric in self._told},
            "own": {name: metric.state_dict() for name, metric in self._own.items()},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from there. Raises ValueError, and changes nothing, where there are other metrics."""
        kept, names = state["metrics"], [name for name, _ in self._told]
        if set(kept) != set(names):
            raise ValueError(f"the metrics are {', '.join(names)}; what was kept is of {', '.join(kept)}")
        self._own = {name: metrics.Mean(name) for name in state["own"]}
        for name, metric in [*self._told, *self._own.items()]:
            metric.load_state_dict((kept | state["own"])[name])

    def _each(self, y: Any, y_pred: Any, sample_weight: Any = None) -> Iterator[tuple[Target, Any, Any, Any]]:
        """Each target with what should and what did come out, and what the samples count."""
        if not self.several:
            if isinstance(y_pred, (list, tuple, dict)):
                raise TypeError(
                    f"the loss is for one output, the model gave a {type(y_pred).__name__}: several outputs are trained"
                    " with a model made by nn.Model(inputs, outputs)"
                )
            y, y_pred = [y], [y_pred]
        elif y is None:
            y = [None] * len(self.targets)
        weights = sample_weight if isinstance(sample_weight, list) else [sample_weight] * len(self.targets)
        return zip(self.targets, y, y_pred, weights, strict=True)
