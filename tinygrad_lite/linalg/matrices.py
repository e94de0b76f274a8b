"""What the files of this folder share: transposes, columns, and the arrays behind what may be Tensors."""

from functools import partial
from typing import Any

import numpy as np

from ..ops.complex import conj, is_complex
from ..ops.manipulation import astype, expand_dims, shaped, swapaxes
from ..primitive import Array, Node
from ..primitive import primitive as _primitive

primitive = partial(_primitive, batch="leading")  # all of them take stacks of matrices


def bare(x: Array) -> Any:
    """The array of a Tensor, or the array itself: for decisions, which no gradient flows through."""
    return x._data if isinstance(x, Node) else x


def floating(x: Array) -> Array:
    """x in floating point numbers, as NumPy has it of integers."""
    x = shaped(x)
    return x if x.dtype.kind in "fc" else astype(x, np.float64)


def transposed(x: Array) -> Array:
    """Each matrix transposed."""
    return swapaxes(x, -1, -2)


def adjoint(x: Array) -> Array:
    """Each matrix transposed and conjugated."""
    return conj(swapaxes(x, -1, -2)) if is_complex(x) else swapaxes(x, -1, -2)


def on_matrices(x: Array) -> Array:
    """One number for each matrix of a stack, to be multiplied with the matrices."""
    return expand_dims(expand_dims(x, -1), -1)


def on_columns(x: Array) -> Array:
    """One number for each column of a matrix, to be multiplied with the columns."""
    return expand_dims(x, -2)


def identity_like(x: Array) -> Any:
    """The identity matrix of the size of x, in its dtype and of its library."""
    x = bare(x)
    return np.eye(x.shape[-1], dtype=x.dtype, like=x)


def precision(x: Array) -> float:
    """The distance from 1 to the next number in the dtype of x."""
    return float(np.finfo(x.dtype).eps)


def rounding(x: Array) -> float:
    """How much of the largest singular value a matrix like x may lose by rounding: less is taken for 0."""
    return precision(x) * max(x.shape[-2:])
