"""What a notebook shows at the end of a cell, by the rules of IPython's display formatter; and the plain words."""

from html.parser import HTMLParser

import numpy as np
import pytest

import nn
import tinygrad_lite as tg


class Balanced(HTMLParser):
    """Fails where a tag is not closed; notes the tags and the text."""

    def __init__(self, html):
        super().__init__()
        self.open, self.tags, self.words = [], [], []
        self.feed(html)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in ("br", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def history(values):
    told = nn.History()
    for epoch in range(max(map(len, values.values()), default=0)):
        told.on_epoch_end(epoch, {name: line[epoch] for name, line in values.items()})
    return told


def test_a_history_shows_a_table_and_its_curves():
    told = history({"loss": [2.0, 0.5, 1.0], "val_loss": [3.0, 2.0, float("nan")]})
    page = Balanced(told._repr_html_())
    assert page.words[:5] == ["first", "smallest", "largest", "last", "loss"]
    assert page.words[5:9] == ["2.0000", "0.5000 (epoch 2)", "2.0000 (epoch 1)", "1.0000"]
    assert page.words[9:] == ["val_loss", "3.0000", "2.0000 (epoch 2)", "3.0000 (epoch 1)", "nan"]
    assert "img" in page.tags
    assert repr(told) == "<History of 3 epochs: loss 1.0000, val_loss nan>"


def test_a_history_of_anything_never_raises():
    assert nn.History()._repr_html_() is None
    assert repr(nn.History()) == "<History of 0 epochs>"
    page = Balanced(history({"<script>": [float("nan")]})._repr_html_())
    assert "script" not in page.tags
    assert "<script>" in page.words


def test_a_model_shows_its_summary():
    model = nn.Sequential([nn.Dense(4, input_shape=(3,), name="<b>"), nn.Dense(2)], name="a<i>")
    page = Balanced(model._repr_html_())
    assert page.words[:4] == ['Model: "a<i>"', "Layer (type)", "Output Shape", "Param #"]
    assert page.words[4:10] == ["<b> (Dense)", "(None, 4)", "16", "dense (Dense)", "(None, 2)", "10"]
    assert page.words[10] == "Total params: 26 (104.00 B)"
    assert not {"b", "i"} & set(page.tags)


def test_a_network_shows_what_is_connected():
    x = nn.Input((3,), name="x")
    model = nn.Model(x, nn.Dense(3, name="d")(x) + x)
    assert "x[0][0], d[0][0]" in Balanced(model._repr_html_()).words or "d[0][0], x[0][0]" in model._repr_html_()
    assert repr(model) == "<Model gives (None, 3), 12 params>"


def test_a_half_made_model_never_raises():
    class Odd(nn.Model):
        def __init__(self):
            self.name = None
            self.part = nn.Dense(2)

        @property
        def weights(self):
            raise RuntimeError("not now")

    assert Odd()._repr_html_() is None
    assert repr(Odd()) == "<Odd, not built yet>"
    assert nn.Sequential()._repr_html_() is not None


@pytest.mark.parametrize(
    ("thing", "words"),
    [
        (nn.Dense(3), "<Dense, not built yet>"),
        (nn.Sequential([nn.Dense(3, input_shape=(4,))]).layers[0], "<Dense 'dense' gives (None, 3), 15 params>"),
        (nn.Sequential([nn.Dense(3)]), "<Sequential ['dense']>"),
        (nn.SGD(0.1, momentum=0.9), "<SGD(learning_rate=0.1, momentum=0.9, nesterov=False) after 0 steps>"),
        (nn.Input((3,), name="x"), "<Symbol (None, 3) float32, from x>"),
        (tg.tensor([1.0]), "tensor([1.])"),
        (nn.losses.CategoricalCrossentropy(from_logits=True), "CategoricalCrossentropy(from_logits=True)"),
    ],
)
def test_everything_says_in_a_line_what_it_is(thing, words):
    assert repr(thing) == words


def test_the_reprs_of_a_figure_are_a_png_with_its_size():
    data, size = nn.plots.confusion([0, 1], [0, 1])._repr_png_()
    assert data.startswith(b"\x89PNG")
    assert int.from_bytes(data[16:20], "big") == pytest.approx(2 * size["width"], abs=2)


def forms(thing):
    """What IPython's display formatter would find, for the kinds that we have."""
    found = {"text/plain": repr(thing)}
    for kind, method in (("text/html", "_repr_html_"), ("image/png", "_repr_png_")):
        shown = getattr(thing, method, lambda: None)()
        found |= {} if shown is None else {kind: shown}
    return found | getattr(thing, "_repr_mimebundle_", dict)()


def test_what_people_put_at_the_end_of_a_cell():
    model = nn.Sequential([nn.Dense(2, input_shape=(4,))])
    loss = (tg.tensor([1.0], requires_grad=True) ** 2).sum()
    for thing, kinds in (
        (history({"loss": [1.0]}), {"text/plain", "text/html"}),
        (model, {"text/plain", "text/html"}),
        (model.layers[0], {"text/plain"}),
        (nn.Adam(), {"text/plain"}),
        (nn.plots.weights(model), {"text/plain", "image/png"}),
        (tg.tensor(np.zeros(3)), {"text/plain"}),
        (tg.draw(loss), {"text/plain", "image/svg+xml"}),
    ):
        assert set(forms(thing)) == kinds
