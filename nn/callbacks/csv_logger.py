"""The numbers of each epoch as a table in a file."""

import csv
import os
from typing import Any

from .callback import Callback, Logs


class CSVLogger(Callback):
    """Writes the epoch, from 0, and the logs into a CSV file, a line for each epoch, at once.

    The columns are those of the first epoch by the alphabet. If none of them is of a validation, there are columns for
    it, too, since it may come in a later epoch: what is not known is "NA". separator: one character. append: goes on
    in a file that exists, with its columns; else that is overwritten when the first epoch ends. A training that was
    killed and goes on cuts off what was written after the state that it goes on from: no line comes twice.

    Raises ValueError where a number has no column in the file that it is appended to.

    >>> import nn, numpy as np, pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "log.csv")
    >>> model = nn.Sequential([nn.Dense(1, kernel_initializer="ones")])
    >>> model.compile(nn.SGD(0.25), "mse")
    >>> x = np.ones((4, 1))
    >>> history = model.fit(x, 0 * x, epochs=2, validation_data=(x, x), verbose=0, callbacks=[nn.CSVLogger(path)])
    >>> print(path.read_text())
    epoch,loss,val_loss
    0,1.0,1.0
    1,0.0,1.0
    <BLANKLINE>
    """

    def __init__(self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False) -> None:
        if not isinstance(separator, str) or len(separator) != 1:
            raise ValueError(f"separator must be one character, such as ',' or ';', given {separator!r:.60}")
        self.filename, self.separator, self.append = os.fspath(filename), separator, append
        self._file: Any = None  # open while it is trained
        self._columns: list[str] = []
        self._goes_on = append

    def on_train_begin(self, logs: Logs) -> None:
        """Opens the file. What is in it stays until there is something to write."""
        self._close()
        self._columns, self._goes_on = [], self.append
        self._file = open(self.filename, "a+", newline="", encoding="utf-8")  # noqa: SIM115 - closed when training ends

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Writes the line of the epoch."""
        row = {"epoch": epoch, **logs}
        if not self._columns:
            self._begin(logs)
        if surplus := [name for name in row if name not in self._columns]:
            raise ValueError(
                f"{self.filename} has the columns {', '.join(self._columns)}, none for {surplus[0]!r}: what is logged"
                " has to be there from the first epoch on"
            )
        self._write([row.get(name, "NA") for name in self._columns])

    def on_train_end(self, logs: Logs) -> None:
        """Closes the file."""
        self._close()

    def _begin(self, logs: Logs) -> None:
        """The columns: those of the file that it goes on with, else those of the logs, written into a new table."""
        if not self._goes_on:
            self._file.truncate(0)
        self._file.seek(0)
        text = self._file.read()
        self._columns = next(csv.reader(text.splitlines(), delimiter=self.separator), [])
        if not self._columns:
            names = sorted(logs)
            if not any(name.startswith("val_") for name in names):
                names += [f"val_{name}" for name in names]
            self._columns = ["epoch", *names]
            self._write(self._columns)
        elif not text.endswith("\n"):
            self._file.write("\r\n")

    def _write(self, row: list[Any]) -> None:
        csv.writer(self._file, delimiter=self.separator).writerow(row)
        self._file.flush()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None

    def state_dict(self) -> dict[str, Any]:
        """How much of the file is to stay."""
        kept = self._file is not None and (self._columns or self._goes_on)
        return {"length": os.fstat(self._file.fileno()).st_size if kept else 0}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Cuts the file back to the length that it had."""
        self._goes_on = self.append or state["length"] > 0
        if self._file is not None and os.fstat(self._file.fileno()).st_size > state["length"]:
            self._file.truncate(state["length"])
