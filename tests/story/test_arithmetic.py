"""What the story tells is true: its numbers multiply and add up to what is handed back, for every primitive."""

import importlib
import math
import pkgutil
import re

import numpy as np
import pytest
from test_primitives import DIFFERENTIABLE, PRIMITIVES, table, watched

import nn
import tinygrad_lite as tg
from nn import activations, losses
from tinygrad_lite.backprop import history, pull_back
from tinygrad_lite.primitive import Node, Primitive
from tinygrad_lite.story.words import WORDS, words_of

RNG = np.random.default_rng(0)


def close(a, b, rtol=1e-9):
    """Equal but for rounding; nan is nan, and what cancels out is measured by 1."""
    return (a != a and b != b) or a == b or abs(a - b) <= rtol * max(abs(a), abs(b), 1.0)


def hold(story, rtol=1e-9):
    """Every account of the story, and how its steps fit together."""
    steps = {step.node: step for step in story.steps}
    handed = {}
    for step in story.steps:
        for share in step.shares:
            account = share.account
            assert close(sum(t.product for t in account.terms) + account.rest, account.handed, rtol)
            assert account.place == share.amount.place and close(account.handed, share.amount.largest)
            handed.setdefault(share.to, []).append((step.number, share))
    for step in story.steps[1:]:
        received, given = step.received, handed.get(step.node, []) if step.sensitivity.size else []
        assert close(sum(part.handed for part in received.parts) + received.rest, step.sensitivity.largest, rtol)
        assert [part.step for part in received.parts] == [number for number, _ in given]
        if len(given) == 1 and not received.others:
            assert repr(given[0][1].amount) == repr(step.sensitivity)  # nan is nan
    assert [step.number for step in story.steps] == list(range(1, len(steps) + 1))
    told = sum(bool(step.operation) for step in story.steps)
    assert told + sum(gap.steps for gap in story.telling.gaps) == story.telling.on_the_way
    for end in {path.end for path in story.telling.paths}:
        arrived = sum(path.product for path in story.telling.paths if path.end == end)
        assert close(arrived, story.steps[end - 1].sensitivity.largest, rtol)


def gradients(result, wrt):
    """By the engine's walk, in another call."""
    found = pull_back(history(result), np.ones_like(result._data)[()])
    return {node._number: g for node, g in found if any(node is x for x in wrt)}


def arrive(story, result, wrt):
    """The story ends in the gradients."""
    found = gradients(result, wrt)
    for end in story.telling.ends:
        g, amount = found[end.node], end.sensitivity
        assert amount.shape == g.shape and close(
            amount.length, float(np.sqrt(np.square(g, dtype=np.float64).sum())), 1e-6
        )
        assert amount.nothing == (g == 0).sum()
        if g.size:
            assert float(g[amount.place]) == amount.largest and abs(amount.largest) == abs(g).max()


def locals_are_derivatives(story, result, size=1e-6):
    """The local derivatives that are told, against finite differences of the primitive's own forward."""
    nodes = {node._number: node for node in history(result)}
    for step in story.steps:
        for share in step.shares:
            if not share.account.terms:
                continue
            node, term = nodes[step.node], share.account.terms[0]
            ends = []
            for sign in (1, -1):
                inputs = [np.array(x._data) if isinstance(x, Node) else x for x in node._inputs]
                inputs[share.position][share.account.place] += sign * size
                ends.append(float(np.asarray(node._primitive.forward(*inputs, **node._params))[term.place]))
            assert abs((ends[0] - ends[1]) / (2 * size) - term.local) <= 1e-4 * max(abs(term.local), 1)


def reasons_are_right(story):
    """The arithmetic that explains a local derivative gives it, as far as its digits are told."""
    words = {"sqrt": np.sqrt, "exp": np.exp, "log": np.log, "pi": np.pi}
    words |= {name: getattr(np, name) for name in ("sin", "cos", "sinh", "cosh")}
    for step in story.steps:
        for share in step.shares:
            if share.reason:
                text = share.reason.replace("\N{MULTIPLICATION SIGN}", "*").replace("\N{MINUS SIGN}", "-")
                local = share.account.terms[0].local
                assert abs(eval(text, {"__builtins__": {}}, words) - local) <= 5e-3 * max(abs(local), 0.1), share.reason


def texts(story):
    text = story.text()
    assert max(map(len, text.splitlines())) <= 80
    assert "None" not in text and "nothing to tell" not in text and "{" not in text
    assert story.markdown


@pytest.mark.filterwarnings("ignore:invalid value|divide by zero")
@table(DIFFERENTIABLE)
def test_every_primitive_is_told_with_its_right_numbers(case, monkeypatch):
    args = watched(case.args)
    out = case.f(tg, *args)
    weights = np.random.default_rng(1).uniform(0.5, 2, out.shape)
    result = (out * weights).sum()
    wanted = [x for x in args if x.requires_grad]
    if any(node.dtype.kind == "c" for node in history(result)):  # eig and the Fourier transforms
        with pytest.raises(TypeError, match=r"explain\(\) tells of real numbers"):
            tg.explain(result, wrt=wanted)
        return
    story = tg.explain(result, wrt=wanted)
    hold(story)
    arrive(story, result, wanted)
    reasons_are_right(story)
    texts(story)
    # Those are stairs, or exact where a factor is 0; these read one triangle of a matrix and mean both.
    if case.name not in ("floor_divide", "remainder", "prod", "cumprod", "eigh", "cholesky"):
        locals_are_derivatives(story, result)


def weighted(x):
    return (x * np.random.default_rng(2).uniform(0.5, 2, x.shape)).sum()


def layer(made, *shape):
    x = tg.tensor(RNG.standard_normal(shape), requires_grad=True, name="x")
    made.train() if hasattr(made, "train") else None
    return weighted(made(x))


ids = np.array([[0, 2, 2], [1, 0, 3]])
Y = np.eye(4)[[0, 2, 1]]
LAYERS = {
    "dense": lambda: layer(nn.Dense(3, "relu"), 5, 4),
    "stack": lambda: layer(nn.Sequential([nn.Dense(6, "tanh"), nn.Dense(3, "softmax")]), 5, 4),
    "conv": lambda: layer(nn.Sequential([nn.Conv2D(3, 3, activation="relu"), nn.MaxPooling2D(2)]), 2, 6, 6, 2),
    "normalised": lambda: layer(nn.Sequential([nn.BatchNormalization(), nn.LayerNormalization()]), 5, 4),
    "lstm": lambda: layer(nn.LSTM(3), 2, 4, 3),
    "gru": lambda: layer(nn.GRU(3), 2, 4, 3),
    "attention": lambda: attention(),
    "embedding": lambda: weighted(nn.Embedding(4, 3)(ids)),
    "upsampling": lambda: layer(nn.UpSampling2D(2), 1, 2, 3, 2),
    "crossentropy": lambda: losses.categorical_crossentropy(Y, activations.softmax(logits())),
    "softmax_crossentropy": lambda: losses.categorical_crossentropy(Y, logits(), from_logits=True),
    "binary": lambda: losses.binary_crossentropy(Y, logits(), from_logits=True),
    "hinge": lambda: losses.hinge(Y, logits()),
    **{name: lambda name=name: weighted(activations.get(name)(logits())) for name in activations.ACTIVATIONS},
}


def logits():
    return tg.tensor(RNG.standard_normal((3, 4)), requires_grad=True, name="logits")


def attention():
    x = tg.tensor(RNG.standard_normal((2, 3, 4)), requires_grad=True, name="x")
    return weighted(nn.MultiHeadAttention(2, 2)(x, x))


@pytest.mark.parametrize("name", LAYERS)
def test_layers_and_losses_are_told_with_their_right_numbers(name):
    nn.set_random_seed(0)
    result = LAYERS[name]()
    story = tg.explain(result, limit=50)
    hold(story, rtol=1e-5)
    arrive(story, result, [x for x in history(result) if x.is_leaf])
    reasons_are_right(story)
    texts(story)


def test_each_row_of_the_table_of_words_belongs_to_a_primitive():
    names = set(PRIMITIVES)
    for module in pkgutil.walk_packages(nn.__path__, "nn."):
        for f in vars(importlib.import_module(module.name)).values():
            if isinstance(getattr(f, "primitive", None), Primitive):
                names.add(f.primitive.name)
    assert set(WORDS) <= names
    for name, words in WORDS.items():
        arity = len(PRIMITIVES[name].rules) if name in PRIMITIVES else 3
        assert len(words.local) <= arity and len(words.why) <= arity
        assert words.form.count("{}") in (0, arity)


def test_a_primitive_without_words_of_its_own_is_told_in_general_ones():
    cube = tg.primitive(lambda g, out, x: g * 3 * x * x)(_cube)
    x = tg.tensor(2.0, requires_grad=True, name="x")
    story = tg.explain(cube(x), wrt=x)
    hold(story)
    assert story.steps[0].shares[0].label == "its local derivative"
    assert "12 = its sensitivity 1 \N{MULTIPLICATION SIGN} its local derivative 12" in story.text()
    assert words_of("my_step").noun == "the my step"


def test_a_rule_that_cant_be_recorded_is_asked_number_by_number():
    def rule(g, out, x):
        return np.asarray(np.cumsum(np.asarray(g)[::-1])[::-1])  # drops the graph of a Tensor

    running = tg.primitive(rule)(_running)
    x = tg.tensor(np.arange(1.0, 8.0), requires_grad=True, name="x")
    result = weighted(running(x))
    story = tg.explain(result, wrt=x)
    hold(story)
    arrive(story, result, [x])
    assert story.steps[2].shares[0].account.others == 4


def _cube(x):
    return x * x * x


def _running(x):
    return np.cumsum(x)


@pytest.mark.parametrize("x", [0.0, -1.0, math.inf, math.nan, 1e200])
def test_bad_numbers_are_told_too(x):
    for f in (tg.sqrt, tg.log, lambda x: x**-1.0, lambda x: x * x, lambda x: tg.where(x > 0, tg.sqrt(x), 0.0)):
        v = tg.tensor([x, 1.0], dtype="float64", requires_grad=True, name="v")
        with np.errstate(all="ignore"):
            story = tg.explain(f(v).sum(), wrt=v)
        hold(story)
        assert story.text() and story.markdown


def test_float32_numbers_add_up_as_well_as_float32_can():
    nn.set_random_seed(0)
    model = nn.Sequential([nn.Dense(50, "relu"), nn.Dense(10)])
    x = RNG.standard_normal((64, 30)).astype("float32")
    result = losses.sparse_categorical_crossentropy(np.arange(64) % 10, model(x), from_logits=True)
    hold(tg.explain(result), rtol=1e-6)


def test_numbers_in_the_text_are_those_of_the_data():
    """Each equation of the text, recomputed from its own digits."""
    x = tg.tensor(RNG.standard_normal((5, 4)), requires_grad=True, name="x")
    w = tg.tensor(RNG.standard_normal((4, 3)), requires_grad=True, name="w")
    text = tg.explain(tg.tanh(x @ w).sum(), wrt=[x, w]).text(width=1000)
    equations = [line for line in text.splitlines() if " = its sensitivity " in line]
    assert len(equations) == 4
    for line in equations:
        left, right = line.strip("\N{BOX DRAWINGS LIGHT VERTICAL} ").split(" = ")
        right = re.sub(r"its sensitivity|the other factor|its slope|from \d+ more", "", right)
        left, right = (s.replace("\N{MULTIPLICATION SIGN}", "*").replace("\N{MINUS SIGN}", "-") for s in (left, right))
        assert abs(eval(left) - eval(right)) < 2e-3 * max(1, abs(eval(left)))
