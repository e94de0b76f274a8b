"""Runs the array API standard's conformance suite on tinygrad_lite; docs/array_api.md says where to get the suite.

python tests/array_api.py CHECKOUT [plain|recording|backward] [options of pytest]
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

import tinygrad_lite as tg

HOWS = {
    "plain": "as it is",
    "recording": "what asarray() hands out wants a gradient",
    "backward": "so it does, and backward() is called on what each function and operator answers",
}
OPTIONS = ["--max-examples=20", "--derandomize", "--disable-deadline", "-q", "-p", "no:cacheprovider", "--tb=short"]


def namespace(how: str) -> ModuleType:
    """tinygrad_lite as the suite is to see it."""
    if how == "plain":
        return tg
    xp = ModuleType("tinygrad_lite")
    vars(xp).update(vars(tg))
    vars(xp)["asarray"] = _recording(tg.asarray)
    if how == "backward":
        for space in (xp, *[_copied(xp, name) for name in ("linalg", "fft")]):
            for name, f in list(vars(space).items()):
                if isinstance(f, FunctionType) and name[0] != "_" and name != "asarray":
                    vars(space)[name] = _differentiated(f)
        for name in _OPERATORS:
            setattr(tg.Tensor, name, _differentiated(getattr(tg.Tensor, name)))
    return xp


_OPERATORS = [f"__{name}__" for name in ["abs", "neg", "pos", "getitem"]]
_OPERATORS += [
    f"__{side}{name}__"
    for name in ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul"]
    for side in ("", "r", "i")
]  # fmt: skip


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
        if x.requires_grad or x.dtype.kind not in "fc":
            return x
        return tg.positive(tg.tensor(x, requires_grad=True))

    return recording


def _differentiated(f: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(f)
    def call(*args: Any, **options: Any) -> Any:
        out = f(*args, **options)
        for x in out if isinstance(out, (tuple, list)) else [out]:
            if isinstance(x, tg.Tensor) and x.requires_grad:
                _walk_back(x)
        return out

    return call


def _walk_back(x: tg.Tensor) -> None:
    """backward(), which may say that there is no derivative, and nothing else."""
    with np.errstate(all="ignore"):
        try:
            x.backward(np.ones(x.shape, x.dtype), retain_graph=True)
        except (TypeError, np.linalg.LinAlgError) as error:
            if "derivative" not in str(error):
                raise


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
