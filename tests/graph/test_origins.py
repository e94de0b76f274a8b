"""Where nan and infinite numbers began: the operation that made them of finite ones."""

import numpy as np
import pytest

import tinygrad_lite as tg

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def leaf(*values, name=None):
    return tg.tensor(np.array(values), requires_grad=True, name=name)


def values_began(result):
    return [(item.name or item.operation, item.kind) for item in tg.draw(result).whole.value_origins()]


def gradients_began(result):
    graph = tg.draw(result).whole
    return [(graph.items[e.target].operation, graph.items[e.source].name) for e in graph.gradient_origins()]


def test_a_value_began_where_an_operation_made_it_of_finite_ones():
    x = leaf(1.0, -2.0, 3.0, name="x")
    assert values_began((tg.log(x) * 2 + x).sum()) == [("log", "operation")]
    assert values_began((tg.exp(x * 1000) - tg.exp(x * 1000)).sum()) == [("exp", "operation"), ("exp", "operation")]
    assert values_began(tg.exp(x).sum()) == []


def test_what_came_in_from_outside_is_the_beginning_itself():
    assert values_began((leaf(1.0, np.nan, name="x") * 2).sum()) == [("x", "parameter")]
    assert values_began((leaf(1.0, 2.0) * np.array([np.inf, 1.0])).sum()) == [("", "data")]


def test_what_does_not_reach_the_result_is_nobody_s_beginning():
    """A branch that is not taken, and a mask of minus infinity."""
    x = leaf(1.0, -2.0, 3.0, name="x")
    assert values_began(tg.where(x > 0, tg.log(x), 0.0).sum()) == []
    scores = leaf(1.0, 2.0, 3.0) + np.array([0.0, -np.inf, -np.inf])
    weights = tg.exp(scores - tg.logsumexp(scores))
    assert values_began((weights * tg.log(x)).sum()) == [("log", "operation")]


def test_a_gradient_began_where_finite_ones_were_handed_to_a_derivative():
    x, w = leaf(0.0, 4.0, name="x"), leaf(1.0, 1.0, name="w")
    assert gradients_began((tg.sqrt(x) * w).sum()) == [("sqrt", "x")]
    assert gradients_began((tg.sqrt(x * w) * 3).sum()) == [("sqrt", "")]
    assert gradients_began(tg.exp(x).sum()) == []
    assert gradients_began((tg.sqrt(x) + tg.log(w - 1)).sum()) == [("log", ""), ("sqrt", "x")]


def test_a_gradient_that_no_parameter_gets_is_left_out():
    x, w = tg.tensor([0.0, 4.0]), leaf(1.0, 1.0, name="w")
    assert gradients_began((tg.sqrt(x) * w).sum()) == []


def test_an_infinite_value_makes_a_gradient_that_began_there():
    w = leaf(800.0, 1.0, name="w")
    assert gradients_began(tg.exp(w).sum()) == [("exp", "w")]
    assert values_began(tg.exp(w).sum()) == [("exp", "operation")]
