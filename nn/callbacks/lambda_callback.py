"""A callback made of functions."""

from collections.abc import Callable
from typing import Any

from .callback import Callback


class LambdaCallback(Callback):
    """Calls the functions that it is given by the names of the hooks of `nn.Callback`, with the hooks' arguments.

    Raises TypeError for a name that is no hook and for what is no function.

    >>> import nn, numpy as np
    >>> say = nn.LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, sorted(logs)))
    >>> model = nn.Sequential([nn.Dense(1)])
    >>> model.compile("sgd", "mse", ["mae"])
    >>> history = model.fit(np.zeros((4, 1)), np.zeros((4, 1)), epochs=2, verbose=0, callbacks=[say])
    0 ['loss', 'mae']
    1 ['loss', 'mae']
    """

    def __init__(self, **hooks: Callable[..., Any] | None) -> None:
        for name, function in hooks.items():
            if name not in _HOOKS:
                raise TypeError(f"nn.Callback has no hook {name!r:.60}, there are: {', '.join(_HOOKS)}")
            if function is not None and not callable(function):
                raise TypeError(f"{name} must be a function, given {type(function).__name__}")
        vars(self).update({name: function for name, function in hooks.items() if function is not None})


_HOOKS = [name for name in vars(Callback) if name.startswith("on_")]
