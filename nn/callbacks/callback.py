"""What `fit`, `evaluate` and `predict` tell while they run, and who listens."""

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tinygrad_lite import Tensor

if TYPE_CHECKING:
    from ..trainer import Trainer
    from ..training import Training

Logs = dict[str, float]


class Callback:
    """Somebody who is told how training goes. Overwrite what you want to hear; `self.model` is the model.

    `logs` holds the means of the epoch so far: loss, metrics and, at the end of an epoch, the same with `val_`. It is
    one dict for all: what one callback adds, those after it and the History see. To end training after the current
    batch or epoch, set `self.model.stop_training = True`. During a batch, `self.model.batch` is its (x, y,
    sample_weight). `self.params` holds epochs, steps (of an epoch, None if nobody knows), verbose and validation_freq
    (0 where there is no validation).

    What has to go on exactly where a killed training stopped is named by `state_dict`.

    >>> import nn, numpy as np
    >>> class GoodEnough(nn.Callback):
    ...     def on_epoch_end(self, epoch, logs):
    ...         self.model.stop_training = logs["loss"] < 0.1
    >>> model = nn.Sequential([nn.Dense(1, kernel_initializer="ones", input_shape=(1,))])
    >>> model.compile(nn.SGD(0.1), "mse")
    >>> model.fit(np.ones((4, 1)), np.zeros((4, 1)), epochs=100, verbose=0, callbacks=[GoodEnough()])
    <History of 4 epochs: loss 0.0467>
    """

    model: "Trainer"
    params: dict[str, Any]
    training: "Training"  # the run of `fit`
    told_last = False  # True: it is told of each event after the others, which may have changed something at it

    def on_train_begin(self, logs: Logs) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: Logs) -> None:
        """After the last epoch, also when training was ended early."""

    def on_epoch_begin(self, epoch: int, logs: Logs) -> None:
        """Before the epoch; the first has the number 0."""

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """After the epoch and its validation."""

    def on_train_batch_begin(self, batch: int, logs: Logs) -> None:
        """Before the batch; the first of an epoch has the number 0."""

    def on_gradients(self, batch: int, loss: Tensor) -> None:
        """After backward and before the update: each of `self.model.trainable_weights` has its `grad`.

        The loss is the batch's, its graph is freed. With `stop_training` set here the update is not made.
        """

    def on_train_batch_end(self, batch: int, logs: Logs) -> None:
        """After the batch."""

    def on_test_begin(self, logs: Logs) -> None:
        """Before samples are judged, by `evaluate` or as the validation of an epoch."""

    def on_test_end(self, logs: Logs) -> None:
        """After samples were judged; the logs hold the results, without `val_`."""

    def on_test_batch_begin(self, batch: int, logs: Logs) -> None:
        """Before a batch is judged."""

    def on_test_batch_end(self, batch: int, logs: Logs) -> None:
        """After a batch was judged."""

    def on_predict_begin(self, logs: Logs) -> None:
        """Before the first batch of `predict`."""

    def on_predict_end(self, logs: Logs) -> None:
        """After the last batch of `predict`."""

    def on_predict_batch_begin(self, batch: int, logs: Logs) -> None:
        """Before a batch of `predict`."""

    def on_predict_batch_end(self, batch: int, logs: dict[str, Any]) -> None:
        """After a batch of `predict`; `logs["outputs"]` is what the model gave for it."""

    def state_dict(self) -> dict[str, Any]:
        """What must survive a killed training: dicts with str keys, lists, numbers, strings, None, NumPy arrays."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Takes up what `state_dict` gave.

        It comes after `on_train_begin`, and where training goes on in the middle of an epoch, once more after the
        `on_epoch_begin` of that.
        """


def as_callbacks(callbacks: Any) -> list[Callback]:
    """The callbacks as a list, none if it is None. Raises TypeError for anything but nn.Callback objects."""
    if callbacks is not None and not isinstance(callbacks, (list, tuple)):
        raise TypeError(f"callbacks must be a list of nn.Callback objects, given {_described(callbacks)}")
    for callback in callbacks or ():
        if not isinstance(callback, Callback):
            raise TypeError(f"callbacks must be nn.Callback objects, given {_described(callback)}")
    return list(callbacks or ())


def _described(given: Any) -> str:
    if isinstance(given, type):
        return f"the class {given.__name__}, not an object of it: write {given.__name__}(...)"
    if inspect.isfunction(given):
        return f"the function {given.__name__}: write nn.LambdaCallback(on_epoch_end={given.__name__})"
    return f"{type(given).__name__} {given!r:.60}"


class CallbackList:
    """Tells several callbacks at once."""

    def __init__(self, callbacks: Sequence[Callback], model: "Trainer", params: dict[str, Any]) -> None:
        self.callbacks = list(callbacks)
        for callback in self.callbacks:
            callback.model, callback.params = model, params

    def tell(self, event: str, *args: Any) -> None:
        """Calls the method named `event` of each."""
        for callback in self.callbacks:
            getattr(callback, event)(*args)
