"""What the Python array API standard, version 2025.12, asks of a function's signature."""

import inspect
from collections.abc import Callable
from typing import Any


def signatures(table: str) -> list[str]:
    """The signatures in a table with columns that are three spaces apart."""
    return [cell.strip() for line in table.splitlines() for cell in line.split("   ") if cell.strip()]


def check(module: Any, signature: str) -> None:
    """Every call that the signature allows is understood, and has the same defaults."""
    name, _, arguments = signature.partition("(")
    scope: dict[str, Callable[..., Any]] = {}
    exec(f"def standard({arguments}: pass", scope)
    parameters = inspect.signature(scope["standard"]).parameters.values()
    ours = inspect.signature(getattr(module, name))
    positional = [p.name for p in parameters if p.kind is p.POSITIONAL_ONLY]
    options = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
    for given in ({}, options):
        bound = ours.bind(*positional, **given)
        bound.apply_defaults()
        assert {key: bound.arguments[key] for key in options} == options
