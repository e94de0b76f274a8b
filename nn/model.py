"""A Model: a Module that can be trained, judged and asked, with Keras's words."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from tinygrad_lite import Tensor, asarray, no_grad

from . import losses, metrics, optimizers
from .callbacks import Callback, CallbackList, History, Logs, as_callbacks
from .checks import whole_number
from .data import as_pair, as_samples, as_validation, batches, split_validation
from .metrics import get as get_metric
from .module import Module
from .progress import Progress
from .random import random_generator
from .summary import summary_text


class Model(Module):
    """A Module with `compile`, `fit`, `evaluate`, `predict`, `summary`. A subclass says in `call` what it computes."""

    stop_training = False
    _trained: list[Tensor] | None = None  # the weights that fit trains, looked up once an epoch
    optimizer: optimizers.Optimizer | None = None
    loss: Callable[..., Tensor] | None = None

    def compile(self, optimizer: Any = "rmsprop", loss: Any = None, metrics: Any = None) -> None:
        """Chooses how to learn: the optimizer, the loss and the metrics (a list, or one), by name or as objects.

        "accuracy" is the accuracy that goes with the loss. A loss of your own is a function of (y_true, y_pred) that
        gives a Tensor; if that has one number for each sample, their mean counts. Raises ValueError for a name that
        does not exist or two metrics of one name, TypeError for what is no name or object; then nothing changes.
        """
        chosen_optimizer = optimizers.get(optimizer)
        chosen_loss = None if loss is None else losses.get(loss)
        listed = metrics if isinstance(metrics, (list, tuple)) else [] if metrics is None else [metrics]
        chosen_metrics = [get_metric(metric, chosen_loss) for metric in listed]
        names = ["loss", *[metric.name for metric in chosen_metrics]]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(
                f"two results would be named {twice[0]!r}: name one otherwise, as in nn.metrics.Metric(f, name='...')"
            )
        self.optimizer, self.loss, self._metrics = chosen_optimizer, chosen_loss, chosen_metrics

    def fit(
        self,
        x: Any,
        y: Any = None,
        batch_size: int = 32,
        epochs: int = 1,
        verbose: int = 1,
        callbacks: Sequence[Callback] | None = None,
        validation_split: float = 0.0,
        validation_data: tuple[Any, Any] | None = None,
        shuffle: bool = True,
    ) -> History:
        """Trains on the samples x with the targets y and returns what happened, epoch by epoch.

        x, y: arrays whose first axis counts the samples. verbose: 0 silent, 1 a progress line, 2 a line an epoch.
        validation_data: (x, y) to be judged on after each epoch, or validation_split: the last share of the samples.
        The gradients of the weights are its own while it runs: it clears them before and after each step.
        Raises RuntimeError before `compile` or with nothing to train, ValueError or TypeError for data that does not
        fit. Whatever ends it (an interrupt, an error in a callback), the weights keep what they learnt so far.

        >>> import nn, numpy as np
        >>> nn.set_random_seed(0)
        >>> x = np.linspace(-1, 1, 64, dtype=np.float32)[:, None]
        >>> model = nn.Sequential([nn.Dense(1)])
        >>> model.compile(optimizer=nn.SGD(0.1), loss="mse")
        >>> history = model.fit(x, 3 * x + 1, epochs=50, verbose=0)
        >>> round(history.history["loss"][-1], 4)
        0.0
        """
        self._compiled()
        x, y = as_pair("x", x, "y", y)
        if validation_data is not None:
            validation_data = as_validation(validation_data)
        elif validation_split:
            (x, y), validation_data = split_validation(x, y, validation_split)
        batch_size, epochs = whole_number("batch_size", batch_size, 1), whole_number("epochs", epochs, 0)
        steps = -(-len(x) // batch_size)
        history = History()
        listeners = [*as_callbacks(callbacks), *([Progress(verbose)] if verbose else []), history]
        told = CallbackList(listeners, self, {"epochs": epochs, "steps": steps, "verbose": verbose})
        self.stop_training = False
        logs: Logs = {}
        try:
            told.tell("on_train_begin", logs)
            for epoch in range(epochs):
                told.tell("on_epoch_begin", epoch, logs)
                order = random_generator().permutation(len(x)) if shuffle else None
                logs = self._train_epoch(x, y, batches(len(x), batch_size, order), told)
                if validation_data is not None:
                    judged = self._evaluate(*validation_data, batch_size)
                    logs |= {f"val_{name}": value for name, value in judged.items()}
                told.tell("on_epoch_end", epoch, logs)
                if self.stop_training:
                    break
        finally:
            self.eval()
            self._trained = None
            told.tell("on_train_end", logs)
        return history

    def _train_epoch(self, x: np.ndarray, y: np.ndarray, parts: Iterable[Any], told: CallbackList) -> Logs:
        self.train()
        self._trained = self.trainable_weights if self.built else None
        mean_loss = self._reset_metrics()
        for step, part in enumerate(parts):
            told.tell("on_train_batch_begin", step, {})
            x_batch, y_batch = x[part], y[part]
            value, y_pred = self.train_step(x_batch, y_batch)
            mean_loss.add(value, len(x_batch))
            for metric in self._metrics:
                metric.update_state(y_batch, y_pred)
            told.tell("on_train_batch_end", step, self._results(mean_loss))
            if self.stop_training:
                break
        self.eval()
        return self._results(mean_loss)

    def train_step(self, x: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
        """One step on one batch: forward, loss, backward, update. Returns the loss and what was predicted."""
        _, optimizer = self._compiled()
        y_pred = self(_as_input(x))
        weights = self._trained or self.trainable_weights
        if not weights:
            raise RuntimeError("there is nothing to train: no weight of the model has requires_grad=True")
        value = self._loss(y, y_pred)
        _clear(weights)  # what was there before would be added to
        try:
            value.backward()
            optimizer.apply([weight.grad for weight in weights], weights)
        finally:
            _clear(weights)
        return value.item(), y_pred.detach().numpy()

    def evaluate(
        self, x: Any, y: Any = None, batch_size: int = 128, verbose: int = 1, return_dict: bool = False
    ) -> Any:
        """The loss and metrics on the samples x with the targets y.

        They are Python floats: [loss, metrics...], the loss alone where there are no metrics, or with return_dict a
        dict. verbose: 0 silent, 1 prints them. Raises as `fit` does.
        """
        self._compiled()
        x, y = as_pair("x", x, "y", y)
        results = self._evaluate(x, y, whole_number("batch_size", batch_size, 1))
        if verbose:
            print(" - ".join(f"{name}: {value:.4f}" for name, value in results.items()))
        if return_dict:
            return results
        return list(results.values()) if len(results) > 1 else results["loss"]

    def _evaluate(self, x: np.ndarray, y: np.ndarray, batch_size: int) -> Logs:
        mean_loss = self._reset_metrics()
        with self._judging():
            for part in batches(len(x), batch_size):
                y_pred = self(_as_input(x[part]))
                mean_loss.add(self._loss(y[part], y_pred).item(), len(x[part]))
                for metric in self._metrics:
                    metric.update_state(y[part], y_pred.numpy())
        return self._results(mean_loss)

    def predict(self, x: Any, batch_size: int = 128) -> np.ndarray:
        """What the model computes from the samples x, batch by batch, as one array: a row for each sample.

        Raises TypeError or ValueError for what are no samples.

        >>> import nn
        >>> nn.Sequential([nn.Flatten()]).predict([[[1.0, 2.0], [3.0, 4.0]]])
        array([[1., 2., 3., 4.]], dtype=float32)
        """
        x, batch_size = as_samples("x", x), whole_number("batch_size", batch_size, 1)
        with self._judging():
            return np.concatenate([self(_as_input(x[part])).numpy() for part in batches(len(x), batch_size)])

    @contextmanager
    def _judging(self) -> Iterator[None]:
        """Records no graph and trains nothing inside; afterwards each module is in the mode in which it was."""
        modes = [(module, module.training) for module in self.modules()]
        self.eval()
        try:
            with no_grad():
                yield
        finally:
            self.train(modes[0][1])  # also modules that were made inside
            for module, training in modes:
                module.training = training

    def summary(self) -> None:
        """Prints the layers, the shapes of what they give, and how many numbers they learn."""
        print(summary_text(self))

    def _compiled(self) -> tuple[Callable[..., Tensor], optimizers.Optimizer]:
        if self.optimizer is None or self.loss is None:
            raise RuntimeError("the model was not told how to learn: call compile(optimizer=..., loss=...) first")
        return self.loss, self.optimizer

    def _loss(self, y: np.ndarray, y_pred: Tensor) -> Tensor:
        """The loss of a batch, one number: the mean of what the loss gives, as in Keras."""
        loss, _ = self._compiled()
        value = loss(y, y_pred)
        if not isinstance(value, Tensor):
            raise TypeError(f"a loss must give a Tensor computed from y_pred, this one gave {type(value).__name__}")
        return value.mean() if value.ndim else value

    def _reset_metrics(self) -> "metrics.Mean":
        for metric in self._metrics:
            metric.reset_state()
        return metrics.Mean("loss")

    def _results(self, mean_loss: "metrics.Mean") -> Logs:
        return {metric.name: metric.result() for metric in (mean_loss, *self._metrics)}


def _clear(weights: list[Tensor]) -> None:
    for weight in weights:
        weight.grad = None


def _as_input(batch: np.ndarray) -> Tensor:
    """A batch on its way in: floating point numbers as float32, like the weights."""
    return asarray(batch.astype(np.float32) if batch.dtype == np.float64 else batch)
