"""Gamma, beta and the distributions made of them: https://dlmf.nist.gov/5 and /8."""

from math import log, pi

from .. import ops
from ..primitive import Array
from .entropies import xlog1py, xlogy
from .scipys import primitive, refused, sp


@primitive(lambda g, out, x: g * out * digamma(x))
def gamma(x: Array, /) -> Array:
    """(x - 1)!, for real x too."""
    return sp.gamma(x)


@primitive(lambda g, out, x: g * digamma(x))
def gammaln(x: Array, /) -> Array:
    """log(abs(gamma(x)))."""
    return sp.gammaln(x)


@primitive(lambda g, out, x: g * digamma(x))
def loggamma(x: Array, /) -> Array:
    """log(gamma(x)); nan below 0. No derivative where x is complex."""
    return sp.loggamma(x)


@primitive(lambda g, out, x: g * polygamma(1, x))
def digamma(x: Array, /) -> Array:
    """The derivative of gammaln."""
    return sp.digamma(x)


psi = digamma  # as SciPy has it


@primitive(refused("the order", 0), lambda g, out, n, x: g * polygamma(n + 1, x))
def polygamma(n: Array, x: Array, /) -> Array:
    """The n-th derivative of digamma, n = 0, 1, ..."""
    return sp.polygamma(n, x)


@primitive(refused("the exponent", 0), lambda g, out, s, q: g * -s * zeta(s + 1, q))
def zeta(s: Array, q: Array, /) -> Array:
    """Hurwitz's zeta: the sum of 1 / (q + k)**s over k = 0, 1, ..., for s > 1."""
    return sp.zeta(s, q)


@primitive(lambda g, out, a, b: g * out * (digamma(a) - digamma(a + b)),
           lambda g, out, a, b: g * out * (digamma(b) - digamma(a + b)))  # fmt: skip
def beta(a: Array, b: Array, /) -> Array:
    """gamma(a) gamma(b) / gamma(a + b)."""
    return sp.beta(a, b)


@primitive(lambda g, out, a, b: g * (digamma(a) - digamma(a + b)),
           lambda g, out, a, b: g * (digamma(b) - digamma(a + b)))  # fmt: skip
def betaln(a: Array, b: Array, /) -> Array:
    """log(abs(beta(a, b)))."""
    return sp.betaln(a, b)


def _gamma_density(a: Array, x: Array) -> Array:
    return ops.exp(xlogy(a - 1, x) - x - gammaln(a))


@primitive(refused("the shape a", 0), lambda g, out, a, x: g * _gamma_density(a, x))
def gammainc(a: Array, x: Array, /) -> Array:
    """How likely a number of the gamma distribution of shape a is below x."""
    return sp.gammainc(a, x)


@primitive(refused("the shape a", 0), lambda g, out, a, x: -g * _gamma_density(a, x))
def gammaincc(a: Array, x: Array, /) -> Array:
    """1 - gammainc(a, x), exact where that is tiny."""
    return sp.gammaincc(a, x)


def _beta_density(a: Array, b: Array, x: Array) -> Array:
    return ops.exp(xlogy(a - 1, x) + xlog1py(b - 1, -x) - betaln(a, b))


@primitive(refused("a", 0), refused("b", 1), lambda g, out, a, b, x: g * _beta_density(a, b, x))
def betainc(a: Array, b: Array, x: Array, /) -> Array:
    """How likely a number of the beta distribution is below x."""
    return sp.betainc(a, b, x)


@primitive(refused("a", 0), refused("b", 1), lambda g, out, a, b, x: -g * _beta_density(a, b, x))
def betaincc(a: Array, b: Array, x: Array, /) -> Array:
    """1 - betainc(a, b, x), exact where that is tiny."""
    return sp.betaincc(a, b, x)


def _student_density(df: Array, t: Array) -> Array:
    scale = gammaln((df + 1) / 2) - gammaln(df / 2) - (ops.log(df) + log(pi)) / 2
    return ops.exp(scale - (df + 1) / 2 * ops.log1p(t * t / df))


@primitive(refused("the degrees of freedom", 0), lambda g, out, df, t: g * _student_density(df, t))
def stdtr(df: Array, t: Array, /) -> Array:
    """How likely a number of Student's distribution is below t."""
    return sp.stdtr(df, t)


def chdtr(v: Array, x: Array, /) -> Array:
    """How likely a chi-squared number of v degrees of freedom is below x."""
    return gammainc(v / 2, x / 2)


def chdtrc(v: Array, x: Array, /) -> Array:
    """1 - chdtr(v, x), exact where that is tiny."""
    return gammaincc(v / 2, x / 2)
