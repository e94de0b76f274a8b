"""From DOT to a picture: by Graphviz's program `dot` or, without it, by pygraphviz, whose wheel brings Graphviz along.

Both run as a child process: it can be stopped when the layout takes too long, its warnings stay out of the user's
terminal, and nothing that goes wrong inside it reaches the user's program.
"""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec

HOW_TO = (
    "To get the picture: pip install 'tinygrad_lite[examples]', or install Graphviz so that its program `dot` is found"
)
FORMATS = ("svg", "png", "pdf")
_SECONDS = 120.0

_CHILD = """
import sys, pygraphviz
graph = pygraphviz.AGraph(string=sys.stdin.buffer.read().decode())
sys.stdout.buffer.write(graph.draw(None, format=sys.argv[1], prog="dot"))
"""
_SIGNATURES = {"svg": b"<svg", "png": b"\x89PNG", "pdf": b"%PDF"}


class CannotRender(Exception):
    """There is no picture; the message says why and what to do."""


def render(source: str, format: str) -> bytes:
    """The picture, in one of FORMATS. Raises CannotRender."""
    reasons = []
    for name, command in _commands(format):
        try:
            done = subprocess.run(command, input=source.encode(), capture_output=True, timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            raise CannotRender(
                f"{name} did not finish within {_SECONDS:.0f} s: draw fewer items with draw(result, limit=100)"
            ) from None
        except OSError as error:
            reasons.append(f"{name}: {error}")
            continue
        if done.returncode == 0 and _SIGNATURES[format] in done.stdout[:4096]:
            return done.stdout
        complaint = done.stderr.decode(errors="replace").strip().splitlines()
        reasons.append(f"{name}: {complaint[-1] if complaint else f'exit code {done.returncode}'}")
    raise CannotRender(". ".join([*reasons, HOW_TO]))


def _commands(format: str) -> list[tuple[str, list[str]]]:
    """What can draw here, best first."""
    found = []
    if dot := shutil.which("dot"):
        found.append(("dot", [os.path.abspath(dot), f"-T{format}"]))
    if sys.executable and find_spec("pygraphviz"):
        found.append(("pygraphviz", [sys.executable, "-P", "-c", _CHILD, format]))
    return found
