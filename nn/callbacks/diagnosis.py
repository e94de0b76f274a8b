"""Where nan and infinite numbers came from, in words."""

from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_lite import Tensor, draw, nests

from .bad_batch import BadBatch

if TYPE_CHECKING:
    from ..trainer import Trainer

_MOST = 6  # samples or weights that are listed


def counted(array: np.ndarray) -> str:
    """How many of its numbers are nan or infinite; "" if none is.

    >>> counted(np.array([1.0, np.nan, np.inf, np.inf])), counted(np.ones(3))
    ('1 nan and 2 inf', '')
    """
    if array.dtype.kind != "f":
        return ""
    found = [(int(np.isnan(array).sum()), "nan"), (int(np.isinf(array).sum()), "inf")]
    return " and ".join([f"{count:,} {what}" for count, what in found if count])


def of_data(batch: BadBatch) -> list[str]:
    """What is wrong with the data of the batch, a sentence each."""
    said = []
    for name, data in (("x", batch.x), ("y", batch.y), ("sample_weight", batch.sample_weight)):
        for path, array in nests.named_leaves(data, name):
            if isinstance(array, np.ndarray) and (count := counted(array)):
                rows = np.flatnonzero(~np.isfinite(array).reshape(len(array), -1).all(1))
                said.append(f"{path} of the batch holds {count}, in {_listed('sample', [f'{row}' for row in rows])}.")
    return said or ["The data of the batch is finite."]


def of_weights(weights: list[tuple[str, np.ndarray]]) -> list[str]:
    """Which weights are wrong, in a sentence, or nothing."""
    wrong = [f"{name} ({count} of {array.size:,})" for name, array in weights if (count := counted(array))]
    return [f"There was nan or inf in {_listed('weight', wrong)} before the batch."] if wrong else []


def of_graph(batch: BadBatch, model: "Trainer", loss_is_finite: bool) -> tuple[list[str], Any]:
    """Where it began, in sentences, and the picture of the graph of the batch, which is run again; or why not."""
    try:
        loss = _again(batch, model, with_inputs=not loss_is_finite)
    except Exception as error:
        return [f"The batch can't be run again: {type(error).__name__}: {error}."], None
    drawing = draw(loss)
    sentences = _gradients_began(drawing.whole) if loss_is_finite else _values_began(drawing.whole)
    return sentences or [f"Run again, it all was finite: its loss was {loss.item():.6g}."], drawing


def _again(batch: BadBatch, model: "Trainer", with_inputs: bool) -> Tensor:
    if with_inputs:
        try:
            return batch.repeat(model, with_inputs=True)
        except Exception:  # something takes no Tensors that want a gradient
            pass
    return batch.repeat(model)


def _values_began(graph: Any) -> list[str]:
    origins = graph.value_origins()
    steps = [item for item in origins if item.kind == "operation"]
    if not steps:
        return ["No operation made it: it came in from outside."] if origins else []
    first = steps[0]
    given = [graph.items[edge.source] for edge in graph.edges if edge.target == first.id]
    told = [f"{_name(item)} = {item.value.text}" for item in given] + ([first.note] if first.note else [])
    return [
        f"The first value that is not finite came out of {_place(first)}: {first.value.text}.",
        f"It was given {', '.join(told)}.",
    ]


def _gradients_began(graph: Any) -> list[str]:
    origins = graph.gradient_origins()
    if not origins:
        return []
    step, argument = graph.items[origins[0].target], graph.items[origins[0].source]
    return [
        f"The loss is finite. {_place(step)} was handed the gradient {step.gradient.text}; what it hands back to"
        f" {_name(argument)} = {argument.value.text} is the first that is not finite."
    ]


def _name(item: Any) -> str:
    return item.name or item.operation or "a constant"


def _place(item: Any) -> str:
    """`dense_1` (matmul): the innermost boxes, without the model, and the operation."""
    where = " / ".join(item.scope[1:] or item.scope)
    return f"`{where}` ({_name(item)})" if where else f"`{_name(item)}`"


def _listed(what: str, words: list[str]) -> str:
    """`samples 3, 4 and 17`; no more than a few of them."""
    if len(words) > _MOST:
        words = [*words[:_MOST], f"{len(words) - _MOST:,} more"]
    last = [" and ".join(words[-2:])]
    return f"the {what}{'s' * (len(words) > 1)} {', '.join(words[:-2] + last)}"
