"""The Digits page in a real browser: a digit is drawn with the mouse, and what is shown is looked at."""

import base64
import io
import shutil

import numpy as np
import pytest

import nn
from digit_parts import networks
from digit_parts.classroom import Classroom
from digit_parts.session import DigitsSession
from strokes import strokes_of
from talk import until

Image = pytest.importorskip("PIL.Image")
NOTHING = "\N{EN DASH}"
SEVEN = [(70, 60), (200, 60), (160, 140), (110, 230)]


class Page:
    """The page, as a user has it."""

    def __init__(self, browse, served):
        self.browse, self.served = browse, served

    def open(self, **screen):
        self.driver = self.browse(f"{self.served.address}/digits/", **screen)
        until(
            lambda: self.run("return document.documentElement.dataset.ready && document.documentElement.dataset.frames")
        )
        return self

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def text(self, id):
        return self.run("return document.getElementById(arguments[0]).textContent", id)

    def click(self, selector):
        self.run("document.querySelector(arguments[0]).click()", selector)

    def mouse(self, kind, x, y):
        """The real mouse, at a place on the board."""
        left, top, side = self.run(
            "const { left, top, width } = document.getElementById('canvas').getBoundingClientRect();"
            "return [left, top, width]"
        )
        held = {"mousePressed": {"button": "left", "clickCount": 1}, "mouseMoved": {"button": "left", "buttons": 1}}
        event = {"type": kind, "x": left + x * side / 280, "y": top + y * side / 280}
        event |= held.get(kind, {"button": "left", "clickCount": 1})
        self.driver.execute_cdp_cmd("Input.dispatchMouseEvent", event)

    def stroke(self, points):
        self.mouse("mousePressed", *points[0])
        for point in points[1:]:
            self.mouse("mouseMoved", *point)
        self.mouse("mouseReleased", *points[-1])

    def settled(self):
        """Waits until what is drawn has been read."""
        self.run("return new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)))")
        until(lambda: self.run("const { read, drawn } = document.documentElement.dataset; return read === drawn"))

    def pixels(self, id):
        """What a canvas shows, (height, width, 4)."""
        url = self.run("return document.getElementById(arguments[0]).toDataURL()", id)
        with Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))) as image:
            return np.asarray(image.convert("RGBA")).astype(int)


@pytest.fixture
def page_of(serve, parts, browse_url):
    """page_of(folder): the page of a server whose networks are in that folder."""

    def make(folder):
        room = Classroom(folder)
        digits = parts.Page("/digits", parts.PAGES[0].folder, lambda: DigitsSession(room))
        return Page(browse_url, serve(pages=[digits, parts.PAGES[1]]))

    return make


@pytest.fixture
def page(page_of, tmp_path):
    nn.set_random_seed(0)
    for path, network in [
        ("output/weights.safetensors", networks.mlp),
        ("output/mnist_cnn/weights.safetensors", networks.cnn),
    ]:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        network().save_weights(tmp_path / path)
    return page_of(tmp_path)


@pytest.mark.parametrize(("width", "dark"), [(1400, False), (390, True)])
def test_a_digit_is_read_while_it_is_drawn(page, width, dark):
    page.open(width=width, dark=dark)
    assert page.text("digit") == NOTHING and "Nothing is drawn" in page.text("sure")
    empty = page.pixels("canvas")
    page.mouse("mousePressed", *SEVEN[0])
    page.mouse("mouseMoved", *SEVEN[1])
    page.settled()  # the button is still held
    first = page.text("digit"), page.text("confidences")
    assert first[0].isdigit()
    for point in SEVEN[2:]:
        page.mouse("mouseMoved", *point)
    page.mouse("mouseReleased", *SEVEN[-1])
    page.settled()
    assert page.text("confidences") != first[1]
    shown = page.run("return [...document.querySelectorAll('.share')].map((row) => row.lastChild.textContent)")
    shares = [float(share.removesuffix(" %")) for share in shown]
    assert sum(shares) == pytest.approx(100, abs=0.6)
    assert page.run("return document.querySelector('.share.best span').textContent") == page.text("digit")
    assert (page.pixels("canvas") != empty).any(-1).mean() > 0.05
    ink = page.pixels("image")[..., 0]
    assert ink.shape == (28, 28) and (abs(ink - ink[0, 0]) > 150).sum() > 40
    headings = page.run("return [...document.querySelectorAll('.layer h3')].map((each) => each.textContent)")
    for heading, words in zip(headings, ["32 maps of 26", "64 maps of 24", "128 neurons"], strict=True):
        assert words in heading
    assert page.run("return document.documentElement.scrollWidth <= innerWidth")


def test_undo_clear_and_the_other_network(page):
    page.open()
    for points in (SEVEN, [(100, 150), (200, 150)]):
        page.stroke(points)
    page.settled()
    both = page.text("confidences")
    page.click("#undo")
    page.settled()
    alone = page.text("confidences")
    assert alone != both
    page.run("document.getElementById('network').value = 'output/weights.safetensors'")
    page.run("document.getElementById('network').dispatchEvent(new Event('change'))")
    until(lambda: "512 neurons" in page.text("layers"))
    assert page.text("confidences") != alone
    page.click("#clear")
    page.settled()
    assert page.text("digit") == NOTHING and not page.run("return document.getElementById('invitation').hidden")


def test_heat_and_layers_can_be_shown_in_other_ways(page):
    page.open()
    page.stroke(SEVEN)
    page.settled()
    seen = []
    for button in range(3):
        page.click(f"#heat button:nth-child({button + 1})")
        seen.append(page.pixels("canvas"))
    for one, other in [(0, 1), (1, 2), (0, 2)]:
        assert (abs(seen[one] - seen[other]).max(-1) > 20).mean() > 0.01
    tinted = [int((abs(image[..., 0] - image[..., 2]) > 60).sum()) for image in seen]
    assert tinted[0] > 200 and tinted[1] > 200 and tinted[2] < 200  # colours are heat
    words = page.text("layers-legend")
    page.click("#shows button:nth-child(2)")
    assert page.text("layers-legend") != words


def test_a_photo_is_shown_and_read(page):
    page.open()
    page.run(
        "const c = document.createElement('canvas'); c.width = 600; c.height = 400; const k = c.getContext('2d');"
        "k.fillStyle = '#ddd8cc'; k.fillRect(0, 0, 600, 400); k.fillStyle = '#223'; k.fillRect(280, 80, 30, 240);"
        "c.toBlob((blob) => { const files = new DataTransfer(); files.items.add(new File([blob], 'one.png'));"
        "document.dispatchEvent(new DragEvent('drop', {bubbles: true, cancelable: true, dataTransfer: files})); });"
    )
    until(lambda: page.text("digit").isdigit())
    canvas = page.pixels("canvas")
    side = len(canvas)
    assert (canvas[side // 2, side // 10] != canvas[side // 20, side // 10]).any()  # paper, and the board above it
    page.run(
        "const files = new DataTransfer(); files.items.add(new File(['nothing'], 'no.png'));"
        "document.dispatchEvent(new DragEvent('drop', {bubbles: true, cancelable: true, dataTransfer: files}));"
    )
    until(lambda: page.text("notice").strip().startswith("This is no picture that the browser can open."))


def test_a_photo_of_a_large_noisy_sheet_is_made_small_enough_to_be_sent(page):
    page.open()
    page.run(
        "const c = document.createElement('canvas'); c.width = c.height = 3000; const k = c.getContext('2d');"
        "const image = k.createImageData(3000, 3000); let seed = 1;"
        "for (let i = 0; i < image.data.length; i++) {"
        "  seed = (seed * 1103515245 + 12345) % 2147483648;"
        "  image.data[i] = i % 4 === 3 ? 255 : 120 + (seed >> 16) % 136; }"
        "k.putImageData(image, 0, 0); k.fillRect(1450, 900, 160, 1200);"
        "c.toBlob((blob) => { const files = new DataTransfer(); files.items.add(new File([blob], 'noise.jpg'));"
        "document.dispatchEvent(new DragEvent('drop', {bubbles: true, cancelable: true, dataTransfer: files})); },"
        " 'image/jpeg', 0.95);"
    )
    until(lambda: page.text("digit").isdigit(), 30)


@pytest.mark.slow
def test_strokes_of_real_digits_drawn_with_the_mouse_are_read_right(page_of, mnist, trained, tmp_path):
    (tmp_path / "output").mkdir()
    shutil.copy(trained, tmp_path / "output/weights.safetensors")
    page = page_of(tmp_path).open()
    _, (images, labels) = mnist
    answers = []
    for image in images[:100]:
        for stroke in strokes_of(image / 255):
            page.stroke((14 + 9 * stroke[[*range(0, len(stroke) - 1, 3), len(stroke) - 1]]).tolist())
        page.settled()
        answers.append(int(page.text("digit")))
        page.click("#clear")
        page.settled()
    right = int((np.array(answers) == labels[:100]).sum())
    print(f"{right} of 100 digits drawn with the mouse are read right")
    assert right >= 95
