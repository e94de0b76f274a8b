"""The sums over windows in machine code that numba makes: no window is copied. For NumPy arrays with two inner axes.

A product of matrices is fast where its innermost loop works on what the processor's registers hold. `_tile` is such a
loop: some rows of the result, a few vector registers of each, stay in registers while the products that they are the
sum of are added, one number of x times a vector of the kernel at a time. Strides say where the next number lies, so
windows are read where they are. All steps of a convolution are made of such tiles.
"""

import math
from collections.abc import Iterator
from typing import Any

import numba
import numpy as np
from llvmlite import binding, ir
from numba.core import cgutils
from numba.extending import intrinsic

from ..parallel import BLOCK, in_parts, share_out
from ..primitive import Array
from .machine_code import compiled
from .windows import Windows

try:
    _FEATURES = binding.get_host_cpu_features()
except RuntimeError:  # LLVM does not know this processor
    _FEATURES = binding.FeatureMap()
_VECTOR = 64 if _FEATURES.get("avx512f") else 32 if _FEATURES.get("avx2") else 16  # bytes
_REGISTERS = 16 if _FEATURES.get("sse2") and _VECTOR < 64 else 32


def vectors_of(filters: int, dtype: Any) -> int:
    """How many vectors of each row a tile holds: they divide the filters evenly. 0: there is no such tile."""
    lanes = _VECTOR // dtype.itemsize
    return next((n for n in range(_REGISTERS // 8, 0, -1) if filters % (n * lanes) == 0), 0)


def _tile_shape(filters: int, length: int, dtype: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """A tile's rows and vectors, for `length` rows: as tuples, since numba makes code for each length of a tuple."""
    vectors = vectors_of(filters, dtype)
    most = (_REGISTERS - vectors - 1) // vectors  # beside the tile: one row of the kernel's vectors, one number of x
    return (0,) * -(-length // -(-length // most)), (0,) * vectors


def _write_tile(typing: Any, rows: Any, vectors: Any, x: Any, y: Any, counts: Any, bias: Any, out: Any) -> Any:
    """out[row, :] = bias[:] + the sum over j, k, ... < counts of x[row, j, k, ...] * y[j, k, ..., :].

    x, y, bias, out: (array, where it starts, steps...); the steps of x and out are for row first. All arrays lie in one
    piece, starts and steps are counted in elements, and the last axis of y, bias and out is a few vectors wide.
    """
    bits = out[0].dtype.bitwidth
    number, lanes = {32: ir.FloatType(), 64: ir.DoubleType()}[bits], 8 * _VECTOR // bits
    vector, int32, int64 = ir.VectorType(number, lanes), ir.IntType(32), ir.IntType(64)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        def unpack(kind: Any, value: Any) -> tuple[Any, list[Any]]:
            array, start, *steps = cgutils.unpack_tuple(builder, value)
            first = context.make_array(kind[0])(context, builder, array).data
            return builder.gep(first, [start]), steps

        def ahead(pointer: Any, index: Any, step: Any) -> Any:
            return builder.gep(pointer, [builder.mul(index, step)])

        def parts(pointer: Any) -> list[Any]:
            starts = [builder.gep(pointer, [int64(lanes * v)]) for v in range(vectors.count)]
            return [builder.bitcast(start, vector.as_pointer()) for start in starts]

        def load(pointer: Any) -> Any:
            return builder.load(pointer, align=bits // 8)

        def everywhere(value: Any) -> Any:
            undefined = ir.Constant(vector, ir.Undefined)
            first = builder.insert_element(undefined, value, int32(0))
            return builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(int32, lanes), None))

        def add_products(x: Any, y: Any, limits: list[Any], x_steps: list[Any], y_steps: list[Any]) -> None:
            if limits:
                with cgutils.for_range(builder, limits[0]) as loop:
                    nearer = ahead(x, loop.index, x_steps[0]), ahead(y, loop.index, y_steps[0])
                    add_products(*nearer, limits[1:], x_steps[1:], y_steps[1:])
                return
            weights = [load(part) for part in parts(y)]
            for i, sums in enumerate(tile):
                seen = everywhere(load(ahead(x, int64(i), x_row)))
                for weight, register in zip(weights, sums, strict=True):
                    product = builder.fmul(seen, weight, flags=("contract",))  # one instruction with the sum
                    builder.store(builder.fadd(builder.load(register), product, flags=("contract",)), register)

        (x_first, (x_row, *x_steps)), (y_first, y_steps), (bias_first, _), (out_first, (out_row,)) = [
            unpack(kind, value) for kind, value in zip((x, y, bias, out), (*args[2:4], *args[5:]), strict=True)
        ]
        tile = [[cgutils.alloca_once(builder, vector) for _ in vectors] for _ in rows]
        for sums in tile:
            for part, register in zip(parts(bias_first), sums, strict=True):
                builder.store(load(part), register)
        add_products(x_first, y_first, cgutils.unpack_tuple(builder, args[4]), x_steps, y_steps)
        for i, sums in enumerate(tile):
            for part, register in zip(parts(ahead(out_first, int64(i), out_row)), sums, strict=True):
                builder.store(builder.load(register), part, align=bits // 8)
        return context.get_dummy_value()

    return numba.void(rows, vectors, x, y, counts, bias, out), generate


_tile: Any = intrinsic(_write_tile)


@compiled
def _add_windows(rows, vectors, lanes, x, kernel, bias, out, stride, before, dilation):  # type: ignore[no-untyped-def]
    """out[n, i, j] = bias + the sum of its window. Above and below x lie zeros; left and right its border is there.

    kernel: (height of the window, its row of elements, filters). stride: along both axes; before, dilation: downwards.
    """
    _, height, width, channels = x.shape
    taps, run, filters = kernel.shape
    _, tall, wide, _ = out.shape
    for f in range(0, filters, lanes * len(vectors)):
        for n in range(len(x)):
            for i in range(tall):
                top = i * stride[0] - before
                first = max(0, -(top // dilation))  # the window's first row inside x, and where those rows end
                last = max(first, min(taps, -((top - height) // dilation)))
                start = (n * height + top + first * dilation) * width
                for tile in range(0, wide, len(rows)):
                    j = min(tile, wide - len(rows))  # the last tile may begin in the one before
                    _tile(
                        rows,
                        vectors,
                        (x, (start + j * stride[1]) * channels, stride[1] * channels, dilation * width * channels, 1),
                        (kernel, first * run * filters + f, run * filters, filters),
                        (last - first, run),
                        (bias, f),
                        (out, ((n * tall + i) * wide + j) * filters + f, filters),
                    )


@compiled
def _add_kernel(rows, vectors, lanes, x, y, zeros, out, stride, before, dilation):  # type: ignore[no-untyped-def]
    """out[k, element of a window's row k] = the sum over all windows of this element times y. Otherwise as above."""
    images, height, width, channels = x.shape
    taps, run, filters = out.shape
    _, tall, wide, _ = y.shape
    for f in range(0, filters, lanes * len(vectors)):
        for k in range(taps):
            top = k * dilation - before
            first = max(0, -(top // stride[0]))  # the first window whose row k is inside x, and where those windows end
            last = max(first, min(tall, -((top - height) // stride[0])))
            start = (first * stride[0] + top) * width * channels
            for tile in range(0, run, len(rows)):
                e = min(tile, run - len(rows))
                _tile(
                    rows,
                    vectors,
                    (x, start + e, 1, height * width * channels, stride[0] * width * channels, stride[1] * channels),
                    (y, first * wide * filters + f, tall * wide * filters, wide * filters, filters),
                    (images, last - first, wide),
                    (zeros, f),
                    (out, (k * run + e) * filters + f, filters),
                )


def _bordered(x: Array, windows: Windows, blocks: Iterator[slice], images: int) -> Iterator[tuple[slice, Array]]:
    """Blocks of images in one piece, with their border left and right."""
    before, after = windows.padding[1]
    _, height, width, channels = x.shape
    if before == after == 0 and x.flags.c_contiguous:
        for block in blocks:
            yield block, x[block]
        return
    border = np.zeros((images, height, before + width + after, channels), x.dtype)
    for block in blocks:
        images = block.stop - block.start
        border[:images, :, before : before + width] = x[block]
        yield block, border[:images]


def conv(x: Array, kernel: Array, bias: Array | None, out: Array, windows: Windows) -> None:
    """Fills `out`: each window of x times the kernel (height, width, channels, filters), plus the bias."""
    tall, _, _, filters = kernel.shape
    tile = _tile_shape(filters, out.shape[2], x.dtype)
    kernel = np.ascontiguousarray(kernel).reshape(tall, -1, filters)
    bias = np.zeros(filters, x.dtype) if bias is None else np.ascontiguousarray(bias, x.dtype)
    images = max(1, BLOCK // max(1, math.prod(x.shape[1:]) + math.prod(out.shape[1:])))
    how = (windows.strides, windows.padding[0][0], windows.dilation[0])

    def work(blocks: Iterator[slice]) -> None:
        for block, part in _bordered(x, windows, blocks, images):
            _add_windows(*tile, _VECTOR // x.itemsize, part, kernel, bias, out[block], *how)

    share_out(work, len(x), out.size, images)


def conv_kernel(x: Array, y: Array, shape: tuple[int, ...], windows: Windows) -> Array:
    """For each element of the kernel, of this shape, the sum over all windows of what it met times y."""
    tall, run, filters = shape[0], shape[1] * shape[2], shape[3]
    tile, y = _tile_shape(filters, run, x.dtype), np.ascontiguousarray(y)
    images = max(1, BLOCK // max(1, math.prod(x.shape[1:]) + math.prod(y.shape[1:])))
    how = (windows.strides, windows.padding[0][0], windows.dilation[0])

    def work(start: int, stop: int) -> Array:
        total, share = np.zeros((2, tall, run, filters), x.dtype)
        zeros = np.zeros(filters, x.dtype)
        blocks = (slice(n, min(n + images, stop)) for n in range(start, stop, images))
        for block, part in _bordered(x, windows, blocks, images):
            _add_kernel(*tile, _VECTOR // x.itemsize, part, y[block], zeros, share, *how)
            total += share
        return total

    return sum(in_parts(work, len(x), x.size)).reshape(shape)
