"""How many pictures a second the playground's page shows while 8 x 8 neurons learn, in a headless Chromium.

It needs the extra browser, Chromium and its chromedriver. Server and browser share this machine's cores.
"""

import contextlib
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PROGRAM = Path(__file__).parents[1] / "examples" / "playground.py"
NETWORK = "networkShape=8,8&dataset=spiral&xSquared=true&ySquared=true&xTimesY=true&sinX=true&sinY=true"
STATE = """return [performance.now() / 1000, +document.documentElement.dataset.frames,
                   +document.getElementById("epoch").textContent.replaceAll(",", "")]"""


@contextlib.contextmanager
def page(query: str = "", width: int = 1400, height: int = 990) -> Iterator[Any]:
    """The playground's page, opened with this query: a selenium driver. Server and browser end with it."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    command = [sys.executable, PROGRAM, "--no-browser", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        found = re.search(r"http://\S+", program.stdout.readline())
        browser = webdriver.Chrome(options=options)
        try:
            assert found is not None
            browser.set_window_size(width, height)
            browser.get(f"{found[0]}#{query}")
            while not browser.execute_script("return document.documentElement.dataset.ready"):
                time.sleep(0.05)
            yield browser
        finally:
            browser.quit()
            program.terminate()


def main(seconds: float = 10.0) -> None:
    with page(NETWORK) as browser:
        browser.execute_script("document.getElementById('play').click()")
        time.sleep(2)
        before = browser.execute_script(STATE)
        time.sleep(seconds)
        took, frames, epochs = (after - at for at, after in zip(before, browser.execute_script(STATE), strict=True))
    print("\n## The playground while 8 x 8 neurons learn (7 inputs, 250 points, batch 10)\n")
    print("| | a second |\n|---|---:|")
    print(f"| pictures | {frames / took:.1f} |\n| epochs | {epochs / took:.0f} |")
