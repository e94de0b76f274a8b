"""The samples that training is judged on: given, or kept out of those that it learns from."""

from typing import Any

import numpy as np

from .batch_form import Form
from .batches import Source, as_source, holds_samples
from .checks import number
from .data import count, rows

_STEPS = "validation_steps"  # what the caller calls them


def validation_source(form: Form, data: Any, batch_size: int | None, steps: int | None, times: int = 1) -> Source:
    """The batches of (x, y), of (x, y, sample_weight), or of what gives batches, which are gone through so often.

    Raises TypeError or ValueError for what is none of these.
    """
    if isinstance(data, (tuple, list)):
        if not 2 <= len(data) <= 3 and form.targets:
            raise ValueError(
                "validation_data must be a tuple (x, y) or (x, y, sample_weight), or what gives batches; given"
                f" {len(data)} things"
            )
        x, y, sample_weight = (*data, None, None)[:3]
        return as_source(x, y, sample_weight, batch_size, False, steps, form=form, steps_name=_STEPS)
    if isinstance(data, np.ndarray) and form.targets:
        raise TypeError(f"validation_data must be a tuple (x, y), or what gives batches, given {type(data).__name__}")
    return as_source(data, steps_per_epoch=steps, form=form, epochs=times, steps_name=_STEPS)


def split_off(form: Form, columns: tuple[Any, Any, Any], share: float) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """The samples (x, y, sample_weight) before, and the last `share` of them, before any shuffling, as in Keras.

    Raises ValueError for what are no arrays, or a share that leaves one part without any.
    """
    if not holds_samples(columns[0]):
        raise ValueError(
            "validation_split keeps the last share of arrays, but x gives batches: give validation_data, which may give"
            " batches, too"
        )
    columns = form.columns(*columns)
    share, total = number("validation_split", share, below=1), count(columns[0])
    at = int(total * (1 - share))
    if at in (0, total):
        raise ValueError(f"validation_split={share} of {total} samples leaves one part without any")
    before, after = ([None if c is None else rows(c, part) for c in columns] for part in (slice(at), slice(at, None)))
    return tuple(before), tuple(after)
