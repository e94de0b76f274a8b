"""Embedding: the right rows, gradients where ids repeat, and ids that are none."""

import numpy as np
import pytest

import nn
import tinygrad_lite as tg
from nn.layers.embedding import sum_rows, take_rows

RNG = np.random.default_rng(13)
IDS = {
    "each once": np.arange(7).reshape(7, 1),
    "some often": np.array([[3, 3, 3], [0, 6, 3], [6, 0, 3]]),
    "one only": np.full((2, 9), 4),
    "none": np.zeros((0, 3), int),
    "a single one": np.array(5),
}


@pytest.mark.parametrize("name", IDS)
def test_each_id_becomes_its_row(agrees_with_formula, name):
    def formula(ids, embeddings):
        return np.array([embeddings[i] for i in ids.reshape(-1)]).reshape(*ids.shape, 3)

    agrees_with_formula(nn.Embedding(7, 3), formula, IDS[name])


@pytest.mark.parametrize("dtype", [np.int64, np.int32])
def test_embedding_is_pytorch_s(agrees_with_torch, torch, dtype):
    ids = RNG.integers(0, 50, (20, 30)).astype(dtype)
    agrees_with_torch(nn.Embedding(50, 16), lambda ids, embeddings: torch.nn.functional.embedding(ids, embeddings), ids)


@pytest.mark.parametrize("name", IDS)
def test_derivatives_are_exact_to_second_order(name):
    ids = IDS[name]
    tg.check_grads(lambda table: tg.square(take_rows(table, ids=ids)), RNG.standard_normal((7, 3)))
    tg.check_grads(lambda rows: tg.square(sum_rows(rows, ids=ids, count=7)), RNG.standard_normal((*ids.shape, 3)))


@pytest.mark.parametrize("count", [1, 3, 300, 100_000])
def test_rows_of_one_id_are_summed(count):
    ids = RNG.integers(0, count, 2000)
    rows = RNG.standard_normal((2000, 5))
    slow = np.zeros((count, 5))
    np.add.at(slow, ids, rows)
    before = rows.copy()
    np.testing.assert_allclose(sum_rows(rows, ids, count), slow, atol=1e-11)
    np.testing.assert_array_equal(rows, before)


def test_many_rows_of_one_id_are_summed_without_losing_digits():
    rows = np.full((100_000, 1), 0.1, np.float32)
    total = sum_rows(rows, np.zeros(100_000, int), 1)
    assert total.dtype == np.float32
    np.testing.assert_allclose(total[0, 0], rows.sum(dtype=float), rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint64, np.int32])
def test_ids_are_integers_of_any_kind(dtype):
    layer = nn.Embedding(10, 4)
    out = layer(np.array([[1, 9]], dtype))
    np.testing.assert_array_equal(out.detach().numpy()[0], layer.embeddings.detach().numpy()[[1, 9]])


def test_the_result_does_not_change_with_the_weights():
    layer = nn.Embedding(10, 4)
    for ids in (3, [3]):
        out = layer(ids)
        before = out.detach().numpy().copy()
        with tg.no_grad(), layer.embeddings.writeable() as array:
            array += 1
        np.testing.assert_array_equal(out.detach().numpy(), before)


def test_ids_written_to_after_use_do_not_change_the_gradient():
    layer, ids = nn.Embedding(4, 2), np.array([1, 1])
    out = layer(tg.asarray(ids))
    ids[:] = 3
    out.sum().backward()
    assert layer.embeddings.grad.tolist() == [[0, 0], [2, 2], [0, 0], [0, 0]]


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: nn.Embedding(0, 3), ValueError, "input_dim must be a whole number of at least 1, given 0"),
        (lambda: nn.Embedding(3, 2.5), TypeError, "output_dim must be a whole number of at least 1, given float 2.5"),
        (
            lambda: nn.Embedding(3, 2)([0.0, 1.0]),
            TypeError,
            r"whole numbers as ids, given float32: write x.astype\(int\)",
        ),
        (lambda: nn.Embedding(3, 2)([True]), TypeError, "whole numbers as ids, given bool"),
        (lambda: nn.Embedding(3, 2)([[0, 1], [3, 9]]), IndexError, r"id 3 at index \[1, 0\] is none of the 3 ids 0..2"),
        (lambda: nn.Embedding(3, 2)([[0, -1]]), IndexError, r"id -1 at index \[0, 1\] is none of the 3 ids 0..2"),
        (lambda: nn.Embedding(3, 2)(7), IndexError, r"id 7 at index \[\] is none"),
    ],
)
def test_bad_arguments_say_what_to_write(make, error, words):
    with pytest.raises(error, match=words):
        make()
