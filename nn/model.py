"""A Model: a Module that can be trained, judged and asked, with Keras's words."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from tinygrad_lite import Tensor, asarray, no_grad

from . import losses, metrics, optimizers
from .callbacks import Callback, CallbackList, History, Logs
from .data import as_pair, as_samples, batches, check_batch_size, split_validation
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

    def compile(self, optimizer: Any = "rmsprop", loss: Any = None, metrics: Sequence[Any] = ()) -> None:
        """Chooses how to learn: the optimizer, the loss and the metrics, by name or as objects.

        "accuracy" is the accuracy that goes with the loss. Raises ValueError for a name that does not exist.
        """
        self.optimizer = optimizers.get(optimizer)
        self.loss = None if loss is None else losses.get(loss)
        name = getattr(self.loss, "name", getattr(self.loss, "__name__", ""))
        self._metrics = [_metric(m, name) for m in ([metrics] if isinstance(metrics, str) else metrics)]

    def fit(
        self,
        x: Any,
        y: Any = None,
        batch_size: int = 32,
        epochs: int = 1,
        verbose: int = 1,
        callbacks: Sequence[Callback] = (),
        validation_split: float = 0.0,
        validation_data: tuple[Any, Any] | None = None,
        shuffle: bool = True,
    ) -> History:
        """Trains on the samples x with the targets y and returns what happened, epoch by epoch.

        x, y: arrays whose first axis counts the samples. verbose: 0 silent, 1 a progress line, 2 a line an epoch.
        validation_data: (x, y) to be judged on after each epoch, or validation_split: the last share of the samples.
        Raises RuntimeError before `compile`, ValueError or TypeError for data that does not fit.

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
            validation_data = as_pair("validation x", validation_data[0], "validation y", validation_data[1])
        elif validation_split:
            (x, y), validation_data = split_validation(x, y, validation_split)
        batch_size = check_batch_size(batch_size)
        steps = -(-len(x) // batch_size)
        history = History()
        listeners = [*callbacks, *([Progress(verbose)] if verbose else []), history]
        told = CallbackList(listeners, self, {"epochs": epochs, "steps": steps, "verbose": verbose})
        self.stop_training = False
        told.tell("on_train_begin", {})
        logs: Logs = {}
        try:
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
        loss, optimizer = self._compiled()
        y_pred = self(_as_input(x))
        value = loss(y, y_pred)
        value.backward()
        weights = self._trained or self.trainable_weights
        optimizer.apply([weight.grad for weight in weights], weights)
        for weight in weights:
            weight.grad = None
        return value.item(), y_pred.detach().numpy()

    def evaluate(
        self, x: Any, y: Any = None, batch_size: int = 128, verbose: int = 1, return_dict: bool = False
    ) -> Any:
        """The loss and metrics on the samples x with the targets y: [loss, metrics...], the loss alone, or a dict."""
        self._compiled()
        x, y = as_pair("x", x, "y", y)
        results = self._evaluate(x, y, check_batch_size(batch_size))
        if verbose:
            print(" - ".join(f"{name}: {value:.4f}" for name, value in results.items()))
        if return_dict:
            return results
        return list(results.values()) if len(results) > 1 else results["loss"]

    def _evaluate(self, x: np.ndarray, y: np.ndarray, batch_size: int) -> Logs:
        loss, _ = self._compiled()
        was_training, mean_loss = self.training, self._reset_metrics()
        self.eval()
        try:
            with no_grad():
                for part in batches(len(x), batch_size):
                    y_pred = self(_as_input(x[part]))
                    mean_loss.add(loss(y[part], y_pred).item(), y_pred.shape[0])
                    for metric in self._metrics:
                        metric.update_state(y[part], y_pred.numpy())
        finally:
            self.train(was_training)
        return self._results(mean_loss)

    def predict(self, x: Any, batch_size: int = 128) -> np.ndarray:
        """What the model computes from the samples x, as an array."""
        x = as_samples("x", x)
        was_training = self.training
        self.eval()
        try:
            with no_grad():
                parts = [self(_as_input(x[part])).numpy() for part in batches(len(x), check_batch_size(batch_size))]
        finally:
            self.train(was_training)
        return np.concatenate(parts)

    def summary(self) -> None:
        """Prints the layers, the shapes of what they give, and how many numbers they learn."""
        print(summary_text(self))

    def _compiled(self) -> tuple[Callable[..., Tensor], optimizers.Optimizer]:
        if self.optimizer is None or self.loss is None:
            raise RuntimeError("the model was not told how to learn: call compile(optimizer=..., loss=...) first")
        return self.loss, self.optimizer

    def _reset_metrics(self) -> "metrics.Mean":
        for metric in self._metrics:
            metric.reset_state()
        return metrics.Mean("loss")

    def _results(self, mean_loss: "metrics.Mean") -> Logs:
        return {metric.name: metric.result() for metric in (mean_loss, *self._metrics)}


def _metric(metric: Any, loss_name: str) -> metrics.Metric:
    return metrics.get(metric, loss_name)


def _as_input(batch: np.ndarray) -> Tensor:
    """A batch on its way in: floating point numbers as float32, like the weights."""
    return asarray(batch.astype(np.float32) if batch.dtype == np.float64 else batch)
