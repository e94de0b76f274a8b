"""What the Python array API standard, version 2025.12, asks of a function's signature."""

import inspect
from collections.abc import Callable
from typing import Any

# Written down from the standard: each signature, and the functions of the namespace that have it.
NAMESPACE = """
    (x, /): abs acos acosh asin asinh atan atanh bitwise_invert ceil conj cos cosh exp expm1 floor imag isfinite
        isinf isnan log log10 log1p log2 logical_not matrix_transpose negative nonzero positive real reciprocal
        round sign signbit sin sinh sqrt square tan tanh trunc unique_all unique_counts unique_inverse
        unique_values
    (x1, x2, /): add atan2 bitwise_and bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor copysign
        divide equal floor_divide greater greater_equal hypot less less_equal logaddexp logical_and logical_or
        logical_xor matmul maximum minimum multiply nextafter not_equal pow remainder subtract
    (x, /, *, axis=None, keepdims=False): all any argmax argmin count_nonzero max mean min
    (x, /, *, axis=None, dtype=None, keepdims=False): prod sum
    (x, /, *, axis=None, correction=0.0, keepdims=False): std var
    (x, /, *, axis=None, dtype=None, include_initial=False): cumulative_prod cumulative_sum
    (x, /, *, axis=-1, n=1, prepend=None, append=None): diff
    (shape, *, dtype=None, device=None): empty ones zeros
    (x, /, *, dtype=None, device=None): empty_like ones_like zeros_like
    (shape, fill_value, *, dtype=None, device=None): full
    (x, /, fill_value, *, dtype=None, device=None): full_like
    (start, /, stop=None, step=1, *, dtype=None, device=None): arange
    (start, stop, /, num, *, dtype=None, device=None, endpoint=True): linspace
    (n_rows, n_cols=None, /, *, k=0, dtype=None, device=None): eye
    (obj, /, *, dtype=None, device=None, copy=None): asarray
    (x, /, *, device=None, copy=None): from_dlpack
    (*arrays, indexing='xy'): meshgrid
    (x, /, *, k=0): tril triu
    (x, dtype, /, *, copy=True, device=None): astype
    (from_, to, /): can_cast
    (type, /): finfo iinfo
    (dtype, kind): isdtype
    (*arrays_and_dtypes): result_type
    (): __array_namespace_info__
    (x, /, *, axis=-1, descending=False, stable=True): argsort sort
    (x1, x2, /, *, side='left', sorter=None): searchsorted
    (x1, x2, /, *, invert=False): isin
    (condition, x1, x2, /): where
    (x, /, min=None, max=None): clip
    (x, indices, /, *, axis=None): take
    (x, indices, /, *, axis=-1): take_along_axis
    (*arrays): broadcast_arrays
    (*shapes): broadcast_shapes
    (x, /, shape): broadcast_to
    (arrays, /, *, axis=0): concat stack
    (x, /, *, axis=0): unstack
    (x, /, axis): expand_dims squeeze
    (x, /, *, axis=None): flip
    (x, /, shift, *, axis=None): roll
    (x, source, destination, /): moveaxis
    (x, /, axes): permute_dims
    (x, repeats, /, *, axis=None): repeat
    (x, repetitions, /): tile
    (x, /, shape, *, copy=None): reshape
    (x1, x2, /, *, axes=2): tensordot
    (x1, x2, /, *, axis=-1): vecdot
"""
ARRAY = """
    (other, /): __add__ __and__ __eq__ __floordiv__ __ge__ __gt__ __le__ __lshift__ __lt__ __matmul__ __mod__
        __mul__ __ne__ __or__ __pow__ __rshift__ __sub__ __truediv__ __xor__
        __radd__ __rand__ __rfloordiv__ __rlshift__ __rmatmul__ __rmod__ __rmul__ __ror__ __rpow__ __rrshift__
        __rsub__ __rtruediv__ __rxor__
        __iadd__ __iand__ __ifloordiv__ __ilshift__ __imatmul__ __imod__ __imul__ __ior__ __ipow__ __irshift__
        __isub__ __itruediv__ __ixor__
    (): __abs__ __bool__ __complex__ __dlpack_device__ __float__ __index__ __int__ __invert__ __neg__ __pos__
    (*, api_version=None): __array_namespace__
    (*, stream=None, max_version=None, dl_device=None, copy=None): __dlpack__
    (key, /): __getitem__
    (key, value, /): __setitem__
    (device, /, *, stream=None): to_device
"""
INFO = """
    (): capabilities default_device devices
    (*, device=None): default_dtypes
    (*, device=None, kind=None): dtypes
"""
LINALG = """
    (x, /): det eig eigh eigvals eigvalsh inv matrix_transpose slogdet svdvals
    (x1, x2, /): matmul outer solve
    (x1, x2, /, *, axis=-1): cross vecdot
    (x1, x2, /, *, axes=2): tensordot
    (x, /, *, rtol=None): matrix_rank pinv
    (x, /, *, upper=False): cholesky
    (x, /, *, offset=0): diagonal
    (x, /, *, offset=0, dtype=None): trace
    (x, /, *, keepdims=False, ord='fro'): matrix_norm
    (x, /, *, axis=None, keepdims=False, ord=2): vector_norm
    (x, n, /): matrix_power
    (x, /, *, mode='reduced'): qr
    (x, /, *, full_matrices=True): svd
"""
FFT = """
    (x, /, *, n=None, axis=-1, norm='backward'): fft hfft ifft ihfft irfft rfft
    (x, /, *, s=None, axes=None, norm='backward'): fftn ifftn irfftn rfftn
    (n, /, *, d=1.0, dtype=None, device=None): fftfreq rfftfreq
    (x, /, *, axes=None): fftshift ifftshift
"""


def signatures(table: str) -> dict[str, str]:
    """The signature of each function in a table."""
    found: dict[str, str] = {}
    for line in table.strip().splitlines():
        if ":" in line:
            signature, _, line = line.strip().rpartition(":")
        found |= dict.fromkeys(line.split(), signature)
    return found


def check(module: Any, name: str, signature: str) -> None:
    """What is by position only is so here, too; every call that the signature allows is understood alike."""
    scope: dict[str, Callable[..., Any]] = {}
    exec(f"def standard{signature}: pass", scope)
    parameters = list(inspect.signature(scope["standard"]).parameters.values())
    ours = list(inspect.signature(getattr(module, name)).parameters.values())
    by_name = {p.name: p for p in ours}
    for p, mine in zip(parameters, ours, strict=False):
        if p.kind is not p.KEYWORD_ONLY:
            assert mine.kind is p.kind, f"{mine} is {mine.kind.description}, must be {p.kind.description}"
            assert mine.name == p.name or p.kind is p.POSITIONAL_ONLY or p.kind is p.VAR_POSITIONAL
            assert p.default in (p.empty, mine.default)
    for p in parameters:
        if p.kind is p.KEYWORD_ONLY:
            mine = by_name[p.name]
            assert mine.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD) and mine.default == p.default
    assert len(ours) >= len(parameters)
    known = {p.name for p in parameters} | {p.name for p in ours[: len(parameters)]}
    assert all(p.default is not p.empty for p in ours if p.name not in known), "further parameters have defaults"
