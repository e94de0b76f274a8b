"""The closed formula of a derivative is the derivative: here, and at other points."""

import contextlib
import random
import sys

import numpy as np
import pytest

import tinygrad_lite as tg
from nn import activations, losses
from tinygrad_lite.story import NoFormula
from tinygrad_lite.story import formula as formulas

sympy = pytest.importorskip("sympy")

POINTS = [(0.7, 1.3), (1.9, 0.4), (0.31, 2.7)]
PLAIN = """negative positive square sqrt cbrt reciprocal exp exp2 expm1 log log2 log10 log1p sin cos tan arctan
    sinh cosh tanh arcsinh sinc abs floor ceil trunc round sign sum mean"""
BINARY = "add subtract multiply divide power logaddexp arctan2 hypot maximum minimum floor_divide remainder"
ONE = {
    **{name: getattr(tg, name) for name in PLAIN.split()},
    "arcsin": lambda x: tg.arcsin(x / 3), "arccos": lambda x: tg.arccos(x / 3),
    "arctanh": lambda x: tg.arctanh(x / 3), "arccosh": lambda x: tg.arccosh(x + 1.5),
    "erf": activations.erf,
    **{name: activations.get(name) for name in ("relu", "sigmoid", "softplus", "silu", "gelu")},
    "relu closed": lambda x: activations.relu(-x), "clip": lambda x: tg.clip(x, 0.5, 1.0),
    "clip below": lambda x: tg.clip(x, 1.0, None), "negative cube root": lambda x: tg.cbrt(-x),
    "polynomial": lambda x: x**3 - 2 * x**2 + 5, "negative power": lambda x: x**-2, "base": lambda x: 2.0**x,
    "round down": lambda x: x * tg.round(x, 1), "many": lambda x: tg.sin(tg.exp(tg.cos(x * x))) / (1 + x**2),
    "used often": lambda x: x * x * x + tg.sin(x) * x,
}  # fmt: skip
TWO = {
    **{name: getattr(tg, name) for name in BINARY.split()},
    "neuron": lambda x, y: (activations.sigmoid(x * 0.8 + y) - 1.0) ** 2,
    "two neurons": lambda x, y: tg.tanh(x * tg.tanh(y * 0.3 + x) - 0.2),
    "crossentropy": lambda x, y: losses.binary_crossentropy([1.0], activations.sigmoid((x * y).reshape(1))),
    "a choice of functions": lambda x, y: tg.maximum(activations.sigmoid(x), tg.clip(tg.tanh(y), 0.2, 0.9)) * y,
    "a power of both": lambda x, y: x ** (y * x),
}  # fmt: skip


def spelled_out(formula):
    """What is read, with the names for its parts written out."""
    short = formula.short
    for name, part in reversed(formula.where):
        short = short.subs(name, part)
    assert short.free_symbols <= set(formula.symbols.values())
    return formulas.kit().plain(short)


def leaf(value, name):
    return tg.tensor(value, dtype="float64", requires_grad=True, name=name)


@pytest.mark.parametrize("name", ONE)
def test_one_number(name):
    f = ONE[name]
    x = leaf(POINTS[0][0], "x")
    formula = tg.explain(f(x), wrt=x).formula
    assert float(spelled_out(formula).subs(formula.symbols["x"], 0.7).evalf()) == pytest.approx(
        formula.evaluate(), rel=1e-4, abs=1e-6
    )
    assert formula.evaluate() == pytest.approx(tg.grad(f)(np.float64(POINTS[0][0])).item(), rel=1e-12, abs=1e-12)
    for value in (1.9, 0.31):
        exact = tg.grad(f)(np.float64(value)).item()
        assert formula.evaluate({"x": value}) == pytest.approx(exact, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("name", TWO)
def test_two_numbers(name, which):
    f = TWO[name]
    args = [leaf(v, n) for v, n in zip(POINTS[0], "xy", strict=True)]
    formula = tg.explain(f(*args), wrt=args[which]).formula
    for point in POINTS:
        exact = tg.grad(f, which)(*map(np.float64, point)).item()
        assert formula.evaluate(dict(zip("xy", point, strict=True))) == pytest.approx(exact, rel=1e-12, abs=1e-12)


MATRIX = np.array([[0.3, -1.2], [0.8, 0.5]])
ARRAYS = {
    "matmul": lambda w: (tg.tanh(np.array([[1.0, 0.0], [0.0, 1.0]]) @ w) @ [1.0, 2.0]).sum(),
    "mean": lambda w: (w * w).mean(), "norm": tg.norm, "var": tg.var, "std": lambda w: tg.std(w, ddof=1),
    "prod": tg.prod, "max": lambda w: tg.max(w, axis=1).sum(), "min": tg.min, "logsumexp": tg.logsumexp,
    "softmax": lambda w: (activations.softmax(w) * [[1.0, 2.0], [3.0, 4.0]]).sum(),
    "log_softmax": lambda w: (activations.log_softmax(w) * [[1.0, 2.0], [3.0, 4.0]]).sum(),
    "softmax_crossentropy": lambda w: losses.sparse_categorical_crossentropy([0, 1], w, from_logits=True),
    "crossentropy": lambda w: losses.sparse_categorical_crossentropy([0, 1], activations.softmax(w)),
    "moved": lambda w: (tg.concatenate([w.T, tg.flip(w, 0)]) * np.arange(8.0).reshape(4, 2) ** 2).sum() + w[0, 1],
    "padded": lambda w: (tg.pad(w * w, 1) * np.arange(16.0).reshape(4, 4)).sum(),
    "running": lambda w: (tg.cumsum(w, 0) * tg.cumprod(w, 1)).sum(),
    "einsum": lambda w: tg.einsum("ij,jk->", w, w),
    "broadcast": lambda w: (w * w[0]).sum(),
}  # fmt: skip


@pytest.mark.parametrize("name", ARRAYS)
def test_small_arrays(name):
    f = ARRAYS[name]
    w = leaf(MATRIX, "w")
    story = tg.explain(f(w), wrt=w)
    place = story.telling.ends[0].sensitivity.place
    assert story.formula.by == f"w[{place[0]}, {place[1]}]"
    for matrix in (MATRIX, MATRIX[::-1] * 1.7 + 0.1):
        exact = tg.grad(f)(matrix).numpy()[place]
        values = {f"w[{i}, {j}]": matrix[i, j] for i in (0, 1) for j in (0, 1)}
        values = {name: v for name, v in values.items() if name in story.formula.symbols}
        assert story.formula.evaluate(values) == pytest.approx(exact, rel=1e-12, abs=1e-12)


def test_an_intermediate_value_is_a_symbol_too():
    x = leaf(0.5, "x")
    h = tg.sin(x)
    h.name = "h"
    formula = tg.explain(h * h * x, wrt=h).formula
    assert formula.text == "product = h**2*x\nd product / d h = 2*h*x"
    assert formula.evaluate() == pytest.approx(np.sin(0.5))


def neuron():
    x, t = (tg.tensor(v, name=n) for v, n in ((0.8, "input"), (1.0, "target")))
    w, b = leaf(0.5, "weight"), leaf(0.1, "bias")
    error = (activations.sigmoid(w * x + b) - t) ** 2
    error.name = "error"
    return error, w


STEPS_OF_ONE = [
    tg.sin, tg.cos, tg.exp, tg.tanh, tg.sqrt, tg.abs, tg.log1p, tg.arctan, activations.sigmoid, activations.relu,
    activations.softplus, lambda x: x**3, lambda x: tg.maximum(x, 0.3), lambda x: tg.clip(x, -1, 1),
]  # fmt: skip
STEPS_OF_TWO = [tg.add, tg.multiply, tg.subtract, tg.maximum, tg.hypot, lambda x, y: x / (1 + y * y)]


@pytest.mark.parametrize("seed", range(30))
def test_a_graph_made_at_random(seed):
    choose = random.Random(seed)
    values = [leaf(choose.uniform(0.1, 1), name) for name in "abc"]
    for _ in range(choose.randint(3, 12)):
        if choose.random() < 0.5:
            values.append(choose.choice(STEPS_OF_ONE)(abs(choose.choice(values[-6:]))))
        else:
            values.append(choose.choice(STEPS_OF_TWO)(choose.choice(values[-6:]), choose.choice(values[-6:])))
    story = tg.explain(values[-1])
    with contextlib.suppress(NoFormula):  # too long to be read
        assert story.formula.evaluate() == pytest.approx(story.telling.ends[0].sensitivity.largest, rel=1e-9, abs=1e-12)


def test_it_reads_well():
    error, w = neuron()
    formula = tg.explain(error, wrt=w).formula
    assert formula.text.splitlines() == [
        "error = (-target + sigma(bias + input*weight))**2",
        "d error / d weight = 2*input*z*(1 - z)*(-target + z)",
        "where z = sigma(bias + input*weight)",
        "where \N{GREEK SMALL LETTER SIGMA}(x) = 1 / (1 + exp(\N{MINUS SIGN}x)), the sigmoid",
    ]
    assert formula.latex.splitlines()[0].startswith(r"\frac{\partial\, \mathrm{error}}{\partial\, \mathrm{weight}} = 2")
    assert formula.mathml.count("<math") == formula.mathml.count("</math>") == 2
    with pytest.raises(ValueError, match="the formula has no 'w', it has 'weight'"):
        formula.evaluate({"w": 1.0})


def test_it_is_simplified():
    x = leaf(0.5, "x")
    assert str(tg.explain(tg.sin(x) ** 2 + tg.cos(x) ** 2 + x, wrt=x).formula.derivative) == "1"


NASTY = ["<script>alert(1)</script>", r"\input{/etc/passwd}", "$x$", "a_b", "lambda", "__import__('os')", "", "\0", "1",
         "x" * 500, "Größe", "E", "I", "\u202e"]  # fmt: skip


@pytest.mark.parametrize("name", NASTY)
def test_a_name_is_only_a_symbol(name):
    x, y = leaf(0.5, name), leaf(0.25, name)
    formula = tg.explain(tg.sin(x) * y, wrt=x).formula
    assert len(formula.symbols) == 2
    for symbol in formula.symbols.values():
        assert symbol.name.replace("_", "a").isalnum()
    assert formula.evaluate() == pytest.approx(np.cos(0.5) * 0.25)
    for form in (formula.latex, formula.mathml):
        assert "<script" not in form and "input{" not in form and "$" not in form


def test_what_has_no_formula_says_so_in_one_line():
    x = leaf(0.5, "x")
    many = x
    for _ in range(61):
        many = tg.sin(many)
    cases = {
        "nothing was computed": x,
        "a formula of 61 steps": many,
        "at most 16 elements": (x * np.ones(17)).sum(),
        "where has no symbolic form": tg.where(x > 0, x, 0.0),
        "a single number as the result": x * np.ones(3),
    }
    for reason, result in cases.items():
        story = tg.explain(result, wrt=x)
        with pytest.raises(NoFormula, match=reason):
            _ = story.formula
        assert reason in " ".join(story.text().split("No formula: ")[1].split())


def test_a_formula_calls_things_what_the_story_calls_them():
    w = tg.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True, name="my w")
    formula = tg.explain((w @ w).sum() * 1.5, wrt=w).formula
    assert (formula.of, formula.by) == ("product", "my w[1, 1]")
    assert formula.text.splitlines()[-1].startswith("d product / d my_w_11 = 1.5*my_w_")
    drawn = formula.pretty()
    assert drawn.startswith("d product / d my w₁₁ = 1.5⋅my w₀₁ + ")
    assert r"\partial\, \mathrm{my\_w}_{11}} = 1.5 \cdot \mathrm{my\_w}_{01} + " in formula.latex
    assert "<mo>∂</mo><msub><mi>my w</mi><mi>11</mi></msub>" in formula.mathml
    assert "_" not in formula.mathml


def test_a_formula_has_a_notebook_form():
    x = tg.tensor(3.0, requires_grad=True, name="x")
    formula = tg.explain(tg.sin(x) - x).formula
    shown = formula._repr_latex_()
    assert shown.startswith("$$\n\\begin{gathered}\n\\frac{\\partial\\, \\mathrm{difference}}{\\partial\\, x} = ")
    assert shown.endswith("\n\\end{gathered}\n$$")
    assert str(formula) == formula.text
    logits = tg.tensor(np.eye(2), requires_grad=True, name="x")
    crossentropy = losses.categorical_crossentropy(np.eye(2), logits, from_logits=True)
    assert "<mn>&#8722;1</mn>" in tg.explain(crossentropy).formula.mathml


def test_a_factor_of_1_is_not_written_and_a_step_is_explained():
    x = tg.tensor(2.0, requires_grad=True, name="x")
    assert "1.0" not in tg.explain(tg.sin(x * 0.1 * 10.0)).formula.text.splitlines()[-1]
    formula = tg.explain(tg.maximum(x, 1.0) * 3.0).formula
    assert "3⋅θ(x - 1)" in formula.pretty()
    assert formula.notes == ("where θ(x), or Heaviside(x), is 1 for x > 0, 0 for x < 0 and 1/2 at 0",)


def test_a_formula_too_long_to_be_read_is_not_shown():
    x = leaf(0.5, "x")
    y = x
    for _ in range(14):
        y = tg.sin(y * x) + tg.cos(y)
    with pytest.raises(NoFormula, match="written out, it has more than 300 operations"):
        _ = tg.explain(y, wrt=x).formula
    y = x
    for _ in range(20):
        y = tg.sin(y * x)
    with pytest.raises(NoFormula, match="it has 859 operations, too many to be read"):
        _ = tg.explain(y, wrt=x).formula


def test_cases_within_cases_are_refused_before_sympy_begins():
    """It took 13 seconds to find that six relus within each other are too much."""
    x = leaf(0.5, "x")
    y = x
    for _ in range(6):
        y = activations.relu(y * 0.9 + 0.1)
    with pytest.raises(NoFormula, match="it has cases within cases, 6 deep: too many to be read"):
        _ = tg.explain(y, wrt=x).formula
    beside = sum([activations.relu(x + i) for i in range(1, 5)], activations.relu(x))
    assert tg.explain(beside, wrt=x).formula.evaluate() == 5


def test_without_sympy_the_story_is_told_and_the_formula_names_the_command(monkeypatch):
    error, w = neuron()
    story = tg.explain(error, wrt=w)
    monkeypatch.setitem(sys.modules, "sympy", None)
    monkeypatch.setattr("tinygrad_lite.story.story.find_spec", lambda name: None)
    formulas.kit.cache_clear()
    command = r"pip install 'tinygrad_lite\[formulas\]'"
    with pytest.raises(ImportError, match=command):
        _ = story.formula
    assert "No formula: the closed formula needs SymPy: pip install" in story.text()
    assert "To weight it hands back" in story.text()


def test_sympy_is_imported_only_when_a_formula_is_asked_for():
    import subprocess

    code = """
import sys, tinygrad_lite as tg
x = tg.tensor(2.0, requires_grad=True, name="x")
story = tg.explain(x * x)
assert "sympy" not in sys.modules
story.formula
assert "sympy" in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
