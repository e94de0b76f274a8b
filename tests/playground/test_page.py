"""The real page in a real browser: what a user does with it, and what the user sees then."""

import importlib
import subprocess
import sys
from urllib.parse import parse_qs

import pytest

from talk import until

ORIGINAL = (
    "https://playground.tensorflow.org/#activation=tanh&batchSize=10&dataset=circle&regDataset=reg-plane"
    "&learningRate=0.03&regularizationRate=0&noise=0&networkShape=4,2&seed=0.12345&showTestData=false&discretize=false"
    "&percTrainData=50&x=true&y=true&xTimesY=false&xSquared=false&ySquared=false&cosX=false&sinX=false&cosY=false"
    "&sinY=false&collectStats=false&problem=classification&initZero=false&hideText=false"
)
GOLDEN = [
    (0, 0.501580742960, 0.518105911118),
    (1, 0.496359376700, 0.509423275860),
    (10, 0.476346008837, 0.496309782469),
]


class Page:
    """The page, as a user has it: it is clicked, looked at, typed into."""

    def __init__(self, browse, served):
        self.browse, self.served = browse, served

    def open(self, query="", **screen):
        """Opens it anew, with this query in its address."""
        self.driver = self.browse(f"{self.served.address}/{query and '#'}{query}", **screen)
        until(
            lambda: self.run("return document.documentElement.dataset.ready && document.documentElement.dataset.frames")
        )
        return self

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def find(self, selector):
        return self.driver.find_element("css selector", selector)

    def all(self, selector):
        return self.driver.find_elements("css selector", selector)

    def click(self, selector):
        self.run("arguments[0].scrollIntoView({block: 'center'})", self.find(selector))
        self.find(selector).click()

    def text(self, selector):
        return self.run("return document.querySelector(arguments[0]).textContent", selector).strip()

    def pick(self, selector, value):
        """In the menu that the selector finds."""
        self.run(
            "const menu = document.querySelector(arguments[0]);"
            "menu.value = arguments[1]; menu.dispatchEvent(new Event('change'));",
            selector,
            value,
        )

    def choose(self, label, value):
        """In the menu of that label."""
        self.run(
            "const labels = [...document.querySelectorAll('.field')];"
            "const menu = labels.find((label) => label.textContent.startsWith(arguments[0])).querySelector('select');"
            "menu.value = arguments[1]; menu.dispatchEvent(new Event('change'));",
            label,
            value,
        )

    @property
    def query(self):
        return {name: values[0] for name, values in parse_qs(self.run("return location.hash")[1:]).items()}

    @property
    def epoch(self):
        return int(self.text("#epoch").replace(",", ""))

    @property
    def position(self):
        """Epoch, and the points of it that were seen."""
        words = self.text("#batch").split()
        return self.epoch, int(words[1]) if words[0] == "+" else 0

    @property
    def losses(self):
        return self.text("#train-loss"), self.text("#test-loss")

    @property
    def session(self):
        """What this page has on the server."""
        return self.served.hall.tabs[-1].session

    def colours(self, selector):
        """How many pixels of each colour a canvas has, the most frequent first."""
        return self.run(
            "const canvas = document.querySelector(arguments[0]), count = new Map();"
            "const copy = document.createElement('canvas'); copy.width = canvas.width; copy.height = canvas.height;"
            "const context = copy.getContext('2d', {willReadFrequently: true}); context.drawImage(canvas, 0, 0);"
            "const data = context.getImageData(0, 0, copy.width, copy.height).data;"
            "for (let i = 0; i < data.length; i += 4) {"
            "  const key = data.slice(i, i + 3).join(' '); count.set(key, (count.get(key) ?? 0) + 1); }"
            "return [...count].sort((a, b) => b[1] - a[1])",
            selector,
        )


@pytest.fixture
def page(browse_url, playground):
    return Page(browse_url, playground)


def test_it_opens_as_the_playground_does_and_plays_and_pauses(page):
    page.open()
    assert [canvas.get_attribute("aria-label") for canvas in page.all("#columns .neuron button")][:2] == ["X1", "X2"]
    assert len(page.all(".neuron")) == 7 + 4 + 2 + 1
    assert (page.epoch, page.losses) == (0, ("0.502", "0.518"))
    assert len(page.colours("#plane")) > 50
    before = page.colours("#columns .column:nth-child(2) canvas")
    page.click("#play")
    until(lambda: page.epoch >= 10)
    page.click("#play")
    until(lambda: page.find("#play").get_attribute("aria-label") == "Play")
    until(lambda: page.session.run.epoch == page.epoch)
    assert float(page.losses[0]) < 0.48
    assert page.colours("#columns .column:nth-child(2) canvas") != before
    assert page.run("return document.documentElement.scrollWidth <= innerWidth")


def test_the_losses_are_the_original_playgrounds(page):
    page.open(ORIGINAL.split("#")[1])
    for epoch, train, test in GOLDEN:
        while page.epoch < epoch:
            at = page.epoch
            page.click("#step")
            until(lambda at=at: page.epoch == at + 1)
        assert page.losses == (f"{train:.3f}", f"{test:.3f}")
        assert page.session.run.losses() == pytest.approx((train, test), abs=1e-9)


def test_a_link_of_the_original_is_pasted(page):
    page.open("networkShape=3")
    page.click("#share")
    page.find("#other-link").send_keys("noise=much")
    page.click("#open-link")
    until(lambda: "noise" in page.text("#notice span"))
    assert page.find("#dialog").is_displayed()
    page.run("document.getElementById('other-link').value = arguments[0]", ORIGINAL)
    page.click("#open-link")
    until(lambda: page.query["networkShape"] == "4,2" and not page.find("#dialog").is_displayed())
    assert page.session.run.losses() == pytest.approx(GOLDEN[0][1:], abs=1e-9)


@pytest.mark.parametrize(("unit", "points"), [("sample", 1), ("batch", 10), ("epoch", 250)])
def test_a_step_forward_and_one_back_end_where_they_began(page, unit, points):
    page.open()
    page.pick("#unit", unit)
    page.click("#back")
    until(lambda: page.text("#notice span") == "There is nothing to go back to.")
    seen = [page.losses]
    for step in (1, 2, 3):
        page.click("#step")
        until(lambda step=step: page.position == divmod(points * step, 250))
        seen.append(page.losses)
    for step in (2, 1, 0):
        page.click("#back")
        until(lambda step=step: page.position == divmod(points * step, 250))
        assert page.losses == seen[step]


def test_a_slow_speed_is_kept(page):
    page.open()
    page.pick("#speed", "10")
    page.click("#play")
    until(lambda: page.epoch >= 5)
    start, at = page.run("return performance.now()"), page.epoch
    until(lambda: page.epoch >= at + 10)
    assert page.run("return performance.now()") - start > 800


def test_layers_neurons_and_inputs_come_and_go_and_so_does_the_address(page):
    page.open()
    shape = lambda: page.query["networkShape"]
    page.click("#more-layers")
    until(lambda: shape() == "4,2,2")
    page.click("[aria-label='Add a neuron to layer 2']")
    until(lambda: shape() == "4,3,2")
    assert page.run("return document.activeElement.getAttribute('aria-label')") == "Add a neuron to layer 2"
    page.click("[aria-label='Remove a neuron from layer 1']")
    until(lambda: shape() == "3,3,2")
    assert len(page.all(".neuron")) == 7 + 3 + 3 + 2 + 1
    page.click("[aria-label='X1 times X2']")
    until(lambda: page.query["xTimesY"] == "true")
    until(lambda: page.session.run.sizes == [3, 3, 3, 2, 1])
    page.driver.back()
    until(lambda: page.query["xTimesY"] == "false" and page.session.run.sizes == [2, 3, 3, 2, 1])
    page.driver.forward()
    until(lambda: page.session.run.sizes == [3, 3, 3, 2, 1])
    address = page.run("return location.hash")
    page.open(address[1:])
    assert page.session.run.sizes == [3, 3, 3, 2, 1]
    for _ in range(3):
        count = len(page.all(".column"))
        page.click("#fewer-layers")
        until(lambda count=count: len(page.all(".column")) == count - 1)
    assert page.find("#fewer-layers").get_attribute("disabled")
    until(lambda: page.text("#layers") == "0 hidden layers")


def test_menus_reach_the_training(page):
    page.open()
    for label, value, name, then in [
        ("Optimizer", "adam", "optimizer", "adam"),
        ("Learning rate", "0.1", "learning_rate", 0.1),
        ("Loss", "cross-entropy", "loss", "cross-entropy"),
        ("Activation", "relu", "hidden_activations", ("relu", "relu")),
        ("Regularization", "L2", "regularization", "L2"),
        ("Dropout", "0.2", "dropout", 0.2),
        ("Classes", "4", "classes", 4),
        ("Problem", "regression", "problem", "regression"),
    ]:
        page.choose(label, value)
        until(lambda name=name, then=then: getattr(page.session.run.settings, name) == then)
    assert page.session.run.settings.loss == "squared"  # the only one that a regression has
    page.pick("[aria-label='Activation of layer 2']", "elu")
    until(lambda: page.session.run.settings.hidden_activations == ("relu", "elu"))
    page.click("#step")
    until(lambda: page.epoch == 1)


def test_several_classes_have_outputs_and_colours_of_their_own(page):
    page.open("classes=3&loss=cross-entropy&learningRate=0.1")
    assert len(page.all(".column:last-child .neuron")) == 3
    page.click("#play")
    until(lambda: page.epoch >= 5)
    assert float(page.text("#accuracy").split()[0]) > 30


def test_a_link_shows_its_weight_and_takes_another_also_while_it_learns(page):
    page.open()
    actions = importlib.import_module("selenium.webdriver.common.action_chains").ActionChains
    first, second = page.find("[aria-label='X1']"), page.find("[aria-label='neuron 1 of layer 1']")
    a, b = first.rect, second.rect
    x, y = (a["x"] + a["width"] + b["x"]) / 2, a["y"] + a["height"] / 2
    stage = page.find("#stage")
    middle = stage.rect["x"] + stage.rect["width"] / 2, stage.rect["y"] + stage.rect["height"] / 2
    offset = round(x - middle[0]), round(y - middle[1])
    actions(page.driver).move_to_element_with_offset(stage, *offset).perform()
    until(lambda: page.text("#card h3") == "X1 → neuron 1 of layer 1")
    assert page.text("#card b") == "0.1512"
    actions(page.driver).click().perform()
    page.click("#play")
    field = page.find("#card input")
    page.run("arguments[0].select()", field)
    field.send_keys("-2.5\ue007")
    until(lambda: page.session.run.changes or page.session.run.weights()[0][0, 0] < -1)
    until(lambda: page.epoch >= 1)
    page.click("#play")
    until(lambda: not page.session.playing)
    assert page.session.run.weights()[0][0, 0] < -1
    page.click("#card .close")
    assert not page.find("#card").is_displayed()


def test_a_neurons_card_changes_its_bias_with_the_keyboard_alone(page):
    page.open()
    keys = importlib.import_module("selenium.webdriver.common.keys").Keys
    button = page.find("[aria-label='neuron 2 of layer 1']")
    button.send_keys(keys.ENTER)
    until(lambda: page.text("#card h3") == "Neuron 2 of layer 1")
    field = page.driver.switch_to.active_element
    assert field.get_attribute("value") == "0.1000"
    field.send_keys(keys.ARROW_UP)
    until(lambda: page.session.run.biases()[0][1] == pytest.approx(0.2))
    field.send_keys(keys.ESCAPE)
    assert page.run("return document.activeElement.getAttribute('aria-label')") == "neuron 2 of layer 1"


def test_the_cursor_shows_every_neurons_value_and_a_neuron_is_enlarged(page):
    page.open()
    actions = importlib.import_module("selenium.webdriver.common.action_chains").ActionChains
    plane = page.find("#plane")
    actions(page.driver).move_to_element_with_offset(plane, 60, -40).perform()
    until(lambda: page.all(".neuron .value") and page.find(".column:nth-child(2) .value").is_displayed())
    shown = [value.text.replace("−", "-") for value in page.all(".neuron:not(.off) .value")]
    x, y = page.session.cursor
    probe = page.session.run.probe(x, y)["neurons"]
    assert [float(value) for value in shown] == pytest.approx([value for layer in probe for value in layer], abs=0.006)
    assert "it answers" in page.text("#reading")
    output = page.colours("#plane")
    actions(page.driver).move_to_element(page.find("[aria-label='neuron 3 of layer 1']")).perform()
    until(lambda: page.text("#shown") == "what neuron 3 of layer 1 says")
    assert page.colours("#plane") != output


def test_links_glow_with_their_sensitivity(page):
    page.open()
    page.click("#step")
    until(lambda: page.epoch == 1)
    weights = page.colours("#links")
    page.click("#heat button:last-child")
    until(lambda: page.colours("#links") != weights)
    assert page.text("#key").startswith("how strongly the loss of the last batch answers")
    page.click("#reset")
    until(lambda: page.epoch == 0)
    until(lambda: page.text("#key").startswith("how strongly the loss of the first batch answers"))
    assert float(page.text("#key > :last-child")) > 0  # the hottest: there is something to see before it learns, too


def test_data_of_ones_own_drawn_pasted_and_uploaded(page, tmp_path):
    page.open()
    actions = importlib.import_module("selenium.webdriver.common.action_chains").ActionChains
    page.click("#datasets .own")
    page.click("#use-drawn")
    until(lambda: page.text("#dialog-body > .error"))  # no points yet
    drawing = page.find("#drawing")
    for dx, dy in [(-90, -90), (-60, -80), (-80, -50), (-100, -60)]:
        actions(page.driver).move_to_element_with_offset(drawing, dx, dy).click().perform()
    page.click(".swatches button:nth-child(2)")
    for dx, dy in [(90, 90), (60, 80), (80, 50), (100, 60)]:
        actions(page.driver).move_to_element_with_offset(drawing, dx, dy).click().perform()
    page.click("#use-drawn")
    until(lambda: page.text("#datasets .own") == "Your 8 points")
    assert page.query["dataset"] == "own"
    address = page.run("return location.hash")

    page.click("#datasets .own")
    page.click("#dialog-body [value=paste]")
    page.find("#pasted").send_keys("a,b\n1,2")
    page.click("#use-pasted")
    until(lambda: page.text("#dialog-body > .error"))
    assert page.session.run.settings.to_query() == address[1:]
    rows = [f"{i % 7},{i % 5},{('apple', 'pear', 'plum')[i % 3]}" for i in range(60)]
    table = tmp_path / "fruit.csv"
    table.write_text("\n".join(["width,height,kind", *rows]))
    page.find("#upload").send_keys(str(table))
    until(lambda: "plum" in page.run("return document.getElementById('pasted').value"))
    page.click("#use-pasted")
    until(lambda: page.text("#datasets .own") == "Your 60 points")
    assert [button.get_attribute("aria-label") for button in page.all(".column:last-child .neuron button")] == [
        "output apple", "output pear", "output plum"
    ]  # fmt: skip
    page.open("dataset=own&data=1,1,0;2,-1,1;-1,2,2;-2,-2,0;3,3,1&classNames=a,a%20long%20name,b")
    lefts = {button.location["x"] for button in page.all(".column:last-child .neuron button")}
    assert len(lefts) == 1  # however long their names are
    page.open(address[1:])
    assert page.text("#datasets .own") == "Your 8 points"


@pytest.mark.parametrize("query", ["", "noise=20&optimizer=adam&learningRate=0.01&loss=cross-entropy&classes=3"])
def test_the_program_repeats_the_run(page, query, tmp_path):
    page.open(query)
    for _ in range(2):
        at = page.epoch
        page.click("#step")
        until(lambda at=at: page.epoch == at + 1)
    losses = page.session.run.losses()
    page.click("#python")
    until(lambda: page.all("#program"))
    script = tmp_path / "run.py"
    script.write_text(page.text("#program"))
    told = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True, timeout=120).stdout
    for loss in losses:
        assert f"{loss:.12f}"[:12] in told


def test_a_weights_story_opens_in_a_fenced_frame(page):
    page.open()
    page.click("[aria-label='neuron 1 of layer 1']")
    until(lambda: page.all("#card.pinned"))
    page.click("#card .row button")
    until(lambda: page.all("#dialog-body iframe"))
    frame = page.find("#dialog-body iframe")
    path = frame.get_attribute("src").removeprefix(page.served.address)
    assert frame.get_attribute("sandbox") == "allow-scripts"
    assert page.served.get(path)[0] == 200
    page.click("#dialog-body [value=batch]")
    until(lambda: page.find("#dialog-body iframe").get_attribute("src") != page.served.address + path)
    page.click("#dialog .close")
    assert not page.find("#dialog").is_displayed()


def test_a_teacher_hides_controls(page):
    page.open()
    page.click("#share")
    page.run(
        "[...document.querySelectorAll('#dialog-body label')].find((l) => l.textContent === 'noise').firstChild.click()"
    )
    until(lambda: page.query.get("noise_hide") == "true")
    assert "noise_hide=true" in page.find("#link").get_attribute("value")
    page.open(page.run("return location.hash")[1:])
    labels = [box.text for box in page.all("#data-settings .field")]
    assert labels[1] == "" and labels[0].startswith("Training part")


def test_it_stops_where_it_is_told_to(page):
    page.open("stopEpoch=3")
    page.click("#play")
    until(lambda: page.epoch == 3 and page.find("#play").get_attribute("aria-pressed") == "false")
    assert page.text("#notice span") == "Paused: epoch 3 is reached"


def test_a_run_that_bursts_is_told_and_can_be_gone_back_from(page):
    page.open("activation=linear&learningRate=10&networkShape=8,8&problem=regression&batchSize=1")
    page.click("#heat button:last-child")
    page.click("#play")
    until(lambda: page.text("#notice span").startswith("Paused: the loss is no longer a number"))
    page.find("#plane").send_keys("\ue014")  # the cursor is on it
    until(lambda: page.all(".column:nth-child(2) .value")[0].text == "?")
    assert page.text("#train-loss") in ("not a number", "∞")
    page.click("#reset")
    until(lambda: page.epoch == 0 and float(page.text("#train-loss")) < 1)


def test_a_link_that_makes_no_sense_is_told_and_the_page_works(page):
    page.open("noise=much")
    until(lambda: "noise" in page.text("#notice span"))
    assert page.epoch == 0
    page.click("#step")
    until(lambda: page.epoch == 1)


def test_a_lost_connection_is_told_and_taken_up_again(page):
    page.open("networkShape=3")
    page.served.hall.tabs[0].task.cancel()
    until(lambda: page.find("#notice button").is_displayed())
    page.click("#notice button")
    until(lambda: page.served.hall.tabs and not page.find("#notice").is_displayed())
    page.click("#step")
    until(lambda: page.epoch == 1)
    assert page.session.run.sizes == [2, 3, 1]


@pytest.mark.parametrize(("width", "height", "dark"), [(1400, 900, False), (1000, 800, True), (390, 844, True)])
def test_it_fits_its_screen(page, width, height, dark):
    page.open("networkShape=8,8,8,8,8,8&xSquared=true", width=width, height=height, dark=dark)
    assert page.run("return document.documentElement.scrollWidth <= innerWidth")
    outside = page.run(
        "const edge = document.getElementById('net').getBoundingClientRect();"
        "return [...document.querySelectorAll('.neuron button')].filter((button) => {"
        "  const box = button.getBoundingClientRect(); return box.left < edge.left || box.right > edge.right; }).length"
    )
    assert outside == 0
    assert page.run("return document.documentElement.dataset.theme") == ("dark" if dark else "light")


def test_values_at_the_cursor_can_be_told_apart_on_a_phone(page):
    page.open("networkShape=8,8,8,8,8,8&classes=6&sinX=true", width=390, height=844)
    page.run("document.getElementById('plane').dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowLeft'}))")
    until(lambda: page.run("return !document.querySelector('.value').hidden"))
    overlaps = page.run(
        "const all = [...document.querySelectorAll('.value')].map((value) => value.getBoundingClientRect());"
        "return all.filter((a) => all.some((b) => a.left < b.left && b.left < a.right && a.top === b.top)).length"
    )
    assert overlaps == 0


def test_every_control_has_a_name(page):
    page.open()
    nameless = page.run(
        "return [...document.querySelectorAll('button, select, input, textarea, canvas[tabindex]')]"
        ".filter((one) => !(one.getAttribute('aria-label') || one.textContent.trim() || one.closest('label')))"
        ".map((one) => one.parentElement.id)"
    )
    assert nameless == ["notice"]  # which gets its name with its task
    assert page.run(
        "const ids = [...document.querySelectorAll('[id]')].map((one) => one.id);"
        "return new Set(ids).size === ids.length"
    )
