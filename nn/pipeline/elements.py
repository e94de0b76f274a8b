"""What a Dataset gives: tuples of x, y and sample_weight, each an array, or several in lists and dicts."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from tinygrad_lite import Tensor, nests

Element: TypeAlias = tuple[Any, ...]


def as_element(given: Any) -> Element:
    """(x,), (x, y) or (x, y, sample_weight); what is no tuple is x alone. Raises ValueError for other tuples."""
    parts = given if isinstance(given, tuple) else (given,)
    if not 1 <= len(parts) <= 3:
        raise ValueError(f"an element is a tuple (x,), (x, y) or (x, y, sample_weight), given {len(parts)} parts")
    if any(part is None for part in parts):
        raise ValueError("an element is a tuple (x,), (x, y) or (x, y, sample_weight), given None in it")
    return tuple([as_nest(part) for part in parts])


def as_nest(given: Any) -> Any:
    """Lists, tuples and dicts of arrays as they are; a list of plain numbers (or texts) as the array it stands for."""
    if isinstance(given, dict):
        return {key: as_nest(value) for key, value in given.items()}
    if not isinstance(given, (list, tuple)):
        return given
    if any(hasattr(leaf, "dtype") for leaf in nests.leaves(given)):
        return [as_nest(value) for value in given]
    return np.asarray(given)


def stacked(parts: Sequence[Any]) -> Any:
    """Several elements (or parts of them) as one, along a new first axis. Raises ValueError if they differ in shape."""
    first = parts[0]
    if isinstance(first, dict):
        if any(not isinstance(part, dict) or part.keys() != first.keys() for part in parts):
            raise ValueError(f"samples of one batch must all be dicts with the keys {', '.join(map(str, first))}")
        return {key: stacked([part[key] for part in parts]) for key in first}
    if isinstance(first, (list, tuple)):
        if any(not isinstance(part, (list, tuple)) or len(part) != len(first) for part in parts):
            raise ValueError(f"samples of one batch must all have as many parts as the first, {len(first)}")
        items = [stacked(each) for each in zip(*parts, strict=True)]
        return items if isinstance(first, list) else tuple(items)
    arrays = [part.detach().numpy() if isinstance(part, Tensor) else np.asarray(part) for part in parts]
    if any(array.shape != arrays[0].shape for array in arrays):
        shapes = " and ".join(map(str, dict.fromkeys(array.shape for array in arrays)))
        raise ValueError(f"samples of the shapes {shapes} can't be one batch: map them to one shape before")
    return np.stack(arrays)
