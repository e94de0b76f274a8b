"""Arrays by name, compared with the weights that they are meant for."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from tinygrad_lite import Tensor

_MOST = 10  # names in an error, of each kind


class Unmatched(NamedTuple):
    """What `load_state_dict` had no array for, and which arrays it had no weight for."""

    missing_keys: list[str]
    unexpected_keys: list[str]


def fitting(what: str, weights: Mapping[str, Tensor], state: Any, strict: bool) -> tuple[dict[str, Any], Unmatched]:
    """An array for each weight that the state has one for, of the weight's dtype, and what was left over.

    Raises TypeError for a state that is no dict of real numbers, ValueError for a wrong shape and, if `strict`, for
    names that are missing or unexpected; it lists them all.
    """
    if not isinstance(state, Mapping):
        raise TypeError(f"a state is a dict of arrays by the weights' names, given {type(state).__name__}")
    given = {name: as_array(name, state[name]) for name in weights if name in state}
    shapes = [
        f"{name!r} is {array.shape}, expected {weights[name].shape}"
        for name, array in given.items()
        if array.shape != weights[name].shape
    ]
    unmatched = Unmatched(
        [name for name in weights if name not in state], [name for name in state if name not in weights]
    )
    problems = {"wrong shapes": shapes}
    if strict:
        problems |= {"missing": [*map(repr, unmatched[0])], "unexpected": [*map(repr, unmatched[1])]}
    if told := [f"\n  {kind}: {_listed(names)}" for kind, names in problems.items() if names]:
        raise ValueError(f"these are not the weights of {what}:{''.join(told)}")
    return {name: array.astype(weights[name].dtype) for name, array in given.items()}, unmatched


def as_array(name: str, given: Any) -> Any:
    """The numbers that were given for the weight of this name; TypeError if they are none."""
    array = given.data if isinstance(given, Tensor) else np.asarray(given)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} holds real numbers, given an array of {array.dtype}")
    return array


def _listed(names: Iterable[str]) -> str:
    names = [*names]
    more = f" and {len(names) - _MOST:,} more" if len(names) > _MOST else ""
    return ", ".join(names[:_MOST]) + more
