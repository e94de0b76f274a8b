"""The picture of neurons and links: what it shows is there, and nobody's names get out of their place."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

import nn
import tinygrad_lite as tg
from tinygrad_lite.graph import render

drawn = pytest.mark.skipif(not render._commands("svg"), reason="nothing is installed that draws")


def learnt(*sizes, name=None):
    nn.set_random_seed(0)
    layers = [nn.Dense(n, "sigmoid", name=name) for n in sizes[1:-1]] + [nn.Dense(sizes[-1])]
    layers[0].input_shape = (sizes[0],)
    model = nn.Sequential(layers)
    model.compile("sgd", "mse")
    network = nn.as_neurons(model)
    network.learn(np.linspace(-1, 1, sizes[0]), np.zeros(sizes[-1]))
    return network


def svg(picture, path):
    return ElementTree.parse(picture.save(path / "picture.svg")).getroot()


def count(root, kind):
    return sum(element.get("class") == kind for element in root.iter())


@drawn
def test_a_neuron_is_a_circle_and_a_link_is_a_line(tmp_path):
    network = learnt(2, 3, 1)
    root = svg(network.draw(), tmp_path)
    assert count(root, "edge") == len(network.links) == 13
    circles = [e for e in root.iter() if e.tag.endswith("ellipse")]
    assert len(circles) == 2 + 3 + 1 + 2
    text = "".join(root.itertext())
    assert "2 + 3 + 1 neurons and 13 links" in text
    for link in network.links:
        assert f"{link.weight:.3g}".replace("-", "\N{MINUS SIGN}") in text
        assert f"{link.sensitivity:.2g}".replace("-", "\N{MINUS SIGN}").replace("e-0", "e\N{MINUS SIGN}") in text


def test_colour_is_the_sign_of_a_weight_and_width_its_size():
    network = learnt(2, 1)
    links = network.links
    for link, weight in zip(links, [-2.0, 1.0, 0.0], strict=True):
        link.weight = weight
    lines = [line for line in network.draw().source.splitlines() if "->" in line]
    colours = [re.search(r'color="(#\w+)"', line)[1] for line in lines]
    widths = [float(re.search(r"penwidth=([\d.]+)", line)[1]) for line in lines]
    assert len(set(colours)) == 3
    assert widths[0] == 5.0 > widths[1] > widths[2]


def test_the_middle_of_a_large_layer_is_left_out_and_the_picture_says_so():
    source = tg.draw_neurons(learnt(40, 3, 1), most=6).source
    assert "⋮ 35 more ⋮" in source
    assert sum("->" in line for line in source.splitlines()) == (5 + 1) * 3 + 4
    with pytest.raises(ValueError, match="most must be at least 2"):
        tg.draw_neurons(learnt(2, 1), most=1)


@pytest.mark.parametrize("given", [nn.Sequential([nn.Dense(2, input_shape=(2,))]), 3.0])
def test_what_has_no_neurons_is_refused(given):
    with pytest.raises(TypeError, match=r"nn.as_neurons\(model\) makes them"):
        tg.draw_neurons(given)


def test_the_same_network_gives_the_same_text():
    assert learnt(3, 4, 2).draw().source == learnt(3, 4, 2).draw().source


@pytest.mark.parametrize("weight", [np.nan, np.inf, 0.0])
def test_what_is_wrong_is_drawn_too(weight):
    network = learnt(2, 1)
    for link in network.links:
        link.weight = weight
    with np.errstate(all="ignore"):
        network.propagate([1.0, 2.0])
        network.backpropagate([0.0])
    assert "->" in network.draw().source


@drawn
@pytest.mark.parametrize(
    "name", ["</TD></TR></TABLE>> ]; evil [label=<", '"]; evil [URL="javascript:alert(1)"', "&#0; \0 \u202e", "\\N\\G"]
)
def test_names_are_inert(tmp_path, name):
    root = svg(learnt(2, 2, 1, name=name).draw(), tmp_path)
    assert count(root, "edge") == 9
    for element in root.iter():
        assert not any(key.rpartition("}")[2].lower() == "href" for key in element.attrib)
    assert "script" not in {element.tag.rpartition("}")[2] for element in root.iter()}


@drawn
def test_it_is_saved_and_shown(tmp_path):
    picture = learnt(2, 1).draw()
    assert picture.save(tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert picture.save(tmp_path / "a.dot").read_text() == picture.source
    assert "<svg" in picture._repr_mimebundle_()["image/svg+xml"]
    assert picture._repr_mimebundle_(exclude=["image/svg+xml"]) == {
        "text/plain": "<Picture of 2 + 1 neurons and 3 links>"
    }
    with pytest.raises(ValueError, match="must end in"):
        picture.save(tmp_path / "a.gif")


def test_where_nothing_draws_there_is_the_text(monkeypatch, tmp_path):
    monkeypatch.setattr(render, "_commands", lambda format: [])
    picture = learnt(2, 1).draw()
    with pytest.warns(UserWarning, match="no picture a.svg, its source is in a.dot. To get the picture"):
        assert picture.save(tmp_path / "a.svg") == tmp_path / "a.dot"
    assert "To get the picture" in picture._repr_mimebundle_()["text/plain"]
