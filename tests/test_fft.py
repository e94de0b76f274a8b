"""tinygrad_lite.fft: the standard's names and signatures, NumPy's functions, PyTorch's gradients, bad arguments."""

import numpy as np
import pytest

import standard
import tinygrad_lite as tg

_rng = np.random.default_rng(0)
SIGNATURES = standard.signatures(standard.FFT)


def complexes(*shape):
    return _rng.standard_normal(shape) + 1j * _rng.standard_normal(shape)


@pytest.mark.parametrize("name", SIGNATURES)
def test_the_signature_is_the_standard_s(name):
    standard.check(tg.fft, name, SIGNATURES[name])


def test_the_standard_s_functions_are_all_there():
    assert len(SIGNATURES) == 14
    assert set(tg.fft.__all__) - SIGNATURES.keys() == {"fft2", "ifft2", "rfft2", "irfft2"}


@pytest.mark.parametrize("name", [n for n in tg.fft.__all__ if "freq" not in n])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numpy_s_function_of_a_tensor_is_ours(name, dtype):
    x = _rng.standard_normal((4, 5)).astype(dtype)
    got = getattr(np.fft, name)(tg.tensor(x, requires_grad=True))
    expected = getattr(np.fft, name)(x)
    assert isinstance(got, tg.Tensor) and got.requires_grad and got.dtype == expected.dtype
    np.testing.assert_allclose(got.data, expected, rtol=1e-6, atol=1e-6)
    abs(got).sum().backward()


def test_the_frequencies_are_numpy_s():
    for n in (4, 5):
        np.testing.assert_allclose(tg.fft.fftfreq(n, d=0.1, dtype="float64").data, np.fft.fftfreq(n, d=0.1))
        np.testing.assert_allclose(tg.fft.rfftfreq(n).data, np.fft.rfftfreq(n))
    assert tg.fft.rfftfreq(4, device="cpu").dtype == np.float32
    with pytest.raises(ValueError, match="gpu"):
        tg.fft.fftfreq(4, device="gpu")


def test_a_real_signal_has_a_real_gradient():
    """The energy of a signal is that of its spectrum (Parseval): the gradient of either is 2 x."""
    x = tg.tensor(_rng.standard_normal(8), requires_grad=True)
    (abs(tg.fft.fft(x, norm="ortho")) ** 2).sum().backward()
    assert x.grad.dtype == np.float64
    np.testing.assert_allclose(x.grad.data, 2 * x.data)


FUNCTIONS = {
    "fft": (lambda fft, x: fft.fft(x, n=6) * fft.ifft(x, n=6, norm="ortho"), complexes(2, 5)),
    "fftn": (lambda fft, x: fft.fftn(x, norm="forward") + fft.ifftn(x), complexes(2, 5)),
    "rfft": (lambda fft, x: fft.rfft(x) ** 2 + fft.ihfft(x), _rng.standard_normal((2, 5))),
    "irfft": (lambda fft, x: fft.irfft(x, n=7) ** 2 + fft.hfft(x, n=7), complexes(2, 4)),
    "irfft, even": (lambda fft, x: fft.irfft(x, norm="forward") ** 2, complexes(2, 4)),
    "rfftn": (lambda fft, x: fft.rfftn(x, norm="ortho") ** 2, _rng.standard_normal((3, 4))),
    "irfftn": (lambda fft, x: fft.irfftn(x, s=(3, 5), **{_axes(fft): (0, 1)}) ** 2, complexes(3, 4)),
}


def _axes(fft):
    return "axes" if fft is tg.fft else "dim"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients_of_order_one_and_two_are_pytorch_s(name, torch):
    f, x = FUNCTIONS[name]
    length = lambda y: (abs(y) ** 3).sum()
    first = tg.grad(lambda x: length(f(tg.fft, x)))
    second = tg.grad(lambda x: length(first(x)))
    t = torch.tensor(x, requires_grad=True)
    (theirs,) = torch.autograd.grad(length(f(torch.fft, t)), [t], create_graph=True)
    (again,) = torch.autograd.grad(length(theirs), [t])
    for got, expected in ((first(x), theirs), (second(x), again)):
        np.testing.assert_allclose(got.data, expected.detach().resolve_conj().numpy(), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_forward_mode_agrees_with_finite_differences(name):
    f, x = FUNCTIONS[name]
    v = complexes(*x.shape) if x.dtype == complex else _rng.standard_normal(x.shape)
    expected = (f(tg.fft, x + 1e-6 * v) - f(tg.fft, x - 1e-6 * v)) / 2e-6
    np.testing.assert_allclose(tg.jvp(lambda x: f(tg.fft, x), (x,), (v,))[1].data, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x: tg.fft.rfft(x * 1j), TypeError, "rfft.*complex128.*It takes real numbers: fft takes complex ones"),
        (lambda x: tg.fft.fft(x, n=0), ValueError, r"at least one number along each axis, given the lengths \(0,\)"),
        (lambda x: tg.fft.fftn(x, s=(1, 2), axes=(0,)), ValueError, r"as many lengths as axes.*s=\(1, 2\)"),
        (lambda x: tg.fft.fft(x, norm="forwards"), ValueError, "norm"),
        (lambda x: tg.fft.hfft(x, norm="forwards"), ValueError, "norm"),
        (lambda x: tg.fft.fft(x, n=2.5), TypeError, "integer"),
        (lambda x: tg.fft.fft(x, axis=2), IndexError, "axis"),
        (lambda x: tg.fft.irfft(x[:, :1]), ValueError, r"irfft\(.*Invalid number of FFT data points \(0\)"),
    ],
)
def test_bad_arguments_say_what_is_wrong(call, error, words):
    with pytest.raises(error, match=words):
        call(tg.tensor(np.ones((2, 3)), requires_grad=True))
