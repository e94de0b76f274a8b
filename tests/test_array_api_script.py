"""tests/array_api.py holds each call of the conformance suite to what it says: it notices whatever is not so."""

import numpy as np
import pytest

import array_api
import tinygrad_lite as tg


def named(name):
    def name_it(f):
        f.__name__ = name
        return array_api._differentiated(f)

    return name_it


X, Y = np.array([[1.0, 2.0], [2.0, 4.0]]), np.array([2.0, 3.0], np.float32)


def test_what_is_as_it_should_be_passes_and_gives_what_it_gives_alone():
    for f, args in [
        (tg.add, (X, Y)),
        (tg.linalg.qr, (X + np.eye(2),)),
        (tg.broadcast_arrays, (X, Y)),
        (tg.stack, ([Y, Y],)),
    ]:
        args = [[tg.tensor(a) for a in x] if isinstance(x, list) else tg.tensor(x) for x in args]
        got, expected = array_api._differentiated(f)(*args), f(*args)
        for a, b in zip(got, expected, strict=True):
            assert a.tolist() == b.tolist() and not a.requires_grad


@pytest.mark.parametrize(
    ("f", "error", "words"),
    [
        (lambda x: x.detach() * 2, AssertionError, "f: a silent constant"),
        (lambda x: (x * 2, x.detach() * 2), AssertionError, "f: a silent constant"),
        (tg.primitive(lambda g, out, x: g.nope)(lambda x: x * 1), AttributeError, "nope"),
        (tg.primitive(None)(lambda x: x * 1), AssertionError, "f handed its input no gradient"),
        (lambda x: tg.linalg.slogdet(x).logabsdet, np.linalg.LinAlgError, "singular"),
    ],
    ids=["constant", "one constant", "a rule that raises", "no gradient", "a refusal of somebody else"],
)
def test_what_is_not_is_noticed(f, error, words):
    with pytest.raises(error, match=words), np.errstate(divide="ignore"):
        named("f")(lambda x: f(x))(tg.tensor(X))


def test_a_refusal_that_is_listed_is_let_through_and_another_one_of_the_same_function_is_not():
    refuse = lambda words: tg.primitive(lambda g, out, x: _raise(words))(lambda x: x * 1)
    named("slogdet")(refuse("the matrix is singular"))(tg.tensor(X))
    with pytest.raises(np.linalg.LinAlgError, match="something else"):
        named("slogdet")(refuse("something else"))(tg.tensor(X))


def _raise(words):
    raise np.linalg.LinAlgError(words)


def test_a_changed_input_is_noticed_but_for_that_of_a_change_in_place():
    def change(x, y):
        x += 1.0
        return x * y

    with pytest.raises(AssertionError, match="f changed its input"):
        named("f")(change)(tg.tensor(X), tg.tensor(Y))
    x = tg.tensor(X)
    array_api._differentiated(tg.Tensor.__iadd__)(x, tg.tensor(X))
    array_api._differentiated(tg.Tensor.__setitem__)(x, 0, tg.tensor([1.0, 1.0]))
    n = tg.tensor([1, 2])
    array_api._differentiated(tg.Tensor.__iadd__)(n, n)
    assert x.tolist() == [[1, 1], [4, 8]] and n.tolist() == [2, 4]  # once


def test_a_written_constant_is_noticed():
    def __setitem__(x, index, value):
        x[index] = value.detach()
        x._requires_grad = False

    with pytest.raises(AssertionError, match="__setitem__: a silent constant"):
        array_api._differentiated(__setitem__)(tg.tensor(X), 0, tg.tensor(Y))


def test_what_asarray_hands_out_records_and_may_be_changed_in_place():
    asarray = array_api._recording(tg.asarray)
    x = asarray([1.0, 2.0])
    x[0] = 3.0
    assert x.requires_grad and not asarray([1, 2]).requires_grad
    assert asarray(x) is x
