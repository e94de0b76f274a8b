"""The page in a browser: what is read lights up, what is clicked is read, by mouse and by keys, light and dark."""

import pytest

import tinygrad_lite as tg
from nn.activations import sigmoid

LIT = "return [...document.querySelectorAll('#drawing .here')].map(x => x.id).sort()"


@pytest.fixture
def opened(browse):
    """The page of a neuron, opened in Chromium."""
    weight = tg.tensor(0.5, requires_grad=True, name="weight")
    bias = tg.tensor(0.1, requires_grad=True, name="bias")
    error = (sigmoid(weight * 0.8 + bias) - 1.0) ** 2
    story = tg.explain(error, wrt=weight)
    return story, lambda **options: browse(story.html, **options)


def now(browser):
    return browser.find_element("css selector", "#steps li.now .number").text


def test_it_steps_forth_and_back_and_the_drawing_follows(opened):
    story, browse = opened
    browser = browse()
    steps = browser.find_elements("css selector", "#steps li[data-node]")
    back, on = (browser.find_element("id", name) for name in ("back", "on"))
    assert now(browser) == "1" and not back.is_enabled()
    for step in steps[1:]:
        on.click()
        marks = [step.get_attribute("data-node"), *step.get_attribute("data-edges").split()]
        assert browser.execute_script(LIT) == sorted(marks)
    assert now(browser) == str(len(story.steps)) and not on.is_enabled()
    back.click()
    assert now(browser) == str(len(story.steps) - 1)


def test_a_click_on_a_step_or_on_a_node_goes_there_and_pointing_shows_it(opened):
    from selenium.webdriver import ActionChains

    _, browse = opened
    browser = browse()
    steps = browser.find_elements("css selector", "#steps li[data-node]")
    steps[2].click()
    assert now(browser) == "3"
    ActionChains(browser).move_to_element(steps[1]).perform()
    assert steps[1].get_attribute("data-node") in browser.execute_script(LIT)
    assert now(browser) == "3"
    browser.find_element("id", steps[3].get_attribute("data-node")).click()
    assert now(browser) == "4"


def test_keys_step_too_and_it_plays_by_itself(opened):
    from selenium.webdriver import ActionChains

    _, browse = opened
    browser = browse()
    for key, place in (("\ue014", "2"), ("\ue014", "3"), ("\ue012", "2"), ("\ue010", "6"), ("\ue011", "1")):
        ActionChains(browser).send_keys(key).perform()
        assert now(browser) == place
    play = browser.find_element("id", "play")
    play.click()
    assert now(browser) == "2" and "Pause" in play.text
    play.click()
    assert "Play" in play.text


@pytest.mark.parametrize("dark", [False, True])
def test_it_follows_the_reader_s_taste(opened, dark):
    _, browse = opened
    browser = browse(dark=dark)
    theme = lambda: browser.execute_script("return document.documentElement.dataset.theme")
    assert theme() == ("dark" if dark else "light")
    browser.find_element("id", "theme").click()
    assert theme() == ("light" if dark else "dark")


def test_nothing_is_cut_off_on_a_telephone(opened):
    _, browse = opened
    browser = browse(width=390, height=800)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 390
