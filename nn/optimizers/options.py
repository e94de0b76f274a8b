"""What every optimizer takes beside its own settings, for type checkers: see `nn.Optimizer`."""

from collections.abc import Callable, Iterable
from typing import Any, TypedDict


class SharedOptions(TypedDict, total=False):
    """Of an optimizer that has its own default of weight_decay."""

    clipvalue: float | None
    clipnorm: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    gradient_accumulation_steps: int | None


class Options(SharedOptions, total=False):
    """Of all others."""

    weight_decay: float | None


def optional(check: Callable[..., Any], name: str, value: Any, *args: Any) -> Any:
    """None, or the argument as `check` gives it."""
    return None if value is None else check(name, value, *args)


def words(name: str, given: Any) -> list[str]:
    """The argument as a list of words. Raises TypeError for one word, or what are no words."""
    if isinstance(given, str) or not all(isinstance(word, str) for word in given):
        raise TypeError(f"{name} must be a list of words, such as ['bias'], given {given!r:.60}")
    return list(given)


def contains(name: str | None, words: Iterable[str]) -> bool:
    """Whether one of the words is in the name."""
    return any(word in (name or "") for word in words)
