"""Complex numbers and their parts. The gradient by z is dL/d(re z) + i dL/d(im z), as in PyTorch."""

import numpy as np

from ..primitive import Array, primitive


def is_complex(x: Array) -> bool:
    """True for an array or a Tensor of complex numbers."""
    return x.dtype.kind == "c"


@primitive(lambda g, out, x: conj(g), complex="as written", batch="elementwise")
def conj(x: Array, /) -> Array:
    """The complex conjugate; of real numbers, a copy.

    >>> import tinygrad_lite as tg
    >>> z = tg.tensor(3 + 4j, requires_grad=True)
    >>> (z * tg.conj(z)).real.backward()  # |z|**2
    >>> z.grad
    tensor(6.+8.j, dtype=complex64)
    """
    return np.conjugate(x)


@primitive(lambda g, out, x: g, view=True, complex="as written", batch="elementwise")
def real(x: Array, /) -> Array:
    """The real part."""
    return np.real(x)


@primitive(lambda g, out, x: g * 1j if is_complex(x) else g * 0, view=True, complex="as written", batch="elementwise")
def imag(x: Array, /) -> Array:
    """The imaginary part; of real numbers 0."""
    return np.imag(x)
