"""The page: it tells what the graph holds, it does what its controls say, and nobody's names get out of their place."""

import base64
import hashlib
import importlib
import json
import pkgutil
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import combinations

import numpy as np
import pytest

import nn
import tinygrad_lite as tg
from hostile import hostile
from tinygrad_lite.graph import film, fold, formulas, read, render
from tinygrad_lite.graph.formulas import Formula, local_derivative
from tinygrad_lite.graph.page.dark import in_the_dark
from tinygrad_lite.primitive import Primitive

drawn = pytest.mark.skipif(not render._commands("svg"), reason="nothing is installed that draws")

NASTY = [
    "",
    '"',
    "\\",
    "</script><script>document.title = 'owned'</script>",
    "<!--<script>",
    "</style><style>* { display: none }</style>",
    "<img src=x onerror=\"document.title = 'owned'\">",
    "</text></svg><script>document.title = 'owned'</script>",
    "javascript:document.title='owned'",
    "<!--[script]--><!--[facts]-->",
    "&lt;b&gt; &amp;#0; ${x} {0} %s",
    "nul \0 and \x1b[31m controls \x7f \ufffe \u2028",
    "😀 👨‍👩‍👧 שלום \u202eevil\u202c é",
    "lone \ud800 surrogates \udfff",
    "x" * 10_000,
    "__proto__",
]


def neuron():
    x, weight = tg.tensor(2.0, name="x"), tg.tensor(0.5, requires_grad=True, name="weight")
    output = x * weight
    output.name = "output"
    loss = (output - 3.0) ** 2
    loss.name = "loss"
    return loss


def network():
    """A network of three boxes in a box, in the middle one of which is another."""
    nn.set_random_seed(1)
    x = tg.tensor(np.ones((4, 3)), name="x")
    w = [tg.tensor(np.full((3, 3), 0.1), requires_grad=True, name=f"w{i}") for i in range(4)]
    with tg.scope("model"):
        with tg.scope("first"):
            y = tg.tanh(x @ w[0])
        with tg.scope("middle"):
            y = y + 1.0
            with tg.scope("inner"):
                y = tg.exp(y @ w[1]) @ w[2]
        with tg.scope("last"):
            y = y @ w[3]
    loss = (y * y).mean()
    loss.name = "loss"
    return loss


def nasty():
    return hostile(NASTY)


class Parts(HTMLParser):
    """The tags of a page with their attributes, and what stands between script and style tags."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.inside = [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        if self.tags and self.tags[-1][0] in ("script", "style") and data.strip():
            self.inside.append((self.tags[-1], data))

    def text_of(self, tag, **attributes):
        (found,) = [text for (t, a), text in self.inside if t == tag and attributes.items() <= a.items()]
        return found


def facts_in(page):
    return json.loads(Parts(page).text_of("script", id="facts"))


# What it tells is true.


def formulas_of(loss):
    graph = read(loss)
    return graph, [
        Formula(graph, item, [e for e in graph.edges if e.target == item.id])
        for item in graph.items
        if item.kind == "operation"
    ]


def test_formulas_say_names_numbers_and_what_is_handed_back():
    graph, found = formulas_of(neuron())
    assert [f.words for f in found] == ["x × weight", "output − 3", "subtract ** 2"]
    assert [f.numbers for f in found] == ["2 × 0.5 = 1", "1 − 3 = −2", "(−2) ** 2 = 4"]
    assert [f.handed_back for f in found] == [["g × weight", "g × x"], ["g"], ["g × 2 × subtract ** (2 − 1)"]]
    assert [local_derivative(graph.items[e.target], e) for e in graph.edges] == ["", "2", "1", "−4"]


def test_formulas_of_arrays_say_shapes():
    x, w, b = np.ones((4, 3)), tg.tensor(np.ones((3, 2)), requires_grad=True, name="w"), np.ones(2)
    _, found = formulas_of((tg.asarray(x) @ w + b).sum())
    assert found[0].shapes == "(4 × 3) @ (3 × 2) → (4 × 2)"
    assert found[0].handed_back == ["g @ wᵀ", "dataᵀ @ g"]
    assert [f.numbers for f in found] == ["", "", ""]


def test_somebody_s_own_operation_is_written_as_a_function():
    @tg.primitive(lambda g, out, x, y: g, lambda g, out, x, y: g)
    def mix(x, y):
        return x + y

    _, (found,) = formulas_of(mix(tg.tensor(1.0, requires_grad=True, name="{a}"), tg.tensor(2.0, name="b")))
    assert (found.words, found.numbers, found.handed_back) == ("mix({a}, b)", "mix(1, 2) = 3", ["", ""])


def operations():
    """The names of all primitives of the engine and of nn."""
    found = set()
    for package in (tg.ops, nn):
        names = [module.name for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
        for name in [name for name in names if ".direct_" not in name]:  # those need numba
            for f in vars(importlib.import_module(name)).values():
                if isinstance(getattr(f, "primitive", None), Primitive):
                    found.add(f.primitive.name)
    return found


def test_every_row_of_the_table_is_an_operation_that_there_is():
    assert formulas._ROWS.keys() <= operations()
    assert formulas._SHORTER.keys() <= formulas._ROWS.keys()
    for name, row in [*formulas._ROWS.items(), *formulas._SHORTER.items()]:
        assert all(text.format(*"abc", out="out") for text in row), name


WORDS = re.compile(r"where|the |to each|of |Σ|Π|old|new|turned|repeated|dtype|border|rows|a part|nothing|@|∗|sign|√π")
CALCULABLE = sorted(name for name, row in formulas._ROWS.items() if not any(map(WORDS.search, row)))


@pytest.mark.parametrize("name", CALCULABLE)
def test_what_the_table_says_is_what_is_computed_and_handed_back(name):
    """The formulas that consist of numbers and functions only, calculated as they are written."""

    def calculated(text, **values):
        for sign, python in (("×", "*"), ("−", "-"), ("²", "**2"), ("|a|", "abs(a)")):
            text = text.replace(sign, python)
        text = re.sub(r"√(\w+|(?=\())", r"sqrt(\1)", text).replace("sqrt()", "sqrt")
        text = re.sub(r"∛(\w+)", r"cbrt(\1)", text)
        functions = {f: getattr(np, f) for f in vars(np) if f in dir(tg)} | {"sigmoid": lambda x: 1 / (1 + np.exp(-x))}
        return eval(text, {"__builtins__": {}}, functions | values)

    formula, *rules = formulas._ROWS[name]
    arguments = [tg.tensor(v, dtype=np.float64, requires_grad=True) for v in (0.7, 1.9)[: len(rules)]]
    f = getattr(tg, name, None) or getattr(nn.activations, name)
    out = f(*arguments)
    values = {letter: x.item() for letter, x in zip("ab", arguments, strict=False)}
    assert out.item() == pytest.approx(calculated(formula.format(*"ab"), **values))
    (out * 3.0).backward()
    for x, rule in zip(arguments, rules, strict=True):
        said = calculated(rule.format(*"ab", out="out"), g=3.0, out=out.item(), **values)
        assert x.grad.item() == pytest.approx(said)


def test_enough_of_the_table_is_calculated():
    assert len(CALCULABLE) > 25


@drawn
def test_the_facts_are_those_of_the_graph():
    loss = neuron()
    graph, facts = read(loss), facts_in(tg.draw(loss).page)
    assert [x["title"] for x in facts["items"]] == ["x", "weight", "output", "subtract", "loss"]
    assert [(e["source"], e["target"]) for e in facts["edges"]] == [(e.source, e.target) for e in graph.edges]
    (step,) = facts["steps"]
    assert [x["value"] for x in step["items"]] == ["2", "0.5", "1", "−2", "4"]
    assert [x.get("gradient") for x in step["items"]] == [None, "−8", "−4", "−4", "1"]
    assert [e.get("share") for e in step["edges"]] == [None, "−8", "−4", "−4"]
    assert step["number"] == 4
    assert step["items"][1]["heats"]["gradient"] == [1.0, "8"]
    assert "gradient" not in step["items"][2]["heats"]
    assert step["items"][2]["flow"]["gradient"][1] == "4"


@drawn
def test_nan_and_infinite_are_off_the_scale():
    x = tg.tensor([np.inf, 1.0], requires_grad=True, name="x")
    (step,) = facts_in(tg.draw((x * x).sum()).page)["steps"]
    assert step["items"][0]["wrong"] == ["value", "gradient"]
    assert step["items"][0]["heats"]["gradient"][0] == 2
    assert step["number"] is None


@drawn
def test_the_recorded_line_is_told():
    with tg.record_lines():
        loss = neuron()
    item = facts_in(tg.draw(loss).page)["items"][2]
    assert item["line"].startswith("test_page.py:")
    assert item["code"] == "output = x * weight"


@drawn
def test_a_page_holds_more_than_a_picture_and_says_what_it_folds():
    total = tg.tensor(1.0, requires_grad=True)
    for i in range(10):
        with tg.scope(f"block {i}"):
            for _ in range(50):
                total = total * 1.01
    facts = facts_in(tg.draw(total, limit=30).page)
    assert len(facts["items"]) <= 400
    assert any("501" in note for note in facts["notes"])
    facts = facts_in(tg.draw(neuron(), depth=0).page)
    assert len(facts["items"]) == 5


@drawn
def tower(hottest, floors=6, steps=99):
    """Boxes of 100 values, each inside another, of which one has the greatest gradient."""
    h = tg.tensor([1.0], requires_grad=True)
    for i in range(floors):
        with tg.scope("tower"), tg.scope(f"floor {i}"), tg.scope("inner"):
            for _ in range(steps - 1):
                h = h + 0.001 * (i + 1)  # no two are alike
            h = h * tg.tensor([0.1 if i == hottest else 1.0], requires_grad=True, name=f"w{i}")
    return tg.draw(h.sum())


@drawn
def test_of_boxes_too_many_to_be_opened_those_most_to_blame_can_be():
    drawing = tower(4)
    assert len(drawing.graph.items) == 7  # six boxes, the sum
    heats = {box.scope: box.heat("gradient") for box in drawing.opened.boxes if box.scope[-1] == "inner"}
    hottest = sorted(heats, key=heats.get)[-3:]
    assert hottest[-1] == ("tower", "floor 4", "inner")
    assert fold.room(drawing.opened, 400) == set(hottest)
    facts = facts_in(drawing.page)
    page = fold.fit(drawing.opened, 400, fold.room(drawing.opened, 400))
    assert 300 < len(page.items) <= 400 and len(facts["items"]) == len(page.items)
    assert {(*x.scope, x.name) for x in page.items if x.kind == "layer"} == set(heats) - set(hottest)
    assert fold.room(drawing.opened, 10) == set()
    films = film([tower(2), tower(4)]).graphs
    assert [x.scope for x in films[0].items] == [x.scope for x in films[1].items] == [x.scope for x in page.items]


def test_the_same_computation_gives_the_same_page():
    assert tg.draw(network()).page == tg.draw(network()).page


def test_the_dark_turns_lightness_around_and_keeps_the_order():
    greys = ["#000000", "#444444", "#888888", "#cccccc", "#ffffff"]
    turned = [int(in_the_dark(grey)[3:5], 16) for grey in greys]
    assert turned == sorted(turned, reverse=True)
    assert turned[0] > 200
    assert turned[-1] < 40


# Nobody's names get out of their place.


@drawn
@pytest.mark.parametrize("make", [neuron, network, nasty])
def test_nothing_on_the_page_is_active_or_from_elsewhere_but_our_scripts(make):
    page = tg.draw(make(), limit=1000).page
    parts = Parts(page)
    scripts = [attributes for tag, attributes in parts.tags if tag == "script"]
    assert scripts == [{"type": "application/json", "id": "facts"}, {"type": "module"}]
    assert sum(tag == "style" for tag, _ in parts.tags) == 1
    for tag, attributes in parts.tags:
        assert tag not in {
            "a",
            "img",
            "link",
            "iframe",
            "object",
            "embed",
            "base",
            "form",
            "image",
            "use",
            "foreignobject",
        }
        assert not [
            name for name in attributes if name.startswith("on") or name in ("href", "src", "style", "xlink:href")
        ]
    (policy,) = [a["content"] for t, a in parts.tags if a.get("http-equiv") == "Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    for rule, text in (("script-src", parts.text_of("script", type="module")), ("style-src", parts.text_of("style"))):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert rules[rule] == f"'sha256-{digest}'"
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", page)


@drawn
def test_a_notebook_s_frame_holds_the_whole_page_and_no_more_than_its_scripts_may_run():
    shown = film(tg.draw(nasty()))
    (tag, attributes), *others = Parts(shown._repr_html_()).tags
    assert (tag, attributes["sandbox"], others) == ("iframe", "allow-scripts", [])
    assert attributes["srcdoc"] == shown.page


# Films.


def run(steps=5):
    """Drawings of the steps of a small training run."""
    x, w = np.array([1.0, 2.0]), tg.tensor([1.0, -1.0], requires_grad=True, name="w")
    drawings = []
    for _ in range(steps):
        loss = ((w * x - 3.0) ** 2).mean()
        drawings.append(tg.draw(loss))
        loss.backward()
        with tg.no_grad():
            w -= 0.1 * w.grad
        w.grad = None
    return drawings


@drawn
def test_a_film_has_each_step_s_numbers_on_one_scale():
    drawings = run()
    facts = facts_in(film(drawings, [f"batch {i}" for i in range(5)]).page)
    assert [s["label"] for s in facts["steps"]] == [f"batch {i}" for i in range(5)]
    values = [d.graph.items[d.graph.result].value.text for d in drawings]
    assert [s["items"][facts["result"]]["value"] for s in facts["steps"]] == values
    assert [s["number"] for s in facts["steps"]] == pytest.approx([float(v) for v in values], rel=1e-3)
    strength = [s["items"][0]["heats"]["gradient"][0] for s in facts["steps"]]
    assert strength == sorted(strength, reverse=True)
    assert strength[-1] < strength[0]


@drawn
def test_a_film_has_room_for_the_longest_words_and_marks_no_step_for_what_another_does():
    w = tg.tensor([1.0, 2.0], requires_grad=True, name="w")
    shown = film([tg.draw((w * scale).sum()) for scale in (1.0, 1.2345, np.inf)])
    laid_out = importlib.import_module("tinygrad_lite.graph.film")._roomy(shown.graphs)
    assert laid_out.items[1].value.text == "[1.23, 2.47]"
    assert not any(x and x.wrong for item in laid_out.items for x in (item.value, item.gradient))
    assert [s["items"][1].get("wrong") for s in facts_in(shown.page)["steps"]] == [None, None, ["value"]]


def test_a_film_shows_the_same_one_of_rolled_up_blocks_at_each_step():
    def drawn_with(hottest):
        h = tg.sin(tg.tensor([2.0], requires_grad=True, name="x"))
        for i in range(4):
            with tg.scope(f"block_{i}"):
                h = h * tg.tensor([0.1 if i == hottest else 1.0], requires_grad=True, name=f"w{i}")
        return tg.draw(h.sum())

    drawings = [drawn_with(1), drawn_with(3), drawn_with(2)]
    shown = [[box.scope for box in d.graph.boxes if box.copies] for d in drawings]
    assert shown == [[("block_1",)], [("block_3",)], [("block_2",)]]
    graphs = film(drawings).graphs
    assert [[x.name for x in g.items if x.scope] for g in graphs] == 3 * [["w2", ""]]
    assert graphs[-1] == replace(drawings[-1].graph, notes=graphs[-1].notes)
    strips = [[copy.measures["gradient"] for copy in g.boxes[0].copies] for g in graphs]
    assert [max(range(4), key=strip.__getitem__) for strip in strips] == [1, 3, 2]
    assert graphs[0].notes == ("block × 4: block_0 … block_3 are alike, block_2 is shown.",)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda w: (w * 2.0).sum(), "'step 1' has operation sum of shape () where the first has operation add"),
        (lambda w: (w * 2.0 + tg.tensor([1.0, 2.0, 3.0])[:2]).sum(), "where the first has"),
        (lambda w: ((w * 2.0 + 1.0) ** 2).sum(), "'step 1' has operation power"),
        (lambda w: (w * 2.0 + 1.0).sum() + 1.0, "'step 1' has 5 values, the first has 4"),
    ],
)
def test_another_computation_is_refused_with_the_first_difference(change, words):
    w = tg.tensor([1.0, 2.0], requires_grad=True, name="w")
    with pytest.raises(ValueError, match=re.escape(words)):
        film([tg.draw((w * 2.0 + 1.0).sum()), tg.draw(change(w))])


def test_other_shapes_are_another_computation():
    w = tg.tensor([1.0], requires_grad=True, name="w")
    with pytest.raises(ValueError, match=re.escape("of shape (3,) where the first has")):
        film([tg.draw((w * np.ones(n)).sum()) for n in (2, 3)])


def test_without_a_picture_a_notebook_gets_a_film_s_words(monkeypatch):
    monkeypatch.setattr(render, "_commands", lambda format: [])
    w = tg.tensor(1.0, requires_grad=True, name="<w>")
    told = film(tg.draw(w * 1.0))._repr_html_()
    assert told.startswith("<p>&lt;Film of multiply = 1: 1 step&gt; To get the picture: pip install")
    assert nn.Film([[1.0]], [[1.0]])._repr_html_() is None


def test_what_is_no_film_is_refused(tmp_path):
    drawing = tg.draw(neuron())
    with pytest.raises(ValueError, match="at least one drawing"):
        film([])
    with pytest.raises(TypeError, match="given Tensor"):
        film([neuron()])
    with pytest.raises(ValueError, match="given 1 labels for 2 drawings"):
        film([drawing, drawing], ["a"])
    with pytest.raises(ValueError, match=r"must end in \.html, given 'film.svg'"):
        film(drawing).save(tmp_path / "film.svg")


@drawn
def test_save_writes_the_page(tmp_path):
    drawing = tg.draw(neuron())
    for saved in (drawing, film(drawing)):
        path = tmp_path / "page.html"
        assert saved.save(path) == path
        assert path.read_text().startswith("<!DOCTYPE html>")
        assert list(tmp_path.iterdir()) == [path]


# In a browser.


def click(page, selector):
    page.execute_script(
        "document.querySelector(arguments[0]).dispatchEvent(new MouseEvent('click', {bubbles: true}))", selector
    )


def key(page, *keys):
    from selenium.webdriver import ActionChains

    ActionChains(page).send_keys(*keys).perform()


def pick(page, id, value, event="change"):
    """Gives a control another value, as the user would."""
    page.execute_script(
        "const control = document.getElementById(arguments[0]); control.value = arguments[1];"
        "control.dispatchEvent(new Event(arguments[2]))",
        id,
        value,
        event,
    )


def text(page, selector):
    return page.execute_script("return document.querySelector(arguments[0]).textContent", selector)


def settled(page):
    """Waits until nothing moves."""
    page.execute_async_script(
        """
        const done = arguments[0];
        let before = "";
        (function look() {
            const now = document.getElementById("picture").outerHTML;
            if (now === before) return done();
            before = now;
            setTimeout(look, 120);
        })();
        """
    )


def rectangles(page):
    """Where each item and each folded box that is seen stands on the screen."""
    settled(page)
    return page.execute_script(
        """
        const found = {};
        for (const group of document.querySelectorAll("#items > g:not(.gone), #boxes > g.folded:not(.gone)")) {
            const {left, top, right, bottom} = group.querySelector(".outline, .frame").getBoundingClientRect();
            found[group.id] = [left, top, right, bottom];
        }
        return found;
        """
    )


def overlaps(found):
    return [
        (a, b)
        for (a, p), (b, q) in combinations(found.items(), 2)
        if min(p[2], q[2]) - max(p[0], q[0]) > 1 and min(p[3], q[3]) - max(p[1], q[1]) > 1
    ]


def loose_ends(page):
    """Of the edges that are seen, those that do not begin and end at the card of an item or of a folded box."""
    return page.execute_script(
        """
        const {items, edges, boxes} = JSON.parse(document.getElementById("facts").textContent);
        const card = (id) => {
            let found = document.querySelector(`#n${id}:not(.gone) .outline`);
            for (let b = items[id].box; b >= 0; b = boxes[b].parent) {
                found = document.querySelector(`#b${b}.folded:not(.gone) .frame`) ?? found;
            }
            return found.getBoundingClientRect();
        };
        return edges.filter((edge, i) => {
            const group = document.getElementById(`e${i}`);
            if (group.classList.contains("gone")) return false;
            const [line] = group.querySelectorAll("path"), toScreen = line.getScreenCTM();
            return group.querySelectorAll("path").length !== 1 || [edge.source, edge.target].some((id, end) => {
                const {x, y} = line.getPointAtLength(end * line.getTotalLength()).matrixTransform(toScreen);
                const {left, top, right, bottom} = card(id);
                return Math.max(left - x, x - right, top - y, y - bottom) > 9 * toScreen.a;
            });
        });
        """
    )


def inside_of(item, graph, box):
    return item.scope[: len(graph.boxes[box].scope)] == graph.boxes[box].scope


@drawn
def test_a_click_opens_what_is_known_of_a_value(browse):
    page = browse(tg.draw(neuron()).page)
    assert text(page, "h1") == "loss = 4"
    click(page, "#n2")
    assert text(page, "#panel h2") == "output"
    told = text(page, "#panel")
    numbers = "2 × 0.5 = 1", "−8 = its sensitivity −4 × local derivative 2"
    for words in ("blame", "x × weight", *numbers, "float32", "scalar"):
        assert words in told
    page.execute_script("[...document.querySelectorAll('#panel .link')].find(x => x.textContent === 'weight').click()")
    assert text(page, "#panel h2") == "weight"
    key(page, "\ue00c")  # Esc
    assert page.execute_script("return document.getElementById('panel').hidden")


@drawn
@pytest.mark.parametrize("make", [network, lambda: transformer(1)])
def test_boxes_fold_in_place_and_nothing_comes_to_lie_upon_anything(browse, make):
    loss = make()
    graph, page = read(loss), browse(tg.draw(loss).page)
    click(page, "#open-all")
    before = rectangles(page)
    assert before.keys() == {f"n{i.id}" for i in graph.items}
    assert loose_ends(page) == []
    deepest_first = sorted(range(len(graph.boxes)), key=lambda b: -len(graph.boxes[b].scope))
    folded = []
    for box in deepest_first:
        click(page, f"#b{box} .toggle")
        folded.append(box)
        seen = rectangles(page)
        tops = [b for b in folded if not any(c != b and _within(graph, b, c) for c in folded)]
        hidden = {f"n{i.id}" for i in graph.items if any(inside_of(i, graph, b) for b in folded)}
        assert seen.keys() == (before.keys() - hidden) | {f"b{b}" for b in tops}
        assert overlaps(seen) == []
        assert loose_ends(page) == []
    height = lambda found: max(r[3] for r in found.values()) - min(r[1] for r in found.values())
    assert height(seen) < height(before) / 2
    click(page, "#open-all")
    after = rectangles(page)
    assert after.keys() == before.keys()
    for id, rect in after.items():
        size = lambda r: (r[2] - r[0], r[3] - r[1])
        assert size(rect)[0] / size(rect)[1] == pytest.approx(size(before[id])[0] / size(before[id])[1], rel=0.02)


def _within(graph, inner, outer):
    return graph.boxes[inner].scope[: len(graph.boxes[outer].scope)] == graph.boxes[outer].scope


def transformer(blocks):
    nn.set_random_seed(1)
    x = inputs = nn.Input((6, 8))
    for _ in range(blocks):
        h = nn.LayerNormalization()(x)
        x = x + nn.MultiHeadAttention(2, 4)(h, h)
        x = x + nn.Dense(8)(nn.Dense(16, "relu")(nn.LayerNormalization()(x)))
    model = nn.Model(inputs, nn.Dense(3)(x))
    return (model(np.ones((2, 6, 8), dtype=np.float32)) ** 2).mean()


@drawn
def test_a_found_value_comes_to_light(browse):
    page = browse(tg.draw(network()).page)
    click(page, "#fold-all")
    settled(page)
    key(page, "/", "w2 float64")
    assert text(page, "#matches") == "1"
    key(page, "\ue007")  # Enter
    settled(page)
    assert text(page, "#panel h2") == "w2"
    assert page.execute_script("return !document.querySelector('.chosen').classList.contains('gone')")
    key(page, "\ue00c")
    assert page.execute_script("return document.querySelectorAll('.unmatched').length") == 0


@drawn
def test_forward_and_backward_step_by_step(browse):
    page = browse(tg.draw(neuron()).page)
    now = lambda: page.execute_script("return [...document.querySelectorAll('#items .now')].map(x => x.id)")
    told = []
    for expected in ["n2", "n3", "n4", "n4", "n3", "n2"]:
        key(page, "\ue014")  # →
        assert now() == [expected]
        told.append(text(page, "#sentence"))
    assert told[0] == "forward 1 of 3output computes x × weight: 2 × 0.5 = 1."
    assert told[3] == (
        "backward 1 of 3loss starts the walk back: its sensitivity to itself is 1."
        " It hands back to subtract −4 = 1 × −4."
    )
    assert told[5] == "backward 3 of 3output has been handed the sensitivity −4. It hands back to weight −8 = −4 × 2."
    assert text(page, "#marks") == "−8"
    key(page, "\ue012", "\ue012")  # ←
    assert now() == ["n4"]
    key(page, "\ue011")  # Home
    assert now() == []


@drawn
def test_what_is_told_is_in_sight_also_when_one_steps_on_while_the_picture_moves(browse):
    total = tg.tensor(1.0, requires_grad=True)
    for _ in range(12):
        total = tg.tanh(total)
    page = browse(tg.draw(total).page)
    page.execute_script("for (let i = 0; i < 24; i++) document.getElementById('walk-on').click()")
    settled(page)
    stage, now = page.find_element("id", "stage").rect, page.find_element("css selector", ".now .outline").rect
    assert stage["y"] <= now["y"]
    assert now["y"] + now["height"] <= stage["y"] + stage["height"]


@drawn
def test_it_plays_by_itself_and_stops_at_the_end(browse):
    page = browse(tg.draw(neuron()).page)
    pick(page, "walk-speed", "200")
    key(page, " ")
    assert page.execute_script("return document.getElementById('walk-play').ariaLabel") == "Pause"
    page.execute_async_script(
        "const done = arguments[0], play = document.getElementById('walk-play');"
        "(function look() { play.ariaLabel === 'Play' ? done() : setTimeout(look, 50); })();"
    )
    assert text(page, "#sentence").startswith("backward 3 of 3")


@drawn
def test_a_folded_box_is_one_step_of_the_walk(browse):
    page = browse(tg.draw(network()).page)
    click(page, "#fold-all")
    settled(page)
    key(page, "\ue014")
    assert text(page, "#sentence").startswith("forward 1 of 3model does its 7 operations, 4 parameters.")


def view(page):
    settled(page)
    return [
        float(x)
        for x in page.execute_script("return document.getElementById('picture').getAttribute('viewBox')").split()
    ]


@drawn
def test_zoom_and_pan(browse):
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.actions.wheel_input import ScrollOrigin

    page = browse(tg.draw(network()).page)
    key(page, "f")
    fitted = view(page)
    found = rectangles(page).values()
    assert min(r[0] for r in found) >= 0
    assert max(r[3] for r in found) <= 800
    key(page, "+")
    assert view(page)[2] == pytest.approx(fitted[2] / 1.4, rel=0.01)
    stage = page.find_element("id", "stage")
    ActionChains(page).scroll_from_origin(ScrollOrigin.from_element(stage), 0, 300).perform()
    assert view(page)[2] > fitted[2] / 1.4
    before = view(page)
    ActionChains(page).move_to_element_with_offset(stage, -300, -200).click_and_hold().move_by_offset(
        60, 40
    ).release().perform()
    after, scale = view(page), stage.rect["width"] / before[2]
    assert after[:2] == pytest.approx([before[0] - 60 / scale, before[1] - 40 / scale], abs=1.5)
    assert page.execute_script("return document.getElementById('panel').hidden")  # a drag is no click


@drawn
@pytest.mark.parametrize("dark", [False, True])
def test_light_and_dark_follow_the_system_and_the_button(browse, dark):
    page = browse(tg.draw(neuron()).page, dark=dark)
    paper = "return getComputedStyle(document.querySelector('#n1 .outline')).fill.match(/\\d+/g).map(Number)"
    is_dark = lambda: max(page.execute_script(paper)) < 90
    assert is_dark() == dark
    key(page, "t")
    assert is_dark() == (not dark)


@drawn
def test_the_heat_can_be_chosen(browse):
    page = browse(tg.draw(neuron()).page)
    assert text(page, "#n1 .bar-text") == "sensitivity 8"
    pick(page, "heat", "blame")
    assert text(page, "#n1 .bar-text") == "blame 4"
    pick(page, "heat", "ratio")
    assert text(page, "#n1 .bar-text") == "gradient / weight 16"
    assert "gradient / weight" in text(page, "#legend")


@drawn
def test_what_stands_beside_a_title_goes_through_the_run_too(browse):
    w = tg.tensor([1.0, 2.0], requires_grad=True, name="w")
    page = browse(film([tg.draw((w * number).sum()) for number in (2.0, 0.123456, np.nan)]).page)
    for step, words in enumerate(("· × 2", "· × 0.123456", "· × nan")):
        pick(page, "film-range", step, "input")
        assert text(page, "#n1 .beside") == words
    assert "nan or inf: the first value" in text(page, "#subtitle")
    click(page, "#n1")
    assert "w × nan" in text(page, "#panel") and "g × nan" in text(page, "#panel")
    pick(page, "film-range", 1, "input")
    assert "w × 0.123456" in text(page, "#panel") and "g × 0.123456" in text(page, "#panel")
    assert "nan" not in text(page, "#subtitle")
    inside = "const b = n => document.querySelector(n).getBBox(); return b('#n1 .beside').x + b('#n1 .beside').width"
    assert page.execute_script(inside + " < b('#n1 .outline').x + b('#n1 .outline').width")


@drawn
def test_the_slider_goes_through_the_run(browse):
    drawings = run()
    page = browse(film(drawings).page)
    values = [d.graph.items[0].value.text for d in drawings]
    assert text(page, "#n0 .value") == values[-1]
    for step in (0, 3):
        pick(page, "film-range", step, "input")
        assert text(page, "#n0 .value") == values[step]
        assert text(page, "#film-label").startswith(f"step {step}, result ")
    key(page, ",")
    assert text(page, "#n0 .value") == values[2]
    assert page.execute_script("return document.querySelectorAll('#curve path').length") == 2


@drawn
def test_in_a_notebook_s_frame_it_works_as_well(browse):
    page = browse(f"<!DOCTYPE html><title>a notebook</title>{film(run())._repr_html_()}")
    page.switch_to.frame(0)
    click(page, "#n0")
    assert text(page, "#panel h2") == "w"
    page.switch_to.default_content()


@drawn
def test_hostile_names_are_words_and_nothing_else(browse):
    page = browse(tg.draw(nasty(), limit=1000).page)
    titles = page.execute_script(
        """
        document.getElementById("open-all").click();
        return [...document.querySelectorAll("#items > g, #boxes > g")].map((group) => {
            group.dispatchEvent(new MouseEvent("click", {bubbles: true}));
            return document.querySelector("#panel h2").textContent;
        });
        """
    )
    assert "</script><script>document.title = 'owned'</script>" in titles
    assert len(titles) == 2 * len(NASTY) + 1 + 2 * len(NASTY)
    assert page.title != "owned"
    assert page.execute_script("return document.scripts.length") == 2
    tags = page.execute_script("return [...document.querySelectorAll('#panel *')].map(x => x.localName)")
    assert set(tags) <= {"button", "h2", "h3", "p", "code", "dl", "dt", "dd", "i", "ul", "li", "span"}
    for _ in range(6):
        key(page, "\ue014")
    assert text(page, "#sentence").startswith("forward 6 of")


@drawn
@pytest.mark.parametrize("make", [neuron, network])
def test_a_narrow_screen_is_enough(browse, make):
    page = browse(tg.draw(make()).page, width=360, height=740)
    click(page, "#n0")
    settled(page)
    assert page.execute_script("return document.documentElement.scrollWidth") <= 360
    for id in ("search", "heat", "fit", "theme", "walk-play", "walk-range"):
        rect = page.find_element("id", id).rect
        assert rect["x"] >= 0
        assert rect["x"] + rect["width"] <= 360
        assert rect["height"] >= 16
    assert page.find_element("id", "stage").rect["height"] > 250


@drawn
def test_everything_can_be_reached_with_the_keyboard_and_has_a_name(browse):
    page = browse(film(run()).page)
    nameless = page.execute_script(
        """
        return [...document.querySelectorAll("button, input, select, [role=button]")].filter((x) =>
            !x.ariaLabel && !x.textContent.trim() && !x.labels?.length).map((x) => x.outerHTML);
        """
    )
    assert nameless == []
    page.execute_script("document.querySelector('[tabindex=\"0\"]').focus()")
    key(page, "\ue015")  # ↓
    moved = page.execute_script("return document.activeElement.id")
    key(page, "\ue007")
    assert page.execute_script("return document.querySelector('.chosen').id") == moved
