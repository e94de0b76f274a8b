"""Outside judges: a slow, obvious formula for each layer, and PyTorch and numba where they are installed."""

import importlib
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
import tinygrad_lite as tg

JUDGES = ["torch", "numba"]
_missing: Counter[str] = Counter()


def _judge(name: str) -> Any:
    """The library. Where it is not installed the test is skipped, and the last lines of the run say so."""
    try:
        return importlib.import_module(name)
    except ImportError:
        _missing[name] += 1
        pytest.skip(f"the judge {name} is not installed")


@pytest.fixture
def torch() -> Any:
    """PyTorch, the judge."""
    return _judge("torch")


@pytest.fixture
def numba() -> Any:
    """numba, whose machine code and NumPy judge each other."""
    return _judge("numba")


def pytest_collection_modifyitems(items: list[Any]) -> None:
    for item in items:
        if set(JUDGES) & set(getattr(item, "fixturenames", ())):
            item.add_marker("judged")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    for judge, tests in _missing.items():
        terminalreporter.write_line(
            f"The judge {judge} is not installed, {tests} tests were skipped: pip install 'tinygrad_lite[judges]'"
        )


def in_float64(layer: nn.Module, *inputs: Any, **options: Any) -> dict[str, tg.Tensor]:
    """Builds the layer on the inputs and gives it random float64 weights; what is not trained is positive."""
    layer(*[x.astype(np.float32) if x.dtype.kind == "f" else x for x in inputs], **options)
    rng = np.random.default_rng(11)
    for module in layer.modules():
        for key, value in list(vars(module).items()):
            if isinstance(value, tg.Tensor):
                random = rng.standard_normal(value.shape) * 0.5
                new = random if value.requires_grad else 0.5 + abs(random)
                setattr(module, key, tg.tensor(new, requires_grad=value.requires_grad))
    return dict(layer.named_weights())


def _differentiated(layer: nn.Module, inputs: tuple, options: dict) -> tuple[Any, Any, dict[str, Any], dict[str, Any]]:
    """The layer's value in float64, a random seed of its shape, its named arguments and their gradients."""
    weights = in_float64(layer, *inputs, **options)
    given = {f"input {i}": tg.tensor(x, requires_grad=x.dtype.kind == "f") for i, x in enumerate(inputs)}
    out = layer(*given.values(), **options)
    seed = np.random.default_rng(12).standard_normal(out.shape)
    wanted = {name: t for name, t in {**given, **weights}.items() if t.requires_grad}
    (out * seed).sum().backward()
    assert out.dtype == np.float64
    grads = {name: np.zeros(t.shape) if t.grad is None else t.grad.numpy() for name, t in wanted.items()}
    return out.detach().numpy(), seed, {**given, **weights}, grads


@pytest.fixture
def agrees_with_formula() -> Callable[..., None]:
    """agrees_with_formula(layer, formula, *inputs, **options): value and gradients are those of a slow formula.

    The formula takes float64 arrays: the inputs in order, then the weights by name (dots as underscores). Its own
    gradient is taken by central differences. `options` are handed to the layer's call only.
    """

    def agree(layer: nn.Module, formula: Callable[..., Any], *inputs: np.ndarray, **options: Any) -> None:
        value, seed, arguments, grads = _differentiated(layer, inputs, options)
        arrays = {name: t.detach().numpy().copy() for name, t in arguments.items()}

        def judged() -> Any:
            first = [arrays[f"input {i}"] for i in range(len(inputs))]
            return formula(*first, **{n.replace(".", "_"): a for n, a in arrays.items() if not n.startswith("input ")})

        np.testing.assert_allclose(value, judged(), rtol=1e-10, atol=1e-12)
        step = 1e-5
        for name, grad in grads.items():
            array, slow = arrays[name], np.zeros(arrays[name].shape)
            for index in np.ndindex(array.shape):
                kept = array[index]
                array[index] = kept + step
                above = (judged() * seed).sum()
                array[index] = kept - step
                below = (judged() * seed).sum()
                array[index] = kept
                slow[index] = (above - below) / (2 * step)
            np.testing.assert_allclose(grad, slow, rtol=1e-5, atol=1e-7, err_msg=f"gradient of {name}")

    return agree


@pytest.fixture
def agrees_with_torch(torch: Any) -> Callable[..., None]:
    """agrees_with_torch(layer, function, *inputs, **options): value and gradients are PyTorch's, in float64.

    The function takes torch tensors: the inputs in order, then the weights by name (dots as underscores).
    """

    def agree(layer: nn.Module, function: Callable[..., Any], *inputs: np.ndarray, **options: Any) -> None:
        value, seed, arguments, grads = _differentiated(layer, inputs, options)
        theirs = {n: torch.tensor(t.detach().numpy().copy(), requires_grad=n in grads) for n, t in arguments.items()}
        first = [theirs[f"input {i}"] for i in range(len(inputs))]
        weights = {n.replace(".", "_"): t for n, t in theirs.items() if not n.startswith("input ")}
        out = function(*first, **weights)
        np.testing.assert_allclose(value, out.detach().numpy(), rtol=1e-10, atol=1e-12)
        (out * torch.tensor(seed)).sum().backward()
        for name, grad in grads.items():
            np.testing.assert_allclose(grad, theirs[name].grad.numpy(), rtol=1e-9, atol=1e-11, err_msg=name)

    return agree
