"""One element in, one element out: arithmetic, powers, exponentials, trigonometry, choices.

Each primitive stands with its rules, one for each argument, `(g, out, *args)`: a table of derivatives.
Where a derivative has two candidates (`abs` at 0, `maximum` of equals) the comment says which one is chosen.
A function here has a complex derivative unless it says otherwise.
"""

import cmath
import math
from functools import partial

import numpy as np

from ..primitive import Array
from ..primitive import primitive as _primitive
from .comparisons import equal, greater, less, logical_and
from .complex import conj, imag, is_complex

primitive = partial(_primitive, elementwise=True, complex="holomorphic")
_BROADCAST = "Shapes must be equal from the right, or 1: reshape one operand, for example x[:, None]"
binary = partial(primitive, hint=_BROADCAST)
real_only = partial(_primitive, elementwise=True)
real_binary = partial(real_only, hint=_BROADCAST)

# Arithmetic. Operators, not ufuncs: on NumPy's scalars they are ten times faster.


@binary(lambda g, out, x, y: g,
        lambda g, out, x, y: g, complex="as written")  # fmt: skip
def add(x: Array, y: Array, /) -> Array:
    """x + y, with NumPy's broadcasting and dtypes."""
    return x + y


@binary(lambda g, out, x, y: g,
        lambda g, out, x, y: -g, complex="as written")  # fmt: skip
def subtract(x: Array, y: Array, /) -> Array:
    """x - y."""
    return x - y


@binary(lambda g, out, x, y: g * y,
        lambda g, out, x, y: g * x)  # fmt: skip
def multiply(x: Array, y: Array, /) -> Array:
    """x * y, element by element."""
    return x * y


@binary(lambda g, out, x, y: g / y,
        lambda g, out, x, y: -g * out / y)  # fmt: skip
def divide(x: Array, y: Array, /) -> Array:
    """x / y."""
    return x / y


def _power_base(g: Array, out: Array, x: Array, y: Array) -> Array:
    if isinstance(y, (int, float, complex)):
        return g * 0 if y == 0 else g if y == 1 else g * (y * x) if y == 2 else g * (y * x ** (y - 1))
    at_zero = logical_and(equal(x, 0), equal(y, 0))  # x**0 is 1 everywhere, also at 0
    return where(at_zero, 0.0, g * y * x ** where(at_zero, y, y - 1))


def _power_exponent(g: Array, out: Array, x: Array, y: Array) -> Array:
    in_the_plane = is_complex(out)
    if isinstance(x, (int, float)) and not in_the_plane:
        return g * 0 if x == 0 else g * out * (math.log(x) if x > 0 else math.nan)
    if isinstance(x, (int, float, complex)):
        return g * 0 if x == 0 else g * out * cmath.log(x)
    base = where(equal(x, 0), 1.0, x)  # 0**y is 0 whatever y is
    return where(equal(x, 0), 0.0, g * out * log(base + 0j if in_the_plane else base))


@binary(_power_base, _power_exponent)
def power(x: Array, y: Array, /) -> Array:
    """x ** y. Derivatives at 0: 0**0 and 0**y hand back 0, a negative base hands nan to its exponent."""
    return x**y


@real_binary(lambda g, out, x, y: g * 0,
             lambda g, out, x, y: g * 0)  # fmt: skip
def floor_divide(x: Array, y: Array, /) -> Array:
    """x // y: a staircase, whose derivative is 0. Where x or y is infinite: x / y, as the array API standard has it."""
    out = x // y
    if out.dtype.kind == "f" and np.any(far := np.isinf(x) | np.isinf(y)):
        out = np.where(far, x / y, out)[()]
    return out


@real_binary(lambda g, out, x, y: g,
             lambda g, out, x, y: -g * floor_divide(x, y))  # fmt: skip
def remainder(x: Array, y: Array, /) -> Array:
    """x % y, with the sign of y."""
    return x % y


@primitive(lambda g, out, x: -g, complex="as written")
def negative(x: Array, /) -> Array:
    """-x."""
    return -x


@primitive(lambda g, out, x: g, complex="as written")
def positive(x: Array, /) -> Array:
    """+x: a copy."""
    return +x


@primitive(lambda g, out, x: g * sign(x), complex="as written")
def abs(x: Array, /) -> Array:
    """|x|. The derivative at 0 is 0."""
    return np.absolute(x)


def _angle_rule(g: Array, out: Array, x: Array) -> Array:
    return g * (1j * sign(x)) / _or_one(abs(x)) if is_complex(x) else g * 0


@primitive(_angle_rule, complex="as written")
def angle(x: Array, /) -> Array:
    """The angle in radians of x in the complex plane, from -pi to pi. The derivative at 0 is 0."""
    return np.angle(x)


@primitive(lambda g, out, x: g * (2 * x))
def square(x: Array, /) -> Array:
    """x * x."""
    return x * x


@primitive(lambda g, out, x: g / (2 * out))
def sqrt(x: Array, /) -> Array:
    """The square root. Its derivative at 0 is inf."""
    return np.sqrt(x)


@real_only(lambda g, out, x: g / (3 * out * out))
def cbrt(x: Array, /) -> Array:
    """The cube root."""
    return np.cbrt(x)


@primitive(lambda g, out, x: -g * out * out)
def reciprocal(x: Array, /) -> Array:
    """1 / x."""
    return np.reciprocal(x)


# Exponentials and logarithms.


@primitive(lambda g, out, x: g * out)
def exp(x: Array, /) -> Array:
    """e ** x."""
    return np.exp(x)


@primitive(lambda g, out, x: g * (out * 0.6931471805599453))
def exp2(x: Array, /) -> Array:
    """2 ** x."""
    return np.exp2(x)


@primitive(lambda g, out, x: g * (out + 1))
def expm1(x: Array, /) -> Array:
    """e ** x - 1, exact for small x."""
    out = np.expm1(x)
    if out.dtype.kind == "c":  # NumPy's has nan where it is infinite, and -0 at 0
        out = np.where(np.isfinite(x) & (x != 0), out, np.exp(x) - 1)[()]
    return out


@primitive(lambda g, out, x: g / x)
def log(x: Array, /) -> Array:
    """The natural logarithm."""
    return np.log(x)


@primitive(lambda g, out, x: g / (x * 0.6931471805599453))
def log2(x: Array, /) -> Array:
    """The logarithm to base 2."""
    return np.log2(x)


@primitive(lambda g, out, x: g / (x * 2.302585092994046))
def log10(x: Array, /) -> Array:
    """The logarithm to base 10."""
    return np.log10(x)


@primitive(lambda g, out, x: g / (x + 1))
def log1p(x: Array, /) -> Array:
    """log(1 + x), exact for small x."""
    return np.log1p(x)


def _or_one(x: Array) -> Array:
    return where(equal(x, 0), 1.0, x)


def _share(g: Array, out: Array, x: Array, y: Array) -> Array:
    out = where(equal(out, -np.inf), 0.0, out)
    mine, theirs = exp(x - out), exp(y - out)
    return g * mine / _or_one(mine + theirs)  # a sum of 1, but for what was rounded off a large `out`


@real_binary(lambda g, out, x, y: _share(g, out, x, y),
             lambda g, out, x, y: _share(g, out, y, x))  # fmt: skip
def logaddexp(x: Array, y: Array, /) -> Array:
    """log(exp(x) + exp(y)), without overflow; -inf and -inf give -inf with derivative 0."""
    return np.logaddexp(x, y)


# Trigonometric and hyperbolic functions.


@primitive(lambda g, out, x: g * cos(x))
def sin(x: Array, /) -> Array:
    """The sine of x in radians."""
    return np.sin(x)


@primitive(lambda g, out, x: -g * sin(x))
def cos(x: Array, /) -> Array:
    """The cosine of x in radians."""
    return np.cos(x)


@primitive(lambda g, out, x: g * (out * out + 1))
def tan(x: Array, /) -> Array:
    """The tangent of x in radians."""
    return np.tan(x)


@primitive(lambda g, out, x: g / sqrt((1 - x) * (1 + x)))
def arcsin(x: Array, /) -> Array:
    """The angle in radians whose sine is x."""
    return np.arcsin(x)


@primitive(lambda g, out, x: -g / sqrt((1 - x) * (1 + x)))
def arccos(x: Array, /) -> Array:
    """The angle in radians whose cosine is x."""
    return np.arccos(x)


@primitive(lambda g, out, x: g / (x * x + 1))
def arctan(x: Array, /) -> Array:
    """The angle in radians whose tangent is x."""
    return np.arctan(x)


def _per_square(x: Array, r: Array) -> Array:
    return x / _or_one(r) / _or_one(r)  # in two steps: r * r would overflow, or vanish


@real_binary(lambda g, out, y, x: g * _per_square(x, hypot(x, y)),
             lambda g, out, y, x: -g * _per_square(y, hypot(x, y)))  # fmt: skip
def arctan2(y: Array, x: Array, /) -> Array:
    """The angle in radians of the point (x, y). The derivative at (0, 0) is 0."""
    return np.arctan2(y, x)


@real_binary(lambda g, out, x, y: g * x / _or_one(out),
             lambda g, out, x, y: g * y / _or_one(out))  # fmt: skip
def hypot(x: Array, y: Array, /) -> Array:
    """sqrt(x*x + y*y) without overflow. The derivative at (0, 0) is 0."""
    return np.hypot(x, y)


@primitive(lambda g, out, x: g * cosh(x))
def sinh(x: Array, /) -> Array:
    """The hyperbolic sine."""
    return np.sinh(x)


@primitive(lambda g, out, x: g * sinh(x))
def cosh(x: Array, /) -> Array:
    """The hyperbolic cosine."""
    return np.cosh(x)


@primitive(lambda g, out, x: g * (1 - out * out))
def tanh(x: Array, /) -> Array:
    """The hyperbolic tangent."""
    out = np.tanh(x)
    if out.dtype.kind == "c":  # as in C, at infinity its imaginary part is a 0 with the sign of x's
        turned = np.isinf(np.real(x)) & np.isfinite(np.imag(x)) & (np.signbit(np.imag(out)) != np.signbit(np.imag(x)))
        out = np.where(turned, out.conj(), out)[()]
    return out


@primitive(lambda g, out, x: g / (sqrt(x * x + 1) if is_complex(x) else hypot(x, 1.0)))
def arcsinh(x: Array, /) -> Array:
    """The inverse of sinh."""
    return np.arcsinh(x)


@primitive(lambda g, out, x: g / (sqrt(x - 1) * sqrt(x + 1)))
def arccosh(x: Array, /) -> Array:
    """The inverse of cosh."""
    return np.arccosh(x)


@primitive(lambda g, out, x: g / ((1 - x) * (1 + x)))
def arctanh(x: Array, /) -> Array:
    """The inverse of tanh."""
    return np.arctanh(x)


def _sinc_rule(g: Array, out: Array, x: Array) -> Array:
    # (cos(pi x) - sinc(x)) / x loses all its digits near 0; there its Taylor series has them.
    t = np.pi * x
    small = less(abs(t), 0.05)
    safe, tt = where(small, 1.0, x), t * t
    series = -np.pi * t * (1 / 3 - tt * (1 / 30 - tt * (1 / 840 - tt / 45360)))
    return g * where(small, series, (cos(t) - out) / safe)


@primitive(_sinc_rule)
def sinc(x: Array, /) -> Array:
    """sin(pi x) / (pi x), and 1 at 0, where the derivative is 0."""
    return np.sinc(x)


@real_binary(lambda g, out, x, y: g * sign(x) * sign(out),
             lambda g, out, x, y: g * 0)  # fmt: skip
def copysign(x: Array, y: Array, /) -> Array:
    """|x| with the sign of y. The derivative at x = 0 is 0."""
    return np.copysign(x, y)


@real_binary(lambda g, out, x, y: g,
             lambda g, out, x, y: g * 0)  # fmt: skip
def nextafter(x: Array, y: Array, /) -> Array:
    """The number next to x on the way to y: x, but for its last digit. So the derivative by x is 1, by y 0."""
    return np.nextafter(x, y)


# Staircases: their derivative is 0 wherever they have one.


def _sign_rule(g: Array, out: Array, x: Array) -> Array:
    # Of a complex number, only what goes across the ray that it lies on turns its sign.
    return 1j * out * imag(g * conj(out)) / _or_one(abs(x)) if is_complex(x) else g * 0


@primitive(_sign_rule, complex="as written")
def sign(x: Array, /) -> Array:
    """-1, 0 or 1; of complex numbers x / |x|, and 0 at 0, where the derivative is 0."""
    return np.sign(x)


@real_only(lambda g, out, x: g * 0)
def floor(x: Array, /) -> Array:
    """The next integer below."""
    return np.floor(x)


@real_only(lambda g, out, x: g * 0)
def ceil(x: Array, /) -> Array:
    """The next integer above."""
    return np.ceil(x)


@real_only(lambda g, out, x: g * 0)
def trunc(x: Array, /) -> Array:
    """The next integer towards 0."""
    return np.trunc(x)


@primitive(lambda g, out, x, decimals: g * 0, complex="as written")
def round(x: Array, /, decimals: int = 0) -> Array:
    """Rounded to `decimals` places, halves to even."""
    return np.round(x, decimals)


# Choices.


@primitive(
    None,
    lambda g, out, condition, x, y: where(condition, g, 0.0),
    lambda g, out, condition, x, y: where(condition, 0.0, g),
    hint=_BROADCAST,
    complex="as written",
)
def where(condition: Array, x: Array, y: Array, /) -> Array:
    """x where the condition holds, else y. The branch not taken is handed an exact 0, even where it is infinite.

    >>> import tinygrad_lite as tg
    >>> x = tg.tensor([0.0, 4.0], requires_grad=True)
    >>> tg.where(x > 0, tg.sqrt(x), 0.0).sum().backward()
    >>> x.grad
    tensor([0.  , 0.25])
    """
    return np.where(condition, x, y)


def _winner(g: Array, larger: Array, smaller: Array) -> Array:
    return where(greater(larger, smaller), g, where(equal(larger, smaller), 0.5 * g, 0.0))


@real_binary(lambda g, out, x, y: _winner(g, x, y),
             lambda g, out, x, y: _winner(g, y, x))  # fmt: skip
def maximum(x: Array, y: Array, /) -> Array:
    """The larger of the two; equals share the derivative evenly."""
    return np.maximum(x, y)


@real_binary(lambda g, out, x, y: _winner(g, y, x),
             lambda g, out, x, y: _winner(g, x, y))  # fmt: skip
def minimum(x: Array, y: Array, /) -> Array:
    """The smaller of the two; equals share the derivative evenly."""
    return np.minimum(x, y)


def _inside(g: Array, x: Array, min: Array, max: Array) -> Array:
    if min is not None:
        g = where(less(x, min), 0.0, g)
    return g if max is None else where(greater(x, max), 0.0, g)


def _below(g: Array, x: Array, min: Array, max: Array) -> Array:
    g = where(less(x, min), g, 0.0)
    return g if max is None else where(greater(min, max), 0.0, g)


def _above(g: Array, x: Array, min: Array, max: Array) -> Array:
    return where(greater(x if min is None else maximum(x, min), max), g, 0.0)


@primitive(
    lambda g, out, x, min, max: _inside(g, x, min, max),
    lambda g, out, x, min, max: _below(g, x, min, max),
    lambda g, out, x, min, max: _above(g, x, min, max),
    hint=_BROADCAST,
    complex=None,
)
def clip(x: Array, /, min: Array = None, max: Array = None) -> Array:
    """x held between min and max, either of which may be None. The derivative at a bound is 1."""
    return np.clip(x, min, max)
