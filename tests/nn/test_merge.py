"""Merging layers are what slow loops, NumPy and PyTorch say they are; what doesn't go together is refused."""

import itertools

import numpy as np
import pytest

import nn
import tinygrad_lite as tg

RNG = np.random.default_rng(21)
A, B, C = (RNG.standard_normal((2, 3, 4)) for _ in range(3))


class OfSeveral(nn.Module):
    """The layer as a module of several arguments, as the judges call it."""

    def __init__(self, layer):
        self.layer = layer

    def call(self, *inputs):
        return self.layer(list(inputs))


def each_element(function):
    """The formula that applies a function of several numbers to each element."""

    def formula(*inputs):
        inputs = np.broadcast_arrays(*inputs)
        out = np.zeros(inputs[0].shape)
        for index in np.ndindex(out.shape):
            out[index] = function([x[index] for x in inputs])
        return out

    return formula


ELEMENTWISE = {
    "add": (nn.Add(), each_element(sum)),
    "multiply": (nn.Multiply(), each_element(np.prod)),
    "average": (nn.Average(), each_element(lambda values: sum(values) / len(values))),
    "maximum": (nn.Maximum(), each_element(max)),
    "minimum": (nn.Minimum(), each_element(min)),
}


@pytest.mark.parametrize(("layer", "formula"), ELEMENTWISE.values(), ids=ELEMENTWISE)
@pytest.mark.parametrize("inputs", [(A, B), (A, B, C), (A, B[:, :1], C[:, :, :1])], ids=["two", "three", "broadcast"])
def test_elementwise(layer, formula, inputs, agrees_with_formula):
    agrees_with_formula(OfSeveral(layer), formula, *inputs)


def test_subtract(agrees_with_formula):
    agrees_with_formula(OfSeveral(nn.Subtract()), each_element(lambda values: values[0] - values[1]), A, B)


@pytest.mark.parametrize("axis", [-1, 1, 2, -2])
def test_concatenate_is_pytorch_s(axis, agrees_with_torch, torch):
    agrees_with_torch(OfSeveral(nn.Concatenate(axis)), lambda *inputs: torch.cat(inputs, dim=axis), A, B, C)


def test_concatenate_of_different_lengths(agrees_with_formula):
    def formula(a, b):
        out = np.zeros((2, 5, 4))
        for n, i, j in np.ndindex(out.shape):
            out[n, i, j] = a[n, i, j] if i < 3 else b[n, i - 3, j]
        return out

    agrees_with_formula(OfSeveral(nn.Concatenate(axis=1)), formula, A, B[:, :2])


def slow_dot(a, b, axes):
    """One product at a time, added up; the axes that stay: those of a, then those of b."""
    a, b = np.moveaxis(a, axes[0], -1), np.moveaxis(b, axes[1], -1)
    out = np.zeros((len(a), *a.shape[1:-1], *b.shape[1:-1]))
    for n in range(len(a)):
        for i, j in itertools.product(np.ndindex(a.shape[1:-1]), np.ndindex(b.shape[1:-1])):
            out[(n, *i, *j)] = sum(x * y for x, y in zip(a[(n, *i)], b[(n, *j)], strict=True))
    return out if out.ndim > 1 else out[:, None]


DOTS = {
    "vectors": (1, A[:, 0], B[:, 0]),
    "a vector and a matrix": ((1, 2), A[:, 0], B),
    "matrices": (2, A, B[:, :2]),
    "crosswise": ((1, 2), A, B.transpose(0, 2, 1)),
    "from the end": (-1, A, B[:, :2]),
    "of four axes": ((3, 1), A[:, :, None], B.transpose(0, 2, 1)),
}


@pytest.mark.parametrize(("axes", "a", "b"), DOTS.values(), ids=DOTS)
@pytest.mark.parametrize("normalize", [False, True])
def test_dot(axes, a, b, normalize, agrees_with_formula):
    pair = axes if isinstance(axes, tuple) else (axes, axes)

    def formula(a, b):
        if normalize:
            a, b = (x / np.sqrt((x * x).sum(axis=axis, keepdims=True)) for x, axis in zip((a, b), pair, strict=True))
        return slow_dot(a, b, pair)

    agrees_with_formula(OfSeveral(nn.Dot(axes, normalize=normalize)), formula, a, b)


def test_the_cosine_is_pytorch_s(agrees_with_torch, torch):
    def cosine(a, b):
        return torch.nn.functional.cosine_similarity(a, b, dim=1)[:, None]

    agrees_with_torch(OfSeveral(nn.Dot(1, normalize=True)), cosine, A[:, 0], B[:, 0])


def test_a_vector_of_zeros_has_the_cosine_0_and_a_finite_gradient():
    x = tg.zeros((1, 3), requires_grad=True)
    out = nn.Dot(1, normalize=True)([x, np.ones((1, 3), np.float32)])
    out.sum().backward()
    assert out.tolist() == [[0]]
    assert np.isfinite(x.grad.numpy()).all()


@pytest.mark.parametrize("layer", [nn.Add(), nn.Multiply(), nn.Average(), nn.Maximum(), nn.Concatenate(), nn.Dot(1)])
def test_whole_numbers_next_to_floats_become_float32(layer):
    assert layer([np.ones((2, 3), np.float32), np.ones((2, 3), np.int64)]).dtype == np.float32


def test_whole_numbers_stay_but_in_an_average():
    whole = [np.array([[1, 2]]), np.array([[2, 2]])]
    assert nn.Add()(whole).dtype == np.int64
    average = nn.Average()(whole)
    assert (average.dtype, average.tolist()) == (np.float32, [[1.5, 2]])


def test_float64_stays():
    assert nn.Average()([A, B]).dtype == np.float64


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: nn.Add()(A), TypeError, r"Add takes a list of inputs, such as \[a, b\], given ndarray"),
        (lambda: nn.Add(name="join")(tg.tensor(A)), TypeError, "join takes a list of inputs"),
        (lambda: nn.Add()([A]), ValueError, "Add needs a list of at least two inputs, given 1"),
        (lambda: nn.Add()([A, B[:1]]), ValueError, r"Add can't merge inputs of the shapes \(2, 3, 4\), \(1, 3, 4\)"),
        (lambda: nn.Add()([A, B[:, :2]]), ValueError, "can't merge"),
        (lambda: nn.Add()([A, B[:, 0]]), ValueError, r"can't merge inputs of the shapes \(2, 3, 4\), \(2, 4\)"),
        (lambda: nn.Add()([1.0, 2.0]), ValueError, r"can't merge inputs of the shapes \(\), \(\)"),
        (lambda: nn.Subtract()([A, B, C]), ValueError, "Subtract needs a list of two inputs, given 3"),
        (lambda: nn.Concatenate(0)([A, B]), ValueError, r"axis must be an axis of .* \(2, 3, 4\) other than the batch"),
        (lambda: nn.Concatenate(-3)([A, B]), ValueError, "axis must be an axis"),
        (lambda: nn.Concatenate(3)([A, B]), ValueError, "axis must be an axis"),
        (lambda: nn.Concatenate("1")([A, B]), TypeError, "axis must be a whole number, given str '1'"),
        (lambda: nn.Concatenate()([A, B[:, :2]]), ValueError, "Concatenate can't merge"),
        (lambda: nn.Concatenate()([A, B[:, 0]]), ValueError, "Concatenate can't merge"),
        (lambda: nn.Dot((1, 2, 3)), ValueError, r"axes must be a whole number or two of them, given \(1, 2, 3\)"),
        (lambda: nn.Dot(0)([A, B]), ValueError, "axes must be an axis of the shape"),
        (lambda: nn.Dot((1, 2))([A, B]), ValueError, "Dot can't merge"),
        (lambda: nn.Dot(1)([A, B, C]), ValueError, "Dot needs a list of two inputs, given 3"),
    ],
)
def test_what_does_not_go_together_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()
