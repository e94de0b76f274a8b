"""Losses: Keras's numbers, exact derivatives, refusal of what does not fit."""

import numpy as np
import pytest

import nn
import tinygrad_lite as tg
from nn import losses

LOGITS = np.array([[2.0, -1.0, 0.5], [0.1, 0.2, -3.0]])
P = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
ONE_HOT, LABELS = np.array([[1.0, 0, 0], [0, 0, 1.0]]), np.array([0, 2])
YES, SURE = np.array([[1.0], [0.0], [1.0]]), np.array([[0.9], [0.3], [0.2]])
A, B = np.array([[0.5, -1.0], [2.0, 0.0]]), np.array([[0.4, 1.0], [2.5, 0.1]])
# loss, y_true, y_pred, what Keras 3.15 gives
KERAS = [
    (losses.CategoricalCrossentropy(), ONE_HOT, P, 2.053440809249878),
    (losses.CategoricalCrossentropy(from_logits=True), ONE_HOT, LOGITS, 2.053440809249878),
    (losses.SparseCategoricalCrossentropy(), LABELS, P, 2.053440809249878),
    (losses.SparseCategoricalCrossentropy(from_logits=True), LABELS, LOGITS, 2.053440809249878),
    (losses.BinaryCrossentropy(), YES, SURE, 0.6904911398887634),
    (losses.BinaryCrossentropy(from_logits=True), YES, np.log(SURE / (1 - SURE)), 0.6904911398887634),
    (losses.MeanSquaredError(), A, B, 1.067500114440918),
    (losses.MeanAbsoluteError(), A, B, 0.6749999523162842),
    (losses.Hinge(), YES, SURE, 0.7333333492279053),
]
CASES = pytest.mark.parametrize(("loss", "y", "p", "expected"), KERAS, ids=lambda x: repr(x) if callable(x) else "")


@CASES
def test_values_are_keras_values(loss, y, p, expected):
    assert loss(y, tg.tensor(p)).item() == pytest.approx(expected, rel=1e-6)


@CASES
def test_derivatives_are_exact_to_second_order(loss, y, p, expected):
    tg.check_grads(lambda q: loss(y, q), p)


@CASES
def test_one_number_in_the_dtype_of_the_prediction(loss, y, p, expected):
    value = loss(y, tg.tensor(p, dtype="float32", requires_grad=True))
    assert (value.shape, value.dtype) == ((), np.float32)
    value.backward()


def test_every_loss_has_a_name_and_a_row():
    assert {loss.function for loss, *_ in KERAS} == set(losses.LOSSES.values())


@pytest.mark.parametrize("label", [-1, 10])
def test_a_label_out_of_range_is_named_with_its_place(label):
    y = np.array([3, 4, label, 5])
    with pytest.raises(ValueError, match=rf"label {label} at index \[2\] is none of the 10 classes 0..9"):
        losses.sparse_categorical_crossentropy(y, tg.zeros((4, 10)))


def test_labels_must_be_whole():
    with pytest.raises(TypeError, match="labels must be integers, given float64"):
        nn.one_hot([0.5, 1.0], 3)


def test_shapes_must_agree():
    with pytest.raises(ValueError, match=r"y_true has the shape \(4,\), y_pred \(4, 10\).*sparse_categorical"):
        losses.categorical_crossentropy(np.zeros(4), tg.zeros((4, 10)))


def test_crossentropy_of_huge_logits_is_exact():
    logits = tg.tensor([[1e4, -1e4, 0.0]], requires_grad=True)
    value = losses.sparse_categorical_crossentropy([1], logits, from_logits=True)
    value.backward()
    assert value.item() == 2e4
    assert logits.grad.tolist() == [[1, -1, 0]]


def test_a_certain_mistake_still_learns():
    """A softmax that rounded the true class to 1e-30 hands back a full gradient, not 0."""
    logits = tg.tensor([[70.0, 0.0]], requires_grad=True)
    losses.categorical_crossentropy([[0.0, 1.0]], nn.activations.softmax(logits)).backward()
    np.testing.assert_allclose(logits.grad.numpy(), [[1, -1]], rtol=1e-5)


def test_one_hot():
    assert nn.one_hot([1, 0], 3).tolist() == [[0, 1, 0], [1, 0, 0]]
    assert nn.one_hot([[2]], 3).shape == (1, 1, 3)


@pytest.mark.parametrize("label", [np.inf, 1e30])
def test_a_huge_label_is_named_not_wrapped(label):
    with pytest.raises(ValueError, match=r"label (inf|1e\+30) at index \[1\] is none of the 3 classes"):
        nn.one_hot([0.0, label], 3)


@pytest.mark.parametrize("name", ["mean_squared_error", "mean_absolute_error", "binary_crossentropy", "hinge"])
def test_n_targets_go_with_n_rows_of_one_and_nothing_else_is_broadcast(name):
    loss, y, p = losses.LOSSES[name], np.array([1.0, 0.0, 1.0]), tg.tensor([[0.9], [0.3], [0.2]])
    assert loss(y, p).item() == loss(y[:, None], p).item() == loss(y[:, None], p[:, 0]).item()
    with pytest.raises(ValueError, match=r"y_true has the shape \(1,\), y_pred \(3, 1\)"):
        loss(y[:1], p)


def test_a_target_that_wants_a_gradient_is_refused():
    """It would silently get none."""
    y = tg.ones((2, 1), requires_grad=True)
    with pytest.raises(ValueError, match=r"write y_true.detach\(\)"):
        losses.mean_squared_error(y, tg.zeros((2, 1)))


def test_a_certain_probability_in_float16_is_no_nan():
    assert np.isfinite(losses.binary_crossentropy([[1.0]], tg.tensor([[1.0]], dtype="float16")).item())


@pytest.mark.parametrize("from_logits", [False, True])
def test_targets_written_to_after_use_do_not_change_the_gradient(from_logits):
    grads = []
    for overwrite in (False, True):
        y, p = nn.one_hot([1, 2], 3), tg.tensor([[0.2, 0.3, 0.5]] * 2, requires_grad=True)
        value = losses.categorical_crossentropy(y, p, from_logits=from_logits)
        if overwrite:
            y[:] = 0
        value.backward()
        grads.append(p.grad.tolist())
    assert grads[0] == grads[1]
    assert grads[0] != [[0, 0, 0]] * 2
