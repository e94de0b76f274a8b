"""Writes the table of docs/numpy.md, what NumPy's functions do with Tensors, from what the engine dispatches.

python docs/_site/numpy_table.py
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.testing import overrides

import tinygrad_lite as tg
from tinygrad_lite import protocols

PAGE = Path(__file__).parents[1] / "numpy.md"
BEGIN, END = "<!-- The table is written by docs/_site/numpy_table.py. -->\n", "<!-- The end of the table. -->\n"
NOT_FOR_ARRAYS = ("recfunctions", "busday", "datetime", "txt", "save", "numpy.from", "load", "packbits")
HIDDEN = ("_ones_like", "clip")  # ufuncs that NumPy has for itself


def is_for_numbers(f: Any) -> bool:
    if isinstance(f, np.ufunc):
        numbers = [kinds for kinds in f.types if not kinds.split("->")[0].strip("?bBhHiIlLqQefdgFDG")]
        return bool(numbers) and f.__name__ not in HIDDEN
    found = any(getattr(room, f.__name__, None) is f for room in (np, np.linalg, np.fft, np.lib.stride_tricks))
    return found and not any(word in f"{f.__module__}.{f.__name__}" for word in NOT_FOR_ARRAYS)


def answers_a_constant(f: Any, operation: Callable[..., Any]) -> bool:
    primitive = getattr(operation, "primitive", None)
    if primitive is not None:
        return not primitive.rules
    try:
        out = operation(tg.tensor([[0.5, 0.25], [0.75, 0.5]], requires_grad=True))
    except Exception:  # it needs more arguments: those that do all give floating point numbers
        return False
    return all(part.dtype.kind not in "fc" for part in (out if isinstance(out, tuple) else (out,)))


def name_of(f: Any) -> str:
    room = "" if isinstance(f, np.ufunc) else f.__module__.removeprefix("numpy").removeprefix(".")
    return f"`{room}.{f.__name__}`" if room else f"`{f.__name__}`"


def table() -> str:
    """Markdown."""
    kinds: dict[str, set[str]] = {"differentiates": set(), "a constant": set(), "refuses a gradient": set()}
    instead = []
    functions = overrides.get_overridable_numpy_ufuncs() | overrides.get_overridable_numpy_array_functions()
    for f in filter(is_for_numbers, functions):
        operation = protocols.operation_of(f)
        whole = isinstance(f, np.ufunc) and not any("d" in kinds_of.split("->")[0] for kinds_of in f.types)
        if f in protocols._QUESTIONS or whole or (operation is not None and answers_a_constant(f, operation)):
            kinds["a constant"].add(name_of(f))
        elif operation is not None:
            kinds["differentiates"].add(name_of(f))
        else:
            kinds["refuses a gradient"].add(name_of(f))
            if f in protocols._INSTEAD:
                instead.append((name_of(f), protocols._INSTEAD[f]))
    lines = []
    for kind, words in [
        ("differentiates", "What has a derivative"),
        ("a constant", "What answers with whole numbers, booleans, shapes or words: constants"),
        ("refuses a gradient", "What runs on Tensors, and refuses those that want a gradient"),
    ]:
        names = sorted(kinds[kind], key=str.lower)
        lines += [f"**{words}** ({len(names)}): {', '.join(names)}.", ""]
    methods = ", ".join(sorted(f"`{f.__name__}`" for f in protocols._REDUCE))
    lines += [
        f"**`reduce`** of {methods}; **`accumulate`** of those for numbers; **`outer`** of all of two arguments.",
        "",
    ]
    lines += ["| instead of | write |", "|---|---|", *[f"| {name} | `{words}` |" for name, words in sorted(instead)]]
    return "\n".join(lines) + "\n"


def main() -> None:
    text = PAGE.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    PAGE.write_text(head + BEGIN + table() + END + rest.split(END)[1], encoding="utf-8")


if __name__ == "__main__":
    main()
