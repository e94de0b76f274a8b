"""The networks that a server reads with: those that were trained, or one that learns while people draw."""

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

import mnist_parts as parts
import nn

from . import networks
from .reader import Reading, read

LEARNING = "one that learns now"
_BATCH = 128


class Classroom:
    """All networks of one server, shared by its tabs. Every method may be called by any thread.

    Where `folder`, the place where the examples write to, holds no weights, `teach` trains mnist.py's network, a little
    at each call, and keeps what it has learnt there. It reads all the while.
    """

    def __init__(self, folder: Path = Path(), epochs: int = 5) -> None:
        self._lock = threading.Lock()
        self._paths = {str(path): folder / path for path in [*networks.WRITTEN, networks.QUICK]}
        self._kept = folder / networks.QUICK
        self._loaded: dict[str, tuple[float, str, nn.Sequential]] = {}
        self._epochs = epochs
        self._lesson: Lesson | None = None

    def names(self) -> list[str]:
        """The networks there are, the best reader first: files of weights, or the one that learns now."""
        return [name for name, path in self._paths.items() if path.is_file()] or [LEARNING]

    def first(self) -> str:
        """The best reader whose weights can be believed, loaded and tried; else the one that learns now."""
        for name in self.names():
            try:
                self.read(name, np.zeros((28, 28), np.float32))
                return name
            except ValueError as error:
                print(error)
        return LEARNING

    def read(self, name: str, image: Any) -> tuple[str, Reading]:
        """What the network of this name reads, and the example that it belongs to. Raises ValueError if it can't."""
        with self._lock:
            example, model = self._network(name)
            return example, read(model, image)

    def _network(self, name: str) -> tuple[str, nn.Sequential]:
        if name == LEARNING:
            return "mnist", self._begun().reader
        if name not in self._paths:
            raise ValueError(f"There is no network {name[:80]!r}.")
        try:
            written = self._paths[name].stat().st_mtime
            if name not in self._loaded or self._loaded[name][0] != written:
                self._loaded[name] = (written, *networks.load(self._paths[name]))
        except OSError as error:
            raise ValueError(f"{name} can't be read: {error.strerror}") from error
        return self._loaded[name][1:]

    def _begun(self) -> "Lesson":
        if self._lesson is None:
            self._lesson = Lesson(self._epochs)
        return self._lesson

    def teach(self, seconds: float) -> float:
        """Goes on with the lesson for about that long. Returns how long to wait before the next time, 0 mostly."""
        with self._lock:
            lesson = self._begun()
            if not lesson.ready:
                return 0.2
            if lesson.go_on(seconds):
                self._keep(lesson.reader)
            return 0.0

    def _keep(self, model: nn.Sequential) -> None:
        try:
            self._kept.parent.mkdir(parents=True, exist_ok=True)
            parts.save(self._kept, model.save_weights)
        except OSError as error:
            print(f"could not write {self._kept}: {error}")

    def progress(self) -> dict[str, Any]:
        """How far the lesson is: `share` from 0 to 1, `right` of the last digits, `trouble` if there is any."""
        with self._lock:
            lesson = self._begun()
            return {"share": lesson.share, "right": lesson.right, "trouble": lesson.trouble, "digits": lesson.digits}


class Lesson:
    """mnist.py's network, learning. `reader` is a copy of it that has learnt as much, to be read with."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs
        self.model, self.reader = networks.mlp(), networks.mlp()
        self.model.compile(nn.RMSprop(), nn.losses.CategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
        self.share, self.right, self.trouble, self.digits = 0.0, 0.0, "", 0
        self._data: Any = None
        self._order: list[Any] = []
        self._done = 0
        threading.Thread(target=self._fetch, daemon=True).start()  # MNIST may have to be downloaded

    def _fetch(self) -> None:
        try:
            try:
                (x, y), _ = nn.datasets.mnist.load_data()
            except ConnectionError:
                (x, y), _ = nn.datasets.digits.load_data()
        except (OSError, ValueError, ImportError) as error:
            self.trouble = f"There are no digits to learn from: {error}"
            return
        self.digits = len(x)
        self._data = x.reshape(len(x), 784).astype("float32") / 255, nn.one_hot(y, 10)

    @property
    def ready(self) -> bool:
        """Whether there is something to learn from."""
        return self._data is not None

    def go_on(self, seconds: float) -> bool:
        """Learns for about that long, batch by batch; whether that was the last of it."""
        x, y = self._data
        batches = self.epochs * -(-len(x) // _BATCH)
        end = time.monotonic() + seconds
        self.model.train()
        while self._done < batches and time.monotonic() < end:
            if not self._order:
                order = nn.random_generator().permutation(len(x))
                self._order = [order[at : at + _BATCH] for at in range(0, len(x), _BATCH)]
            rows = self._order.pop()
            self.model.reset_metrics()
            right = self.model.train_step(x[rows], y[rows])["accuracy"]
            self._done += 1
            self.right += max(0.02, 1 / self._done) * (right - self.right)
        self.model.eval()
        self.reader.set_weights(self.model.get_weights())
        finished = self._done == batches and self.share < 1
        self.share = self._done / batches
        return finished
