"""A nest of dicts, lists, numbers and arrays, taken apart into arrays by name and a JSON text, and put together again.

In the JSON stands for an array {"$array": its name}, and likewise for the few other things that JSON doesn't have. A
key of a dict that begins with $ gets a second one.
"""

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from . import strict_json
from .header import METADATA
from .safetensors import dtype_name

Array = np.ndarray[Any, np.dtype[Any]]

_DEEPEST = 100  # levels: no reader's recursion limit is in danger


def pack(nest: Any) -> tuple[dict[str, Array], str | None]:
    """The arrays by name, and the rest as JSON, or None where the nest is just this dict of arrays.

    >>> arrays, text = pack({"step": 7, "moments": [np.zeros(2)]})
    >>> [*arrays], text
    (['moments.0'], '{"step":7,"moments":[{"$array":"moments.0"}]}')
    """
    packer = _Packer()
    rest = packer.pack(nest, ())
    if isinstance(nest, dict) and rest == {name: {"$array": name} for name in packer.arrays}:
        return packer.arrays, None
    return packer.arrays, json.dumps(rest, separators=(",", ":"), allow_nan=False)


class _Packer:
    def __init__(self) -> None:
        self.arrays: dict[str, Array] = {}

    def pack(self, x: Any, place: tuple[str, ...]) -> Any:
        """What stands for x in the JSON."""
        if len(place) > _DEEPEST:
            raise ValueError(f"{_named(place)[:60]}... is more than {_DEEPEST} levels deep, or contains itself")
        if isinstance(x, np.generic):
            return {"$scalar": self._add(np.asarray(x), place)}
        if x is None or isinstance(x, (bool, str)):
            return x
        if isinstance(x, int):
            return int(x) if -(1 << 63) <= x < 1 << 64 else {"$int": hex(x)}
        if isinstance(x, float):
            return x if math.isfinite(x) else {"$float": repr(float(x))}
        if isinstance(x, np.ndarray) and not isinstance(x, np.ma.MaskedArray):
            return {"$array": self._add(np.asarray(x), place)}
        if isinstance(x, dict):
            return {self._key(key, place): self.pack(value, (*place, key)) for key, value in x.items()}
        if type(x) is list:
            return self._items(x, place)
        if type(x) is tuple:
            return {"$tuple": self._items(x, place)}
        raise TypeError(f"a file can't hold the {type(x).__name__} at {_named(place)}: {_WHAT}")

    def _items(self, items: list[Any] | tuple[Any, ...], place: tuple[str, ...]) -> list[Any]:
        return [self.pack(item, (*place, str(i))) for i, item in enumerate(items)]

    def _key(self, key: Any, place: tuple[str, ...]) -> str:
        if not isinstance(key, str):
            raise TypeError(f"a file can't hold the key {key!r:.100} of the dict at {_named(place)}: keys are strings")
        return "$" + key if key.startswith("$") else key

    def _add(self, array: Array, place: tuple[str, ...]) -> str:
        try:
            dtype_name(array.dtype)
        except TypeError as reason:
            raise TypeError(f"at {_named(place)}: {reason}") from None
        name = ".".join(place).encode("utf-8", "backslashreplace").decode()  # half a surrogate pair is no name
        while name in self.arrays or name == METADATA:
            name += "_"
        self.arrays[name] = array
        return name


_WHAT = "nests are made of dicts, lists, tuples, numbers, strings, None and NumPy arrays"


def _named(place: tuple[str, ...]) -> str:
    return repr(".".join(place)) if place else "the top"


def unpack(arrays: dict[str, Array], text: str) -> Any:
    """The nest that `pack` took apart. ValueError for any other text, or arrays that it doesn't use once each."""
    left = dict(arrays)

    def taken(name: Any) -> Array:
        if not isinstance(name, str) or name not in left:
            raise ValueError(f"its nest has the array {name!r:.100}, which is not there, or twice")
        return left.pop(name)

    makers: dict[str, Callable[[Any], Any]] = {
        "$array": taken,
        "$scalar": lambda name: taken(name)[()],
        "$int": lambda digits: int(digits, 16),
        "$float": float,
        "$tuple": tuple,
    }

    def make(members: dict[str, Any]) -> Any:
        special = [name for name in members if name.startswith("$") and not name.startswith("$$")]
        if special and (len(members) > 1 or special[0] not in makers):
            raise ValueError(f"its nest has the unknown {special[0]!r:.100}")
        for name in special:
            return makers[name](members[name])
        return {name[1:] if name.startswith("$$") else name: value for name, value in members.items()}

    try:
        nest = strict_json.parse(text, make)
    except TypeError:
        raise ValueError("its nest is damaged") from None
    if left:
        raise ValueError(f"its nest leaves out the array {next(iter(left))!r:.100}")
    return nest
