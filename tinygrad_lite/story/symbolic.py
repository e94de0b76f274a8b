"""What each primitive is in SymPy's language. Values are NumPy arrays of expressions."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..graph.summary import MINUS

SIGMA, THETA = "\N{GREEK SMALL LETTER SIGMA}", "\N{GREEK SMALL LETTER THETA}"
# On arrays of expressions these compute what they compute on numbers: their own forward is their formula.
_AS_THEY_ARE = {
    "mean", "matmul", "affine", "einsum", "prod", "cumsum", "cumprod", "reshape", "transpose", "broadcast_to",
    "flip", "roll", "concatenate", "getitem", "setitem", "tril", "triu",
}  # fmt: skip


class Symbolic:
    """The primitives in symbols, for one imported SymPy."""

    def __init__(self, sympy: Any) -> None:
        self.sympy = sympy
        self.own: dict[Any, Callable[[Any], Any]] = {}  # our functions, and what SymPy calls them
        self.notes: dict[Any, str] = {}
        self.sigma = self._function("sigma", lambda x, f: f * (1 - f), lambda x: 1 / (1 + sympy.exp(-x)))
        self.notes[self.sigma] = f"where {SIGMA}(x) = 1 / (1 + exp({MINUS}x)), the sigmoid"
        self.notes[sympy.Heaviside] = f"where {THETA}(x), or Heaviside(x), is 1 for x > 0, 0 for x < 0 and 1/2 at 0"
        self.elements = self._elements()
        self.arrays = self._arrays()

    def constants(self, value: Any) -> np.ndarray:
        """Numbers as expressions: whole ones exact, others as they are written."""
        value = np.asarray(value)
        found = np.empty(value.shape, object)
        for at in np.ndindex(*value.shape):
            x = value[at]
            number = float(x)
            exact = number.is_integer() and abs(number) < 1e15
            found[at] = self.sympy.Integer(int(number)) if exact else self.sympy.Float(str(x))
        return found

    def apply(self, line: Any, args: list[Any]) -> np.ndarray:
        """One step of a recipe on expressions. Raises NoFormula for a primitive that has no symbolic form."""
        name, params = line.primitive.name, line.params
        if name in self.elements:
            f = self.elements[name]
            out = np.frompyfunc(lambda *xs: f(*xs, **params), len(args), 1)(*args)
        elif name in self.arrays:
            out = self.arrays[name](*args, **params)
        elif name in _AS_THEY_ARE:
            out = line.primitive.forward(*args, **params)
        else:
            from .formula import NoFormula

            raise NoFormula(f"{name} has no symbolic form")
        found = np.empty(line.shape, object)
        found[...] = out
        return found

    def plain(self, expression: Any) -> Any:
        """The expression with our own functions written in SymPy's, which can compute them."""
        for f, written in self.own.items():
            expression = expression.replace(f, written)
        return expression

    def _function(self, name: str, slope: Callable[[Any, Any], Any], plain: Callable[[Any], Any]) -> Any:
        """A function of our own: its name in formulas, its derivative (of x and of itself), and what it is."""

        def fdiff(self: Any, argindex: int = 1) -> Any:
            return slope(self.args[0], self)

        def evalf(self: Any, precision: int) -> Any:
            return plain(self.args[0])._evalf(precision)

        made = type(name, (self.sympy.Function,), {"fdiff": fdiff, "_eval_evalf": evalf, "is_real": True})
        self.own[made] = plain
        return made

    def _elements(self) -> dict[str, Callable[..., Any]]:
        """One element in, one out."""
        s = self.sympy
        stairs = {
            name: self._function(name, lambda x, f: s.Integer(0), plain)
            for name, plain in [
                ("floor", s.floor), ("ceil", s.ceiling), ("sign", s.sign),
                ("trunc", lambda x: s.sign(x) * s.floor(s.Abs(x))), ("round", lambda x: _half_even(s, x)),
            ]
        }  # fmt: skip
        cbrt = self._function("cube_root", lambda x, f: 1 / (3 * f**2), lambda x: s.sign(x) * s.cbrt(s.Abs(x)))
        # SymPy's own hyperbolic functions ask endless questions about their arguments.
        sinh = self._function("sinh", lambda x, f: cosh(x), s.sinh)
        cosh = self._function("cosh", lambda x, f: sinh(x), s.cosh)
        tanh = self._function("tanh", lambda x, f: 1 - f**2, s.tanh)
        asinh = self._function("asinh", lambda x, f: 1 / s.sqrt(x**2 + 1), s.asinh)
        acosh = self._function("acosh", lambda x, f: 1 / (s.sqrt(x - 1) * s.sqrt(x + 1)), s.acosh)
        atanh = self._function("atanh", lambda x, f: 1 / (1 - x**2), s.atanh)
        softplus = self._function("softplus", lambda x, f: self.sigma(x), lambda x: s.log(1 + s.exp(x)))
        return stairs | {
            "round": lambda x, decimals=0: stairs["round"](x * 10**decimals) / s.Integer(10) ** decimals,
            "add": lambda x, y: x + y, "subtract": lambda x, y: x - y, "multiply": lambda x, y: x * y,
            "divide": lambda x, y: x / y, "power": lambda x, y: x**y, "negative": lambda x: -x,
            "positive": lambda x: x, "cast": lambda x, dtype: x,
            "floor_divide": lambda x, y: stairs["floor"](x / y),
            "remainder": lambda x, y: x - y * stairs["floor"](x / y),
            "abs": s.Abs, "square": lambda x: x**2, "sqrt": s.sqrt, "cbrt": cbrt, "reciprocal": lambda x: 1 / x,
            "exp": s.exp, "exp2": lambda x: 2**x, "expm1": lambda x: s.exp(x) - 1, "log": s.log,
            "log2": lambda x: s.log(x) / s.log(2), "log10": lambda x: s.log(x) / s.log(10),
            "log1p": lambda x: s.log(1 + x), "logaddexp": lambda x, y: s.log(s.exp(x) + s.exp(y)),
            "sin": s.sin, "cos": s.cos, "tan": s.tan, "arcsin": s.asin, "arccos": s.acos, "arctan": s.atan,
            "arctan2": s.atan2, "hypot": lambda x, y: s.sqrt(x**2 + y**2), "sinh": sinh, "cosh": cosh,
            "tanh": tanh, "arcsinh": asinh, "arccosh": acosh, "arctanh": atanh,
            "sinc": lambda x: s.sinc(s.pi * x), "maximum": s.Max, "minimum": s.Min,
            "clip": lambda x, low, high: _clipped(s, x, low, high),
            "relu": lambda x: s.Piecewise((x, x > 0), (0, True)), "sigmoid": self.sigma, "softplus": softplus,
            "erf": s.erf,
        }  # fmt: skip

    def _arrays(self) -> dict[str, Callable[..., Any]]:
        """Many elements in."""
        s = self.sympy
        exp, log, sqrt = (np.frompyfunc(f, 1, 1) for f in (s.exp, s.log, s.sqrt))

        def softmax(x: Any, axis: int = -1) -> Any:
            return exp(x) / exp(x).sum(axis=axis, keepdims=True)

        def variance(x: Any, axis: Any = None, ddof: float = 0, keepdims: bool = False) -> Any:
            mean = x.mean(axis=axis, keepdims=True)
            n = x.size // mean.size
            return ((x - mean) ** 2).sum(axis=axis, keepdims=keepdims) / (n - s.sympify(ddof))

        def extreme(f: Any) -> Any:
            def of(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
                axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
                for each in axes:
                    x = np.frompyfunc(f, 2, 1).reduce(x, axis=each, keepdims=True)
                return x if keepdims else x.squeeze(tuple(axes))

            return of

        def pad(x: Any, pad_width: Any, constant_values: float) -> Any:
            return np.pad(x, pad_width, constant_values=s.sympify(constant_values))

        def crossentropy(p: Any, y: Any) -> Any:
            return -(self.constants(y) * log(p)).sum() / (y.size // y.shape[-1])

        return {
            "sum": lambda x, axis=None, dtype=None, keepdims=False: x.sum(axis=axis, keepdims=keepdims),
            "softmax": softmax, "log_softmax": lambda x, axis=-1: log(softmax(x, axis)), "var": variance,
            "std": lambda x, **how: sqrt(variance(x, **how)),
            "norm": lambda x, axis=None, keepdims=False: sqrt((x**2).sum(axis=axis, keepdims=keepdims)),
            "logsumexp": lambda x, axis=None, keepdims=False: log(exp(x).sum(axis=axis, keepdims=keepdims)),
            "max": extreme(s.Max), "min": extreme(s.Min), "crossentropy": crossentropy,
            "softmax_crossentropy": lambda x, y: crossentropy(softmax(x), y),
            "pad": pad,
        }  # fmt: skip


def _clipped(s: Any, x: Any, low: Any, high: Any) -> Any:
    pieces = [] if low is None else [(low, x < low)]
    pieces += [] if high is None else [(high, x > high)]
    return s.Piecewise(*pieces, (x, True))


def _half_even(s: Any, x: Any) -> Any:
    down = s.floor(x + s.Rational(1, 2))
    tie = s.Eq(x + s.Rational(1, 2), down) & s.Eq(s.Mod(down, 2), 1)
    return s.Piecewise((down - 1, tie), (down, True))
