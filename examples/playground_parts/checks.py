"""What a value from outside has to be. Each error says what was given and what is allowed."""

import math
from collections.abc import Collection
from typing import Any


def choice(name: str, value: Any, allowed: Collection[str]) -> str:
    """One of a few names."""
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}; given {shown(value)}")
    return value


def real(name: str, value: Any, low: float, high: float) -> float:
    """A number from low to high; a text is read as one."""
    number = _number(value)
    if not low <= number <= high:
        raise ValueError(f"{name} must be a number from {low:,g} to {high:,g}, given {shown(value)}")
    return number


def whole(name: str, value: Any, low: int, high: int) -> int:
    """A whole number from low to high; a text is read as one."""
    number = _number(value)
    if not low <= number <= high or number != int(number):
        raise ValueError(f"{name} must be a whole number from {low:,} to {high:,}, given {shown(value)}")
    return int(number)


def _number(value: Any) -> float:
    """What it is as a number; none (nan) for what is none."""
    try:
        return math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def text(name: str, value: Any, longest: int) -> str:
    """Some characters, of which each can be written down."""
    if not isinstance(value, str) or not 1 <= len(value) <= longest or not value.isprintable():
        raise ValueError(f"{name} must be a text of 1 to {longest:,} printable characters, given {shown(value)}")
    return value


def flag(name: str, value: Any) -> bool:
    """True or False."""
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be true or false, given {shown(value)}")
    return value


def shown(value: Any) -> str:
    """A value from outside, in an error message: never more than a few characters of it."""
    if isinstance(value, (str, int, float, bool)) or value is None:
        words = ascii(value[:45]) if isinstance(value, str) else repr(value) if _is_short(value) else "a huge number"
        return words if len(words) <= 48 else words[:45] + "..."
    return f"a {type(value).__name__}"


def _is_short(value: Any) -> bool:
    return not isinstance(value, int) or value.bit_length() < 128
