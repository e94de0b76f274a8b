"""The files that TensorBoard reads, through its own package, which needs no TensorFlow."""

import time
from typing import Any

import numpy as np

_BINS = 30


class EventFile:
    """A new event file in a folder, which is made if it does not exist: numbers and histograms, each with its step.

    suffix: what its name ends in. Raises ImportError, with what to install, where TensorBoard is missing.
    """

    def __init__(self, folder: str, suffix: str = "") -> None:
        needed()
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        self._writer = EventFileWriter(folder, filename_suffix=suffix)

    def scalar(self, name: str, value: float, step: int) -> None:
        """Writes a number."""
        from tensorboard.plugins.scalar.summary import scalar_pb

        self._write(scalar_pb(name, float(value)), step)

    def histogram(self, name: str, values: np.ndarray, step: int) -> None:
        """Writes how the values are spread; those that are not finite are left out."""
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.plugins.histogram.metadata import create_summary_metadata
        from tensorboard.util.tensor_util import make_tensor_proto

        counts, edges = np.histogram(values[np.isfinite(values)].astype(np.float64), _BINS)
        rows = np.stack([edges[:-1], edges[1:], counts], axis=1)  # TensorBoard's own maker needs 30 bytes a value
        summary = Summary()
        described = create_summary_metadata(display_name=None, description=None)
        summary.value.add(tag=name, metadata=described, tensor=make_tensor_proto(rows, dtype=np.float64))
        self._write(summary, step)

    def _write(self, summary: Any, step: int) -> None:
        from tensorboard.compat.proto.event_pb2 import Event

        self._writer.add_event(Event(summary=summary, wall_time=time.time(), step=step))

    def flush(self) -> None:
        """All that was written is in the file."""
        self._writer.flush()

    def close(self) -> None:
        """Ends the file."""
        self._writer.close()


def needed() -> None:
    """Raises ImportError where TensorBoard is missing."""
    try:
        import tensorboard  # noqa: F401
    except ImportError as error:
        raise ImportError("nn.TensorBoard needs TensorBoard: pip install 'tinygrad_lite[tensorboard]'") from error
