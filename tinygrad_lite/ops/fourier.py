"""Fourier transforms. Each is a linear map, so that its rule is a transform, too: back, and scaled the other way."""

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..primitive import Array, Node, describe
from .complex import conj
from .indexing import getitem
from .manipulation import pad, primitive, roll, shaped

__all__ = [
    "fft", "fft2", "fftn", "fftshift", "hfft", "ifft", "ifft2", "ifftn", "ifftshift", "ihfft", "irfft", "irfft2",
    "irfftn", "rfft", "rfft2", "rfftn",
]  # fmt: skip

# Where the factor 1/n stands: by the way back, half of it on either side, by the way there.
_OTHER = {"backward": "forward", "ortho": "ortho", "forward": "backward"}

# The four that NumPy computes. The others are made of them.


@primitive(lambda g, out, x, axes, norm: _ifftn(g, axes, _OTHER[norm]), batch="axis")
def _fftn(x: Array, axes: tuple[int, ...], norm: Any) -> Array:
    return np.fft.fftn(x, axes=axes, norm=norm)


@primitive(lambda g, out, x, axes, norm: _fftn(g, axes, _OTHER[norm]), batch="axis")
def _ifftn(x: Array, axes: tuple[int, ...], norm: Any) -> Array:
    return np.fft.ifftn(x, axes=axes, norm=norm)


def _but_for_the_ends(weight: float, x: Array, n: int, axis: int) -> Any:
    """The weight of each frequency in half a spectrum of n numbers: those that stand alone in the whole have 1."""
    x = x._data if isinstance(x, Node) else x
    weights = np.full(n // 2 + 1, weight, np.finfo(x.dtype).dtype, like=x)
    weights[0] = 1
    if n % 2 == 0:
        weights[-1] = 1
    return weights.reshape((-1,) + (1,) * (x.ndim - 1 - axis % x.ndim))


def _rfft_rule(g: Array, out: Array, x: Array, axis: int, norm: Any) -> Array:
    n = x.shape[axis]
    return _irfft(g * _but_for_the_ends(0.5, g, n, axis), n, axis, _OTHER[norm])


@primitive(_rfft_rule, hint="It takes real numbers: fft takes complex ones", batch="axis")
def _rfft(x: Array, axis: int, norm: Any) -> Array:
    return np.fft.rfft(x, axis=axis, norm=norm)


def _irfft_rule(g: Array, out: Array, x: Array, n: int, axis: int, norm: Any) -> Array:
    return _rfft(g, axis, _OTHER[norm]) * _but_for_the_ends(2.0, x, n, axis)


@primitive(_irfft_rule, batch="axis")
def _irfft(x: Array, n: int, axis: int, norm: Any) -> Array:
    return np.fft.irfft(x, n, axis=axis, norm=norm)


def _of_length(x: Array, lengths: Sequence[int], axes: Sequence[int]) -> Array:
    """x with the axes cut, or filled up with zeros, to the given lengths."""
    if any(n < 1 for n in lengths):
        words = f"given the lengths {tuple(lengths)} for a {describe(x)}"
        raise ValueError(f"a transform needs at least one number along each axis, {words}")
    cut, border = [slice(None)] * x.ndim, [(0, 0)] * x.ndim
    for n, axis in zip(lengths, axes, strict=True):
        cut[axis], border[axis] = slice(n), (0, max(0, n - x.shape[axis]))
    if any(n < x.shape[axis] for n, axis in zip(lengths, axes, strict=True)):
        x = getitem(x, tuple(cut))
    return pad(x, border) if any(after for _, after in border) else x


def _asked_for(x: Array, s: Any, axes: Any, half: bool = False) -> tuple[list[int], list[int]]:
    """The lengths and the axes of a transform of several axes; half: the last length is that of a real result."""
    if axes is None:
        axes = range(x.ndim) if s is None else range(x.ndim - len(s), x.ndim)
    axes = list(normalize_axis_tuple(axes, x.ndim, allow_duplicate=True))
    whole = [x.shape[axis] for axis in axes]
    if half and axes:
        whole[-1] = 2 * (whole[-1] - 1)
    lengths = whole if s is None else [whole[i] if n == -1 else operator.index(n) for i, n in enumerate(s)]
    if len(lengths) != len(axes):
        raise ValueError(
            f"as many lengths as axes are needed, given s={s!r} for the axes {tuple(axes)} of a {describe(x)}"
        )
    return lengths, axes


def fftn(x: Array, /, s: Any = None, axes: Any = None, norm: Any = "backward") -> Array:
    """The Fourier transform over several axes: all, or the last len(s), or those given.

    s: the lengths of these axes, which are cut or filled up with zeros first; -1 leaves one as it is. norm: where the
    factor 1/n stands: "backward" (in the inverse), "forward" (here), "ortho" (its root in both).
    """
    x = shaped(x)
    lengths, axes = _asked_for(x, s, axes)
    return _fftn(_of_length(x, lengths, axes), tuple(axes), norm or "backward")


def ifftn(x: Array, /, s: Any = None, axes: Any = None, norm: Any = "backward") -> Array:
    """The inverse of `fftn`."""
    x = shaped(x)
    lengths, axes = _asked_for(x, s, axes)
    return _ifftn(_of_length(x, lengths, axes), tuple(axes), norm or "backward")


def fft(x: Array, /, n: int | None = None, axis: int = -1, norm: Any = "backward") -> Array:
    """The Fourier transform along an axis: how strongly each frequency sounds in x, as complex numbers.

    n: the length of the axis, which is cut or filled up with zeros first. norm: as in `fftn`.

    >>> import tinygrad_lite as tg
    >>> x = tg.tensor([1.0, 2.0, 1.0, 0.0], requires_grad=True)
    >>> y = tg.fft.fft(x)
    >>> abs(y).tolist()
    [4.0, 2.0, 0.0, 2.0]
    >>> abs(y[1]).backward()
    >>> x.grad
    tensor([ 0.,  1.,  0., -1.])
    """
    return fftn(x, s=None if n is None else (n,), axes=(axis,), norm=norm)


def ifft(x: Array, /, n: int | None = None, axis: int = -1, norm: Any = "backward") -> Array:
    """The inverse of `fft`."""
    return ifftn(x, s=None if n is None else (n,), axes=(axis,), norm=norm)


def rfft(x: Array, /, n: int | None = None, axis: int = -1, norm: Any = "backward") -> Array:
    """The Fourier transform of real numbers: the first n // 2 + 1 frequencies, which hold all the others."""
    x = shaped(x)
    lengths, axes = _asked_for(x, None if n is None else (n,), (axis,))
    return _rfft(_of_length(x, lengths, axes), axes[0], norm or "backward")


def irfft(x: Array, /, n: int | None = None, axis: int = -1, norm: Any = "backward") -> Array:
    """The inverse of `rfft`: n real numbers, by default an even number of them."""
    x = shaped(x)
    (n,), axes = _asked_for(x, None if n is None else (n,), (axis,), half=True)
    return _irfft(_of_length(x, [n // 2 + 1], axes), n, axes[0], norm or "backward")


def rfftn(x: Array, /, s: Any = None, axes: Any = None, norm: Any = "backward") -> Array:
    """The Fourier transform of real numbers over several axes, of the last of which half is kept."""
    x = shaped(x)
    lengths, axes = _asked_for(x, s, axes)
    half = rfft(x, lengths[-1], axes[-1], norm)
    return fftn(half, lengths[:-1], axes[:-1], norm) if axes[:-1] else half


def irfftn(x: Array, /, s: Any = None, axes: Any = None, norm: Any = "backward") -> Array:
    """The inverse of `rfftn`: s[-1] real numbers along the last axis, by default an even number of them."""
    x = shaped(x)
    lengths, axes = _asked_for(x, s, axes, half=True)
    if axes[:-1]:
        x = ifftn(x, lengths[:-1], axes[:-1], norm)
    return irfft(x, lengths[-1], axes[-1], norm)


def hfft(x: Array, /, n: int | None = None, axis: int = -1, norm: Any = "backward") -> Array:
    """The real Fourier transform of n numbers of which the second half are the conjugates of the first, which is x."""
    return irfft(conj(x), n, axis, _OTHER.get(norm or "backward", norm))


def ihfft(x: Array, /, n: int | None = None, axis: int = -1, norm: Any = "backward") -> Array:
    """The inverse of `hfft`: the first n // 2 + 1 numbers."""
    return conj(rfft(x, n, axis, _OTHER.get(norm or "backward", norm)))


def fft2(x: Array, /, s: Any = None, axes: Any = (-2, -1), norm: Any = "backward") -> Array:
    """The Fourier transform over two axes; see `fftn`."""
    return fftn(x, s, axes, norm)


def ifft2(x: Array, /, s: Any = None, axes: Any = (-2, -1), norm: Any = "backward") -> Array:
    """The inverse of `fft2`."""
    return ifftn(x, s, axes, norm)


def rfft2(x: Array, /, s: Any = None, axes: Any = (-2, -1), norm: Any = "backward") -> Array:
    """The Fourier transform of real numbers over two axes; see `rfftn`."""
    return rfftn(x, s, axes, norm)


def irfft2(x: Array, /, s: Any = None, axes: Any = (-2, -1), norm: Any = "backward") -> Array:
    """The inverse of `rfft2`."""
    return irfftn(x, s, axes, norm)


def _halves(x: Array, axes: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    axes = normalize_axis_tuple(range(x.ndim) if axes is None else axes, x.ndim)
    return tuple([x.shape[axis] // 2 for axis in axes]), axes


def fftshift(x: Array, /, axes: Any = None) -> Array:
    """A spectrum with its frequency 0 moved to the middle of the axes (all, by default)."""
    x = shaped(x)
    halves, axes = _halves(x, axes)
    return roll(x, halves, axes)


def ifftshift(x: Array, /, axes: Any = None) -> Array:
    """The inverse of `fftshift`."""
    x = shaped(x)
    halves, axes = _halves(x, axes)
    return roll(x, tuple([-n for n in halves]), axes)
