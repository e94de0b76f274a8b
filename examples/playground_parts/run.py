"""A run: a network that learns on the playground, forwards and back."""

import math
from collections import deque
from typing import Any, NamedTuple

import numpy as np

import nn
import tinygrad_lite as tg

from . import checks, network
from .data import Data
from .history import History
from .settings import LIVE, Settings

UNITS = ("sample", "batch", "epoch")
MOST_STEPS = 1000
REMEMBERED = 1000  # epochs that can be taken back
LARGEST_WEIGHT = 1000.0


class Change(NamedTuple):
    """What was changed by hand, before the update of this number: a weight, or a rate."""

    update: int
    samples: int
    layer: int
    to: int
    source: int | None
    value: float
    rate: str = ""  # "learning_rate" or "regularization_rate": then `value` is its new value


class Moment(NamedTuple):
    """All that a run is at one moment."""

    samples: int
    updates: int
    settings: Settings
    numbers: np.ndarray  # weights and what the optimizer remembers, one after the other
    dead: tuple[np.ndarray, ...]
    gradients: list[np.ndarray]
    changes: int


class Run:
    """Learns what the settings say, as the TensorFlow Playground does, and gives the same losses.

    Data, shuffle and weights are drawn in the order of a fresh page load. Gradients are the mean of a batch's, from
    `backward()`. Samples that are left over at the end of an epoch wait for the first batch of the next. A batch larger
    than the training data counts as all of it (there the original never learns).

    >>> run = Run(Settings(seed="0.12345"))
    >>> run.step("epoch", 10)
    >>> [round(loss, 12) for loss in run.losses()]
    [0.476346008837, 0.496309782469]
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.data = Data(settings)
        self.model = network.build(settings, self.data.random)
        self.layers = network.denses(self.model)
        self.loss = network.loss_of(settings)
        self.optimizer = network.optimizer_of(settings)
        self.parameters = [weight for layer in self.layers for weight in (layer.kernel, layer.bias)]
        self.optimizer.build(self.parameters)
        self.samples_seen = self.updates = 0
        self.changes: list[Change] = []
        self.stopped = ""
        self._dead = tuple([np.zeros(layer.kernel.shape, bool) for layer in self.layers])
        self._gradients = [np.zeros(weight.shape) for weight in self.parameters]
        self._losses: tuple[float, float] | None = None
        self._moments: deque[Moment] = deque(maxlen=REMEMBERED + 1)
        self.history_ = History()
        self._note()
        self._remember()

    # Where it is.

    @property
    def epoch(self) -> int:
        """How many times the training data was gone through."""
        return self.samples_seen // self.data.count

    @property
    def position(self) -> int:
        """How many samples of the current epoch were seen."""
        return self.samples_seen % self.data.count

    @property
    def batch_size(self) -> int:
        """How many samples make a batch: at most as many as there are."""
        return min(self.settings.batch_size, self.data.count)

    @property
    def history(self) -> list[tuple[int, float, float]]:
        """(epoch, training loss, test loss) from epoch 0 on, thinned evenly where it gets long."""
        return self.history_.entries

    def losses(self) -> tuple[float, float]:
        """The mean loss on all training and on all test points, at the weights of now."""
        if self._losses is None:
            with tg.no_grad():
                train, test = (self.loss(y, self.model(x)).item() for x, y in self.data.parts)
            self._losses = train, test
        return self._losses

    # Steps.

    def step(self, unit: str = "epoch", count: int = 1) -> None:
        """Goes on: by so many samples, to the end of a batch or to the end of an epoch, count times.

        A batch ends where the weights change. It ends early, after an epoch, where `stopped` says why.
        """
        checks.choice("the unit of a step", unit, UNITS)
        count = checks.whole("the count of steps", count, 1, MOST_STEPS)
        self.stopped = ""
        for _ in range(count):
            updates, epoch = self.updates, self.epoch
            if unit == "sample":
                self._go(1)
            while (unit == "batch" and self.updates == updates) or (unit == "epoch" and self.epoch == epoch):
                self._go(self._to_batch_end())
            if self.stopped:
                return

    def _to_batch_end(self) -> int:
        """How many samples it takes to the next update or to the end of the epoch."""
        return min(self.batch_size - self.position % self.batch_size, self.data.count - self.position)

    def _go(self, samples: int) -> None:
        """Sees so many samples, none beyond the end of a batch."""
        position = self.position + samples
        if position % self.batch_size == 0:
            rows = self._waiting(samples)
            self.samples_seen += samples
            self._update(rows)
        else:
            self.samples_seen += samples
        if position == self.data.count:
            self._note()
            self._remember()
            self.stopped = self._why_stop()

    def _waiting(self, more: int = 0) -> slice:
        """Which rows have been seen since the last update, and `more` rows: those left over come first."""
        size, left = self.batch_size, self.data.count % self.batch_size
        first = left + self.position // size * size
        if self.position < size:
            first = 0 if self.epoch else left
        return slice(first, left + self.position + more)

    def _gradient(self, rows: slice) -> list[np.ndarray]:
        """The derivatives of the mean loss of these rows: forward and backward(), as for every training step."""
        x, y = self.data.batch(rows, self.data.count % self.batch_size)
        if self.settings.dropout:
            nn.set_random_seed(self.updates)  # thrown anew at each step, so that a step can be taken back
        self.model.train()
        for weight in self.parameters:
            weight.grad = None
        self.loss(y, self.model(x)).backward()
        self.model.eval()
        return [weight.grad for weight in self.parameters]

    def _update(self, rows: slice) -> None:
        """One step of the optimizer, then regularization's."""
        gradients = self._gradient(rows)
        before = [layer.kernel.data for layer in self.layers] if self._shrinks else []
        self.optimizer.apply(gradients, self.parameters)
        if self._shrinks:
            self._shrink(before)
        self._gradients = [gradient.numpy() for gradient in gradients]
        self.updates += 1
        self._losses = None

    @property
    def _shrinks(self) -> bool:
        return self.settings.regularization != "none"

    def _shrink(self, before: list[np.ndarray]) -> None:
        """Takes rate x the slope of the penalty from each weight, biases not. L1: what would cross 0 stays there."""
        amount, l1 = self.settings.learning_rate * self.settings.regularization_rate, self.settings.regularization == "L1"
        dead = []
        for layer, old, gone in zip(self.layers, before, self._dead, strict=True):
            with tg.no_grad(), layer.kernel.writeable() as weight:
                shrunk = weight - amount * (np.sign(old) if l1 else old)
                if l1:
                    gone = gone | (weight * shrunk < 0)
                weight[...] = np.where(gone, 0.0, shrunk)
            dead.append(gone)
        self._dead = tuple(dead)

    def _note(self) -> None:
        self.history_.add(self.epoch, *self.losses())

    def _why_stop(self) -> str:
        train, test = self.losses()
        if not math.isfinite(train + test):
            return "the loss is no longer a number: the learning rate is too high"
        if self.epoch == self.settings.stop_epoch:
            return f"epoch {self.epoch:,} is reached"
        if test < self.settings.stop_loss:
            return f"the test loss is below {self.settings.stop_loss:g}"
        return ""

    # Steps back.

    def back(self, unit: str = "epoch", count: int = 1) -> bool:
        """Goes back: by so many samples, to where a batch began or to where an epoch did, count times.

        All is then as it was, to the last bit. False, and nothing happens, if there is nothing to go back to: at the
        beginning, or beyond the last thousand epochs.
        """
        checks.choice("the unit of a step", unit, UNITS)
        target = self.samples_seen
        for _ in range(checks.whole("the count of steps", count, 1, MOST_STEPS)):
            if target > 0:
                target = self._before(target, unit)
        if target == self.samples_seen or target < self._moments[0].samples:
            return False
        while self._moments[-1].samples > target:
            self._moments.pop()
        self._restore(self._moments[-1])
        while self.samples_seen < target:
            self._go(min(self._to_batch_end(), target - self.samples_seen))
        self.stopped = ""
        return True

    def _before(self, samples: int, unit: str) -> int:
        """The last place before this one where a sample, a batch or an epoch ended."""
        count, size = self.data.count, self.batch_size
        start = (samples - 1) // count * count  # of the epoch
        if unit == "sample":
            return samples - 1
        if unit == "epoch":
            return start
        if place := (samples - 1 - start) // size * size:
            return start + place
        if start == 0 or count % size == 0:
            return start
        return start - count % size  # where this batch began, in the epoch before

    def _remember(self) -> None:
        numbers = [weight.detach().numpy() for weight in self.parameters] + self.optimizer.state_arrays
        self._moments.append(
            Moment(
                self.samples_seen,
                self.updates,
                self.settings,
                np.concatenate([array.ravel() for array in numbers]),
                self._dead,
                self._gradients,
                len(self.changes),
            )
        )

    def _restore(self, moment: Moment) -> None:
        self.samples_seen, self.updates, self.settings = moment.samples, moment.updates, moment.settings
        self._dead, self._gradients, self._losses = moment.dead, moment.gradients, None
        self.optimizer.learning_rate, self.optimizer.iterations = self.settings.learning_rate, self.updates
        start = 0
        with tg.no_grad():
            for weight in self.parameters:
                weight.data = moment.numbers[start : start + weight.size].reshape(weight.shape)
                start += weight.size
        for array in self.optimizer.state_arrays:
            array[...] = moment.numbers[start : start + array.size].reshape(array.shape)
            start += array.size
        del self.changes[moment.changes :]
        self.history_.cut(self.epoch)

    # Changes by hand.

    def edit(self, layer: int, to: int, source: int | None, value: float) -> None:
        """Gives a weight a new value, or with source None the bias of the neuron `to`. A dead weight lives again."""
        which, place = self._place(layer, to, source)
        value = checks.real("a weight", value, -LARGEST_WEIGHT, LARGEST_WEIGHT)
        with tg.no_grad():
            self.parameters[which][place] = value
        if source is not None:
            dead = list(self._dead)
            dead[layer - 1] = dead[layer - 1].copy()
            dead[layer - 1][place] = False
            self._dead = tuple(dead)
        self._changed(Change(self.updates, self.samples_seen, layer, to, source, value))

    def adopt(self, settings: Settings) -> bool:
        """Takes over settings that may change while training goes on; False, and nothing happens, if others differ."""
        names = [name for name in Settings.__dataclass_fields__ if getattr(settings, name) != getattr(self.settings, name)]
        if not set(names) <= set(LIVE):
            return False
        self.settings = settings
        self.optimizer.learning_rate = settings.learning_rate
        for name in ("learning_rate", "regularization_rate"):
            if name in names:
                self._changed(Change(self.updates, self.samples_seen, 0, 0, None, getattr(settings, name), name))
        return True

    def _changed(self, change: Change) -> None:
        self.changes.append(change)
        self._losses = None
        self._remember()

    def _place(self, layer: int, to: int, source: int | None) -> tuple[int, Any]:
        """Which of the parameters a weight is in, and where; checked."""
        layer = checks.whole("the layer", layer, 1, len(self.layers))
        inputs, units = self.layers[layer - 1].kernel.shape
        to = checks.whole("the neuron that a link leads to", to, 0, units - 1)
        if source is None:
            return 2 * layer - 1, to
        return 2 * layer - 2, (checks.whole("the neuron that a link comes from", source, 0, inputs - 1), to)

    # What is to be seen.

    @property
    def sizes(self) -> list[int]:
        """How many neurons each layer has, the inputs first."""
        return [len(self.settings.features), *[layer.units for layer in self.layers]]

    def weights(self) -> list[np.ndarray]:
        """The weights of each layer, (from, to)."""
        return [layer.kernel.data for layer in self.layers]

    def biases(self) -> list[np.ndarray]:
        """The biases of each layer."""
        return [layer.bias.data for layer in self.layers]

    def gradients(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """How strongly the mean loss answers to each weight and each bias, on the samples that wait for an update.

        Where none does, on the last batch, before its update.
        """
        rows, found = self._waiting(), self._gradients
        if rows.stop > rows.start:
            found = [gradient.numpy() for gradient in self._gradient(rows)]
        return found[::2], found[1::2]

    def dead(self) -> list[np.ndarray]:
        """True for the weights that L1 has set to 0 for good."""
        return list(self._dead)

    def maps(self, size: int = 50) -> np.ndarray:
        """What each neuron gives over the plane: float32 (neurons, size, size), inputs first, outputs last.

        The top row is x2 = 6, the first column x1 = -6.
        """
        return network.maps(self.settings, self.layers, checks.whole("the size of a map", size, 2, 200))
