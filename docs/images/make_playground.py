"""Takes the pictures of docs/playground.md anew: `python -m docs.images.make_playground`, with the extra browser."""

import io
import time
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks.playground import NETWORK, page

HERE = Path(__file__).parent
COLOURS = 256  # a picture is small with so many, and looks the same


def learn(browser: Any, seconds: float) -> None:
    for _ in range(2):
        browser.execute_script("document.getElementById('play').click()")
        time.sleep(seconds)
        seconds = 1.0


def take(browser: Any, name: str) -> None:
    image = Image.open(io.BytesIO(browser.get_screenshot_as_png())).convert("RGB")
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(HERE / f"{name}.png", optimize=True)
    print("wrote", HERE / f"{name}.png")


def point(browser: Any, selector: str, x: int = 0, y: int = 0) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    target = browser.find_element("css selector", selector)
    ActionChains(browser).move_to_element_with_offset(target, x, y).perform()
    time.sleep(1)


if __name__ == "__main__":
    with page(NETWORK + "&optimizer=adam&learningRate=0.01") as browser:
        learn(browser, 8)
        take(browser, "playground")
    with page(
        "classes=3&loss=cross-entropy&dataset=spiral&networkShape=8,6&optimizer=adam&learningRate=0.01"
    ) as browser:
        browser.execute_script("document.getElementById('theme').click()")
        learn(browser, 2)
        browser.execute_script("document.querySelector('#heat button:last-child').click()")
        point(browser, "#plane", 36, -76)
        take(browser, "playground_sensitivities")
    with page("networkShape=4,2&dataset=xor") as browser:
        learn(browser, 4)
        browser.execute_script("document.querySelector('[aria-label=\"neuron 1 of layer 1\"]').click()")
        time.sleep(0.5)
        browser.execute_script("document.querySelector('#card .row button').click()")
        time.sleep(5)
        take(browser, "playground_story")
