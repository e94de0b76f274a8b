"""Running averages of weights, often better than the weights themselves: Polyak and Juditsky 1992."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from tinygrad_lite import Tensor, by_blocks, no_grad

Averages = dict[Tensor, np.ndarray]


def move(averages: Averages, weights: Sequence[Tensor], momentum: float) -> None:
    """average = momentum * average + (1 - momentum) * weight; a weight without an average begins as its own."""
    for weight in weights:
        with no_grad(), weight.writeable() as array:  # read only; so its memory stays its own
            if weight in averages and momentum:
                _move(averages[weight], array, 1 - momentum)
            else:
                averages[weight] = array.copy()


def _move(average: np.ndarray, weight: np.ndarray, share: float) -> None:
    def work(block: Any) -> None:
        average[block] += (weight[block] - average[block]) * share

    by_blocks(work, weight.shape)


def overwrite(averages: Averages, weights: Sequence[Tensor]) -> None:
    """Gives each weight its average, where there is one."""
    for weight in weights:
        if weight in averages:
            with no_grad(), weight.writeable() as array:
                array[...] = averages[weight]


@contextmanager
def in_place_of(averages: Averages, weights: Sequence[Tensor]) -> Iterator[None]:
    """Inside, each weight is its average; afterwards it is what it was."""
    before = [weight.detach().numpy() for weight in weights]
    overwrite(averages, weights)
    try:
        yield
    finally:
        for weight, array in zip(weights, before, strict=True):
            weight.data = array
