"""`python examples/playground.py`: it says where it is, it ends when told to, and what is missing has a name."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, ROOT / "examples" / "playground.py", "--no-browser"]


def test_it_prints_its_address_serves_the_page_and_ends_on_ctrl_c(parts):
    with subprocess.Popen([*COMMAND, "--port", "0"], cwd=ROOT, stdout=-1, stderr=-1, text=True) as program:
        host, port = re.search(r"http://([\d.]+):(\d+)/ \(Ctrl-C ends it\)", program.stdout.readline()).groups()
        assert host == "127.0.0.1"
        connection = http.client.HTTPConnection(host, int(port), timeout=10)
        connection.request("GET", "/")
        assert connection.getresponse().status == 200
        connection.close()
        program.send_signal(signal.SIGINT)
        out, err = program.communicate(timeout=10)
    assert (program.returncode, out, err) == (0, "\nbye\n", "")


def test_a_taken_port_is_told(parts):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        command = [*COMMAND, "--port", str(taken.getsockname()[1])]
        told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert told.returncode == 1
    assert re.fullmatch(r"Can't listen on [\d.:]+: Address already in use. --port 0 takes a free port.\n", told.stderr)


def test_a_port_that_there_cannot_be_is_told(parts):
    told = subprocess.run([*COMMAND, "--port", "65536"], cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert told.returncode == 2
    assert told.stderr.endswith("error: --port is a number from 0 to 65535, given 65536\n")


def test_without_the_extra_it_says_what_to_install(tmp_path):
    (tmp_path / "sitecustomize.py").write_text("""
import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "starlette" else find(name, *rest)
""")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    told = subprocess.run(COMMAND, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert told.returncode == 1
    assert told.stderr == ("The playground needs starlette, which is not installed: pip install -e '.[playground]'\n")
