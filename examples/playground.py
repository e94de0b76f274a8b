"""A network to play with, in your browser: the TensorFlow Playground's job, done by this engine.

Starts a page on this machine that trains a small network while you watch and change it: data, features, layers,
activations, optimizers, single weights. Every training step, gradient and heat map on it comes from tinygrad_lite.

    pip install -e '.[playground]'
    python examples/playground.py [--port 8000] [--host 127.0.0.1] [--no-browser]

Only this machine can reach it unless you name another --host; docs/playground.md says what there is to see.
"""

import argparse
import importlib.util
import sys

for needed in ("starlette", "uvicorn", "websockets"):
    if importlib.util.find_spec(needed) is None:
        sys.exit(f"The playground needs {needed}, which is not installed: pip install -e '.[playground]'")

from playground_parts.server import serve  # noqa: E402

parser = argparse.ArgumentParser(description="A network to play with, in your browser.")
parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (127.0.0.1: this machine only)")
parser.add_argument("--port", type=int, default=8000, help="the port to listen on (8000); 0 takes a free one")
parser.add_argument("--no-browser", action="store_true", help="only print the address")
options = parser.parse_args()
if not 0 <= options.port < 65536:
    parser.error(f"--port is a number from 0 to 65535, given {options.port}")

try:
    serve(options.host, options.port, browser=not options.no_browser)
except OSError as error:
    why = str(error.strerror).split(" (")[0]
    sys.exit(f"Can't listen on {options.host}:{options.port}: {why}. --port 0 takes a free port.")
