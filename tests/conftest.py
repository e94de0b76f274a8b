"""Outside judges: a slow, obvious formula for each layer; where they are installed, other libraries and a browser."""

import importlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
import tinygrad_lite as tg

JUDGES = ["torch", "expecttest", "numba", "keras", "safetensors", "onnx", "onnxruntime", "tensorboard"]
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
def expecttest() -> Any:
    """What PyTorch's own tests, its OpInfo database among them, can't be imported without."""
    return _judge("expecttest")


@pytest.fixture
def keras() -> Any:
    """Keras on PyTorch, the judge."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    return _judge("keras")


@pytest.fixture
def numba() -> Any:
    """numba, whose machine code and NumPy judge each other."""
    return _judge("numba")


@pytest.fixture
def safetensors() -> Any:
    """safetensors.numpy, which reads our files and writes some for us."""
    _judge("safetensors")
    return importlib.import_module("safetensors.numpy")


@pytest.fixture
def onnx() -> Any:
    """onnx, whose checker judges the files."""
    return _judge("onnx")


@pytest.fixture
def onnxruntime() -> Any:
    """onnxruntime, which computes what the files say."""
    return _judge("onnxruntime")


@pytest.fixture
def tensorboard() -> Any:
    """TensorBoard, which reads the files that are made for it."""
    return _judge("tensorboard")


@pytest.fixture(scope="session")
def _chromium() -> Iterator[Any]:
    """A headless Chromium that is steered from here, or None where it or what steers it is not installed."""
    program, driver = shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("chromedriver")
    try:
        webdriver = importlib.import_module("selenium.webdriver")
        service = importlib.import_module("selenium.webdriver.chrome.service").Service(driver)
    except ImportError:
        program = None
    if not program or not driver:
        yield None
        return
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                     "--disable-background-networking", "--disable-component-update", "--disable-sync"):  # fmt: skip
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    chromium = webdriver.Chrome(options=options, service=service)
    chromium.set_script_timeout(10)
    yield chromium
    chromium.quit()


@pytest.fixture
def missing() -> Callable[[str], None]:
    """missing(name): skips the test, since that is not installed; the last lines of the run say so."""

    def skip(name: str) -> None:
        _missing[name] += 1
        pytest.skip(f"{name} is not installed")

    return skip


@pytest.fixture
def chromium(_chromium: Any, missing: Callable[[str], None]) -> Any:
    """The headless Chromium, a selenium driver. Where it is not installed the test is skipped."""
    if _chromium is None:
        missing("Chromium")
    return _chromium


@pytest.fixture
def size_of_page(chromium: Any) -> Callable[[int, int, bool], None]:
    """size_of_page(width, height, dark): what the pages opened from now on see of their screen."""

    def resize(width: int, height: int, dark: bool) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})

    return resize


@pytest.fixture
def browse(chromium: Any, size_of_page: Callable[..., None], tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """browse(page, width=1200, height=800, dark=False): the page opened in Chromium, the selenium driver.

    Afterwards nothing may have been loaded but the page itself, and its console has to be empty.
    """

    def open_page(page: str, width: int = 1200, height: int = 800, dark: bool = False) -> Any:
        path = tmp_path / "page.html"
        path.write_text(page, encoding="utf-8")
        size_of_page(width, height, dark)
        chromium.get(path.as_uri())
        return chromium

    for log in ("browser", "performance"):
        chromium.get_log(log)
    yield open_page
    assert chromium.get_log("browser") == []
    events = [json.loads(entry["message"])["message"] for entry in chromium.get_log("performance")]
    loaded = {e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"}
    assert loaded <= {(tmp_path / "page.html").as_uri()}


@pytest.fixture(scope="session")
def mnist() -> Any:
    """The real MNIST. Where it is not, the test is skipped."""
    if not os.environ.get("TINYGRAD_LITE_DATA"):
        pytest.skip("no real MNIST here: put its four .gz files in a folder and set TINYGRAD_LITE_DATA to it")
    return nn.datasets.mnist.load_data()


@pytest.fixture(scope="session")
def trained(mnist: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the weights of mnist.py's network, trained quickly on the real MNIST."""
    networks = importlib.import_module("digit_parts.networks")
    path = tmp_path_factory.mktemp("network") / "weights.safetensors"
    return networks.quickly_trained(mnist[0], epochs=3, verbose=0).save_weights(path)


def pytest_collection_modifyitems(items: list[Any]) -> None:
    for item in items:
        if set(JUDGES) & set(getattr(item, "fixturenames", ())):
            item.add_marker("judged")
        if {"chromium", "parts"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("browser")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if tests := _missing.pop("Chromium", 0):
        terminalreporter.write_line(
            f"Chromium, chromedriver or selenium is not installed, {tests} tests were skipped:"
            " apt-get install chromium chromium-driver, pip install 'tinygrad_lite[browser]'"
        )
    for part in set(_missing) - set(JUDGES):
        terminalreporter.write_line(
            f"{part} is not installed, {_missing.pop(part)} tests of the playground were skipped:"
            " pip install 'tinygrad_lite[browser]'"
        )
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
