"""Gradients with respect to dicts, lists and tuples of Tensors, and the nests themselves."""

from typing import Any, NamedTuple

import numpy as np
import pytest

import tinygrad_lite as tg
from tinygrad_lite import nests


class Line(NamedTuple):
    slope: Any
    offset: Any


def test_a_nest_keeps_its_kinds():
    nest = {"a": [1, (2,)], "b": Line(3, []), "c": {}}
    assert list(nests.named_leaves(nest)) == [("a.0", 1), ("a.1.0", 2), ("b.0", 3)]
    assert nests.mapped(lambda x: 10 * x, nest) == {"a": [10, (20,)], "b": Line(30, []), "c": {}}
    assert nests.rebuilt(nest, "xyz")["b"] == Line("z", [])
    assert list(nests.leaves(5)) == [5] and nests.mapped(str, 5) == "5"


def test_nests_are_mapped_together_by_key():
    assert nests.mapped(lambda x, y: x - y, {"a": 1, "b": (2, 3)}, {"b": (20, 30), "a": 10}) == {
        "a": -9,
        "b": (-18, -27),
    }


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"a": 1}, "a dict of 'a', 'b' and a dict of 'a'"),
        ({"a": 1, "b": [2, 3]}, "at b: a tuple of 2 and a list of 2"),
        ({"a": 1, "b": (2, 3, 4)}, "at b: a tuple of 2 and a tuple of 3"),
        (5, "a dict of 'a', 'b' and int"),
    ],
)
def test_nests_of_another_structure_are_refused_by_place(other, words):
    with pytest.raises(ValueError, match=words):
        nests.mapped(lambda x, y: x, {"a": 1, "b": (2, 3)}, other)


def test_a_nest_can_be_told_where_to_stop():
    assert nests.mapped(len, [[1, 2], [[3]]], is_leaf=lambda x: isinstance(x[0], int)) == [2, [1]]


def loss(parameters, x):
    h = tg.tanh(x @ parameters["layers"][0][0] + parameters["layers"][0][1])
    return (h @ parameters["layers"][1][0] * parameters["scale"]).sum()


def parameters(**options):
    rng = np.random.default_rng(0)
    make = lambda *shape: tg.tensor(rng.standard_normal(shape), **options)
    return {"layers": [(make(3, 4), make(4)), (make(4, 2), None)], "scale": make()}


X = np.random.default_rng(1).standard_normal((5, 3))


def test_the_gradient_is_a_nest_like_the_argument_and_the_one_that_backward_finds():
    found = tg.grad(loss)(parameters(), X)
    watched = parameters(requires_grad=True)
    loss(watched, X).backward()
    assert found["layers"][1][1] is None and isinstance(found["layers"][0], tuple)
    for g, x in zip(nests.leaves(found), nests.leaves(watched), strict=True):
        assert g is x or (g.numpy() == x.grad.numpy()).all()


def test_a_list_of_numbers_is_an_array_and_a_list_of_tensors_a_nest():
    f = lambda x: x[0] * x[1]
    assert tg.grad(f)([2.0, 3.0]).tolist() == [3.0, 2.0]
    assert tg.grad(f)((2.0, 3.0)).tolist() == [3.0, 2.0]
    assert [g.item() for g in tg.grad(f)([tg.tensor(2.0), 3.0])] == [3.0, 2.0]
    assert [g.item() for g in tg.grad(f)([np.array(2.0), np.array(3.0)])] == [3.0, 2.0]
    assert tg.grad(lambda p: f(p["x"]))({"x": [2.0, 3.0]})["x"].tolist() == [3.0, 2.0]


def test_a_named_tuple_is_a_nest_of_its_own_class():
    g = tg.grad(lambda line: line.slope * 3 + line.offset)(Line(2.0, 1.0))
    assert isinstance(g, Line) and g.slope.item() == 3 and g.offset.item() == 1


def test_argnums_choose_among_nests():
    f = lambda p, n, q: p["a"] * n * q[0]
    (g,) = tg.grad(f, (2,))({"a": 2.0}, 5, [tg.tensor(3.0)])
    assert g[0].item() == 10
    p, q = tg.grad(f, (0, 2))({"a": 2.0}, 5, [tg.tensor(3.0)])
    assert p["a"].item() == 15 and q[0].item() == 10


def test_inside_the_function_a_tensor_has_its_place_as_its_name():
    seen = []
    tg.grad(lambda p: seen.append([x.name for x in nests.leaves(p)]) or p["w"][0] * 1.0)(
        {"w": [np.array(1.0), tg.tensor(2.0, name="mine"), tg.tensor(3.0, requires_grad=True)]}
    )
    assert seen == [["w.0", "mine", "w.2"]]


def test_a_result_may_be_a_nest():
    f = lambda x: {"square": x * x, "both": (x.sum(), 3 * x[0])}
    value, pull = tg.vjp(f, [1.0, 2.0])
    assert value["square"].tolist() == [1.0, 4.0] and not value["square"].requires_grad
    (g,) = pull({"square": [1.0, 1.0], "both": (10.0, 100.0)})
    assert g.tolist() == [2 + 10 + 300, 4 + 10]


def test_a_result_of_which_a_part_depends_on_nothing():
    _, pull = tg.vjp(lambda x: (tg.tensor([3, 4]), x * x, x.detach()), 2.0)
    assert pull((None, 1.0, None))[0].item() == 4
    assert pull(([0, 1], 1.0, 5.0))[0].item() == 4
    assert tg.vjp(lambda x: (tg.tensor(3), x.detach()), 2.0)[1]((None, None))[0].item() == 0


def test_second_derivatives_through_nests_in_and_out():
    def f(p):
        _, pull = tg.vjp(lambda q: [q["a"] ** 3, q["a"] * q["b"]], p)
        (g,) = pull([p["b"], tg.tensor(1.0)])
        return g["a"]  # 3 a^2 b + b

    g = tg.grad(f)({"a": 2.0, "b": 5.0})
    assert g["a"].item() == 60 and g["b"].item() == 13


def test_a_cotangent_that_is_watched_among_several():
    seed = tg.tensor(2.0, requires_grad=True)
    _, pull = tg.vjp(lambda x: (x * x, x), 3.0)
    pull((seed, 1.0))[0].backward()
    assert seed.grad.item() == 6


def test_errors_name_the_place():
    with pytest.raises(TypeError, match=r"argument 0, at w\.1, array int64\(3,\)"):
        tg.grad(lambda p: p["w"][0].sum())({"w": [np.ones(2), np.arange(3)]})
    with pytest.raises(TypeError, match="argument 1, 'word'"):
        tg.grad(lambda x, y: x, 1)(1.0, "word")
    with pytest.raises(TypeError, match="returned 5 at n"):
        tg.vjp(lambda x: {"x": x, "n": 5}, 1.0)
    with pytest.raises(ValueError, match=r"the cotangent must be like.*a dict of 'a' and float"):
        tg.vjp(lambda x: {"a": x}, 1.0)[1](1.0)
    with pytest.raises(ValueError, match=r"a Tensor is expected where .* stands"):
        tg.vjp(lambda x: x, 1.0)[1]([tg.tensor(1.0)])
    with pytest.raises(ValueError, match=r"\(2,\).*float32\(\)"):
        tg.vjp(lambda x: (x, x), 1.0)[1]((1.0, [1.0, 2.0]))
    with pytest.raises(RuntimeError, match="argument in place, a Tensor 'w'"):
        tg.grad(lambda p: p["w"].__imul__(2))({"w": tg.tensor(1.0, requires_grad=True)})
