"""SciPy's special functions: values, derivatives to second order, edges, and what scipy.special.f(tensor) finds."""

import subprocess
import sys

import numpy as np
import pytest
from scipy import special as scipys

import tinygrad_lite as tg
from rows import normal, within
from tinygrad_lite import special
from tinygrad_lite.primitive import Primitive

x, positive, unit = normal(2, 3), within(0.4, 3, 2, 3), within(0.1, 0.9, 2, 3)
UNARY = {
    **dict.fromkeys(
        [
            "erf",
            "erfc",
            "erfcx",
            "expit",
            "log_expit",
            "ndtr",
            "log_ndtr",
            "i0",
            "i1",
            "j0",
            "j1",
            "cosm1",
            "exprel",
            "i0e",
            "i1e",
        ],
        x,
    ),
    **dict.fromkeys(["gamma", "gammaln", "loggamma", "digamma", "psi", "entr", "k0", "k1", "y0", "y1"], positive),
    **dict.fromkeys(["erfinv", "erfcinv", "logit", "ndtri"], unit),
    **dict.fromkeys(["softmax", "log_softmax", "logsumexp"], x),
    "ndtri_exp": -positive,
}
BINARY = {  # the arguments that are differentiated are arrays
    **dict.fromkeys(["beta", "betaln", "xlogy", "rel_entr", "kl_div"], (positive, within(0.4, 3, 2, 1))),
    "xlog1py": (x, unit[0]),
    "pseudo_huber": (positive, x),
    "huber": (np.array([[0.5], [2.0]]), np.array([0.3, -1.1, 2.6])),
    **dict.fromkeys(("jv", "yv", "iv", "ive", "kv"), (1.5, positive)),
    "polygamma": (2, positive),
    "zeta": (2, positive),
    "gammainc": (2.5, positive),
    "gammaincc": (2.5, positive),
    "chdtr": (5, positive),
    "chdtrc": (5, positive),
    "stdtr": (7, x),
    "boxcox": (positive, np.array([-0.5, 0.0, 2.0])),
    "betainc": (2, 3.5, unit),
    "betaincc": (2, 3.5, unit),
    "hyp1f1": (1.5, 2.5, x),
}
TABLE = {name: (values,) for name, values in UNARY.items()} | BINARY
UFUNCS = [name for name in TABLE if isinstance(getattr(scipys, name), np.ufunc)]


def test_each_function_has_a_row():
    assert TABLE.keys() == set(special.__all__)
    made = {f for f, g in vars(special).items() if isinstance(getattr(g, "primitive", None), Primitive)}
    assert made <= set(special.__all__)


@pytest.mark.parametrize("name", TABLE)
def test_values_and_derivatives(name):
    ours, args = getattr(special, name), TABLE[name]
    expected = getattr(scipys, name)(*args)
    tensors = [tg.tensor(a) if isinstance(a, np.ndarray) else a for a in args]
    np.testing.assert_allclose(ours(*tensors).numpy(), expected, rtol=1e-12)
    np.testing.assert_allclose(ours(*args), expected, rtol=1e-12)
    arrays = [a for a in args if isinstance(a, np.ndarray)]
    numbers = args[: len(args) - len(arrays)]
    tg.check_grads(lambda *xs: ours(*numbers, *xs), *arrays, tolerance=2e-6)


@pytest.mark.parametrize("name", UFUNCS)
def test_scipy_s_ufunc_of_a_tensor_is_ours(name):
    args = [tg.tensor(a, requires_grad=True) if isinstance(a, np.ndarray) else a for a in TABLE[name]]
    out = getattr(scipys, name)(*args)
    assert isinstance(out, tg.Tensor) and out.requires_grad
    if hasattr(getattr(special, name), "primitive"):
        small = [np.float32(a) if isinstance(a, np.ndarray) else a for a in TABLE[name]]
        ours = getattr(special, name)(*[tg.tensor(a) if isinstance(a, np.ndarray) else a for a in small])
        assert ours.dtype == getattr(scipys, name)(*small).dtype


def gradients(f, *values):
    tensors = [tg.tensor(v, requires_grad=True) for v in values]
    out = f(*tensors)
    out.sum().backward()
    return [out.detach().numpy().tolist(), *[t.grad.numpy().tolist() for t in tensors]]


def test_edges():
    assert gradients(special.xlogy, 0.0, 0.0) == [0, 0, 0]
    assert gradients(special.xlogy, 0.0, 2.0) == [0, np.log(np.float32(2)), 0]
    assert gradients(special.xlog1py, 0.0, -1.0) == [0, 0, 0]
    assert gradients(special.rel_entr, 0.0, 0.0) == [0, 1, 0]
    assert gradients(special.kl_div, 0.0, 3.0)[2] == 1
    with np.errstate(divide="ignore"):
        assert gradients(special.entr, 0.0) == [0, np.inf]
        assert gradients(special.logit, 0.0) == [-np.inf, np.inf] and gradients(special.logit, 1.0) == [np.inf, np.inf]
    assert gradients(special.erf, np.array([-40.0, 0.0, 40.0])) == [[-1, 0, 1], [0, 2 / np.sqrt(np.pi), 0]]
    expit, slope = gradients(special.expit, np.array([-500.0, 40.0, 800.0]))
    assert 0 < expit[0] < 1e-200 and slope[0] == expit[0] and slope[1] == pytest.approx(np.exp(-40)) and slope[2] == 0
    assert gradients(special.log_expit, np.array(-1000.0)) == [-1000, 1]
    value, slope = gradients(special.log_ndtr, np.array(-40.0))
    assert value == scipys.log_ndtr(-40.0) and slope == pytest.approx(40 + 1 / 40 - 2 / 40**3, rel=1e-6)
    assert gradients(special.i1, np.array(0.0)) == [0, 0.5]
    assert gradients(special.exprel, np.array(0.0)) == [1, 0.5]


def test_what_has_no_derivative_is_refused():
    t = tg.tensor([0.5, 1.5], requires_grad=True)
    for f in (scipys.struve, scipys.fresnel, scipys.kn):
        with pytest.raises(TypeError, match=rf"scipy\.special\.{f.__name__} has no derivative here: .*silently"):
            f(*[2] * (f.nin - 1), t)
    for f, args, parameter in [
        (special.jv, (t, 2.0), "the order"),
        (special.gammainc, (t, 2.0), "the shape a"),
        (special.betainc, (2.0, t, 0.5), "b"),
        (special.stdtr, (t, 2.0), "the degrees of freedom"),
        (special.zeta, (t + 1, 2.0), "the exponent"),
    ]:
        with pytest.raises(TypeError, match=rf"no derivative by {parameter}, given array.*detach"):
            f(*args).sum().backward()


def test_each_example_of_a_batch():
    values = normal(4, 3)
    f = lambda row: (special.erf(row) * special.xlogy(row * row, 2.0)).sum()
    many = tg.vmap(tg.grad(f))(tg.tensor(values)).numpy()
    np.testing.assert_allclose(many, [tg.grad(f)(tg.tensor(row)).numpy() for row in values])


def test_scipy_is_imported_by_the_first_call_and_without_it_the_error_says_what_to_install():
    program = """
import sys
import tinygrad_lite as tg
assert not any(name.startswith("scipy") for name in sys.modules)
sys.modules["scipy"] = None
try:
    tg.special.erf(tg.tensor(1.0))
except ModuleNotFoundError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "tinygrad_lite.special computes with SciPy: pip install 'tinygrad_lite[scipy]'\n"
