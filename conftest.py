"""Where a library that only some modules need is not installed, their docstring examples are left out.

Their tests are skipped then, and the last lines of the run say so: see tests/conftest.py.
"""

from importlib.util import find_spec

NEEDED_BY = {
    "numba": ["tinygrad_lite/ops/direct_*.py"],
    "onnx": ["nn/onnx/file.py"],
    "starlette": [f"examples/playground_parts/{name}.py" for name in ("guard", "server", "session", "stories", "tab")],
}
collect_ignore_glob = [path for library, paths in NEEDED_BY.items() if find_spec(library) is None for path in paths]
