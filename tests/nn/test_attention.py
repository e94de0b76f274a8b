"""Attention is what a slow loop and PyTorch say it is, with every mask, to second order, in blocks or all at once."""

import warnings

import numpy as np
import pytest

import nn
import tinygrad_lite as tg
from nn.layers.dot_product_attention import attention_weights, dot_product_attention, masked_exp, weighted_mean

RNG = np.random.default_rng(8)
BATCH, QUERIES, KEYS, HEADS = 2, 3, 4, 2
QUERY, VALUE, KEY = (RNG.standard_normal(s) for s in [(BATCH, QUERIES, 3), (BATCH, KEYS, 2), (BATCH, KEYS, 3)])

MASKS = {
    "none": {},
    "causal": {"use_causal_mask": True},
    "query": {"query_mask": np.array([[1, 1, 0], [0, 1, 1]], bool)},
    "padding": {"value_mask": np.array([[1, 1, 1, 0], [1, 1, 0, 0]], bool)},
    "key": {"key_mask": np.array([[1, 0, 1, 0], [1, 1, 0, 1]], bool)},
    "attention": {"attention_mask": np.array([[1, 0, 1, 0], [0, 0, 0, 0], [1, 1, 1, 1]])},
    "of each sample": {"attention_mask": RNG.random((BATCH, QUERIES, KEYS)) < 0.6},
    "of each head": {"attention_mask": RNG.random((BATCH, HEADS, QUERIES, KEYS)) < 0.6},
    "all": {
        "query_mask": np.array([[1, 1, 0], [1, 1, 1]], bool),
        "value_mask": np.array([[1, 1, 1, 0], [0, 1, 1, 1]], bool),
        "key_mask": np.array([[1, 1, 1, 1], [1, 1, 0, 1]], bool),
        "attention_mask": np.array([[1, 0, 1, 0], [1, 1, 0, 0], [1, 1, 1, 1]], bool),
        "use_causal_mask": True,
    },
}
every_mask = pytest.mark.parametrize("masks", MASKS.values(), ids=MASKS)


def whole_mask(query_mask=None, value_mask=None, key_mask=None, attention_mask=None, use_causal_mask=False):
    """All masks as one array (batch, heads, queries, keys), element by element."""
    mask = np.ones((BATCH, HEADS, QUERIES, KEYS), bool)
    for b, h, i, j in np.ndindex(mask.shape):
        mask[b, h, i, j] = (
            (query_mask is None or query_mask[b, i])
            and (value_mask is None or value_mask[b, j])
            and (key_mask is None or key_mask[b, j])
            and (attention_mask is None or attention_mask[(b, h, i, j) if attention_mask.ndim == 4 else
                                                          (b, i, j) if attention_mask.ndim == 3 else (i, j)])
            and (not use_causal_mask or j <= i)
        )  # fmt: skip
    return mask


def slow_weights(q, k, mask):
    """softmax(q . k), one query at a time; q (batch, queries, heads, size), k (batch, keys, heads, size)."""
    weights = np.zeros(mask.shape)
    for b, h, i in np.ndindex(mask.shape[:3]):
        seen = np.flatnonzero(mask[b, h, i])
        scores = np.array([q[b, i, h] @ k[b, j, h] for j in seen])
        if len(seen):
            weights[b, h, i, seen] = np.exp(scores - scores.max()) / np.exp(scores - scores.max()).sum()
    return weights


def slow_mean(weights, v):
    batch, heads, queries, _ = weights.shape
    mean = np.zeros((batch, queries, heads, v.shape[-1]))
    for b, h, i, j in np.ndindex(weights.shape):
        mean[b, i, h] += weights[b, h, i, j] * v[b, j, h]
    return mean


def project(x, kernel, bias):
    return np.tensordot(x, kernel, kernel.ndim - 2 if x.ndim == 4 else 1) + bias


def slow_attention(mask):
    def formula(query, value, key, **w):
        q = project(query, w["query_kernel"], w["query_bias"]) / 3**0.5
        k, v = project(key, w["key_kernel"], w["key_bias"]), project(value, w["value_kernel"], w["value_bias"])
        mean = slow_mean(slow_weights(q, k, mask), v)
        return np.tensordot(mean, w["attention_output_kernel"], 2) + w["attention_output_bias"]

    return formula


@every_mask
def test_value_and_gradients_are_those_of_a_slow_loop(agrees_with_formula, masks):
    layer = nn.MultiHeadAttention(HEADS, key_dim=3, value_dim=2)
    agrees_with_formula(layer, slow_attention(whole_mask(**masks)), QUERY, VALUE, KEY, **masks)


@every_mask
def test_value_and_gradients_are_pytorch_s(agrees_with_torch, torch, masks):
    mask = torch.tensor(whole_mask(**masks))

    def theirs(query, value, key, **w):
        def heads(x, name):
            return torch.einsum("btd,dhk->bhtk", x, w[f"{name}_kernel"]) + w[f"{name}_bias"][:, None]

        q, k, v = heads(query, "query"), heads(key, "key"), heads(value, "value")
        scores = (q @ k.mT / 3**0.5).masked_fill(~mask, -torch.inf)
        weights = torch.where(mask, torch.softmax(scores.masked_fill(~mask.any(-1, keepdim=True), 0), -1), 0)
        return torch.einsum("bhtk,hkd->btd", weights @ v, w["attention_output_kernel"]) + w["attention_output_bias"]

    agrees_with_torch(nn.MultiHeadAttention(HEADS, 3), theirs, QUERY, VALUE, KEY, **masks)


def test_self_attention_is_pytorch_s_module(agrees_with_torch, torch):
    x = RNG.standard_normal((2, 5, 6))

    def theirs(x, **w):
        names = ("query", "key", "value")
        return torch.nn.functional.multi_head_attention_forward(
            *[x.transpose(0, 1)] * 3, 6, 2,
            torch.cat([w[f"{n}_kernel"].reshape(6, 6).T for n in names]),
            torch.cat([w[f"{n}_bias"].reshape(6) for n in names]),
            None, None, False, 0.0, w["attention_output_kernel"].reshape(6, 6).T, w["attention_output_bias"],
            need_weights=False, is_causal=True, attn_mask=torch.full((5, 5), -torch.inf, dtype=x.dtype).triu(1),
        )[0].transpose(0, 1)  # fmt: skip

    class SelfAttention(nn.Module):
        def build(self, input_shape):
            self.inner = nn.MultiHeadAttention(2, 3)

        def call(self, x):
            return self.inner(x, x, use_causal_mask=True)

    agrees_with_torch(SelfAttention(), lambda x, **w: theirs(x, **{n[6:]: a for n, a in w.items()}), x)


@every_mask
def test_the_weights_come_with_the_same_result(masks):
    layer = nn.MultiHeadAttention(HEADS, 3)
    fused = layer(QUERY, VALUE, KEY, **masks)
    out, weights = layer(QUERY, VALUE, KEY, **masks, return_attention_scores=True)
    np.testing.assert_allclose(out.detach().numpy(), fused.detach().numpy(), rtol=1e-5, atol=1e-6)
    mask = whole_mask(**masks)
    assert weights.shape == mask.shape
    assert (weights.detach().numpy()[~mask] == 0).all()
    np.testing.assert_allclose(weights.detach().numpy().sum(-1), mask.any(-1), rtol=1e-6)


@pytest.mark.parametrize("scale", [1, 300], ids=["small scores", "scores whose exp overflows"])
@pytest.mark.parametrize("masked", [False, True])
def test_derivatives_are_exact_to_second_order(scale, masked):
    q, k, v = (RNG.standard_normal((2, n, 2, size)) for n, size in [(3, 2), (4, 2), (4, 3)])
    mask = np.array([[1, 0, 1, 1], [0, 0, 0, 0], [1, 1, 0, 0]], bool)[None, None] if masked else None
    q[0, 0] *= scale
    tg.check_grads(lambda q, k, v: dot_product_attention(q, k, v, mask), q, k, v)
    tg.check_grads(lambda q, k: attention_weights(q, k, mask), q, k)
    np.testing.assert_allclose(
        dot_product_attention(tg.tensor(q), tg.tensor(k), tg.tensor(v), mask).numpy(),
        slow_mean(slow_weights(q, k, np.broadcast_to(True if mask is None else mask, (2, 2, 3, 4))), v),
        rtol=1e-10,
    )


def test_masked_exp_derivatives_are_exact_to_second_order():
    mask = np.array([[1, 0], [1, 1]], bool)
    tg.check_grads(lambda x: masked_exp(x, mask=mask), RNG.standard_normal((3, 2, 2)))
    tg.check_grads(masked_exp, RNG.standard_normal((3, 2)))


def test_no_score_overflows_or_drowns_the_others():
    """Scores of thousands; the largest of all is masked, and what may be seen still counts."""
    q = tg.ones((1, 1, 1, 1), requires_grad=True)
    k, v = (tg.tensor(np.array(x, np.float32).reshape(1, 3, 1, 1)) for x in ([9000, 2, 1], [5, 1, 0]))
    mask = np.array([False, True, True]).reshape(1, 1, 1, 3)
    share = 1 / (1 + np.exp(-1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mean = dot_product_attention(q, k, v, mask)
        mean.backward(np.ones((1, 1, 1, 1), np.float32))
        assert dot_product_attention(q, k, v).item() == 5
    assert mean.item() == pytest.approx(share, rel=1e-6)
    assert q.grad.item() == pytest.approx(share * (1 - share), rel=1e-5)


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize(
    "mask",
    [
        None,
        np.tri(100, 120, dtype=bool)[None, None],
        np.arange(120) < RNG.integers(0, 120, (6, 1, 1, 1)),
        RNG.random((6, 1, 100, 1)) < 0.5,
        RNG.random((6, 2, 100, 120)) < 0.5,
    ],
    ids=["none", "causal", "padding", "of queries", "of each head"],
)
def test_blocks_on_several_threads_add_up_to_the_whole(mask, count):
    shapes = [(6, 100, 2, 4), (6, 120, 2, 4), (6, 120, 2, 5)]
    q, k, v = (tg.tensor(RNG.standard_normal(shape), requires_grad=True) for shape in shapes)
    seed = RNG.standard_normal((6, 100, 2, 5))
    with tg.threads(count):
        mean = dot_product_attention(q, k, v, mask)
        mean.backward(seed)
    in_blocks = [x.grad.numpy() for x in (q, k, v)]
    for x in (q, k, v):
        x.grad = None
    whole = weighted_mean(attention_weights(q, k, mask), v)
    whole.backward(seed)
    np.testing.assert_allclose(mean.detach().numpy(), whole.detach().numpy(), rtol=1e-10, atol=1e-13)
    for x, grad in zip((q, k, v), in_blocks, strict=True):
        np.testing.assert_allclose(grad, x.grad.numpy(), rtol=1e-9, atol=1e-12)


def test_keys_that_no_query_of_a_block_may_look_at_are_never_read():
    """They may hold anything: that is how half of the work of a causal mask is saved."""
    q, k, v = (tg.tensor(RNG.standard_normal((2, n, 2, 3)), requires_grad=True) for n in (40, 100, 100))
    mask = np.tri(40, 100, k=5, dtype=bool)[None, None]
    mask[..., :3] = False
    unseen = [*range(3), *range(45, 100)]
    with tg.no_grad():
        k[:, unseen] = v[:, unseen] = np.nan
    mean = dot_product_attention(q, k, v, mask)
    mean.sum().backward()
    assert np.isfinite(mean.detach().numpy()).all()
    assert np.isfinite(q.grad.numpy()).all()
    for x in (k, v):
        assert (x.grad.numpy()[:, unseen] == 0).all()
        assert np.isfinite(x.grad.numpy()).all()


@pytest.mark.parametrize("scores", [False, True])
def test_a_query_that_may_look_nowhere_gets_the_bias_and_finite_gradients(scores):
    layer = nn.MultiHeadAttention(HEADS, 3, bias_initializer="ones")
    x = tg.tensor(RNG.standard_normal((2, 4, 5)).astype(np.float32), requires_grad=True)
    out = layer(x, x, attention_mask=np.zeros((4, 4), bool), return_attention_scores=scores)
    out = out[0] if scores else out
    np.testing.assert_array_equal(out.detach().numpy(), np.ones((2, 4, 5)))
    out.sum().backward()
    assert not x.grad.numpy().any()
    assert all(np.isfinite(w.grad.numpy()).all() for w in layer.weights)


def test_weights_are_named_and_shaped_as_in_keras():
    layer = nn.MultiHeadAttention(2, 3, value_dim=4)
    layer(QUERY, VALUE)
    assert [(name, weight.shape) for name, weight in layer.named_weights()] == [
        ("query.kernel", (3, 2, 3)),
        ("query.bias", (2, 3)),
        ("key.kernel", (2, 2, 3)),
        ("key.bias", (2, 3)),
        ("value.kernel", (2, 2, 4)),
        ("value.bias", (2, 4)),
        ("attention_output.kernel", (2, 4, 3)),
        ("attention_output.bias", (3,)),
    ]
    bare = nn.MultiHeadAttention(2, 3, use_bias=False)
    bare(QUERY, VALUE)
    assert [weight.name for weight in bare.weights][:2] == ["query.kernel", "key.kernel"]


@pytest.mark.parametrize(("output_shape", "wanted"), [(5, (5,)), ((4, 6), (4, 6))])
def test_output_shape_is_that_of_one_result(output_shape, wanted):
    layer = nn.MultiHeadAttention(2, 3, output_shape=output_shape)
    assert layer(QUERY, VALUE).shape == (BATCH, QUERIES, *wanted)
    assert layer.attention_output.kernel.shape == (2, 3, *wanted)


def test_lengths_may_change_from_call_to_call():
    layer = nn.MultiHeadAttention(2, 3)
    for batch, queries, keys in [(2, 3, 4), (1, 7, 2), (0, 3, 3), (2, 0, 3)]:
        x, y = np.ones((batch, queries, 5), np.float32), np.ones((batch, keys, 2), np.float32)
        out = layer(x, y, use_causal_mask=True)
        assert out.shape == (batch, queries, 5)
        out.sum().backward()


@pytest.mark.parametrize("dtype", [np.float64, np.int64, bool])
def test_it_computes_in_its_weights_dtype(dtype):
    layer = nn.MultiHeadAttention(2, 3, dropout=0.5)
    x = np.ones((2, 4, 5), dtype)
    for training in (False, True):
        out, weights = layer.train(training)(x, x, return_attention_scores=True)
        assert layer(x, x).dtype == out.dtype == weights.dtype == np.float32
    out.sum().backward()
    assert {weight.grad.dtype for weight in layer.weights} == {np.dtype(np.float32)}


def test_dropout_drops_weights_while_training_only():
    layer = nn.MultiHeadAttention(1, 2, dropout=0.5, use_bias=False, output_shape=1)
    x = RNG.standard_normal((1, 6, 5)).astype(np.float32)
    settled = layer(x, x).detach().numpy()
    nn.set_random_seed(3)
    layer.train()
    runs = [layer(x, x).detach().numpy() for _ in range(2000)]
    assert len({run.tobytes() for run in runs}) > 1900
    np.testing.assert_allclose(np.mean(runs, axis=0), settled, atol=0.05)
    _, weights = layer(x, x, return_attention_scores=True)  # as they were before some were dropped
    np.testing.assert_allclose(weights.detach().numpy().sum(-1), 1, rtol=1e-6)


def test_a_call_that_fails_builds_nothing():
    layer = nn.MultiHeadAttention(2, 3)
    with pytest.raises(ValueError, match="needs a query"):
        layer(np.ones((1, 2, 7)), np.ones((2, 2, 7)))
    with pytest.raises(ValueError, match="value_mask"):
        layer(np.ones((1, 2, 7)), np.ones((1, 2, 7)), value_mask=[True])
    assert layer(np.ones((1, 2, 5)), np.ones((1, 2, 7))).shape == (1, 2, 5)


SHAPES = r"a query \(batch, queries, dim\).*given query \({}\), value \({}\), key \({}\)"
X = np.ones((2, 3, 4), np.float32)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: nn.MultiHeadAttention(0, 3), ValueError, "num_heads must be a whole number of at least 1"),
        (lambda: nn.MultiHeadAttention(2, 1.5), TypeError, "key_dim must be a whole number"),
        (lambda: nn.MultiHeadAttention(2, 3, value_dim=0), ValueError, "value_dim must be"),
        (
            lambda: nn.MultiHeadAttention(2, 3, dropout=1),
            ValueError,
            "dropout must be a number, at least 0 and below 1",
        ),
        (lambda: nn.MultiHeadAttention(2, 3, output_shape=0), ValueError, "output_shape must be"),
        (lambda: nn.MultiHeadAttention(2, 3)(X[0], X), ValueError, SHAPES.format("3, 4", "2, 3, 4", "2, 3, 4")),
        (lambda: nn.MultiHeadAttention(2, 3)(X, X[:1]), ValueError, SHAPES.format("2, 3, 4", "1, 3, 4", "1, 3, 4")),
        (
            lambda: nn.MultiHeadAttention(2, 3)(X, X, X[:, 1:]),
            ValueError,
            SHAPES.format("2, 3, 4", "2, 3, 4", "2, 2, 4"),
        ),
        (
            lambda: nn.MultiHeadAttention(2, 3)(X, X, attention_mask=np.zeros((3, 3))),
            TypeError,
            "attention_mask holds booleans, True where one may look, given float64: write attention_mask > 0.5",
        ),
        (
            lambda: nn.MultiHeadAttention(2, 3)(X, X, value_mask=np.ones((2, 4), bool)),
            ValueError,
            r"value_mask has the shape \(2, 4\), needed is \(2, 3\)",
        ),
        (
            lambda: nn.MultiHeadAttention(2, 3)(X, X, attention_mask=np.ones((3, 2), bool)),
            ValueError,
            r"attention_mask has the shape \(3, 2\), needed is \(2, 2, 3, 3\) or \(2, 3, 3\) or \(3, 3\)",
        ),
    ],
)
def test_bad_arguments_say_what_to_write(call, error, words):
    with pytest.raises(error, match=words):
        call()
