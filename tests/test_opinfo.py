"""PyTorch's own test data, its OpInfo database, as a judge: values, first and second derivatives, error inputs."""

import importlib
import warnings
from functools import cache
from typing import Any

import numpy as np
import pytest

import opinfo
import tinygrad_lite as tg

REFUSALS = (TypeError, ValueError, IndexError, RuntimeError)

# Judging.


def _mapped(torch: Any, f: Any, nest: Any) -> Any:
    """The nest with f(tensor) in place of each of PyTorch's tensors."""
    if isinstance(nest, torch.Tensor):
        return f(nest)
    if isinstance(nest, (list, tuple)):
        return type(nest)(_mapped(torch, f, x) for x in nest) if type(nest) in (list, tuple) else tuple(nest)
    if isinstance(nest, dict):
        return {key: _mapped(torch, f, x) for key, x in nest.items()}
    if isinstance(nest, torch.dtype):
        return torch.empty(0, dtype=nest).numpy().dtype
    return nest


def _flat(nest: Any) -> list[Any]:
    if isinstance(nest, (list, tuple)):
        return [x for each in nest for x in _flat(each)]
    return [nest]


def _array(x: Any) -> np.ndarray:
    if isinstance(x, tg.Tensor):
        return x.detach().numpy()
    return x.detach().numpy(force=True) if hasattr(x, "detach") else np.asarray(x)


def _close(what: str, ours: Any, theirs: Any, rtol: float) -> None:
    """Within rtol of each element, or of the largest one: sums round at its size. What is below 1e-3 may be noise."""
    ours, theirs = _array(ours), _array(theirs)
    assert ours.shape == theirs.shape, f"{what}: our shape {ours.shape}, PyTorch's {theirs.shape}"
    if theirs.dtype.kind in "fc":
        assert ours.dtype == theirs.dtype, f"{what}: our dtype {ours.dtype}, PyTorch's {theirs.dtype}"
    largest = np.max(np.abs(theirs), where=np.isfinite(theirs), initial=0.0)
    np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=rtol * min(max(float(largest), 1e-3), 1e100), err_msg=what)


class Sample:
    """One call of an operation, theirs and ours. Leaves are the tensors that want a gradient."""

    def __init__(self, torch: Any, op: Any, sample: Any, all_of_them: bool = False) -> None:
        self.torch, self.op, self.all_of_them = torch, op, all_of_them
        self.nest = (sample.input, *sample.args), sample.kwargs
        self.leaves: list[Any] = []
        self.post = opinfo.PHASELESS.get(name_of(op), lambda out: out)
        _mapped(torch, self._notice, self.nest)

    def _notice(self, x: Any) -> None:
        wanted = x.requires_grad or (self.all_of_them and (x.is_floating_point() or x.is_complex()))
        if wanted and not any(x is y for y in self.leaves):
            self.leaves.append(x)

    def theirs(self) -> list[Any]:
        (x, *args), kwargs = self.nest
        args, kwargs = _mapped(self.torch, lambda x: x, args), dict(kwargs)
        return _flat(self.post(self.op.gradcheck_wrapper(self.op.op, x, *args, **kwargs)))

    def ours(self, *leaves: Any) -> list[Any]:
        places = {id(x): leaf for x, leaf in zip(self.leaves, leaves, strict=True)}
        args, kwargs = _mapped(self.torch, lambda x: places[id(x)] if id(x) in places else _array(x).copy(), self.nest)
        return _flat(opinfo.CALLS[name_of(self.op)](*args, **kwargs))

    def judge(self, rng: np.random.Generator) -> None:
        torch, ours_at = self.torch, [tg.tensor(_array(x)) for x in self.leaves]
        theirs, ours = self.theirs(), self.ours(*ours_at)
        assert len(theirs) == len(ours), f"{len(ours)} results, PyTorch has {len(theirs)}"
        for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            _close(f"value {i}", a, b, 1e-9)
        live = [i for i, x in enumerate(theirs) if isinstance(x, torch.Tensor) and x.requires_grad]
        if not live:
            return
        seeds = [_random(rng, theirs[i]) for i in live]

        def chosen(*leaves: Any) -> list[Any]:
            outs = self.ours(*leaves)
            return [outs[i] for i in live]

        cotangents = [torch.tensor(c, requires_grad=True) for c in seeds]
        theirs_1 = self._grad([theirs[i] for i in live], self.leaves, cotangents, True)
        ours_1 = tg.vjp(chosen, *ours_at)[1]([tg.tensor(c) for c in seeds])
        for i, (a, b) in enumerate(zip(ours_1, theirs_1, strict=True)):
            _close(f"derivative by input {i}", a, b, 1e-7)
        if not self.op.supports_gradgrad:
            return
        directions = [_random(rng, x) for x in self.leaves]
        n = len(self.leaves)
        some = [(g, v) for g, v in zip(theirs_1, directions, strict=True) if g.requires_grad]
        theirs_2 = self._grad(
            [g for g, _ in some], [*self.leaves, *cotangents], [torch.tensor(v) for _, v in some], False
        )

        def pulled(*both: Any) -> list[Any]:
            return list(tg.vjp(chosen, *both[:n])[1](list(both[n:])))

        found, pull = tg.vjp(pulled, *ours_at, *[tg.tensor(c) for c in seeds])
        for i, (a, b) in enumerate(zip(found, theirs_1, strict=True)):
            _close(f"recorded derivative by input {i}", a, b, 1e-7)
        for i, (a, b) in enumerate(zip(pull([tg.tensor(v) for v in directions]), theirs_2, strict=True)):
            _close(f"second derivative {i}", a, b, 1e-6)

    def _grad(self, outs: list[Any], wrt: list[Any], cotangents: list[Any], create_graph: bool) -> list[Any]:
        if not outs:
            return [self.torch.zeros_like(x) for x in wrt]
        grads = self.torch.autograd.grad(outs, wrt, cotangents, create_graph=create_graph, allow_unused=True)
        return [self.torch.zeros_like(x) if g is None else g for g, x in zip(grads, wrt, strict=True)]


def _random(rng: np.random.Generator, like: Any) -> np.ndarray:
    """Of its shape and dtype, real or complex."""
    x = rng.standard_normal(like.shape)
    return np.asarray(x + 1j * rng.standard_normal(like.shape) if like.is_complex() else x, _array(like).dtype)


def name_of(op: Any) -> str:
    return op.name + (f".{op.variant_test_name}" if op.variant_test_name else "")


def _samples(torch: Any, op: Any, dtype: str) -> list[Any]:
    """Its samples, the same each time: in the dtype or, for what has no real numbers, in int64."""
    if getattr(torch, dtype) not in op.dtypes:
        dtype = "int64" if dtype == "float64" and torch.int64 in op.dtypes else ""
    if not dtype:
        return []
    wants = op.supports_autograd and dtype != "int64"
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.default_generator.manual_seed(0)  # torch.manual_seed queues a call for each kind of device
        return list(op.sample_inputs_func(op, "cpu", getattr(torch, dtype), wants))


@cache
def database() -> dict[str, Any]:
    """The operations that both have, by name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = importlib.import_module("torch.testing._internal.common_methods_invocations").op_db
    return {name_of(op): op for op in found if name_of(op) in opinfo.CALLS}


@cache
def verdicts(dtype: str) -> dict[str, dict[int, str]]:
    """For each operation, what became of its samples: "" if it passed, "no ..." for what has no equivalent here."""
    torch, found = importlib.import_module("torch"), {}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    for name, op in database().items():
        found[name] = {i: _verdict(torch, op, sample, i) for i, sample in enumerate(_samples(torch, op, dtype))}
    torch.set_num_threads(threads)
    return found


def _verdict(torch: Any, op: Any, sample: Any, i: int) -> str:
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            Sample(torch, op, sample).judge(np.random.default_rng(i))
    except opinfo.NoEquivalent as argument:
        return f"no {argument}"
    except (AssertionError, *REFUSALS) as error:
        return " ".join(f"{type(error).__name__}: {error}".split())
    return ""


# What may differ: how many samples, how they end, and why. Not one more, and not one less.

OFF = "AssertionError: Not equal to tolerance"
BOTH = {
    "cat": [(1, "IndexError", "PyTorch joins an empty vector to arrays of any shape")],
    "cov": [(27, "TypeError: cov(", "refused")],
    "gather": [(1, "ValueError: take_along_axis", "an index without elements may have any shape")],
    "linalg.norm": [(2, OFF, "order 3.5 of nothing at all: by the cotangent 0 here, nan there")],
    "linalg.norm.subgradients_at_zero": [
        (28, OFF, "the derivatives of a norm at 0 are 0 here, nan or a subgradient there")
    ],
    "linalg.vander": [(1, "ValueError: vander", "of a number; NumPy refuses it too")],
    "tensordot": [(1, "ValueError: tensordot", "PyTorch stretches axes of length 1; NumPy refuses it too")],
}
DIFFERENT: dict[str, dict[str, list[tuple[int, str, str]]]] = {
    "float64": BOTH | {
        "nanquantile": [(26, "TypeError: numpy.nanquantile with a Tensor has no option method", "refused")],
        "quantile": [(26, "TypeError: quantile(", "refused")],
        "special.bessel_j0": [(2, OFF, "PyTorch has 8 digits; ours are mpmath's to 15")],
        "special.bessel_j1": [(2, OFF, "PyTorch has 8 digits; ours are mpmath's to 15")],
        "special.bessel_y0": [(1, OFF, "PyTorch has 8 digits; ours are mpmath's to 15")],
        "special.bessel_y1": [(1, OFF, "PyTorch has 8 digits; ours are mpmath's to 15")],
    },
    "complex128": BOTH | {
        "logaddexp": [(9, "TypeError: logaddexp", "for real numbers, as NumPy's")],
        "logsumexp": [(15, "TypeError: logsumexp", "its derivative is for real numbers")],
        "sigmoid": [(3, "TypeError: expit", "for real numbers, as SciPy's")],
        "nn.functional.conv1d": [(10, "TypeError: conv", "its derivative is for real numbers")],
        "nn.functional.conv2d": [(30, "TypeError: conv", "its derivative is for real numbers")],
        "nn.functional.conv3d": [(20, "TypeError: conv", "its derivative is for real numbers")],
    },
}  # fmt: skip


@pytest.mark.parametrize("dtype", DIFFERENT)
@pytest.mark.parametrize("name", opinfo.CALLS)
def test_value_and_derivatives_are_pytorch_s(torch, expecttest, name, dtype):
    left = {i: words for i, words in verdicts(dtype)[name].items() if words and not words.startswith("no ")}
    for count, start, reason in DIFFERENT[dtype].get(name, []):
        listed = [i for i, words in left.items() if words.startswith(start)]
        assert len(listed) == count, f"{len(listed)} samples are listed as {reason!r}, not {count}: {left}"
        for i in listed:
            del left[i]
    assert not left


def _passed(dtype: str, core: bool) -> int:
    return sum(
        words == "" and (not core or not name.startswith("nn."))
        for name, samples in verdicts(dtype).items()
        for words in samples.values()
    )


def test_so_many_samples_pass(torch, expecttest):
    assert set(database()) == set(opinfo.CALLS), "a name in opinfo.py that PyTorch does not know"
    assert sum("" in samples.values() for samples in verdicts("float64").values()) >= 360
    assert _passed("float64", core=True) >= 3_680 and _passed("float64", core=False) >= 4_300
    assert _passed("complex128", core=True) >= 2_660


def test_empty_arrays_and_numbers_without_axes_are_among_them(torch, expecttest):
    kinds = {"empty": 0, "a number": 0}
    for name, op in database().items():
        for sample, words in zip(_samples(torch, op, "float64"), verdicts("float64")[name].values(), strict=True):
            if isinstance(sample.input, torch.Tensor) and not words:
                kinds["empty"] += sample.input.numel() == 0
                kinds["a number"] += sample.input.ndim == 0
    assert min(kinds.values()) >= 300, kinds


# Error inputs.

# Written in opinfo.py itself, so that their errors would be too.
COMPOSED = {"complex", "polar", "narrow", "narrow_copy", "nn.functional.gelu"}
# How many of them mean something here, and what.
LEGAL = {
    "gradient": (3, "one spacing in a list is that of all axes, as in NumPy"),
    "isclose": (2, "NumPy takes a negative tolerance: nothing is close"),
    "linalg.cross": (1, "a missing axis is stretched, as in NumPy"),
    "masked_fill": (3, "where takes values of any shape and dtype"),
    "mean": (2, "the mean of whole numbers is a floating-point number"),
    "nn.functional.conv3d": (1, "padding is 'same' with strides too, as in Keras"),
    "nn.functional.max_pool1d": (2, "of no examples there are no windows"),
    "nn.functional.max_pool3d": (1, "of no examples there are no windows"),
    "roll": (2, "no shift at all, and shifts of the same axis that add up, as in NumPy"),
    "scatter": (1, "the value is cast to the dtype of what it is written into"),
    "t": (1, "the transpose of more than two axes reverses them"),
    "t_copy": (1, "the transpose of more than two axes reverses them"),
    "trace": (1, "it sums the diagonals of many matrices"),
    "tril": (1, "of a vector NumPy makes a square first"),
    "triu": (1, "of a vector NumPy makes a square first"),
}


def _error_samples(torch: Any, op: Any) -> list[Any]:
    """What has a meaning here: no out=, no other device, no Python number where PyTorch wants a tensor."""
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.default_generator.manual_seed(0)  # torch.manual_seed queues a call for each kind of device
        found = [e.sample_input for e in op.error_inputs_func(op, "cpu")] if op.error_inputs_func else []
    binary = any(base.__name__ == "BinaryUfuncInfo" for base in type(op).__mro__)
    return [
        s
        for s in found
        if "out" not in s.kwargs
        and not any(x.is_meta for x in _tensors(torch, [s.input, s.args, *s.kwargs.values()]))
        and not (binary and any(isinstance(x, int) for x in (s.input, *s.args)))
    ]


def _tensors(torch: Any, nest: Any) -> list[Any]:
    return [x for x in _flat(nest) if isinstance(x, torch.Tensor)]


def _raised(torch: Any, op: Any, sample: Any) -> bool | None:
    """Whether it raises; None if an argument has no equivalent."""
    case = Sample(torch, op, sample, all_of_them=True)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            case.ours(*[tg.tensor(_array(x), requires_grad=True) for x in case.leaves])
    except opinfo.NoEquivalent:
        return None
    except REFUSALS as error:
        return str(error) != ""
    return False


@cache
def errors() -> dict[str, list[bool | None]]:
    """For each operation, whether each of its error inputs raises here."""
    torch = importlib.import_module("torch")
    found = {}
    for name, op in database().items():
        if name not in COMPOSED and (samples := _error_samples(torch, op)):
            found[name] = [_raised(torch, op, sample) for sample in samples]
    return found


def test_error_inputs_raise(torch, expecttest):
    legal = {name: raised.count(False) for name, raised in errors().items() if False in raised}
    assert legal == {name: count for name, (count, _) in LEGAL.items()}
    assert sum(raised.count(True) for raised in errors().values()) >= 121
