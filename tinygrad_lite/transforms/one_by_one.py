"""Inside of vmap, for what asks for values: one example after another."""

import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from .. import nests, ops
from ..batching import Batch, BatchingWarning, Level, Refused, innermost, levels_of
from ..examples import enter, leave
from ..tensor import Tensor

Function = TypeVar("Function", bound=Callable[..., Any])


def one_by_one(f: Function) -> Function:
    """f, which hands arrays to code that knows no batches: vmap runs it for each example, with one warning."""

    @wraps(f)
    def call(*args: Any, **options: Any) -> Any:
        level = innermost([x._data for x in nests.leaves(args) if isinstance(x, Tensor)], {}) if Batch.met else None
        if level is None:
            return f(*args, **options)
        if not level.size:
            raise Refused(f"vmap over no examples meets {f.__name__}, which is computed example by example")
        if f.__name__ not in level.warned:
            level.warned.add(f.__name__)
            words = f"vmap computes {f.__name__} example by example, which is slow: it asks for values"
            warnings.warn(words, BatchingWarning, stacklevel=2)
        whole = nests.mapped(lambda x: leave(x, level) if _has_examples(x, level) else x, args)
        rows = []
        for i in range(level.size):
            each = nests.mapped(lambda x, w: w[i] if _has_examples(x, level) else x, args, whole)  # noqa: B023
            rows.append(call(*each, **options))
        return nests.mapped(lambda *outs: enter(ops.stack(outs), level), *rows)

    return call  # type: ignore[return-value]


def _has_examples(x: Any, level: Level) -> bool:
    """Also what is the same for all examples, if a gradient is wanted: each has one of its own."""
    return isinstance(x, Tensor) and (x._requires_grad or level in levels_of(x._data))
