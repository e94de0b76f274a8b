"""Slow, obvious formulas for what slides over an image: every sum written out, nothing shared with the library."""

from itertools import product

import numpy as np


def positions(shape, window, strides, padding, dilation):
    """(which window, which of its elements, where in the input) for all of them that lie inside the input."""
    lengths = [
        (n + sum(pad) - (w - 1) * d - 1) // s + 1
        for n, w, s, pad, d in zip(shape, window, strides, padding, dilation, strict=True)
    ]
    found = []
    for at in product(*map(range, lengths)):
        for offset in product(*map(range, window)):
            place = tuple(
                a * s + o * d - pad[0] for a, s, o, d, pad in zip(at, strides, offset, dilation, padding, strict=True)
            )
            if all(0 <= p < n for p, n in zip(place, shape, strict=True)):
                found.append((at, offset, place))
    return tuple(lengths), found


def conv(x, kernel, bias, strides, padding, dilation, groups=1):
    lengths, found = positions(x.shape[1:-1], kernel.shape[:-2], strides, padding, dilation)
    channels, filters = kernel.shape[-2], kernel.shape[-1]
    out = np.zeros((len(x), *lengths, filters), np.result_type(x, kernel))
    for n, f in product(range(len(x)), range(filters)):
        group = f // (filters // groups)
        for at, offset, place in found:
            for c in range(channels):
                out[(n, *at, f)] += x[(n, *place, group * channels + c)] * kernel[(*offset, c, f)]
    return out if bias is None else out + bias


def conv_transpose(x, kernel, shape, strides, padding, dilation, groups=1):
    """The input of `shape` that every element of x is handed back to, through its window."""
    lengths, found = positions(shape[1:-1], kernel.shape[:-2], strides, padding, dilation)
    assert lengths == x.shape[1:-1]
    channels, filters = kernel.shape[-2], kernel.shape[-1]
    out = np.zeros(shape, np.result_type(x, kernel))
    for n, f in product(range(len(x)), range(filters)):
        group = f // (filters // groups)
        for at, offset, place in found:
            for c in range(channels):
                out[(n, *place, group * channels + c)] += x[(n, *at, f)] * kernel[(*offset, c, f)]
    return out


def conv_kernel(x, y, shape, strides, padding, dilation, groups=1):
    """The kernel's derivative: for each of its elements, the sum over all that it was multiplied with."""
    _, found = positions(x.shape[1:-1], shape[:-2], strides, padding, dilation)
    out = np.zeros(shape, np.result_type(x, y))
    for n, f in product(range(len(x)), range(shape[-1])):
        group = f // (shape[-1] // groups)
        for at, offset, place in found:
            for c in range(shape[-2]):
                out[(*offset, c, f)] += x[(n, *place, group * shape[-2] + c)] * y[(n, *at, f)]
    return out


def pool(x, window, strides, padding, reduce):
    """reduce (np.max, np.mean, np.sum) of the elements of each window that lie inside, channel by channel."""
    lengths, found = positions(x.shape[1:-1], window, strides, padding, (1,) * len(window))
    out = np.zeros((len(x), *lengths, x.shape[-1]), reduce(np.ones(1, x.dtype)).dtype)
    for n, at, c in product(range(len(x)), product(*map(range, lengths)), range(x.shape[-1])):
        out[(n, *at, c)] = reduce(np.array([x[(n, *place, c)] for a, _, place in found if a == at]))
    return out
