"""SciPy's special functions, with their derivatives: `tinygrad_lite.special.erf(x)`, and `scipy.special.erf(tensor)`.

SciPy computes the values, and is imported by the first call. A function has no derivative by its order or its
parameters unless it says so: such a gradient is refused.
"""

from ..ops import logsumexp
from .bessel import i0, i0e, i1, i1e, iv, ive, j0, j1, jv, k0, k1, kv, y0, y1, yv
from .entropies import entr, kl_div, rel_entr, xlog1py, xlogy
from .gammas import (
    beta,
    betainc,
    betaincc,
    betaln,
    chdtr,
    chdtrc,
    digamma,
    gamma,
    gammainc,
    gammaincc,
    gammaln,
    loggamma,
    polygamma,
    psi,
    stdtr,
    zeta,
)
from .logistic import expit, log_expit, log_softmax, logit, softmax
from .normal import erf, erfc, erfcinv, erfcx, erfinv, log_ndtr, ndtr, ndtri, ndtri_exp
from .powers import boxcox, cosm1, exprel, huber, hyp1f1, pseudo_huber

__all__ = [
    "beta", "betainc", "betaincc", "betaln", "boxcox", "chdtr", "chdtrc", "cosm1", "digamma", "entr", "erf", "erfc",
    "erfcinv", "erfcx", "erfinv", "expit", "exprel", "gamma", "gammainc", "gammaincc", "gammaln", "huber", "hyp1f1",
    "i0", "i0e", "i1", "i1e", "iv", "ive", "j0", "j1", "jv", "k0", "k1", "kl_div", "kv", "log_expit", "log_ndtr",
    "log_softmax", "loggamma", "logit", "logsumexp", "ndtr", "ndtri", "ndtri_exp", "polygamma", "pseudo_huber", "psi",
    "rel_entr", "softmax", "stdtr", "xlog1py", "xlogy", "y0", "y1", "yv", "zeta",
]  # fmt: skip
