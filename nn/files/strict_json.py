"""JSON from outside, read as its standard says and no further: no name twice, no NaN, no endless numbers or nesting."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

_LONGEST = 20  # characters of an int: all of 64 bits, with or without a sign
_MOST = 1_000_000  # about the number of values: no second of time, however they were chosen


def check_size(text: str) -> None:
    """ValueError for a JSON text that it would take long, and much memory, to read."""
    if sum(map(text.count, ",[{")) > _MOST:
        raise ValueError(f"it has more than {_MOST:,} values that are in no array; make arrays of long lists")


def parse(text: str, make: Callable[[dict[str, Any]], Any] = dict) -> Any:
    """The value of a JSON text. Each object goes through `make`, inner ones first. ValueError for what is no JSON.

    >>> parse('{"a": [1, null]}')
    {'a': [1, None]}
    >>> parse('{"a": 1, "a": 2}')
    Traceback (most recent call last):
    ValueError: its JSON has the name 'a' twice in one object
    """

    def made(pairs: list[tuple[str, Any]]) -> Any:
        members = dict(pairs)
        if len(members) < len(pairs):
            twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
            raise ValueError(f"its JSON has the name {twice[:100]!r} twice in one object")
        return make(members)

    check_size(text)
    try:
        return json.loads(text, object_pairs_hook=made, parse_int=_int, parse_constant=_constant)
    except json.JSONDecodeError as error:
        raise ValueError(f"it is no JSON where JSON has to be: {error}") from None
    except RecursionError:
        raise ValueError("its JSON is nested too deeply") from None


def _int(digits: str) -> int:
    if len(digits) > _LONGEST:
        raise ValueError(f"its JSON has a number of {len(digits)} digits")
    return int(digits)


def _constant(name: str) -> Any:
    raise ValueError(f"its JSON has a {name}")
