"""Functions of functions: from a function of Tensors, the function that computes its derivatives.

What each is made of is in `pulling`.
"""

from .checkpointing import checkpoint
from .custom import custom_vjp
from .forward import jvp
from .gradients import grad, value_and_grad, vjp
from .implicit import fixed_point, implicit
from .jacobians import hessian, hvp, jacobian
from .vmap import vmap
