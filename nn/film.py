"""Films a training run: the graph of the same few samples again and again, while the network learns."""

import os
from pathlib import Path
from typing import Any

from tinygrad_lite import draw, enable_grad, film

from .callbacks import Callback, Logs
from .checks import whole_number
from .data import as_input, as_pair
from .random import random_generator


class Film(Callback):
    """Takes a picture of the loss of the samples x with the targets y before training and after every so many batches.

    `save("run.html")` makes one page of them, with a slider that goes through the run; a notebook shows the film. A few
    samples (say 32) say enough, and each picture takes about as long as a few training steps on them. It only looks
    on: weights, gradients, what the layers keep and the random numbers stay as they are. The network is seen as in
    `evaluate`, without dropout.

    every: batches from one picture to the next. most: pictures that are kept, at least 2. When there are more, every
    other one is dropped and from then on half as many are taken, so that they are spread over a run of any length.

    >>> import nn, numpy as np
    >>> x = np.linspace(-1, 1, 64, dtype=np.float32)[:, None]
    >>> model = nn.Sequential([nn.Dense(1, input_shape=(1,))])
    >>> model.compile(optimizer=nn.SGD(0.1), loss="mse")
    >>> film = nn.Film(x[:8], 3 * x[:8])
    >>> history = model.fit(x, 3 * x, epochs=2, verbose=0, callbacks=[film])
    >>> film.labels
    ['start', 'step 1', 'step 2', 'step 3', 'step 4']
    """

    def __init__(self, x: Any, y: Any, every: int = 1, most: int = 100) -> None:
        self.x, self.y = x, y
        self.every, self.most = whole_number("every", every, 1), whole_number("most", most, 2)
        self.drawings: list[Any] = []
        self.labels: list[str] = []
        self.steps = 0  # batches so far

    def on_train_begin(self, logs: Logs) -> None:
        """The first picture, if the weights are there already."""
        if self.model.built and not self.drawings:
            self._take("start")

    def on_train_batch_end(self, batch: int, logs: Logs) -> None:
        """A picture, if it is time for one."""
        self.steps += 1
        if self.steps % self.every == 0:
            self._take(f"step {self.steps:,}")
            if len(self.drawings) > self.most:
                self.drawings, self.labels = self.drawings[::2], self.labels[::2]
                self.every *= 2

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the film to a file that ends in .html and returns its path; raises what `tinygrad_lite.film` does."""
        return film(self.drawings, self.labels).save(path)

    def _repr_html_(self) -> str | None:
        return film(self.drawings, self.labels)._repr_html_() if self.drawings else None

    def _take(self, label: str) -> None:
        model = self.model
        objective, _ = model._compiled()
        x, y = as_pair("x", self.x, "y", self.y, model._input_names(self.x), model._output_names())
        random = random_generator().bit_generator
        state = random.state
        try:
            with model._judging(), enable_grad():
                loss = objective.judged(y, model(as_input(x)))
                if not loss.name:
                    loss.name = "loss"
                self.drawings.append(draw(loss))
        finally:
            random.state = state
        self.labels.append(label)
