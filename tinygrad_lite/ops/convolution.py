"""Convolution: a weighted sum of each window, the windows copied side by side, block by block, and multiplied.

Three steps, each linear in both arguments and each the derivative of the others, so that any order follows:

    _conv(x, kernel)         -> out       what each window adds up to
    _conv_input(g, kernel)   -> like x    every sum handed back to the elements of its window; also: conv_transpose
    _conv_kernel(x, g)       -> like kernel

Where numba is installed, large ones are left to `direct_convolution`, which computes the same without any copies.
"""

import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ..batching import Rule, apart, first_axis, together
from ..parallel import BLOCK, in_parts, share_out
from ..primitive import Array, call_of, describe, primitive
from .machine_code import written_for
from .manipulation import broadcast_to, moveaxis, reshape, shaped
from .windows import Windows, padding_pairs, per_axis


def _direct(x: Array, other: Array, windows: Windows | None, groups: int, filters: int, products: int) -> Any:
    """The loops in machine code, if they do what is asked and are worth it. filters: the last axis of the result.

    They are not worth it (products = 0) for a kernel that no core's cache holds: they read it for every row of windows.
    """
    if windows is None or len(windows.window) != 2 or windows.dilation[1] > 1 or groups > 1:
        return None
    direct = written_for("direct_convolution", products, x, other)
    return direct if direct and direct.vectors_of(filters, x.dtype) else None


def _images(windows: Windows, shape: tuple[int, ...]) -> int:
    """How many images of a batch make a block: as many as have room for their windows in a core's own cache."""
    return max(1, BLOCK // max(1, math.prod(windows.lengths(shape)) * math.prod(windows.window) * shape[-1]))


def _columns(
    x: Array, windows: Windows, groups: int, blocks: Iterable[slice], dtype: Any
) -> Iterator[tuple[tuple[slice, slice], Array]]:
    """The windows of some images as rows of matrices (groups, windows, elements of a window), block by block.

    Yields where in the output the block lies, and the matrix, which is only valid until the next.
    """
    axes, lengths, images = len(windows.window), windows.lengths(x.shape), _images(windows, x.shape)
    row = math.prod(lengths[1:]) * math.prod(windows.window) * x.shape[-1]
    rows = max(1, min(lengths[0], BLOCK // max(1, row)))  # of windows: where one image is too large for a block
    padded, border = windows.padded_shape(x.shape), None
    if padded != x.shape:
        border = np.zeros_like(x, order="C", shape=(images, *padded[1:]), dtype=dtype)
    every = windows.view(x if border is None else border)
    every = np.moveaxis(every.reshape(*every.shape[:-1], groups, every.shape[-1] // groups), -2, 0)
    # The longest run of neighbours goes innermost: a window's elements or, where they are few, the windows.
    order = list(range(every.ndim))
    by_element = every.shape[-1] * windows.window[-1] < lengths[-1]
    if by_element:
        order = [0, *order[axes + 2 :], *order[1 : axes + 2]]
    scratch = np.empty_like(x, order="C", shape=images * rows * row, dtype=dtype)
    for block in blocks:
        source = block
        if border is not None:
            source = slice(block.stop - block.start)
            border[(source, *windows.inside(x.shape))] = x[block]
        for y in range(0, lengths[0], rows):
            part = every[:, source, y : y + rows]
            count = math.prod(part.shape[1 : axes + 2])
            part = part.transpose(order)
            matrix = scratch[: part.size].reshape(part.shape)
            np.copyto(matrix, part)
            matrix = matrix.reshape(groups, -1, count).mT if by_element else matrix.reshape(groups, count, -1)
            yield (block, slice(y, y + rows)), matrix


def _grouped(x: Array, groups: int) -> Array:
    """The last axis split among the groups, which come first, all other axes in one: (groups, rows, channels)."""
    return x.reshape(-1, groups, x.shape[-1] // groups).transpose(1, 0, 2)


def _working(*arrays: Array) -> tuple[Any, Any]:
    """The dtype of the result and the one to compute in: float16 is added up in float32 and rounded once."""
    dtype = np.result_type(*arrays)
    return dtype, np.result_type(dtype, np.float32) if dtype == np.float16 else dtype


# Under vmap: images of all examples are one larger batch of images. Where the kernels differ from example to example,
# the channels of all examples stand side by side, and each example is a group of channels.


def _side_by_side(x: Array) -> Array:
    return reshape(moveaxis(x, 0, -2), (*x.shape[1:-1], x.shape[0] * x.shape[-1]))


def _one_behind_another(x: Array, size: int) -> Array:
    return moveaxis(reshape(x, (*x.shape[:-1], size, x.shape[-1] // size)), -2, 0)


def _conv_batch(call: Rule, mapped: Any, x: Array, kernel: Array, bias: Any, windows: Windows, groups: int) -> Array:
    if mapped == [True, False, False]:
        return apart(call(together(x), kernel, bias, windows, groups), x.shape[0])
    x, kernel, bias = first_axis(mapped, (x, kernel, bias))
    bias = None if bias is None else reshape(bias, (-1,))
    return _one_behind_another(
        call(_side_by_side(x), _side_by_side(kernel), bias, windows, groups * x.shape[0]), x.shape[0]
    )


def _conv_input_batch(
    call: Rule, mapped: Any, x: Array, kernel: Array, shape: tuple[int, ...], windows: Windows, groups: int
) -> Array:
    if mapped == [True, False]:
        size = x.shape[0]
        return apart(call(together(x), kernel, (size * shape[0], *shape[1:]), windows, groups), size)
    x, kernel = first_axis(mapped, (x, kernel))
    size = x.shape[0]
    shape = (*shape[:-1], shape[-1] * size)
    return _one_behind_another(call(_side_by_side(x), _side_by_side(kernel), shape, windows, groups * size), size)


def _conv_kernel_batch(
    call: Rule, mapped: Any, x: Array, y: Array, shape: tuple[int, ...], windows: Windows, groups: int
) -> Array:
    x, y = first_axis(mapped, (x, y))
    size = x.shape[0]
    shape = (*shape[:-1], shape[-1] * size)
    return _one_behind_another(call(_side_by_side(x), _side_by_side(y), shape, windows, groups * size), size)


def _add_rows_batch(call: Rule, mapped: Any, x: Array) -> Array:
    return x.sum(axis=tuple(range(1, x.ndim - 1)))


@primitive(
    lambda g, out, x, kernel, bias, windows, groups: _conv_input(g, kernel, x.shape, windows, groups),
    lambda g, out, x, kernel, bias, windows, groups: _conv_kernel(x, g, kernel.shape, windows, groups),
    lambda g, out, x, kernel, bias, windows, groups: _add_rows(g),
    batch=_conv_batch,
)
def _conv(x: Array, kernel: Array, bias: Array | None, windows: Windows, groups: int = 1) -> Array:
    dtype, working = _working(x, kernel)
    out = np.empty_like(x, order="C", shape=(len(x), *windows.lengths(x.shape), kernel.shape[-1]), dtype=working)
    products = out.size * math.prod(kernel.shape[:-1]) if kernel.size <= BLOCK else 0
    if direct := _direct(x, kernel, windows, groups, kernel.shape[-1], products):
        direct.conv(x, kernel, bias, out, windows)
        return out
    matrix = _grouped(kernel, groups)

    def work(blocks: Iterator[slice]) -> None:
        for place, columns in _columns(x, windows, groups, blocks, working):
            np.matmul(columns, matrix, out=_grouped(out[place], groups))
            if bias is not None:
                out[place] += bias

    share_out(work, len(x), out.size, _images(windows, x.shape))
    return out.astype(dtype, copy=False)


@primitive(
    lambda g, out, x, kernel, shape, windows, groups: _conv(g, kernel, None, windows, groups),
    lambda g, out, x, kernel, shape, windows, groups: _conv_kernel(g, x, kernel.shape, windows, groups),
    batch=_conv_input_batch,
)
def _conv_input(x: Array, kernel: Array, shape: tuple[int, ...], windows: Windows, groups: int = 1) -> Array:
    dtype, working = _working(x, kernel)
    out = np.empty_like(x, order="C", shape=shape, dtype=working)
    if 0 in shape[1:-1]:  # an input without elements, seen through its border only
        return out.astype(dtype, copy=False)
    rows_back, back = windows.rows_back(), windows.back()
    products = x.size * math.prod(kernel.shape[:-1]) if kernel.size <= BLOCK else 0
    if direct := _direct(x, kernel, back, groups, shape[-1], products):
        turned = kernel[(slice(None, None, -1),) * len(windows.window)].mT
        direct.conv(x, turned, None, out, back)
        return out
    if rows_back is None:
        _hand_back_by_offset(x, kernel, out, windows, groups)
    else:
        _hand_back_by_row(x, kernel, out, windows, rows_back, groups)
    return out.astype(dtype, copy=False)


def _hand_back_by_row(x: Array, kernel: Array, out: Array, windows: Windows, rows_back: Windows, groups: int) -> None:
    """Every row of `out` from the rows of x that see it, side by side: one product for all places along the row."""
    channels, filters = kernel.shape[-2], kernel.shape[-1] // groups
    width, (before, after) = windows.window[-1], windows.padding[-1]
    turned = kernel[(slice(None, None, -1),) * (len(windows.window) - 1)].reshape(-1, width, channels, groups, filters)
    turned = turned.transpose(3, 0, 4, 1, 2).reshape(groups, -1, width * channels)
    *_, length, _ = x.shape

    def work(blocks: Iterator[slice]) -> None:
        scratch = np.empty_like(out, order="C", shape=0)
        for place, columns in _columns(x, rows_back, groups, blocks, out.dtype):
            rows, size = out[place], columns.shape[1] * groups * width * channels
            if scratch.size < size:
                scratch = np.empty_like(out, order="C", shape=size)
            shares = scratch[:size].reshape(groups, columns.shape[1], width * channels)
            np.matmul(columns, turned, out=shares)
            shares = shares.reshape(groups, *rows.shape[:-2], length, width, channels)
            shares = np.moveaxis(shares, 0, -2)  # (..., length, width, groups, channels)
            around = (*rows.shape[:-2], before + rows.shape[-2] + after, groups, channels)
            sums = rows.reshape(around) if before == after == 0 else np.empty_like(out, order="C", shape=around)
            sums.fill(0)
            for i in range(width):
                start = i * windows.dilation[-1]
                seen = slice(start, start + (length - 1) * windows.strides[-1] + 1, windows.strides[-1])
                sums[..., seen, :, :] += shares[..., i, :, :]
            if before or after:
                rows[...] = sums[..., before : before + rows.shape[-2], :, :].reshape(rows.shape)

    share_out(work, len(x), out.size, _images(rows_back, x.shape))


def _hand_back_by_offset(x: Array, kernel: Array, out: Array, windows: Windows, groups: int) -> None:
    """For each element of a window one product, added to the places where these elements of all windows lie."""
    lengths, padded, channels = x.shape[1:-1], windows.padded_shape(out.shape), out.shape[-1]
    split = kernel.reshape(*kernel.shape[:-1], groups, kernel.shape[-1] // groups)
    images = max(1, BLOCK // max(1, math.prod(padded[1:]) + math.prod(lengths) * (channels + x.shape[-1])))

    def work(blocks: Iterator[slice]) -> None:
        shares = np.empty_like(out, order="C", shape=(images, *lengths, channels))
        border = np.empty_like(out, order="C", shape=(images, *padded[1:])) if padded != out.shape else None
        for block in blocks:
            count, sums = block.stop - block.start, out[block]
            if border is not None:
                sums = border[:count]
            sums.fill(0)
            rows, share = _grouped(x[block], groups), shares[:count]
            for offset, place in windows.places(lengths):
                np.matmul(rows, split[offset].transpose(1, 2, 0), out=_grouped(share, groups))
                sums[(slice(None), *place)] += share
            if border is not None:
                out[block] = sums[(slice(None), *windows.inside(out.shape))]

    share_out(work, len(x), out.size, images)


@primitive(
    lambda g, out, x, y, shape, windows, groups: _conv_input(y, g, x.shape, windows, groups),
    lambda g, out, x, y, shape, windows, groups: _conv(x, g, None, windows, groups),
    batch=_conv_kernel_batch,
)
def _conv_kernel(x: Array, y: Array, shape: tuple[int, ...], windows: Windows, groups: int = 1) -> Array:
    dtype, working = _working(x, y)
    if direct := _direct(x, y, windows, groups, shape[-1], y.size * math.prod(shape[:-1])):
        return direct.conv_kernel(x, y, shape, windows)
    images = _images(windows, x.shape)

    def work(start: int, stop: int) -> Array:
        total = np.zeros_like(x, order="C", shape=(groups, math.prod(shape[:-1]), shape[-1] // groups), dtype=working)
        blocks = (slice(n, min(n + images, stop)) for n in range(start, stop, images))
        for place, columns in _columns(x, windows, groups, blocks, working):
            total += columns.mT @ _grouped(y[place], groups)
        return total

    total = sum(in_parts(work, len(x), x.size))
    return total.transpose(1, 0, 2).reshape(shape).astype(dtype, copy=False)


@primitive(lambda g, out, x: broadcast_to(g, x.shape), batch=_add_rows_batch)
def _add_rows(x: Array) -> Array:
    """The sum over all axes but the last: BLAS is quicker at it than NumPy's own sum."""
    rows = x.reshape(-1, x.shape[-1])

    def work(start: int, stop: int) -> Array:
        return np.ones_like(rows, shape=stop - start) @ rows[start:stop]

    return sum(in_parts(work, len(rows), x.size))


def conv(
    x: Array,
    kernel: Array,
    bias: Array | None = None,
    strides: Any = 1,
    padding: Any = "valid",
    dilation: Any = 1,
    groups: int = 1,
) -> Array:
    """Each window of x times the kernel, added up, plus the bias: what Keras and PyTorch call a convolution.

    x: (batch, ..., channels), kernel: (*window, channels // groups, filters), bias: (filters,) or None; the result:
    (batch, ..., filters). strides, dilation: a number, or one for each inner axis. padding: "valid" (none), "same" (as
    many windows as there are strides in the input, as in Keras), a number, or for each axis a number or a pair (before,
    after). With groups, channels and filters are split, and each group sees its own channels only.
    Raises ValueError for shapes that do not fit.

    >>> import numpy as np, tinygrad_lite as tg
    >>> x = np.arange(5.0).reshape(1, 5, 1)
    >>> tg.conv(x, np.ones((3, 1, 1))).ravel()
    array([3., 6., 9.])
    """
    x, kernel = shaped(x), shaped(kernel)
    name = call_of("conv", x, kernel)
    _check(name, x, kernel, groups, (kernel.shape[-2] * groups,) if kernel.ndim > 1 else ())
    windows = Windows.of(name, x.shape, kernel.shape[:-2], strides, padding, dilation)
    if bias is not None and (bias := shaped(bias)).shape != kernel.shape[-1:]:
        filters = kernel.shape[-1]
        raise ValueError(f"{name}: bias must have one number for each of {filters} filters, given {describe(bias)}")
    return _conv(x, kernel, bias, windows, groups)


def conv_transpose(
    x: Array,
    kernel: Array,
    strides: Any = 1,
    padding: Any = "valid",
    output_padding: Any = None,
    dilation: Any = 1,
    groups: int = 1,
) -> Array:
    """Hands each element of x on to a whole window, weighted by the kernel: the way back through a convolution.

    x: (batch, ..., channels), kernel: (*window, filters // groups, channels); the result: (batch, ..., filters). Its
    inner lengths are those that a convolution with these strides and this padding would bring down to x's; with more
    than one such length, the one that Keras takes (for "same": length * stride) or, given output_padding, the smallest
    plus that.

    >>> import numpy as np, tinygrad_lite as tg
    >>> tg.conv_transpose(np.array([[[1.0], [10.0]]]), np.ones((2, 1, 1)), strides=2).ravel()
    array([ 1.,  1., 10., 10.])
    """
    x, kernel = shaped(x), shaped(kernel)
    name, axes = call_of("conv_transpose", x, kernel), kernel.ndim - 2
    _check(name, x, kernel, groups, kernel.shape[-1:])
    steps, apart = per_axis(name, "strides", strides, axes), per_axis(name, "dilation", dilation, axes)
    pads = ((0, 0),) * axes if isinstance(padding, str) else padding_pairs(name, padding, axes)
    extra = None if output_padding is None else per_axis(name, "output_padding", output_padding, axes, least=0)
    lengths = []
    for i, (n, window, step) in enumerate(zip(x.shape[1:-1], kernel.shape, steps, strict=False)):
        span = (window - 1) * apart[i] + 1
        if extra is None and isinstance(padding, str):
            lengths.append(n * step + (max(span - step, 0) if padding == "valid" else 0))
        else:
            removed = span // 2 * 2 if padding == "same" else sum(pads[i])
            lengths.append((n - 1) * step + span - removed + (0 if extra is None else extra[i]))
    shape = (len(x), *lengths, kernel.shape[-2] * groups)
    windows = Windows.of(name, shape, kernel.shape[:-2], steps, padding, apart)
    if windows.lengths(shape) != x.shape[1:-1]:
        raise ValueError(
            f"{name}: no convolution with strides {steps} and padding {padding!r} brings {tuple(lengths)} down to"
            f" {x.shape[1:-1]}: output_padding must be below the strides, given {output_padding!r}"
        )
    return _conv_input(x, kernel, shape, windows, groups)


def _check(name: str, x: Array, kernel: Array, groups: Any, channels: tuple[int, ...]) -> None:
    """That the kernel fits `x`, whose last axis is to be as long as `channels` says."""
    per_axis(name, "groups", groups, 1)
    if kernel.ndim != x.ndim or kernel.ndim < 3:
        raise ValueError(
            f"{name} needs x (batch, ..., channels) and a kernel (*window, ., .) of as many axes, at least 3"
        )
    if x.shape[-1:] != channels or kernel.shape[-1] % groups:
        raise ValueError(
            f"{name}: such a kernel in {groups} group{'s' * (groups > 1)} does not go with x: channels are the last"
            " axis, and each group has as many of them"
        )
