"""Fourier transforms, with the names of NumPy and of the Python array API standard: `tinygrad_lite.fft.fft(x)`."""

from typing import Any

import numpy as np

from .creation import tensor
from .namespace import check_device
from .ops.fourier import (
    fft,
    fft2,
    fftn,
    fftshift,
    hfft,
    ifft,
    ifft2,
    ifftn,
    ifftshift,
    ihfft,
    irfft,
    irfft2,
    irfftn,
    rfft,
    rfft2,
    rfftn,
)
from .tensor import Tensor

__all__ = [
    "fft", "fft2", "fftfreq", "fftn", "fftshift", "hfft", "ifft", "ifft2", "ifftn", "ifftshift", "ihfft", "irfft",
    "irfft2", "irfftn", "rfft", "rfft2", "rfftfreq", "rfftn",
]  # fmt: skip


def fftfreq(n: int, /, d: float = 1.0, *, dtype: Any = None, device: Any = None) -> Tensor:
    """The frequencies that `fft` of n numbers, taken at distances d, tells of: 0, the positive, the negative ones.

    >>> import tinygrad_lite as tg
    >>> tg.fft.fftfreq(4, 0.5)
    tensor([ 0. ,  0.5, -1. , -0.5])
    """
    check_device(device)
    return tensor(np.fft.fftfreq(n, d), np.float32 if dtype is None else dtype)


def rfftfreq(n: int, /, d: float = 1.0, *, dtype: Any = None, device: Any = None) -> Tensor:
    """The frequencies that `rfft` of n numbers, taken at distances d, tells of.

    >>> import tinygrad_lite as tg
    >>> tg.fft.rfftfreq(4, 0.5)
    tensor([0. , 0.5, 1. ])
    """
    check_device(device)
    return tensor(np.fft.rfftfreq(n, d), np.float32 if dtype is None else dtype)
