"""Keras's progress line, drawn by tqdm where somebody watches, and one line an epoch in a log file."""

import sys
import time
from typing import Any

from .callbacks import Callback, Logs

_WIDTH = 20
_REDRAW_SECONDS = 0.1


class Progress(Callback):
    """`469/469 ━━━━━━━━━━━━━━━━━━━━ 3s 6ms/step - accuracy: 0.9250 - loss: 0.2450`

    The line moves while it is drawn on a terminal or in a notebook and tqdm is installed (it is in the extra
    `examples`). Into a file or a pipe, without tqdm, or with verbose=2, each epoch prints it once, when it is done.
    Where nobody knows how many batches there are, the first epoch counts them: `12/Unknown`.
    """

    def __init__(self, verbose: int = 1) -> None:
        self.live = verbose == 1 and _somebody_watches()
        self.bar: Any = None
        self.file: Any = None
        self.steps: int | None = None  # of the last epoch

    def on_epoch_begin(self, epoch: int, logs: Logs) -> None:
        print(f"Epoch {epoch + 1}/{self.params['epochs']}")
        self.file = _NotebookLine() if self.live and _in_notebook() else sys.stdout
        self.start = time.perf_counter()
        self.drawn = 0.0
        self.done = 0
        total = self.params["steps"] or self.steps
        if self.live and (tqdm := _tqdm()) is not None:
            self.bar = tqdm(
                total=total,
                ascii=" ━",
                bar_format=f"{{n_fmt}}/{{total_fmt}} {{bar:{_WIDTH}}} {{desc}}" if total else "{n_fmt}/Unknown {desc}",
                file=self.file,
                nrows=24,  # a terminal that does not say its height would be shown nothing
                mininterval=0,
                miniters=10**9,
            )

    def on_train_batch_end(self, batch: int, logs: Logs) -> None:
        now = time.perf_counter()
        self.done = batch + 1
        if self.bar is not None and now - self.drawn >= _REDRAW_SECONDS:
            self.drawn = now
            self._draw(logs)

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        self.steps = self.params["steps"] or self.done
        if self.bar is not None:
            self.bar.leave = False  # the line that stays is printed: a narrow terminal must not cut its numbers off
            self.bar.close()
            self.bar = None
        bar = "━" * (_WIDTH * self.done // max(self.steps, 1))
        print(f"{self.done}/{self.steps} {bar:{_WIDTH}} {self._words(logs)}", file=self.file, flush=True)

    def on_train_end(self, logs: Logs) -> None:
        if self.bar is not None:
            self.bar.close()
            self.bar = None

    def _draw(self, logs: Logs) -> None:
        self.bar.n = self.done
        self.bar.set_description_str(self._words(logs), refresh=False)
        self.bar.refresh()

    def _words(self, logs: Logs) -> str:
        seconds = time.perf_counter() - self.start
        return " - ".join(
            [
                f"{seconds:.0f}s {_each(seconds / max(self.done, 1))}/step",
                *[f"{k}: {v:.4f}" for k, v in sorted(logs.items())],
            ]
        )


def _each(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.0f}s"
    return f"{seconds * 1e3:.0f}ms" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us"


class _NotebookLine:
    """A file for tqdm to write to: one line of a notebook's output, of which only the last state is kept."""

    def __init__(self) -> None:
        from IPython.display import display

        self._shown = display({"text/plain": ""}, raw=True, display_id=True)

    def write(self, text: str) -> None:
        if line := text.strip():
            self._shown.update({"text/plain": line}, raw=True)

    def flush(self) -> None:
        """Nothing is held back."""


def _somebody_watches() -> bool:
    return sys.stdout.isatty() or _in_notebook()


def _in_notebook() -> bool:
    return "ipykernel" in sys.modules


def _tqdm() -> Any:
    try:
        from tqdm import tqdm
    except ImportError:
        return None
    return tqdm
