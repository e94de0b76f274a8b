"""The training: forwards, back, and what is changed by hand."""

import math
import time
from dataclasses import fields, replace
from typing import Any

import numpy as np

import nn
import tinygrad_lite as tg

from . import checks, network
from .data import Data
from .history import History
from .moments import Change, Moment, Moments
from .settings import LIVE, Settings

UNITS = ("sample", "batch", "epoch")
MOST_STEPS = 1000
MOST_CHANGES = 1000  # by hand, that `program` can tell
LONGEST_PLAY = 1.0  # seconds
LARGEST_WEIGHT = 1000.0


class Training:
    """Learns what the settings say, as the TensorFlow Playground does, and gives the same losses.

    Data, shuffle and weights are drawn in the order of a fresh page load. Gradients are the mean of a batch's, from
    `backward()`. Samples that are left over at the end of an epoch wait for the first batch of the next. A batch larger
    than the training data counts as all of it (there the original never learns).
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = self._first_settings = settings
        self.data = Data(settings)
        self.model = network.build(settings, self.data.random)
        self.layers = network.denses(self.model)
        self.loss = network.loss_of(settings)
        self.optimizer = network.optimizer_of(settings)
        self.parameters = [weight for layer in self.layers for weight in (layer.kernel, layer.bias)]
        self.optimizer.build(self.parameters)
        self.samples_seen = self.updates = 0
        self.changes: tuple[Change, ...] = ()  # made by hand
        self.stopped = ""
        self._dead = tuple([np.zeros(layer.kernel.shape, bool) for layer in self.layers])
        self._gradients = [np.zeros(weight.shape) for weight in self.parameters]
        self._outputs: list[np.ndarray] | None = None
        self._losses = 0.0, 0.0
        self._moments = Moments()
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
        self._judge()
        return self._losses

    def accuracy(self) -> tuple[float, float] | None:
        """The share of the training and of the test points that are classified right; None in regression."""
        if self.settings.problem == "regression":
            return None
        train, test = map(network.right, self._judge(), self.data.targets)
        return train, test

    def _judge(self) -> list[np.ndarray]:
        """What the network makes of the training and the test points; with it the losses are known."""
        if self._outputs is None:
            with tg.no_grad(), np.errstate(all="ignore"):
                outputs = [self.model(x) for x in self.data.inputs]
                train, test = map(self.loss, self.data.targets, outputs)
            self._losses = train.item(), test.item()
            self._outputs = [each.numpy() for each in outputs]
        return self._outputs

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

    def play(self, seconds: float = 0.015, one_epoch: bool = False) -> bool:
        """Goes on, batch by batch, until so much time has passed or `stopped` says why not to: for a page that plays.

        At least one batch, however long it takes; seconds: at most 1. one_epoch: to the end of the epoch at most.
        Whether an epoch has ended.
        """
        end = time.perf_counter() + checks.real("the seconds of a play", seconds, 0, LONGEST_PLAY)
        self.stopped, epoch = "", self.epoch
        while True:
            self._go(self._to_batch_end())
            ended = self.epoch > epoch
            if self.stopped or (ended and one_epoch) or time.perf_counter() >= end:
                return ended

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
        x, y = self.data.cyclic(rows, self.data.count % self.batch_size)
        for weight in self.parameters:
            weight.grad = None
        if self.settings.dropout:
            nn.set_random_seed(self.updates)  # the dice are thrown anew at each step, so that it can be taken back
            self.model.train()
        with np.errstate(all="ignore"):  # a loss that explodes is told by `stopped`
            self.loss(y, self.model(tg.asarray(x))).backward()
        if self.settings.dropout:
            self.model.eval()
        return [weight.grad for weight in self.parameters]

    def _update(self, rows: slice) -> None:
        """One step of the optimizer, then regularization's."""
        gradients = self._gradient(rows)
        before = [layer.kernel.data for layer in self.layers] if self._shrinks else []
        with np.errstate(all="ignore"):
            self.optimizer.apply(gradients, self.parameters)
            if self._shrinks:
                self._shrink(before)
        self._gradients = [gradient.numpy() for gradient in gradients]
        self.updates += 1
        self._outputs = None

    @property
    def _shrinks(self) -> bool:
        return self.settings.regularization != "none"

    def _shrink(self, before: list[np.ndarray]) -> None:
        """Takes rate x the slope of the penalty from each weight, biases not. L1: what would cross 0 stays there."""
        amount = self.settings.learning_rate * self.settings.regularization_rate
        l1 = self.settings.regularization == "L1"
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
        moment = self._moments.back_to(target) if target < self.samples_seen else None
        if moment is None:
            return False
        self._restore(moment)
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
        rates = self.settings.learning_rate, self.settings.regularization_rate
        together = np.concatenate([array.ravel() for array in numbers])
        seen = self.samples_seen, self.updates
        self._moments.add(Moment(*seen, rates, together, self._dead, self._gradients, self.changes))

    def _restore(self, moment: Moment) -> None:
        self.samples_seen, self.updates, self.changes = moment.samples, moment.updates, moment.changes
        self._dead, self._gradients, self._outputs = moment.dead, moment.gradients, None
        rate, regularization_rate = moment.rates
        self.settings = replace(self.settings, learning_rate=rate, regularization_rate=regularization_rate)
        self.optimizer.learning_rate, self.optimizer.iterations = rate, self.updates
        start = 0
        with tg.no_grad():
            for weight in self.parameters:
                weight.data = moment.numbers[start : start + weight.size].reshape(weight.shape)
                start += weight.size
        for array in self.optimizer.state_arrays:
            array[...] = moment.numbers[start : start + array.size].reshape(array.shape)
            start += array.size
        self.history_.cut(self.epoch)

    # Changes by hand.

    def edit(self, layer: int, to: int, source: int | None, value: float) -> None:
        """Gives a weight a new value, or with source None the bias of the neuron `to`. A dead weight lives again."""
        layer, to, source = self._link(layer, to, source)
        value = checks.real("a weight", value, -LARGEST_WEIGHT, LARGEST_WEIGHT)
        with tg.no_grad():
            if source is None:
                self.layers[layer - 1].bias[to] = value
            else:
                self.layers[layer - 1].kernel[source, to] = value
        if source is not None:
            dead = [gone.copy() for gone in self._dead]
            dead[layer - 1][source, to] = False
            self._dead = tuple(dead)
        self._changed((layer, to, source), value)

    def adopt(self, settings: Settings) -> bool:
        """Takes over settings that may change while training goes on; False, and nothing happens, if others differ."""
        of_ours = {one.name: getattr(self.settings, one.name) for one in fields(settings)}
        names = {name for name, value in of_ours.items() if getattr(settings, name) != value}
        if not names <= set(LIVE):
            return False
        self.settings = settings
        self.optimizer.learning_rate = settings.learning_rate
        for name in ("learning_rate", "regularization_rate"):
            if name in names:
                self._changed(name, getattr(settings, name))
        return True

    def _changed(self, what: Any, value: float) -> None:
        if self.changes and self.changes[-1][:2] == (self.updates, what):
            self.changes = self.changes[:-1]
        if len(self.changes) <= MOST_CHANGES:
            self.changes = (*self.changes, Change(self.updates, what, value))
        self._outputs = None
        self._remember()

    def _link(self, layer: Any, to: Any, source: Any) -> tuple[int, int, int | None]:
        """The place of a weight or, with source None, of a bias; checked."""
        layer = checks.whole("the layer", layer, 1, len(self.layers))
        inputs, units = self.layers[layer - 1].kernel.shape
        to = checks.whole("the neuron that a link leads to", to, 0, units - 1)
        if source is not None:
            source = checks.whole("the neuron that a link comes from", source, 0, inputs - 1)
        return layer, to, source
