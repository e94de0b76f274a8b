"""The floors of the house: imports go down only, and nn stands on the engine's public door."""

import ast
from pathlib import Path

import pytest

import tinygrad_lite as tg

ROOT = Path(tg.__file__).parents[1]
FLOORS = {"files": 0, "nests": 0, "mode": 0, "parallel": 0, "batching": 0, "primitive": 0.5}
FLOORS |= {"hooks": 0.7, "examples": 0.8, "backprop": 1, "anomaly": 1.2}
FLOORS |= {
    "dtypes": 1,
    "namespace": 1.5,
    "ops": 2,
    "linalg": 2.3,
    "special": 2.4,
    "numpy_functions": 2.6,
    "protocols": 3,
    "changes": 3,
}
FLOORS |= {"array_methods": 3.2, "tensor": 3.5, "creation": 3.7, "fft": 3.8}
FLOORS |= {"transforms": 4, "checking": 4.5, "graph": 4, "compile": 4, "story": 4.3}
ENGINE = sorted(p for p in (ROOT / "tinygrad_lite").rglob("*.py") if p != Path(tg.__file__))
NETWORKS = sorted((ROOT / "nn").rglob("*.py"))


def imports(path):
    """Each name that a file imports, with its full dotted path."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = [*package[: len(package) + 1 - node.level]] if node.level else []
            yield from (".".join([*base, *([node.module] if node.module else []), a.name]) for a in node.names)


def room(name):
    return name.split(".")[1] if name.startswith("tinygrad_lite.") else None


def named(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", ENGINE, ids=named)
def test_the_engine_s_imports_go_down_only(path):
    own = path.relative_to(ROOT / "tinygrad_lite").with_suffix("").parts[0]
    for name in imports(path):
        assert name.split(".")[0] != "nn", f"{named(path)} imports {name}"
        if (other := room(name)) in FLOORS and other != own:
            assert FLOORS[other] < FLOORS[own], f"{named(path)} imports {name}"


@pytest.mark.parametrize("path", NETWORKS, ids=named)
def test_nn_uses_the_engine_s_public_names_only(path):
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "tinygrad_lite":
            assert "datasets" not in path.parts, f"{named(path)} needs no engine"
            assert len(parts) == 1 or (len(parts) == 2 and hasattr(tg, parts[1])), f"{named(path)} imports {name}"
    private = {slot for slot in tg.Tensor.__mro__[1].__slots__ if slot.startswith("_") and not slot.endswith("__")}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and not (isinstance(node.value, ast.Name) and node.value.id == "self"):
            assert node.attr not in private, f"{named(path)}:{node.lineno} reads {node.attr} of a Tensor"
