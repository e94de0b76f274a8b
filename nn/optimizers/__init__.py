"""The optimizers, one a file. Each states its initial state and the update of one weight; `Optimizer` does the rest."""

from collections.abc import Callable
from typing import Any

from ..naming import look_up
from .adadelta import Adadelta
from .adam import Adam, AdamW
from .optimizer import Optimizer
from .rmsprop import RMSprop
from .sgd import SGD

OPTIMIZERS: dict[str, Callable[[], Optimizer]] = {
    "sgd": SGD,
    "rmsprop": RMSprop,
    "adam": Adam,
    "adamw": AdamW,
    "adadelta": Adadelta,
}


def get(optimizer: Any) -> Optimizer:
    """The optimizer of that name with its default settings; an Optimizer is taken as it is."""
    return optimizer if isinstance(optimizer, Optimizer) else look_up("optimizer", optimizer, OPTIMIZERS)()
