"""Values in lists, tuples and dicts: the inputs and outputs of what has several."""

from collections.abc import Callable, Iterator
from typing import Any


def leaves(value: Any) -> Iterator[Any]:
    """What the lists, tuples and dicts hold, in order; a value that is none of them, itself.

    >>> list(leaves([1, (2, {"a": 3})]))
    [1, 2, 3]
    """
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from leaves(item)
    else:
        yield value


def mapped(function: Callable[[Any], Any], value: Any) -> Any:
    """The same lists, tuples and dicts, with function(leaf) where each leaf was.

    >>> mapped(str, [1, (2, {"a": 3})])
    ['1', ('2', {'a': '3'})]
    """
    if isinstance(value, dict):
        return {key: mapped(function, item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        items = [mapped(function, item) for item in value]
        return items if isinstance(value, list) else tuple(items)
    return function(value)


def named_leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each leaf with its path, such as `layers.0.w`; a value that is no list, tuple or dict has the path "".

    >>> list(named_leaves({"a": [1, 2]}))
    [('a.0', 1), ('a.1', 2)]
    """
    items: Any = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, (list, tuple)) else None
    )
    if items is None:
        yield path, value
        return
    for key, item in items:
        yield from named_leaves(item, f"{path}.{key}" if path else str(key))
