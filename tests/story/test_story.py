"""The story as it is read: its words, what is left out of it, its forms, and what it leaves alone."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import numpy as np
import pytest

import nn
import tinygrad_lite as tg
from nn import activations, losses
from tinygrad_lite.graph import render
from tinygrad_lite.graph.summary import figure

RNG = np.random.default_rng(0)


def neuron():
    weight = tg.tensor(0.5, requires_grad=True, name="weight")
    bias = tg.tensor(0.1, requires_grad=True, name="bias")
    error = (activations.sigmoid(weight * 0.8 + bias) - 1.0) ** 2
    error.name = "error"
    return error, weight, bias


def x_of(*shape, name="x"):
    return tg.tensor(RNG.standard_normal(shape), requires_grad=True, name=name)


# The words.


def test_sensitivity_is_introduced_beside_gradient():
    error, weight, _ = neuron()
    text = " ".join(tg.explain(error, wrt=weight).text().split())
    assert "How strongly does error answer to weight?" in text
    assert "The sensitivity of a value is the plain word for its gradient" in text
    assert "This is what was asked for, the gradient of error by weight" in text


def test_each_step_says_what_it_hands_back():
    error, weight, _ = neuron()
    lines = [line.strip("\N{BOX DRAWINGS LIGHT VERTICAL} ") for line in str(tg.explain(error, wrt=weight)).splitlines()]
    minus, times = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}"
    assert f"{minus}0.142 = its sensitivity {minus}0.1774 {times} the other factor 0.8" in lines
    assert f"Its slope is 0.6225 {times} (1 {minus} 0.6225)." in lines


def test_a_bias_is_used_by_every_sample():
    x, bias = x_of(32, 5), x_of(5, name="bias")
    text = tg.explain((x + bias).sum(), wrt=bias).text()
    assert "Used 32 times: what comes back to each number of bias is added up." in text
    layer = nn.Dense(3)
    text = tg.explain(layer(x).sum(), limit=9).text()
    assert "Used by 32 samples: what they hand back to bias is added up." in " ".join(text.split())


def told(result, **how):
    return " ".join(tg.explain(result, **how).text().replace("\N{BOX DRAWINGS LIGHT VERTICAL}", " ").split())


def test_values_of_one_noun_are_told_apart():
    x = x_of(name="x")
    y = x * x
    text = told(tg.sin(y) * y, wrt=[x, y])
    assert "the gradient of the product by the product of step 3:" in text
    assert "Make the product of step 3 larger by 0.001, and the product changes by" in text
    assert "All together: the product of step 3 is reached by 2 paths" in text

    b = x_of(name="b")
    text = told((x + 1.0) + (b + 2.0), wrt=x)
    assert "the sum = the sum of step 2 + the sum of a step off the way = " in text

    for _ in range(20):
        y = tg.sin(y) + 0.5
    assert "= sin(the sum of a step left out) = " in told(y, limit=4)


def test_tensors_of_one_name_are_told_apart():
    x, other = x_of(name="x"), x_of(name="x")
    text = told(x * other, wrt=[x, other])
    assert "the product = x of step 3 \N{MULTIPLICATION SIGN} x of step 2 = " in text
    assert "the gradient of the product by x of step 2:" in text
    a, b = (tg.tensor(number, requires_grad=True) for number in (2.0, 3.0))
    assert "the product = the parameter \N{MULTIPLICATION SIGN} another parameter = 6" in told(a * b, wrt=a)
    assert "the product = parameter 1 \N{MULTIPLICATION SIGN} parameter 2 = 6" in told(a * b)


def test_a_choice_says_which_was_chosen():
    x = tg.tensor(2.0, requires_grad=True, name="x")
    text = told(tg.where(x.detach() > 0, x * 2.0, tg.sin(x)))
    assert "The product was chosen. To the product it hands back" in text
    assert "The sine was not chosen and is handed nothing. To the sine it hands back 0 = " in text


def test_nothing_is_not_told_as_so_many_zeros():
    x = x_of(3)
    text = told((tg.sin(x) * np.zeros(3)).sum())
    assert "To the sine it hands back nothing." in text and "To x it hands back nothing." in text


def test_one_factor_alone_is_no_product_to_be_told():
    x = tg.tensor(2.0, requires_grad=True, name="x")
    assert "All together" not in told(x * 3.0 + 1.0)
    assert "All together: 6 = 2 \N{MULTIPLICATION SIGN} 3" in told((x * 3.0 + 1.0) * 2.0)


def test_a_constant_below_0_stands_in_parentheses():
    x = x_of(name="x")
    assert "the product = x \N{MULTIPLICATION SIGN} (\N{MINUS SIGN}5) = " in told(x * -5.0)


def test_what_is_handed_0_was_read_all_the_same():
    """It says who is handed something, not who was read: some that were read are handed 0."""
    x = x_of(2, 3)
    text = told((x[np.array([0, 0, 1])] * np.array([[1.0, 0.0, 0.0]])).sum(), wrt=x)
    assert "Only what was read is handed something: 2 of 6 numbers." in text
    y = x * 2
    v = x_of(2, name="v")
    y[0, :2] = v
    text = told((y * np.array([[0.0, 1.0, 1.0], [0.0, 1.0, 1.0]])).sum(), wrt=[x, v])
    assert "Only what was not replaced is handed something: 3 of 6 numbers." in text
    assert text.count("Only what") == 1  # not said of the new values, of which one is handed 0, too


def test_a_relu_of_nan_is_not_called_negative():
    x = tg.tensor([np.nan, -1.0, 2.0], requires_grad=True, name="x")
    assert "2 of 3 were not positive and hand back nothing" in told(activations.relu(x).sum())


def test_there_is_no_minus_zero():
    x = tg.tensor(-1.0, requires_grad=True, name="x")
    text = told(activations.relu(x) * -3.0)
    assert "0 = its sensitivity \N{MINUS SIGN}3 \N{MULTIPLICATION SIGN} 0 " in text
    assert "\N{MINUS SIGN}0 " not in text and "\N{MINUS SIGN}0." not in text


def test_float16_is_told_with_what_it_can_hold():
    x = tg.tensor(np.float16(60000), requires_grad=True, name="x")
    with np.errstate(over="ignore"):
        text = told(x * x)
    assert "float16: they have about 3 digits, and beyond 65,504 they are infinite." in text
    assert "float16" not in told(x_of())


def test_a_shape_has_its_thousands_apart():
    assert "To x it hands back 70,000 numbers of length" in told(x_of(70_000).mean())


def test_a_relu_says_who_is_silent():
    values = np.concatenate([-np.ones(37), np.ones(63)])
    x = tg.tensor(values.reshape(10, 10), requires_grad=True, name="x")
    text = " ".join(
        tg.explain(activations.relu(x).sum(), wrt=x).text().replace("\N{BOX DRAWINGS LIGHT VERTICAL}", "").split()
    )
    assert "37 of 100 were negative and hand back nothing; the others hand on what they are handed." in text
    one = tg.tensor(-2.0, requires_grad=True)
    assert "Its input was negative: it hands back nothing." in tg.explain(activations.relu(one)).text()


def test_a_crossentropy_says_read_minus_true():
    logits = x_of(8, 3, name="logits")
    story = tg.explain(losses.sparse_categorical_crossentropy(np.arange(8) % 3, logits, from_logits=True), wrt=logits)
    share = story.steps[0].shares[0]
    assert share.notice.startswith("Each class is handed what the network read minus what is true")
    assert share.label == "read minus true" and share.reason.endswith("/ 8")


def test_several_paths_add_up_and_the_story_says_so():
    x = tg.tensor(3.0, requires_grad=True, name="x")
    story = tg.explain(x * x + tg.sin(x), wrt=x)
    assert "It was used 3 times, and what comes back adds up." in story.text()
    assert [part.handed for part in story.steps[-1].received.parts] == pytest.approx([np.cos(3), 3, 3])
    assert sum(path.product for path in story.telling.paths) == pytest.approx(6 + np.cos(3))
    assert "x is reached by 3 paths, which add up:" in story.text()


def test_an_array_that_several_paths_reach_is_told_at_its_largest_element():
    x = x_of(4, 3)
    story = tg.explain((x * x).sum() + tg.exp(x).sum(), wrt=x)
    end = story.steps[-1]
    place = np.unravel_index(abs(2 * x.data + np.exp(x.data)).argmax(), (4, 3))
    assert end.received.place == place
    assert [p.handed for p in end.received.parts] == pytest.approx(
        [np.exp(x.data[place]), x.data[place], x.data[place]]
    )


def test_unnamed_values_are_told_apart():
    x = tg.tensor(3.0, requires_grad=True)
    y = tg.tensor(2.0, requires_grad=True)
    text = tg.explain((x + 1) * (y + 2)).text()
    assert "the sum of step 2" in text and "the sum of step 3" in text
    assert "parameter 1 = 3" in text and "parameter 2 = 2" in text


# What is told of.


def test_without_wrt_it_tells_of_all_parameters_or_of_those_most_to_blame():
    error, _, _ = neuron()
    assert {end.name for end in tg.explain(error).telling.ends} == {"weight", "bias"}
    many = [tg.tensor(float(i), requires_grad=True, name=f"p{i}") for i in range(20)]
    story = tg.explain(sum(p * p for p in many))
    assert sorted(end.name for end in story.telling.ends) == ["p17", "p18", "p19"]
    assert "Of 20 parameters these are the 3 most to blame; wrt= asks for others." in story.text()


def test_a_value_on_the_way_to_another_can_be_asked_for_too():
    x = tg.tensor(0.5, requires_grad=True, name="x")
    h = tg.sin(x)
    h.name = "h"
    story = tg.explain(h * h * x, wrt=[h, x])
    ends = {end.name: end.sensitivity.largest for end in story.telling.ends}
    s, c = np.sin(0.5), np.cos(0.5)
    assert ends == pytest.approx({"h": 2 * s * 0.5, "x": s * s + 2 * s * 0.5 * c})
    assert [end.name for end in tg.explain(h * h, wrt=h).steps if end.end] == ["h"]
    assert tg.explain(h, wrt=h).steps[0].sensitivity.largest == 1


def test_of_a_result_that_is_no_single_number_the_total_is_told():
    x = x_of(3)
    y = tg.sin(x)
    story = tg.explain(y, wrt=x)
    text = " ".join(story.text().split())
    assert text.startswith("How strongly does the total of the sine answer to x?")
    assert f"The total of the sine is {figure(y.sum().item())}." in text
    assert "The sine is not a single number, so this is the story of its total: all its numbers added up." in text
    assert "Their total answers to each of its numbers one for one" in text
    slope = story.steps[-1].sensitivity
    assert f"{slope.place[0]}] larger by 0.001, and the total of the sine changes by about" in text
    assert f"the gradient of the total of the sine by x: 3 numbers of length {figure(slope.length)}" in text
    assert story.steps[-1].sensitivity.length == pytest.approx(np.linalg.norm(np.cos(x.data)))


def test_a_long_chain_is_told_by_some_of_its_steps_and_the_rest_is_counted():
    x = tg.tensor(0.5, requires_grad=True, name="x")
    y = x
    for _ in range(10_000):
        y = tg.sin(y) + 0.01
    story = tg.explain(y, wrt=x, limit=7)
    told = [step for step in story.steps if step.operation]
    assert len(told) == 7 and told[0].number == 1
    assert len(told) + sum(gap.steps for gap in story.telling.gaps) == story.telling.on_the_way == 20_000
    text = " ".join(story.text().split())
    assert "Of the 20,000 steps, 7 are told: those that the largest share went through (limit=7)." in text
    assert "A step left out hands it" in text


def test_of_two_branches_the_one_that_carries_more_is_told():
    x = tg.tensor(1.0, requires_grad=True, name="x")
    weak, strong = x * 0.001, x * 5.0
    for _ in range(5):
        weak, strong = tg.sin(weak), tg.tanh(strong * 0.1) * 10
    story = tg.explain(weak + strong, wrt=x, limit=8)
    assert "sin" not in {step.operation for step in story.steps}
    assert {"tanh", "multiply"} <= {step.operation for step in story.steps}
    received = story.steps[-1].received
    assert received.others == 1 and abs(received.rest) < 0.01
    assert "1 share from steps left out" in " ".join(story.text().split())


def test_modules_of_what_is_left_out_are_named():
    nn.set_random_seed(0)
    model = nn.Sequential([nn.Dense(4, "tanh") for _ in range(12)])
    story = tg.explain(model(x_of(2, 4)).sum(), limit=4)
    assert "sequential / dense" in story.text()


# What it leaves alone.


def test_every_grad_and_the_graph_stay_as_they_are():
    error, weight, bias = neuron()
    weight.grad = before = tg.tensor(5.0)
    story = tg.explain(error)
    assert weight.grad is before and bias.grad is None
    error.backward()
    assert weight.grad.item() == pytest.approx(5 + story.steps[-1].sensitivity.largest)
    assert str(story) and story.html  # after the graph was freed


def test_a_freed_graph_and_a_changed_tensor_are_refused():
    error, weight, _ = neuron()
    error.backward()
    with pytest.raises(RuntimeError, match=r"freed by an earlier backward.*call explain\(loss\) before"):
        tg.explain(error)
    error, weight, _ = neuron()
    with tg.no_grad():
        weight -= 1.0
    with pytest.raises(RuntimeError, match="was changed in place after"):
        tg.explain(error)


def test_bad_arguments_are_refused():
    error, _, _ = neuron()
    other = tg.tensor(1.0, requires_grad=True)
    with pytest.raises(TypeError, match=r"explain\(\) takes a Tensor, the result of a computation, given 3"):
        tg.explain(3)
    with pytest.raises(TypeError, match="wrt must be a Tensor or a list of them, given 'weight'"):
        tg.explain(error, wrt="weight")
    with pytest.raises(ValueError, match="was not computed from the Tensor"):
        tg.explain(error, wrt=other)
    with pytest.raises(ValueError, match="an empty list"):
        tg.explain(error, wrt=[])
    with pytest.raises(ValueError, match="does not depend on anything with requires_grad=True"):
        tg.explain(tg.tensor(1.0))
    for limit in (0, True, 2.5):
        with pytest.raises(ValueError, match="limit must be a whole number of at least 1"):
            tg.explain(error, limit=limit)


# Its forms.


class Page(HTMLParser):
    """The tags of a page, with their attributes."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text = [], {}
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        tag = self.tags[-1][0] if self.tags else ""
        self.text[tag] = self.text.get(tag, "") + data

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def test_the_page_lights_up_what_each_step_is_about():
    error, weight, _ = neuron()
    story = tg.explain(error, wrt=weight)
    page = Page(story.html)
    ids = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    steps = [li for li in page.all("li") if "data-node" in li]
    assert len(steps) == len(story.steps)
    for li, step in zip(steps, story.steps, strict=True):
        marks = [li["data-node"], *li["data-edges"].split(), *li["data-to"].split()]
        assert set(marks) <= ids
        assert len(li["data-edges"].split()) == len(step.shares)
        item = story.drawing.graph.items[int(li["data-node"][1:])]
        assert item.operation == step.operation and item.name == (
            step.name if not step.name.startswith(("the ", "what ")) else ""
        )


@pytest.mark.parametrize("steps", [3, 500])
def test_the_marks_are_right_in_a_folded_drawing_too(steps):
    x = tg.tensor(0.5, requires_grad=True, name="x")
    y = x
    for _ in range(steps):
        y = tg.sin(y * x)
    story = tg.explain(y, wrt=x, limit=6)
    assert len(story.drawing.graph.items) < 70
    page = Page(story.html)
    for li, step in zip([li for li in page.all("li") if "data-node" in li], story.steps, strict=True):
        item = story.drawing.graph.items[int(li["data-node"][1:])]
        assert item.operation == step.operation and (item.name == "x") == step.end
        for edge in li["data-edges"].split():
            assert story.drawing.graph.edges[int(edge[1:])].target == item.id


def test_the_page_runs_our_script_only_and_loads_nothing():
    error, weight, _ = neuron()
    html = tg.explain(error, wrt=weight).html
    page = Page(html)
    (policy,) = [meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    for tag in ("script", "style"):
        (found,) = re.findall(rf"<{tag}[^>]*>(.*?)</{tag}>", html, re.S)
        digest = base64.b64encode(hashlib.sha256(found.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    for tag, attributes in page.tags:
        assert not {name for name in attributes if name.startswith("on") or name in ("src", "style", "href")}, tag
    assert not re.search(r"(src|href)=[\"']?http|url\(|@import", html)


NASTY = [
    "<script>alert(1)</script>", "</style></script><img src=x onerror=alert(1)>", '"><svg onload=alert(1)>', "a&b;&#0;",
    "`x` **y** [z](javascript:1)", "$x$ \\input{y}", "{0} {name}", "\0\x1b[31m", "\u202eabc", "x" * 500, "\ud800", "",
]  # fmt: skip


@pytest.mark.parametrize("name", NASTY)
def test_names_may_hold_anything(name, tmp_path):
    x = tg.tensor(0.5, requires_grad=True, name=name)
    with tg.scope(name or "box"):
        y = tg.sin(x) * x
    y.name = name
    story = tg.explain(y, wrt=x)
    page = Page(story.html)
    assert len(page.all("script")) == len(page.all("style")) == 1 and not page.all("img")
    assert all(not name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert all(line.isprintable() for line in story.text().splitlines())
    assert not re.search(r"(?<!\\)<", story.markdown)
    for ending in ("html", "txt", "md"):
        assert story.save(tmp_path / f"x.{ending}").stat().st_size


def test_without_anything_that_draws_the_page_is_the_words(monkeypatch):
    monkeypatch.setattr(render, "_commands", lambda format: [])
    error, weight, _ = neuron()
    html = tg.explain(error, wrt=weight).html
    assert "<svg" not in html and 'class="words"' in html and "it hands back" in html


def test_it_is_saved_as_a_page_as_text_and_as_markdown(tmp_path):
    error, weight, _ = neuron()
    story = tg.explain(error, wrt=weight)
    assert story.save(tmp_path / "story.html").read_text(encoding="utf-8") == story.html
    assert story.save(str(tmp_path / "story.txt")).read_text(encoding="utf-8") == f"{story}\n"
    assert story.save(tmp_path / "story.md").read_text(encoding="utf-8") == f"{story.markdown}\n"
    with pytest.raises(ValueError, match=r"must end in .html, .txt or .md, given 'story.pdf'"):
        story.save(tmp_path / "story.pdf")


def test_a_notebook_shows_the_page_in_a_frame_and_never_an_error(monkeypatch):
    error, weight, _ = neuron()
    story = tg.explain(error, wrt=weight)
    bundle = story._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/markdown", "text/plain"}
    (frame,) = Page(bundle["text/html"]).all("iframe")
    assert frame["sandbox"] == "allow-scripts" and frame["srcdoc"] == story.html
    assert set(story._repr_mimebundle_(include=["text/plain"])) == {"text/plain"}
    assert "text/html" not in story._repr_mimebundle_(exclude=["text/html"])
    monkeypatch.setattr("tinygrad_lite.story.story.page_of", lambda *args: 1 / 0)
    assert story._repr_mimebundle_()["text/plain"].startswith("How strongly")


def test_the_same_computation_tells_the_same_story():
    pages = [tg.explain(neuron()[0]) for _ in range(2)]
    assert pages[0].text() == pages[1].text() and pages[0].html == pages[1].html


@pytest.mark.parametrize("width", [40, 80, 120])
def test_lines_are_as_long_as_they_may_be(width):
    error, _, _ = neuron()
    assert max(map(len, tg.explain(error).text(width).splitlines())) <= width
