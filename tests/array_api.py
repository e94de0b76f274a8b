"""Runs the array API standard's conformance suite on tinygrad_lite; docs/array_api.md says where to get the suite.

python tests/array_api.py CHECKOUT [plain|recording|backward] [options of pytest]
"""

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial, wraps
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

import tinygrad_lite as tg
from tinygrad_lite.backprop import history

HOWS = {
    "plain": "as it is",
    "recording": "what asarray() hands out wants a gradient",
    "backward": "so it does, and each call is made on fresh leaves, too, and followed by backward()",
}
OPTIONS = ["--max-examples=20", "--derandomize", "--disable-deadline", "-q", "-p", "no:cacheprovider", "--tb=short"]

_IN_PLACE = [f"__i{name}__" for name in ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul"]]
_OPERATORS = [f"__{side}{name[3:]}" for name in _IN_PLACE for side in ("", "r", "i")]
_METHODS = [*_OPERATORS, "__abs__", "__neg__", "__pos__", "__getitem__", "__setitem__", "to_device"]

# What takes no more of its argument than shape and dtype; and from_dlpack: see `_detached`.
CONSTANTS = ["empty_like", "full_like", "ones_like", "zeros_like", "from_dlpack"]
# Who may refuse a derivative, and why: docs/linear_algebra.md.
_TWINS = r"values \d+ and \d+ are equal"
_TURNS = r"a complex \w+ ?vector is multiplied with exp"
REFUSALS = {
    "eig": f"{_TWINS}|{_TURNS}|has not as many independent eigenvectors as rows",
    "eigvals": "has not as many independent eigenvectors as rows",
    "eigh": f"{_TWINS}|{_TURNS}",
    "qr": r"a column depends on those before it|only the first \d+ columns of Q are determined",
    "slogdet": "the matrix is singular",
    "svd": rf"{_TWINS}|{_TURNS}|singular value \d+ is 0|only the first \d+ singular vectors are determined",
}


def namespace(how: str) -> ModuleType:
    """tinygrad_lite as the suite is to see it."""
    if how == "plain":
        return tg
    xp = ModuleType("tinygrad_lite")
    vars(xp).update(vars(tg))
    vars(xp)["asarray"] = _recording(tg.asarray)
    for name in ("__dlpack__", "__float__", "__int__", "__complex__"):
        _replace(name, _detached)
    if how == "backward":
        for space in (xp, *[_copied(xp, name) for name in ("linalg", "fft")]):
            for name, f in list(vars(space).items()):
                if isinstance(f, FunctionType) and name[0] != "_":
                    vars(space)[name] = _differentiated(f)
        for name in _METHODS:
            _replace(name, partial(_differentiated, name=name))
        for name in ("T", "mT"):
            setattr(tg.Tensor, name, property(_differentiated(getattr(tg.Tensor, name).fget)))
    return xp


def _replace(name: str, change: Callable[..., Any]) -> None:
    setattr(tg.Tensor, name, change(getattr(tg.Tensor, name)))


def _copied(xp: ModuleType, name: str) -> ModuleType:
    space = ModuleType(name)
    vars(space).update(vars(getattr(xp, name)))
    setattr(xp, name, space)
    return space


def _recording(asarray: Callable[..., tg.Tensor]) -> Callable[..., tg.Tensor]:
    """Its Tensors want a gradient; they are computed, so that they may be changed in place."""

    @wraps(asarray)
    def recording(*args: Any, **options: Any) -> tg.Tensor:
        x = asarray(*args, **options)
        return x if x.requires_grad or x.dtype.kind not in "fc" else tg.positive(tg.tensor(x, requires_grad=True))

    return recording


def _detached(method: Callable[..., Any]) -> Callable[..., Any]:
    """A Tensor that wants a gradient does not leave the graph; the suite, which has no word for that, wants it to."""

    @wraps(method)
    def leave(self: tg.Tensor, **options: Any) -> Any:
        return method(self.detach(), **options)

    return leave


def _differentiated(f: Callable[..., Any], name: str = "") -> Callable[..., Any]:
    """f, which does the same on copies of its arguments first, whose derivatives are taken and looked at."""

    @wraps(f)
    def call(*args: Any, **options: Any) -> Any:
        global _busy
        if not _busy:  # what a function calls in its turn is its own affair
            _busy = True
            try:
                _check(name or f.__name__, f, args, options)
            finally:
                _busy = False
        return f(*args, **options)

    return call


_busy = False


def _check(name: str, f: Callable[..., Any], args: Any, options: Any) -> None:
    """Each floating result has derivatives of the inputs' shapes and dtypes, and the inputs stay as they are."""
    leaves: list[tg.Tensor] = []

    def fresh(x: Any) -> Any:
        if isinstance(x, (tuple, list)):
            return type(x)(map(fresh, x))
        if not isinstance(x, tg.Tensor):
            return x
        if x.dtype.kind not in "fc":
            return tg.tensor(x)
        leaves.append(tg.tensor(x.detach(), requires_grad=True))
        return tg.positive(leaves[-1])

    given, chosen = [fresh(x) for x in args], {key: fresh(x) for key, x in options.items()}
    before = [(x, x.data.copy()) for x in [*leaves, *_tensors([given, [*chosen.values()]])]]
    out = f(*given, **chosen)
    changed = given[0] if name == "__setitem__" or name in _IN_PLACE else None
    for y in _tensors([out if changed is None else changed]):
        if y.dtype.kind in "fc" and leaves and name not in CONSTANTS:
            assert y.requires_grad, f"{name}: a silent constant"
            _walk_back(name, y, leaves)
    for x, values in before:
        assert x is changed or x.data.tobytes() == values.tobytes(), f"{name} changed its input"


def _tensors(x: Any) -> Iterator[tg.Tensor]:
    if isinstance(x, tg.Tensor):
        yield x
    elif isinstance(x, (tuple, list)):
        for part in x:
            yield from _tensors(part)


def _walk_back(name: str, y: tg.Tensor, leaves: list[tg.Tensor]) -> None:
    refusal = REFUSALS.get(name, "")
    try:
        y.backward(np.ones(y.shape, y.dtype), retain_graph=True)
    except np.linalg.LinAlgError as error:
        if not refusal or not re.search(refusal, str(error)):
            raise
        return
    reached = {id(x) for x in history(y)}
    for x in leaves:
        if id(x) in reached:
            assert isinstance(x.grad, tg.Tensor), f"{name} handed its input no gradient"
            assert x.grad.shape == x.shape and x.grad.dtype == x.dtype, f"{name}: {x.grad!r} for {x!r}"
            x.grad = None


def main() -> int:
    """Runs the suite in a process of its own; its exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkout", type=Path, help="data-apis/array-api-tests with its submodule array-api")
    parser.add_argument("how", nargs="?", choices=HOWS, default="plain", help=f"{HOWS}")
    given, further = parser.parse_known_args()
    if not (given.checkout / "array-api" / "spec").is_dir():
        parser.error(f"{given.checkout / 'array-api'} is empty: git submodule update --init, in {given.checkout}")
    here = Path(__file__).resolve().parent
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(here), str(here.parent), os.environ.get("PYTHONPATH", "")]),
        "ARRAY_API_TESTS_MODULE": f"exec('import array_api; xp = array_api.namespace(\"{given.how}\")')",
        "ARRAY_API_TESTS_VERSION": tg.__array_api_version__,
    }
    chosen = [] if any("::" in x or x.endswith(".py") for x in further) else ["array_api_tests"]
    command = [sys.executable, "-m", "pytest", *chosen, *OPTIONS, *further]
    return subprocess.run(command, cwd=given.checkout, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
