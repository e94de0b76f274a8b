"""A run: the training, and all that is to be seen of it."""

from typing import Any

import numpy as np

from . import checks, explanation, network, program
from .training import MOST_CHANGES, Training


class Run(Training):
    """A network that learns on the playground, as `Training` says, and what the page shows of it.

    >>> from playground_parts import Run, Settings
    >>> run = Run(Settings(seed="0.12345"))
    >>> run.step("epoch", 10)
    >>> [round(loss, 12) for loss in run.losses()]
    [0.476346008837, 0.496309782469]
    >>> run.back("epoch", 10), run.epoch
    (True, 0)
    """

    @property
    def sizes(self) -> list[int]:
        """How many neurons each layer has, the inputs first."""
        return [len(self.settings.features), *[layer.units for layer in self.layers]]

    @property
    def names(self) -> list[list[str]]:
        """What the neurons of each layer are called, the inputs first."""
        return explanation.names(self.settings)

    @property
    def train_points(self) -> np.ndarray:
        """What is learnt from, in this order: float64 (points, 3), x1, x2 and the label.

        The label is -1 or 1 where there are two classes, a class number where there are more, else a value.
        """
        return self.data.points[0]

    @property
    def test_points(self) -> np.ndarray:
        """What is only tested on, as in `train_points`."""
        return self.data.points[1]

    def weights(self) -> list[np.ndarray]:
        """The weights of each layer, (from, to)."""
        return [layer.kernel.data for layer in self.layers]

    def biases(self) -> list[np.ndarray]:
        """The biases of each layer."""
        return [layer.bias.data for layer in self.layers]

    def gradients(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """How strongly the mean loss answers to each weight and each bias, on the samples that wait for an update.

        Where none does, on the last batch, before its update; where there was none, on the first.
        """
        rows, found = self._waiting(0 if self.samples_seen else self.batch_size), self._gradients
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
        size = checks.whole("the size of a map", size, 2, 200)
        with np.errstate(all="ignore"):
            return network.maps(self.settings, self.layers, size)

    def probe(self, x1: float, x2: float, output: int = 0) -> dict[str, Any]:
        """All values at a point of the plane, and how strongly an output answers to each: see `explanation.probe`."""
        point = checks.real("x1", x1, -6, 6), checks.real("x2", x2, -6, 6)
        output = checks.whole("the output", output, 0, self.settings.outputs - 1)
        with np.errstate(all="ignore"):
            return explanation.probe(self.settings, self.layers, point, output)

    def arithmetic(self, layer: int, to: int, x1: float, x2: float) -> list[str]:
        """How a neuron comes to its value at a point of the plane, in lines: formula, numbers, result.

        >>> from playground_parts import Run, Settings
        >>> print(*Run(Settings(hidden=(1,))).arithmetic(1, 0, 1.5, -2), sep="\\n")
        1.1 = tanh(weight × X1 + weight × X2 + bias)
        = tanh(0.1512 × 1.5 + 0.3395 × (−2) + 0.1)
        = tanh(−0.3523)
        = −0.3384
        """
        layer, to, _ = self._link(layer, to, None)
        point = checks.real("x1", x1, -6, 6), checks.real("x2", x2, -6, 6)
        with np.errstate(all="ignore"):
            return explanation.arithmetic(self.settings, self.layers, point, layer, to)

    def explain(self, layer: int, to: int, source: int | None, of: str = "batch", sample: int | None = None) -> str:
        """The story of how strongly the loss answers to a weight (source None: a bias), as a page.

        of: "batch", the mean loss of the batch that comes next, or "sample", the loss of the next sample; sample: of
        the training point of this number instead.
        """
        return self.story(layer, to, source, of, sample).html

    def story(self, layer: int, to: int, source: int | None, of: str = "batch", sample: int | None = None) -> Any:
        """What `explain` makes its page of: the `Story` of `tinygrad_lite.explain`."""
        link = self._link(layer, to, source)
        checks.choice("what is explained", of, ("batch", "sample"))
        if sample is not None:
            start = checks.whole("the sample", sample, 0, self.data.count - 1)
            rows = slice(start, start + 1)
            x, y = self.data.inputs[0].numpy()[rows], self.data.targets[0][rows]
        else:
            seen = self._waiting()
            more = 1 if of == "sample" else self.batch_size - self.position % self.batch_size
            rows = slice(seen.stop if of == "sample" else seen.start, seen.stop + more)
            x, y = self.data.cyclic(rows, self.data.count % self.batch_size)
        return explanation.story(self.settings, self.layers, link, x, y)

    def program(self) -> str:
        """The run as a program on its own: it prints the same losses, and does what was changed by hand, too.

        Raises ValueError where more was changed by hand than a program can tell.
        """
        if len(self.changes) > MOST_CHANGES:
            raise ValueError(f"more than {MOST_CHANGES:,} changes were made by hand: too many to write down")
        return program.written(self._first_settings, self.updates, self.changes)
