"""Optimizers as Keras had them in 2016, in its version 1: figures of that time depend on them."""

from typing import Unpack

from ..schedules import LearningRate
from .adadelta import Adadelta
from .options import Options
from .rmsprop import RMSprop


def rmsprop_2016(
    learning_rate: LearningRate = 0.001, rho: float = 0.9, epsilon: float = 1e-8, **options: Unpack[Options]
) -> RMSprop:
    """RMSprop of 2016, also by the name "rmsprop_2016": w -= learning_rate * g / (sqrt(v) + epsilon).

    >>> import nn
    >>> nn.optimizers.get("rmsprop_2016").epsilon_in_root
    False
    """
    return RMSprop(learning_rate, rho, epsilon=epsilon, epsilon_in_root=False, **options)


def adadelta_2016(
    learning_rate: LearningRate = 1.0, rho: float = 0.95, epsilon: float = 1e-8, **options: Unpack[Options]
) -> Adadelta:
    """Adadelta of 2016, also by the name "adadelta_2016": with the learning rate 1 and a smaller epsilon.

    >>> import nn
    >>> nn.optimizers.get("adadelta_2016").learning_rate
    1.0
    """
    return Adadelta(learning_rate, rho, epsilon, **options)
