"""The mean of the values, weighted by softmax(query . key): Vaswani et al. 2017.

The scores of all queries against all keys are by far the largest array in sight, so they are never all there: blocks of
them are made, used while they are in the processor's cache and forgotten, forward and again backward, as in Rabe and
Staats 2021 (Self-attention does not need O(n^2) memory) and Dao et al. 2022 (FlashAttention). A block of queries meets
only the keys that one of them may look at: with a causal mask, little more than half of the scores are ever made.
"""

import math
from typing import Any

import numpy as np

from tinygrad_lite import Tensor, batching, by_blocks, exp, primitive, where


def attention_weights(query: Tensor, key: Tensor, mask: np.ndarray | None = None) -> Tensor:
    """softmax(query . key), all of it: (batch, heads, queries, keys)."""
    query, key = _by_head(query), _by_head(key)
    weights = _exponentials(query, key, mask, _may_overflow(query, key))
    return weights / _nonzero(_sums(weights))


def weighted_mean(weights: Tensor, value: Tensor) -> Tensor:
    """The values times such weights: (batch, queries, heads, value size)."""
    return _by_head(weights @ _by_head(value))


def _exp_where(scores: Any, mask: Any) -> Any:
    return exp(scores) if mask is None else where(mask, exp(where(mask, scores, 0.0)), 0.0)


@primitive(lambda g, out, scores, mask: g * out, batch=batching.Formula(_exp_where))
def masked_exp(scores: Any, mask: Any = None) -> Any:
    """exp(scores) where the mask (boolean, a constant) is True, else 0, whatever the score is."""
    if mask is None:
        return np.exp(scores)
    with np.errstate(over="ignore"):
        out = np.exp(scores)
    np.copyto(out, 0, where=~mask)
    return out


def _handed_back(g: Any, out: Any, query: Any, key: Any, value: Any, mask: Any, shifted: bool) -> tuple[Any, ...]:
    """The cotangents of query, key and value; all by head.

    The weights are not divided by their sums: g is, which is much smaller.
    """
    weights = _exponentials(query, key, mask, shifted)
    g = g / _nonzero(_sums(weights))
    to_scores = g @ value.mT
    to_scores -= _sums(g * out)
    to_scores *= weights
    return to_scores @ key, to_scores.mT @ query, weights.mT @ g


def _back(g: Any, out: Any, query: Any, key: Any, value: Any, mask: Any) -> tuple[Any, ...]:
    g, out, query, key, value = [_by_head(x) for x in (g, out, query, key, value)]
    if isinstance(g, Tensor):
        whole = _handed_back(g, out, query, key, value, mask, _may_overflow(query, key))
        return tuple([_by_head(share) for share in whole])
    shares = [np.empty_like(x) for x in (query, key, value)]
    views = _views(mask, query, key)

    def work(block: Any) -> None:
        shifted = _may_overflow(query[block], key[block])
        sums = [np.zeros_like(x[block], order="C") for x in (query, key, value)]
        for rows, seen, inside in views:
            g_, out_, q = [x[block, :, rows] for x in (g, out, query)]
            k, v = key[block, :, seen], value[block, :, seen]
            found = _handed_back(g_, out_, q, k, v, _part(inside, block), shifted)
            for total, share, place in zip(sums, found, (rows, seen, seen), strict=True):
                total[:, :, place] += share
        for share, total in zip(shares, sums, strict=True):
            share[block] = total

    by_blocks(work, _working_shape(query, key))
    return tuple([_by_head(share) for share in shares])


def _attention(query: Any, key: Any, value: Any, mask: Any) -> Any:
    """All weights at once: what vmap computes."""
    scores = _by_head(query) @ _by_head(key).mT
    seen = scores if mask is None else where(mask, scores, float(np.finfo(scores.dtype).min))
    highest = seen.detach().max(axis=-1, keepdims=True)
    weights = _exp_where(scores - highest, mask)
    return _by_head(weights / _nonzero(weights.sum(axis=-1, keepdims=True)) @ _by_head(value))


@primitive(
    lambda back, out, query, key, value, mask: back[0],
    lambda back, out, query, key, value, mask: back[1],
    lambda back, out, query, key, value, mask: back[2],
    shared=_back,
    batch=batching.Formula(_attention),
)
def dot_product_attention(query: Any, key: Any, value: Any, mask: Any = None) -> Any:
    """For each query, the mean of the values: (batch, queries, heads, value size).

    query (batch, queries, heads, size), key (batch, keys, heads, size), value (batch, keys, heads, value size).
    mask: booleans of four axes that broadcast to (batch, heads, queries, keys), True where a query may look. One that
    may look nowhere gets 0.
    """
    out = np.empty_like(query, order="C", shape=(*query.shape[:3], value.shape[3]))
    query, key, value, mean = [_by_head(x) for x in (query, key, value, out)]
    views = _views(mask, query, key)

    def work(block: Any) -> None:
        shifted = _may_overflow(query[block], key[block])
        for rows, seen, inside in views:
            weights = _exponentials(query[block, :, rows], key[block, :, seen], _part(inside, block), shifted)
            np.divide(weights @ value[block, :, seen], _nonzero(_sums(weights)), out=mean[block, :, rows])

    by_blocks(work, _working_shape(query, key))
    return out


def _by_head(x: Any) -> Any:
    """(batch, time, heads, size) as (batch, heads, time, size), and back."""
    return x.transpose((0, 2, 1, 3))


def _exponentials(query: Any, key: Any, mask: Any, shifted: bool) -> Any:
    """The weights before they are divided by their sums."""
    scores = query @ key.mT
    if shifted:
        scores = scores - _largest(scores, mask)
    return masked_exp(scores, mask=mask)


def _sums(x: Any) -> Any:
    """Along the last axis, which stays: by a product, three times as fast as sum()."""
    return x @ np.ones((x.shape[-1], 1), x.dtype)


def _nonzero(sums: Any) -> Any:
    return sums + (sums == 0)


# exp(score) may overflow. Subtracting the same from all scores of a query changes no mean.


def _may_overflow(query: Any, key: Any) -> bool:
    """Whether exp(score) may come near to it: no score is larger than the longest query times the longest key."""
    longest = [math.sqrt(np.max(np.einsum("...i,...i", x, x), initial=0)) for x in map(_array, (query, key))]
    return longest[0] * longest[1] > math.log(np.finfo(query.dtype).max) / 4


def _largest(scores: Any, mask: np.ndarray | None) -> np.ndarray:
    """The largest score of each query, among the keys that it may look at."""
    scores = _array(scores)
    where = True if mask is None else mask
    return np.max(scores, axis=-1, keepdims=True, initial=np.finfo(scores.dtype).min, where=where)


def _array(x: Any) -> np.ndarray:
    return x.data if isinstance(x, Tensor) else x


# The blocks.


def _rows(queries: int, keys: int, heads: int) -> int:
    """How many queries of a sample are a block: a quarter, unless their scores would be too many or too few."""
    return max(32, min(-(-queries // 4), (1 << 17) // max(1, heads * keys)))


def _working_shape(query: Any, key: Any) -> tuple[int, ...]:
    """What is worked on at a time: the scores of some queries, and as many weights."""
    (batch, heads, queries, _), keys = query.shape, key.shape[2]
    return batch, heads, 2, min(queries, _rows(queries, keys, heads)), keys


def _part(mask: Any, block: Any) -> Any:
    """The mask of a block of the batch, of a mask that may be the same for all of it."""
    return mask if mask is None or len(mask) == 1 else mask[block]


def _views(mask: Any, query: Any, key: Any) -> list[tuple[slice, slice, Any]]:
    """Blocks of queries, each with the keys from the first to the last that one of them may look at, and its mask."""
    (_, heads, queries, _), keys = query.shape, key.shape[2]
    step, views = _rows(queries, keys, heads), []
    for start in range(0, queries, step):
        rows, seen, inside = slice(start, min(start + step, queries)), slice(0, keys), None
        if mask is not None:
            inside = np.broadcast_to(mask, (*mask.shape[:2], queries, keys))[:, :, rows]
            places = np.flatnonzero(inside.any(axis=(0, 1, 2)))
            seen = slice(places[0], places[-1] + 1) if len(places) else slice(0, 0)
            inside = inside[..., seen]
        views.append((rows, seen, None if inside is None or inside.all() else inside))
    return views
