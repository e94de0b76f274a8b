"""Functions of functions: from a function of Tensors, the function that computes its derivatives.

What each is made of is in `pulling`.
"""

from .checkpointing import checkpoint
from .forward import jvp
from .gradients import grad, value_and_grad, vjp
from .jacobians import hessian, hvp, jacobian
