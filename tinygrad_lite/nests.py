"""Nests: values in dicts, lists and tuples, however deep. A value that is none of these is a nest of one leaf.

>>> from tinygrad_lite import nests
>>> nests.mapped(abs, {"a": -1, "b": [(-2, 3)]})
{'a': 1, 'b': [(2, 3)]}
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any


def _items(value: Any) -> Iterable[tuple[Any, Any]] | None:
    """What a dict, list or tuple holds, with its keys or positions; None for a leaf."""
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, (list, tuple)) else None


def leaves(value: Any) -> Iterator[Any]:
    """What the dicts, lists and tuples hold, in order; a value that is none of them, itself.

    >>> from tinygrad_lite import nests
    >>> list(nests.leaves([1, (2, {"a": 3})]))
    [1, 2, 3]
    """
    items = _items(value)
    if items is None:
        yield value
        return
    for _, item in items:
        yield from leaves(item)


def named_leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each leaf with its path, such as `layers.0.w`; a value that is no dict, list or tuple has the given path.

    >>> from tinygrad_lite import nests
    >>> list(nests.named_leaves({"a": [1, 2]}))
    [('a.0', 1), ('a.1', 2)]
    """
    items = _items(value)
    if items is None:
        yield path, value
        return
    for key, item in items:
        yield from named_leaves(item, f"{path}.{key}" if path else str(key))


def mapped(function: Callable[..., Any], value: Any, *others: Any, is_leaf: Callable[[Any], bool] | None = None) -> Any:
    """The same dicts, lists and tuples, with function(leaf) where each leaf was.

    With others, nests of the same structure, function(leaf, the leaf of each other there). is_leaf: says of which
    dicts, lists and tuples not to look into. Raises ValueError, naming the place, if one has another structure.

    >>> from tinygrad_lite import nests
    >>> nests.mapped(lambda x, y: x + y, [1, (2, {"a": 3})], [10, (20, {"a": 30})])
    [11, (22, {'a': 33})]
    """

    return _mapped(function, value, others, is_leaf, "")


def _mapped(function: Callable[..., Any], value: Any, others: tuple[Any, ...], is_leaf: Any, path: str) -> Any:
    items = None if is_leaf is not None and is_leaf(value) else _items(value)
    if items is None:
        return function(value, *others)
    for other in others:
        if _kind(other) is not _kind(value) or _keys(other) != _keys(value):
            raise ValueError(f"two nests differ{f' at {path}' if path else ''}: {_told(value)} and {_told(other)}")
    found = {}
    for key, item in items:
        there = tuple([other[key] for other in others])
        found[key] = _mapped(function, item, there, is_leaf, f"{path}.{key}" if path else str(key))
    if isinstance(value, dict):
        return found
    if hasattr(value, "_fields"):
        return type(value)(*found.values())
    return list(found.values()) if isinstance(value, list) else tuple(found.values())


def _kind(value: Any) -> Any:
    return next((kind for kind in (dict, list, tuple) if isinstance(value, kind)), None)


def _keys(value: Any) -> Any:
    return value.keys() if isinstance(value, dict) else len(value)


def _told(value: Any) -> str:
    """In a few words: what kind of nest, and of what."""
    kind = _kind(value)
    if kind is None:
        return type(value).__name__
    return f"a dict of {', '.join(map(repr, value))}" if kind is dict else f"a {kind.__name__} of {len(value)}"


def rebuilt(value: Any, flat: Iterable[Any]) -> Any:
    """The same dicts, lists and tuples, with other leaves, given in the order of `leaves`.

    >>> from tinygrad_lite import nests
    >>> nests.rebuilt({"a": [1, 2], "b": 3}, "xyz")
    {'a': ['x', 'y'], 'b': 'z'}
    """
    following = iter(flat)
    return mapped(lambda _: next(following), value)
