"""From the words that people write ("relu", "adam", "categorical_crossentropy") to the thing that is meant."""

import re
from collections.abc import Container, Mapping, Sequence
from difflib import get_close_matches
from itertools import count
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
    """`MaxPooling2D` -> `max_pooling2d`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def camel_case(name: str) -> str:
    """`get_item` -> `GetItem`."""
    return "".join(word.capitalize() for word in name.split("_"))


def unique_name(name: str, taken: Container[str]) -> str:
    """The name, or name_1, name_2, ...: the first that is not taken."""
    return name if name not in taken else next(n for i in count(1) if (n := f"{name}_{i}") not in taken)


def name_each(things: Sequence[Any]) -> None:
    """Gives each a name of its own, after its kind where nobody chose one: dense, dense_1, ...

    They have a `name` (or None), a `kind`, and know if it was `named_by_model`, which this function may change again.
    Raises ValueError if one name was chosen twice; then nothing changes.
    """
    chosen = [thing.name for thing in things if thing.name is not None and not thing.named_by_model]
    if twice := [name for name in chosen if chosen.count(name) > 1]:
        raise ValueError(f"two layers of this model are named {twice[0]!r}: choose another name for one of them")
    taken = set(chosen)
    named_before = [thing for thing in things if thing.name is not None and thing.named_by_model]
    for thing in named_before + [thing for thing in things if thing.name is None]:
        thing.name, thing.named_by_model = unique_name(thing.name or thing.kind, taken), True
        taken.add(thing.name)
