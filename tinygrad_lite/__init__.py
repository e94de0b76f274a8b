"""tinygrad_lite: an autograd micro-framework on NumPy.

>>> import tinygrad_lite as tg
>>> x = tg.tensor([1.0, 2.0, 3.0], requires_grad=True)
>>> (x**2).sum().backward()
>>> x.grad
tensor([2., 4., 6.])
"""

from . import ops
from .checking import check_grads
from .creation import arange, asarray, eye, full, linspace, ones, ones_like, tensor, zeros, zeros_like
from .mode import enable_grad, is_grad_enabled, no_grad, scope
from .ops import *  # noqa: F403 - the operations' public page is ops/__init__.py
from .primitive import primitive
from .tensor import Tensor
from .transforms import grad, value_and_grad, vjp
