"""vmap: what a function gives for many examples is what a loop over them gives, and so are its derivatives."""

from contextlib import nullcontext

import numpy as np
import pytest
import test_primitives as primitives

import nn
import tinygrad_lite as tg
from tinygrad_lite.batching import BatchingWarning

SIZE = 3


def examples(x):
    """Examples that differ a little: the same values, each time a bit nearer to 0."""
    x = np.asarray(x)
    steps = 1 - 0.01 * np.arange(SIZE).reshape(SIZE, *(1,) * x.ndim)
    return (x * steps).astype(x.dtype) if x.dtype.kind in "fc" else np.stack([x] * SIZE)


def subsets(n):
    """Which arguments are mapped: all, and if there are several, each alone."""
    return sorted({(True,) * n, *[tuple(i == j for i in range(n)) for j in range(min(n, 3))]})


def of_example(i, args, mapped):
    return [a[i] if m else a for a, m in zip(args, mapped, strict=True)]


def close(a, b):
    assert a.dtype == b.dtype
    np.testing.assert_allclose(a.data, b.data, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize(
    ("case", "mapped"),
    [
        pytest.param(case, mapped, id=f"{case.name}-{i}-{''.join('01'[m] for m in mapped)}")
        for i, case in enumerate(primitives.DIFFERENTIABLE + primitives.COMPLEX)
        for mapped in subsets(len(case.args))
    ],
)
def test_every_primitive_is_computed_at_once_and_so_are_its_derivatives(case, mapped):
    """At once: a BatchingWarning would be an error here."""
    f = lambda *args: case.f(tg, *args)
    args = [tg.tensor(examples(x) if m else x) for x, m in zip(case.args, mapped, strict=True)]
    axes = tuple([0 if m else None for m in mapped])
    loop = lambda *args: tg.stack([f(*of_example(i, args, mapped)) for i in range(SIZE)])
    out, expected = tg.vmap(f, axes)(*args), loop(*args)
    close(out, expected)
    if any(x.dtype.kind not in "fc" for x in args):
        return
    cotangent = tg.tensor(np.cos(np.arange(out.size)).reshape(out.shape).astype(out.dtype))
    for a, b in zip(tg.vjp(tg.vmap(f, axes), *args)[1](cotangent), tg.vjp(loop, *args)[1](cotangent), strict=True):
        close(a, b)
    of_one = lambda c, *args: tg.vjp(f, *args)[1](c)
    each = tg.vmap(of_one, (0, *axes))(cotangent, *args)
    for i in range(SIZE):
        for a, b in zip(each, of_one(cotangent[i], *of_example(i, args, mapped)), strict=True):
            close(a[i], b)


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=f"{case.name}-{i}") for i, case in enumerate(primitives.CONSTANT)],
)
def test_questions_are_answered_for_each_example(case):
    args = [tg.tensor(examples(x)) for x in case.args]
    f = lambda *args: case.f(tg, *args)
    loops = case.name in ("searchsorted", "nonzero", "isin")  # all that have no batching rule
    with pytest.warns(BatchingWarning) if loops else nullcontext():
        out = tg.vmap(f)(*args)
    close(out, tg.stack([f(*[a[i] for a in args]) for i in range(SIZE)]))


rng = np.random.default_rng(7)
X, W = tg.tensor(rng.normal(size=(5, 3))), tg.tensor(rng.normal(size=(3, 2)))


def test_gradients_of_each_sample():
    error = lambda w, x: ((tg.tanh(x @ w["kernel"]) + w["bias"]) ** 2).sum()
    weights = {"kernel": W, "bias": tg.ones(2, dtype="float64")}
    each = tg.vmap(tg.grad(error), in_axes=(None, 0))(weights, X)
    assert each["kernel"].shape == (5, 3, 2) and each["bias"].shape == (5, 2)
    for i in range(5):
        one = tg.grad(error)(weights, X[i])
        close(each["kernel"][i], one["kernel"])
        close(each["bias"][i], one["bias"])


def test_it_nests_with_itself_in_any_order():
    products = tg.vmap(tg.vmap(lambda a, b: (a * b).sum(), (0, None)), (None, 0))(X, X[:2])
    close(products, X[:2] @ X.T)
    deep = tg.vmap(tg.vmap(tg.vmap(lambda x: tg.sin(x) * x)))(X.reshape(5, 3, 1))
    close(deep[..., 0], tg.sin(X) * X)


def test_all_transforms_are_those_of_a_loop():
    f = lambda x: (tg.sin(x) * x[0] * x[1] ** 2).sum()
    for of in (tg.grad(f), tg.hessian(f), tg.jacobian(tg.grad(f), mode="forward")):
        close(tg.vmap(of)(X), tg.stack([of(x) for x in X]))
    v = X[::-1]
    close(tg.vmap(lambda x, v: tg.hvp(f, x, v))(X, v), tg.stack([tg.hvp(f, a, b) for a, b in zip(X, v, strict=True)]))
    moved = tg.vmap(lambda x, v: tg.jvp(f, (x,), (v,))[1])(X, v)
    close(moved, tg.stack([tg.jvp(f, (a,), (b,))[1] for a, b in zip(X, v, strict=True)]))
    total = lambda x: tg.vmap(f)(x).sum()
    close(tg.grad(total)(X), tg.stack([tg.grad(f)(x) for x in X]))
    close(tg.hvp(total, X, v), tg.stack([tg.hvp(f, a, b) for a, b in zip(X, v, strict=True)]))


def test_a_jacobian_is_a_pull_of_all_cotangents_at_once():
    f = lambda x: tg.tanh(W.mT @ x)
    pull = tg.vjp(f, X[0])[1]
    close(tg.vmap(lambda u: pull(u)[0])(tg.eye(2, dtype="float64")), tg.jacobian(f)(X[0]))


def test_a_call_that_is_over_is_pulled_through_inside_of_another():
    slopes = tg.vmap(tg.grad(lambda x: (x**3).sum()))
    pull = tg.vjp(slopes, X)[1]
    units = tg.eye(15, dtype="float64").reshape(15, 5, 3)
    close(tg.vmap(lambda u: pull(u)[0])(units), tg.jacobian(slopes)(X).reshape(15, 5, 3))


def test_no_perturbation_is_taken_for_another():
    inner = lambda x: tg.grad(lambda y: x + y)(1.0)
    close(tg.vmap(tg.grad(lambda x: x * inner(x)))(tg.tensor([2.0, 3.0])), tg.ones(2))
    nested = lambda x: tg.vmap(tg.grad(lambda y: (x * y).sum() * y.sum()))(X).sum()
    loop = lambda x: tg.stack([tg.grad(lambda y: (x * y).sum() * y.sum())(y) for y in X]).sum()
    close(tg.grad(nested)(X[0]), tg.grad(loop)(X[0]))
    close(tg.vmap(tg.grad(nested))(X), tg.stack([tg.grad(loop)(x) for x in X]))


def test_what_all_examples_share_is_handed_the_sum():
    w = tg.tensor(rng.normal(size=3), requires_grad=True)
    out = tg.vmap(lambda x: tg.tanh((w * 2) @ x))(X)
    out.sum().backward()
    found, w.grad = w.grad, None
    tg.tanh(X @ (w * 2)).sum().backward()
    close(found, w.grad)
    w.grad = None
    inner = tg.vmap(lambda x: tg.vmap(lambda y: (w * x * y).sum())(X))(X)
    inner.sum().backward()
    close(w.grad, (X.sum(0) ** 2))


def test_axes_and_nests():
    f = lambda p, x: {"sum": p["a"] + x, "pair": (x * p["b"], p["b"])}
    p = {"a": tg.tensor([[1.0, 2.0]]), "b": tg.tensor(3.0)}
    out = tg.vmap(f, in_axes=({"a": 1, "b": None}, -1), out_axes={"sum": -1, "pair": (0, 0)})(p, tg.ones((3, 2)))
    np.testing.assert_array_equal(out["sum"].data, [[2, 3]] * 3)
    np.testing.assert_array_equal(out["pair"][0].data, np.full((2, 3), 3))
    np.testing.assert_array_equal(out["pair"][1].data, [3, 3])


def test_no_examples_at_all():
    assert tg.vmap(lambda x: tg.sin(x).sum())(tg.zeros((0, 3))).shape == (0,)
    assert tg.vmap(tg.grad(lambda x: x @ x))(tg.zeros((0, 3))).shape == (0, 3)


INDICES = {
    "own places": (lambda x, i: x[i], (7, 2), (4,)),
    "own places behind": (lambda x, i: x[:, i], (2, 7), (4,)),
    "one of its own, one of all": (lambda x, i: x[i, :, np.arange(4)], (7, 2, 5), (4,)),
    "own and an integer": (lambda x, i: x[:, 1, i], (3, 2, 7), (4,)),
    "two axes": (lambda x, i: x[i], (7,), (2, 3)),
    "along an axis": (lambda x, i: tg.take_along_axis(x, i, axis=0), (7, 3), (2, 3)),
    "with a new axis": (lambda x, i: x[None, ..., i], (2, 7), (4,)),
    "one number": (lambda x, i: x[i], (7, 2), ()),
}


@pytest.mark.parametrize("shared", [False, True], ids=["each its own", "one for all"])
@pytest.mark.parametrize("name", INDICES)
def test_an_index_of_each_example_s_own(name, shared):
    f, shape, index = INDICES[name]
    x = tg.tensor(rng.normal(size=shape if shared else (5, *shape)))
    i = tg.tensor(rng.integers(0, 7, size=(5, *index)))
    axes = (None if shared else 0, 0)
    loop = lambda x: tg.stack([f(x if shared else x[n], i[n]) for n in range(5)])
    close(tg.vmap(f, axes)(x, i), loop(x))
    square = lambda of: lambda x: (of(x) ** 2).sum()
    close(tg.grad(square(lambda x: tg.vmap(f, axes)(x, i)))(x), tg.grad(square(loop))(x))
    each = tg.vmap(tg.grad(lambda x, i: (f(x, i) ** 2).sum()), axes)(x, i)
    for n in range(5):
        close(each[n], tg.grad(lambda x, n=n: (f(x, i[n]) ** 2).sum())(x if shared else x[n]))


def test_sorting_choosing_and_running_extremes_of_each_example():
    for f in (tg.sort, tg.argsort, tg.max, tg.argmax, lambda x: tg.where(x > 0, x, -x), lambda x: x[x.argmin()]):
        close(tg.vmap(f)(X), tg.stack([f(x) for x in X]))


def test_changes_in_place_stay_inside():
    def f(x):
        out = tg.zeros(4, dtype="float64")
        out[1:] = x
        out[0] += x.sum()
        return out * x[0]

    close(tg.vmap(f)(X), tg.stack([f(x) for x in X]))
    close(
        tg.vmap(tg.grad(lambda x: (f(x) ** 2).sum()))(X), tg.stack([tg.grad(lambda x: (f(x) ** 2).sum())(x) for x in X])
    )
    outside = tg.zeros(3, dtype="float64")

    def leak(x):
        outside[...] = x
        return x

    with pytest.raises(TypeError, match=r"examples"):
        tg.vmap(leak)(X)
    assert outside.tolist() == [0, 0, 0]


def test_a_zero_cotangent_wins_in_each_example():
    f = lambda x: tg.where(x > 0, tg.sqrt(x), 0.0)
    assert tg.vmap(tg.grad(f))(tg.tensor([0.0, 4.0])).tolist() == [0.0, 0.25]


def test_a_rule_that_asks_for_values_is_run_on_each_example():
    x = tg.tensor([[1.0, 2.0, 3.0], [0.0, 2.0, 3.0], [0.0, 0.0, 3.0]])
    close(tg.vmap(tg.grad(tg.prod))(x), tg.stack([tg.grad(tg.prod)(row) for row in x]))
    close(
        tg.vmap(tg.grad(tg.grad(lambda x: tg.prod(x) ** 2)))(tg.tensor([[2.0], [3.0]])[..., 0]), tg.tensor([2.0, 2.0])
    )


@tg.primitive(lambda g, out, x: g * 3 * x * x)
def cube(x):
    return np.ascontiguousarray(x) ** 3


@tg.primitive(lambda g, out, x: g * 3 * x * x, batch=lambda call, mapped, x: call(x))
def cube_at_once(x):
    return np.ascontiguousarray(x) ** 3


def test_a_rule_that_asks_for_values_may_be_two_calls_deep():
    x = tg.tensor(np.arange(12.0).reshape(2, 2, 3))
    nested = tg.vmap(tg.vmap(tg.grad(tg.prod)))(x)
    close(nested, tg.stack([tg.stack([tg.grad(tg.prod)(row) for row in rows]) for rows in x]))
    with pytest.warns(BatchingWarning, match="getitem"):
        close(tg.vmap(tg.vmap(tg.sort))(-x), tg.sort(-x, axis=-1))


def test_what_has_no_rule_is_looped_over_with_one_warning():
    with pytest.warns(BatchingWarning, match="vmap computes cube example by example") as caught:
        out = tg.vmap(lambda x: cube(cube(x)))(X)
    assert len(caught) == 1 and caught[0].filename == __file__
    close(out, X**9)
    with pytest.warns(BatchingWarning):
        close(tg.vmap(tg.grad(lambda x: cube(x).sum()))(X), 3 * X**2)
    close(tg.vmap(cube_at_once)(X), X**3)
    with pytest.raises(ValueError, match=r"batch is one of .*'elementwise'.* given 'each'"):
        tg.primitive(None, batch="each")(lambda x: x)


def test_mistakes_are_told():
    with pytest.raises(TypeError, match=r"5 examples at once.*where\(condition"):
        tg.vmap(lambda x: x if x.sum() > 0 else -x)(X)
    for ask in (float, lambda x: x.item(), lambda x: x.numpy(), np.asarray, lambda x: x.tolist(), lambda x: x.data):
        with pytest.raises(TypeError, match="examples at once"):
            tg.vmap(lambda x, ask=ask: ask(x))(X[:, 0])
    with pytest.raises(ValueError, match=r"equally many examples, there are 5 in argument 0, 3 in argument 1"):
        tg.vmap(lambda x, w: x)(X, W)
    with pytest.raises(ValueError, match=r"in_axes is None for every argument"):
        tg.vmap(lambda x: x, in_axes=None)(X)
    with pytest.raises(ValueError, match=r"in_axes names 1 arguments, 2 were given"):
        tg.vmap(lambda x, y: x, in_axes=(0,))(X, X)
    with pytest.raises(ValueError, match=r"float64\(5, 3\) has no axis 2"):
        tg.vmap(lambda x: x, in_axes=2)(X)
    with pytest.raises(ValueError, match="out_axes is None, but the result differs"):
        tg.vmap(lambda x: x, out_axes=None)(X)
    with pytest.raises(TypeError, match="must return Tensors"):
        tg.vmap(lambda x: 3.0)(X)
    with pytest.raises(ValueError, match=r"matmul\("):
        tg.vmap(lambda x: x @ x[:2])(X)
    w = tg.tensor(rng.normal(size=3), requires_grad=True)
    with pytest.raises(RuntimeError, match=r"inside of vmap.*grad\(f\)"):
        tg.vmap(lambda x: (w * x).sum().backward())(X)
    assert w.grad is None
    shown = []
    tg.vmap(lambda x: shown.append(repr(x)) or x)(X)
    assert shown == ["tensor(<one of 5 examples>, shape=(3,), dtype=float64)"]


LAYERS = {
    "dense": (lambda: nn.Dense(4, "relu"), (2, 3)),
    "softmax": (lambda: nn.Dense(4, "softmax"), (2, 3)),
    "gelu": (lambda: nn.Dense(4, "gelu"), (2, 3)),
    "convolution": (lambda: nn.Conv2D(3, 3, padding="same", activation="relu"), (2, 5, 4, 2)),
    "pooling": (lambda: nn.MaxPooling2D(2), (2, 5, 4, 2)),
    "mean pooling": (lambda: nn.AveragePooling2D(2), (2, 5, 4, 2)),
    "layer normalization": (lambda: nn.LayerNormalization(), (2, 5, 4)),
    "group normalization": (lambda: nn.GroupNormalization(2), (2, 5, 4)),
    "attention": (lambda: nn.MultiHeadAttention(2, 3), (2, 5, 4)),
    "upsampling": (lambda: nn.UpSampling2D(2), (2, 2, 3, 2)),
    "padding": (lambda: nn.ZeroPadding2D(1), (2, 2, 3, 2)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_are_computed_at_once(name):
    make, shape = LAYERS[name]
    nn.set_random_seed(0)
    layer, x = make(), tg.tensor(rng.normal(size=(3, *shape)).astype(np.float32))
    f = (lambda x: layer(x, x)) if name == "attention" else layer
    f(x[0])
    out = tg.vmap(f)(x)
    np.testing.assert_allclose(out.data, tg.stack([f(part) for part in x]).data, rtol=1e-4, atol=1e-5)
    error = lambda x: (f(x) ** 2).sum()
    found = tg.vmap(tg.grad(error))(x)
    np.testing.assert_allclose(found.data, tg.stack([tg.grad(error)(part) for part in x]).data, rtol=1e-3, atol=1e-4)


def test_losses_and_embeddings_of_each_sample():
    scores, labels = tg.tensor(rng.normal(size=(5, 1, 4))), tg.tensor(np.eye(4)[[0, 1, 2, 3, 1]][:, None])
    for loss in (nn.losses.softmax_crossentropy, lambda s, y: nn.losses.crossentropy(tg.exp(s), y=y)):
        f = tg.value_and_grad(lambda s, y, loss=loss: loss(s, y=y))
        value, slope = tg.vmap(f)(scores, labels)
        for i in range(5):
            one = f(scores[i], labels[i])
            close(value[i], one[0])
            close(slope[i], one[1])
    from nn.layers.embedding import take_rows

    table, ids = tg.tensor(rng.normal(size=(6, 2))), tg.tensor(rng.integers(0, 6, size=(5, 3)))
    f = lambda table, ids: (take_rows(table, ids=ids) ** 2).sum()
    each = tg.vmap(tg.grad(f), (None, 0))(table, ids)
    close(each, tg.stack([tg.grad(f)(table, i) for i in ids]))


def test_a_graph_with_a_call_inside_is_drawn_and_told_for_one_example_only():
    w = tg.tensor(rng.normal(size=(3, 2)), requires_grad=True, name="w")
    total = tg.vmap(lambda x: (tg.tanh(x @ w) ** 2).sum())(X).sum()
    items = {item.operation or item.name: item for item in tg.draw(total).graph.items}
    assert items["tanh"].shape == (2,) and items["tanh"].gradient is not None
    assert items["tanh"].value == tg.draw(tg.tanh(X @ w)).graph.items[-1].value
    for ask in (lambda: tg.explain(total, wrt=w), lambda: tg.why(w, total)):
        with pytest.raises(TypeError, match="one example"):
            ask()
    tg.check_grads(lambda x: tg.vmap(lambda row: (row @ w).sum())(x), X)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::tinygrad_lite.batching.BatchingWarning")
@pytest.mark.parametrize(
    ("case", "seed"),
    [
        pytest.param(case, i, id=f"{case.name}-{i}")
        for i, case in enumerate(primitives.DIFFERENTIABLE + primitives.COMPLEX)
    ],
)
def test_two_calls_deep_it_is_two_loops_to_second_order(case, seed):
    """Each argument is mapped by the outer call, the inner one, both or none, at random."""
    f = lambda *args: case.f(tg, *args)
    draw = np.random.default_rng(seed)
    outer, inner = (draw.integers(0, 2, len(case.args)).astype(bool) for _ in range(2))
    outer[0] = inner[-1] = True
    args = [np.asarray(x) for x in case.args]
    args = [examples(x) if m else x for x, m in zip(args, inner, strict=True)]
    args = [tg.tensor(examples(x) if m else x) for x, m in zip(args, outer, strict=True)]
    axes = [tuple([0 if m else None for m in mapped]) for mapped in (inner, outer)]
    batched = tg.vmap(tg.vmap(f, axes[0]), axes[1])
    one_loop = lambda f, mapped: lambda *a: tg.stack([f(*of_example(i, a, mapped)) for i in range(SIZE)])
    loops = one_loop(one_loop(f, inner), outer)
    out = batched(*args)
    close(out, loops(*args))
    if any(x.dtype.kind not in "fc" for x in args):
        return
    cotangent = tg.tensor(np.cos(np.arange(out.size)).reshape(out.shape).astype(out.dtype))
    squares = lambda g: lambda *a: sum([(x * x.conj()).real.sum() for x in tg.vjp(g, *a)[1](cotangent)])
    every = tuple(range(len(args)))
    for a, b in zip(tg.vjp(batched, *args)[1](cotangent), tg.vjp(loops, *args)[1](cotangent), strict=True):
        close(a, b)
    if out.size < 400:
        for a, b in zip(tg.grad(squares(batched), every)(*args), tg.grad(squares(loops), every)(*args), strict=True):
            np.testing.assert_allclose(a.data, b.data, rtol=1e-6, atol=1e-6)
