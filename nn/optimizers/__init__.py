"""The optimizers, one a file. Each states its initial state and the update of one weight; `Optimizer` does the rest."""

from collections.abc import Callable
from typing import Any

from ..naming import look_up
from .adadelta import Adadelta
from .adagrad import Adagrad
from .adam import Adam, AdamW
from .adamax import Adamax
from .lamb import Lamb
from .lion import Lion
from .muon import Muon
from .nadam import Nadam
from .of_2016 import adadelta_2016, rmsprop_2016
from .optimizer import Optimizer
from .rmsprop import RMSprop
from .sgd import SGD

OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "sgd": SGD,
    "rmsprop": RMSprop,
    "adam": Adam,
    "adamw": AdamW,
    "adamax": Adamax,
    "nadam": Nadam,
    "adagrad": Adagrad,
    "adadelta": Adadelta,
    "lion": Lion,
    "muon": Muon,
    "lamb": Lamb,
    "rmsprop_2016": rmsprop_2016,
    "adadelta_2016": adadelta_2016,
}


def get(optimizer: Any) -> Optimizer:
    """The optimizer of that name with its default settings; an Optimizer is taken as it is.

    >>> import nn
    >>> nn.optimizers.get("adam")
    <Adam(learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-07, amsgrad=False) after 0 steps>
    """
    return optimizer if isinstance(optimizer, Optimizer) else look_up("optimizer", optimizer, OPTIMIZERS)()
