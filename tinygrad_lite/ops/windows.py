"""Windows that slide over the axes between the first (the batch) and the last (the channels): their arithmetic.

Names, for one axis: an input of length n, padded by (before, after), is met by windows of `window` elements that are
`dilation` apart; each window starts `stride` after the one before it.
"""

from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from ..primitive import Array

Pairs = tuple[tuple[int, int], ...]


class Windows(NamedTuple):
    """How windows lie on the inner axes of an input; each field has an entry for each of these axes."""

    window: tuple[int, ...]
    strides: tuple[int, ...]
    padding: Pairs
    dilation: tuple[int, ...]

    def __str__(self) -> str:
        """In a few words, without what is usual: a picture shows them.

        >>> print(Windows((3, 3), (2, 2), ((0, 1), (1, 1)), (1, 1)))
        3 × 3, strides 2 × 2, padding 0+1 × 1
        """
        pads = [str(a) if a == b else f"{a}+{b}" for a, b in self.padding]
        told = [("strides", self.strides, 1), ("padding", pads, "0"), ("dilation", self.dilation, 1)]
        words = [f"{name} {' × '.join(map(str, x))}" for name, x, usual in told if set(x) != {usual}]
        return ", ".join([" × ".join(map(str, self.window)), *words])

    @classmethod
    def of(
        cls, name: str, shape: tuple[int, ...], window: Any, strides: Any, padding: Any, dilation: Any = 1
    ) -> "Windows":
        """What the caller wrote, made whole: a number counts for each axis, "same" and "valid" become numbers."""
        axes = len(shape) - 2
        if axes < 1:
            raise ValueError(f"{name} needs an input of shape (batch, ..., channels), at least 3 axes, not {shape}")
        window = per_axis(name, "the window's size", window, axes)
        steps = per_axis(name, "strides", strides, axes)
        apart = per_axis(name, "dilation", dilation, axes)
        spans = [(w - 1) * d + 1 for w, d in zip(window, apart, strict=True)]
        if isinstance(padding, str):
            if padding not in ("valid", "same"):
                raise ValueError(
                    f"{name}: padding must be 'valid', 'same', a number or a pair for each axis, given {padding!r}"
                )
            totals = [
                max(0, (-(-n // s) - 1) * s + span - n) if padding == "same" else 0
                for n, s, span in zip(shape[1:-1], steps, spans, strict=True)
            ]
            pairs = tuple((total // 2, total - total // 2) for total in totals)
        else:
            pairs = padding_pairs(name, padding, axes)
        lengths = [n + sum(pair) for n, pair in zip(shape[1:-1], pairs, strict=True)]
        if any(length < span for length, span in zip(lengths, spans, strict=True)):
            raise ValueError(
                f"{name}: a window of {tuple(spans)} (dilated) is larger than the padded input, {tuple(lengths)}."
                " Use padding='same', or a smaller window"
            )
        return cls(window, steps, pairs, apart)

    def lengths(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """How many windows there are along each inner axis of an input of this shape."""
        return tuple(
            (n + sum(pad) - (w - 1) * d - 1) // s + 1 for n, w, s, pad, d in zip(shape[1:-1], *self, strict=True)
        )

    def places(self, lengths: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], tuple[slice, ...]]]:
        """For each element of a window, where these elements of all windows lie in the padded input."""
        for offset in product(*map(range, self.window)):
            starts = [o * d for o, d in zip(offset, self.dilation, strict=True)]
            yield (
                offset,
                tuple(
                    slice(start, start + (n - 1) * s + 1, s)
                    for start, n, s in zip(starts, lengths, self.strides, strict=True)
                ),
            )

    def rows_back(self) -> "Windows | None":
        """The windows of sums, on all inner axes but the last, that an element of the input is part of.

        None if there is one axis only, a step larger than 1 between them, or a border wider than a window.
        """
        rows = Windows(self.window[:-1], self.strides[:-1], self.padding[:-1], self.dilation[:-1]).back()
        if rows is None or not rows.window:
            return None
        return Windows((*rows.window, 1), (*rows.strides, 1), (*rows.padding, (0, 0)), (*rows.dilation, 1))

    def back(self) -> "Windows | None":
        """The windows of sums that an element of the input is part of, in reverse order: the way back is a convolution.

        None for strides above 1, which leave gaps between the sums, or a border wider than a window.
        """
        spans = [(w - 1) * d for w, d in zip(self.window, self.dilation, strict=True)]
        pairs = tuple((span - before, span - after) for span, (before, after) in zip(spans, self.padding, strict=True))
        if any(step > 1 for step in self.strides) or any(min(pair) < 0 for pair in pairs):
            return None
        return Windows(self.window, self.strides, pairs, self.dilation)

    def padded_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of the input with its border."""
        return (shape[0], *[n + sum(pad) for n, pad in zip(shape[1:-1], self.padding, strict=True)], shape[-1])

    def inside(self, shape: tuple[int, ...]) -> tuple[slice, ...]:
        """Where the input lies in the padded one, along each inner axis."""
        return tuple(slice(before, before + n) for n, (before, _) in zip(shape[1:-1], self.padding, strict=True))

    def view(self, x: Array) -> Array:
        """Every window of a padded input, without a copy: (batch, *lengths, *window, channels)."""
        axes = len(self.window)
        spans = [(w - 1) * d + 1 for w, d in zip(self.window, self.dilation, strict=True)]
        every = np.lib.stride_tricks.sliding_window_view(x, spans, axis=tuple(range(1, axes + 1)))
        every = np.moveaxis(every, axes + 1, -1)
        each, apart = ([slice(None, None, n) for n in steps] for steps in (self.strides, self.dilation))
        return every[(slice(None), *each, *apart)]


def per_axis(name: str, argument: str, value: Any, axes: int, least: int = 1) -> tuple[int, ...]:
    """A whole number for each axis; one number counts for all."""
    values = tuple(value) if isinstance(value, (tuple, list)) else (value,) * axes
    if len(values) != axes or any(isinstance(v, bool) or not isinstance(v, (int, np.integer)) for v in values):
        raise TypeError(f"{name}: {argument} must be a whole number, or {axes} of them, given {value!r}")
    if any(v < least for v in values):
        raise ValueError(f"{name}: {argument} must be at least {least}, given {value!r}")
    return tuple(int(v) for v in values)


def padding_pairs(name: str, padding: Any, axes: int) -> Pairs:
    """(before, after) for each axis, from a number, a number for each axis, or a pair for each axis."""
    values = tuple(padding) if isinstance(padding, (tuple, list)) else (padding,) * axes
    pairs = tuple(tuple(v) if isinstance(v, (tuple, list)) else (v, v) for v in values)
    if len(pairs) != axes or any(len(pair) != 2 for pair in pairs):
        raise ValueError(f"{name}: padding must be a number or a pair for each of {axes} axes, given {padding!r}")
    for n in (n for pair in pairs for n in pair):
        if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 0:
            raise ValueError(f"{name}: padding is counted in whole numbers of at least 0, given {padding!r}")
    return tuple((int(before), int(after)) for before, after in pairs)
