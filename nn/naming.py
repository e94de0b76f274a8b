"""From the words that people write ("relu", "adam", "categorical_crossentropy") to the thing that is meant."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

T = TypeVar("T")


def choose(kind: str, given: Any, known: Mapping[str, T]) -> T:
    """The entry of that name; a function or another object that can be called is taken as it is."""
    return given if callable(given) and not isinstance(given, type) else look_up(kind, given, known)


def look_up(kind: str, name: Any, known: Mapping[str, T]) -> T:
    """The entry of that name, or a ValueError that lists the names there are; a TypeError for what is no name."""
    if isinstance(name, type):
        raise TypeError(f"{kind} is given the class {name.__name__}, not an object of it: write {name.__name__}(...)")
    if not isinstance(name, str):
        raise TypeError(
            f"{kind} must be a name like {next(iter(known))!r} or an object, given {type(name).__name__} {name!r:.60}"
        )
    if name.lower() in known:
        return known[name.lower()]
    close = get_close_matches(name.lower(), known, n=1)
    guess = f" Did you mean {close[0]!r}?" if close else ""
    raise ValueError(f"there is no {kind} named {name!r:.60}.{guess} There are: {', '.join(sorted(known))}")


def snake_case(name: str) -> str:
    """`MaxPooling` -> `max_pooling`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
