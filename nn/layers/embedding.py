"""A vector for each word of a vocabulary."""

from typing import Any

import numpy as np

from tinygrad_lite import Tensor, batching, primitive

from ..checks import whole_number
from .layer import Layer

Array = Any


def _table_rule(g: Array, out: Array, table: Array, ids: Array) -> Array:
    return sum_rows(g, ids=ids, count=table.shape[0])


@primitive(_table_rule, batch=batching.Formula(lambda table, ids: table[ids]))
def take_rows(table: Array, ids: Array) -> Array:
    """The rows of the table at these ids, from 0: shape (*ids.shape, row length)."""
    return np.take(table, ids, axis=0)


def _sum_rows_batch(call: Any, mapped: Any, rows: Array, ids: Array, count: int) -> Array:
    """The tables of all examples are one large table."""
    size = rows.shape[0]
    ids = np.arange(size).reshape(size, *(1,) * np.ndim(ids)) * count + ids
    return call(rows, ids=ids, count=size * count).reshape(size, count, rows.shape[-1])


@primitive(lambda g, out, rows, ids, count: take_rows(g, ids=ids), batch=_sum_rows_batch)
def sum_rows(rows: Array, ids: Array, count: int) -> Array:
    """A table of so many rows: each the sum of those `rows` that bear its id.

    Rows of one id are added in pairs, then the pairs in pairs, ...: each round is a few operations on whole matrices,
    where `numpy.add.at` goes element by element.
    """
    length = rows.shape[-1]
    ids = ids.reshape(-1)
    order = np.argsort(ids, kind="stable")
    ids, rows = ids[order], rows.reshape(-1, length)[order]
    at = np.arange(len(ids))  # where the sums stand by now
    first = np.searchsorted(ids, ids)
    turn = at - first  # 0, 1, 2, ... among those of one id
    while (odd := np.flatnonzero(turn & 1)).size:
        rows[at[odd - 1]] += rows[at[odd]]
        even = turn & 1 == 0
        at, turn = at[even], turn[even] >> 1
    out = np.zeros_like(rows, shape=(count, length))
    out[ids[at]] = rows[at]
    return out


class Embedding(Layer):
    """Each whole number becomes a learnt vector: ids (batch, ...) -> (batch, ..., output_dim).

    input_dim: how many ids there are, 0..input_dim-1; row i of the weight `embeddings` (input_dim, output_dim) is the
    vector of id i. Raises TypeError for ids that are no integers, IndexError for one out of range, also for a negative
    one.

    >>> import nn
    >>> nn.Embedding(1000, 64)([[4, 20, 999], [7, 7, 0]]).shape
    (2, 3, 64)
    """

    input_dtype = "int64"

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "random_uniform",
        input_shape: tuple[int, ...] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(input_shape=input_shape, name=name)
        self.input_dim = whole_number("input_dim", input_dim, 1)
        self.output_dim = whole_number("output_dim", output_dim, 1)
        self.embeddings_initializer = embeddings_initializer

    def build(self, input_shape: tuple[int, ...]) -> None:
        self.embeddings = self.add_weight((self.input_dim, self.output_dim), self.embeddings_initializer)

    def call(self, x: Tensor) -> Tensor:
        if x.dtype.kind not in "iu":
            raise TypeError(f"Embedding needs whole numbers as ids, given {x.dtype}: write x.astype(int)")
        if x.size and (x.min() < 0 or x.max() >= self.input_dim):
            ids = x.numpy()
            place = np.argwhere((ids < 0) | (ids >= self.input_dim))[0].tolist()
            raise IndexError(
                f"id {ids[tuple(place)]} at index {place} is none of the {self.input_dim} ids 0..{self.input_dim - 1}"
            )
        return take_rows(self.embeddings, ids=x)
