"""The mean of the values, weighted by softmax(query . key): Vaswani et al. 2017.

The scores of all queries against all keys are by far the largest array in sight, so they are never all there: blocks of
them are made, used while they are in the processor's cache and forgotten, forward and again backward, as in Rabe and
Staats 2021 (Self-attention does not need O(n^2) memory) and Dao et al. 2022 (FlashAttention).
"""

import math
from typing import Any

import numpy as np

from tinygrad_lite import Tensor, by_blocks, concatenate, ones, primitive


def dot_product_attention(query: Tensor, key: Tensor, value: Tensor, mask: np.ndarray | None = None) -> Tensor:
    """For each query, the mean of the values: (batch, queries, heads, value size).

    query (batch, queries, heads, size), key (batch, keys, heads, size), value (batch, keys, heads, value size).
    mask: booleans of four axes that broadcast to (batch, heads, queries, keys), True where a query may look. One that
    may look nowhere gets 0.

    The weights are exp(score). What divides them by their sum divides the mean instead, which is much smaller; the sum
    itself comes along as the mean of one more value, which is always 1.
    """
    one = ones((*value.shape[:3], 1), dtype=value.dtype)
    parts = [_by_head(query), _by_head(key).mT, _by_head(concatenate([value, one], axis=3)).mT]
    shapes = tuple([part.shape[2:] for part in parts])
    packed = _packed(parts)
    shift = _needed_shift(packed.data, shapes, mask)
    totals = exponential_attention(packed, shapes=shapes, mask=mask, shift=shift)
    return _by_head(totals[..., :-1] / _nonzero(totals[..., -1:]))


def attention_weights(query: Tensor, key: Tensor, mask: np.ndarray | None = None) -> Tensor:
    """softmax(query . key), all of it: (batch, heads, queries, keys)."""
    scores = _by_head(query) @ _by_head(key).mT
    weights = masked_exp(scores - _largest(scores.data, mask), mask=mask)
    return weights / _nonzero(weights.sum(axis=-1, keepdims=True))


def weighted_mean(weights: Tensor, value: Tensor) -> Tensor:
    """The values times such weights: (batch, queries, heads, value size)."""
    return _by_head(weights @ _by_head(value))


def _by_head(x: Any) -> Any:
    """(batch, time, heads, size) as (batch, heads, time, size), and back."""
    return x.transpose((0, 2, 1, 3))


def _nonzero(sums: Tensor) -> Tensor:
    return sums + (sums.data == 0)


@primitive(lambda g, out, scores, mask: g * out)
def masked_exp(scores: Any, mask: Any = None) -> Any:
    """exp(scores) where the mask (boolean, a constant) is True, else 0, whatever the score is."""
    if mask is None:
        return np.exp(scores)
    with np.errstate(over="ignore"):
        out = np.exp(scores)
    np.copyto(out, 0, where=~mask)
    return out


# The core. query (batch, heads, queries, size), key (batch, heads, size, keys) and value (batch, heads, value size,
# keys), laid out as BLAS likes them, are packed in one array: so one rule hands back to all three what they share.


def _exponential_attention_rule(g: Any, out: Any, packed: Any, shapes: Any, mask: Any, shift: Any) -> Any:
    if isinstance(g, Tensor):
        return _handed_back(g, packed, shapes, mask, shift)
    whole = np.empty_like(packed)

    def work(block: Any) -> None:
        whole[block] = _handed_back(g[block], packed[block], shapes, _part(mask, block), _part(shift, block))

    by_blocks(work, _working_shape(packed, shapes))
    return whole


@primitive(_exponential_attention_rule)
def exponential_attention(packed: Any, shapes: Any, mask: Any = None, shift: Any = None) -> Any:
    """The sums of the values times exp(query . key - shift): (batch, heads, queries, value size)."""
    (queries, _), _, (columns, _) = shapes
    out = np.empty_like(packed, shape=(*packed.shape[:2], queries, columns))

    def work(block: Any) -> None:
        query, key, value = _unpacked(packed[block], shapes)
        out[block] = _weights(query, key, _part(mask, block), _part(shift, block)) @ value.mT

    by_blocks(work, _working_shape(packed, shapes))
    return out


def _handed_back(g: Any, packed: Any, shapes: Any, mask: Any, shift: Any) -> Any:
    query, key, value = _unpacked(packed, shapes)
    weights = _weights(query, key, mask, shift)
    to_scores = weights * (g @ value)
    return _packed([to_scores @ key.mT, query.mT @ to_scores, g.mT @ weights])


def _weights(query: Any, key: Any, mask: Any, shift: Any) -> Any:
    scores = query @ key
    return masked_exp(scores if shift is None else scores - shift, mask=mask)


def _packed(parts: list[Any]) -> Any:
    return concatenate([part.reshape((*part.shape[:2], math.prod(part.shape[2:]))) for part in parts], axis=2)


def _unpacked(packed: Any, shapes: Any) -> list[Any]:
    parts, start = [], 0
    for shape in shapes:
        stop = start + math.prod(shape)
        parts.append(packed[..., start:stop].reshape((*packed.shape[:2], *shape)))
        start = stop
    return parts


def _working_shape(packed: Any, shapes: Any) -> tuple[int, ...]:
    """What is worked on: the scores, and as many weights."""
    (queries, _), (_, keys), _ = shapes
    return (*packed.shape[:2], 2, queries, keys)


def _part(array: Any, block: slice) -> Any:
    """A block of the batch, of an array that may be the same for all of it."""
    return array if array is None or len(array) == 1 else array[block]


# exp(score) may overflow. Subtracting the same from all scores of a query changes no mean.


def _largest(scores: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
    """The largest score of each query."""
    where = True if mask is None else mask
    return np.max(scores, axis=-1, keepdims=True, initial=np.finfo(scores.dtype).min, where=where)


def _needed_shift(packed: np.ndarray, shapes: Any, mask: np.ndarray | None) -> np.ndarray | None:
    """What to subtract from the scores of each query: nothing, if even the square of exp(score) is far from overflow.

    No score is larger than the longest query times the longest key.
    """
    query, key, _ = _unpacked(packed, shapes)
    longest = [np.max(np.sum(np.square(x), axis=axis), initial=0) for x, axis in ((query, -1), (key, -2))]
    if math.sqrt(longest[0]) * math.sqrt(longest[1]) < math.log(np.finfo(packed.dtype).max) / 4:
        return None
    shift = np.empty_like(packed, shape=(*query.shape[:3], 1))

    def work(block: Any) -> None:
        shift[block] = _largest(query[block] @ key[block], _part(mask, block))

    by_blocks(work, _working_shape(packed, shapes))
    return shift
