"""The dtypes by name, and questions about them. They are NumPy's own."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from .primitive import PYTHON_NUMBERS, Node

bool = np.dtype("bool")
int8, int16, int32, int64 = np.dtype("int8"), np.dtype("int16"), np.dtype("int32"), np.dtype("int64")
uint8, uint16, uint32, uint64 = np.dtype("uint8"), np.dtype("uint16"), np.dtype("uint32"), np.dtype("uint64")
float32, float64 = np.dtype("float32"), np.dtype("float64")
complex64, complex128 = np.dtype("complex64"), np.dtype("complex128")

_KINDS = {
    "bool": "b",
    "signed integer": "i",
    "unsigned integer": "u",
    "integral": "iu",
    "real floating": "f",
    "complex floating": "c",
    "numeric": "iufc",
}


def isdtype(dtype: Any, kind: Any) -> Any:
    """True if the dtype is of that kind, is that dtype, or is one of that tuple of kinds and dtypes.

    The kinds: 'bool', 'signed integer', 'unsigned integer', 'integral', 'real floating', 'complex floating', 'numeric'.

    >>> import tinygrad_lite as tg
    >>> tg.isdtype(tg.float32, "real floating"), tg.isdtype(tg.int8, ("bool", tg.int64))
    (True, False)
    """
    if isinstance(kind, tuple):
        return any(isdtype(dtype, k) for k in kind)
    if not isinstance(kind, str):
        return np.dtype(dtype) == np.dtype(kind)
    if kind not in _KINDS:
        raise ValueError(f"isdtype: no kind {kind!r}: give a dtype, a tuple of kinds, or one of {', '.join(_KINDS)}")
    return np.dtype(dtype).kind in _KINDS[kind]


def can_cast(from_: Any, to: Any, /) -> Any:
    """True if every value of a dtype, or of an array's dtype, has a place in the other dtype.

    >>> import tinygrad_lite as tg
    >>> tg.can_cast(tg.int32, tg.float64), tg.can_cast(tg.float64, tg.float32)
    (True, False)
    """
    return np.can_cast(_dtype(from_), to)


def result_type(*arrays_and_dtypes: Any) -> np.dtype:
    """The dtype that comes of these arrays, dtypes and Python numbers together; Python's numbers give way.

    >>> import tinygrad_lite as tg
    >>> tg.result_type(tg.zeros(2), 1.5), tg.result_type(tg.int8, tg.uint8)
    (dtype('float32'), dtype('int16'))
    """
    return np.result_type(*[x if type(x) in PYTHON_NUMBERS else _dtype(x) for x in arrays_and_dtypes])


@dataclass(frozen=True, slots=True)
class FloatInfo:
    """The limits of a floating point dtype, or of the two parts of a complex one."""

    bits: int
    eps: float
    max: float
    min: float
    smallest_normal: float
    dtype: np.dtype


@dataclass(frozen=True, slots=True)
class IntegerInfo:
    """The limits of an integer dtype."""

    bits: int
    max: int
    min: int
    dtype: np.dtype


def finfo(type: Any, /) -> FloatInfo:
    """The limits of a floating point dtype, or of an array's.

    >>> import tinygrad_lite as tg
    >>> tg.finfo(tg.float32).bits
    32
    """
    of = np.finfo(_dtype(type))
    limits = float(of.eps), float(of.max), float(of.min), float(of.smallest_normal)
    return FloatInfo(of.bits, *limits, np.dtype(of.dtype))


def iinfo(type: Any, /) -> IntegerInfo:
    """The limits of an integer dtype, or of an array's.

    >>> import tinygrad_lite as tg
    >>> tg.iinfo(tg.int8).max
    127
    """
    of = np.iinfo(_dtype(type))
    return IntegerInfo(of.bits, int(of.max), int(of.min), np.dtype(of.dtype))


def _dtype(x: Any) -> np.dtype:
    """The dtype of an array, or the dtype itself."""
    if isinstance(x, Node):
        return x._data.dtype
    return x.dtype if isinstance(x, (np.ndarray, np.generic)) else np.dtype(x)
