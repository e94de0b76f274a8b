"""Settings: what a link says, what is allowed, and what is done with everything else."""

import random
import time
from dataclasses import fields, replace
from urllib.parse import quote, unquote

import pytest

from playground_parts import Settings, new_seed, own_data
from playground_parts.settings import CHOICES, HIDABLE, RANGES

ORIGINAL = (
    "https://playground.tensorflow.org/#activation=relu&regularization=L1&batchSize=7&dataset=xor&regDataset=reg-gauss"
    "&learningRate=0.1&regularizationRate=0.003&noise=25&networkShape=5,3,1&seed=0.98765&showTestData=true"
    "&discretize=true&percTrainData=70&x=false&y=true&xTimesY=true&xSquared=false&ySquared=true&cosX=false&sinX=true"
    "&cosY=false&sinY=false&collectStats=false&problem=classification&initZero=true&hideText=false"
    "&playButton_hide=true&noise_hide=false&sinX_hide=true"
)
POINTS = [[1, 2, "a b"], [-1, 3.25, "c&d=#é"], [0.001, -6, "a b"], [6, 0, "x,y"]]


def test_a_link_of_the_original_is_read_to_the_last_word():
    assert Settings.from_query(ORIGINAL) == Settings(
        activation="relu",
        regularization="L1",
        batch_size=7,
        dataset="xor",
        regression_dataset="reg-gauss",
        learning_rate=0.1,
        regularization_rate=0.003,
        noise=25,
        hidden=(5, 3, 1),
        seed="0.98765",
        show_test_data=True,
        discretize=True,
        train_percent=70,
        features=("y", "ySquared", "xTimesY"),  # a feature whose control is hidden is no input
        init_zero=True,
        hidden_controls=("playButton", "sinX"),
    )


@pytest.mark.parametrize("link", ["", "#", "https://playground.tensorflow.org/", "#utm_source=x&foo", "noise=&seed="])
def test_what_a_link_does_not_say_has_its_default(link):
    assert Settings.from_query(link) == Settings()


def test_no_hidden_layers_is_not_the_same_as_no_word_about_them():
    assert Settings.from_query("networkShape=").hidden == ()
    assert Settings.from_query("x=true").hidden == (4, 2)


def any_settings(dice):
    def pick(name):
        return dice.choice(CHOICES[name])

    hidden = tuple(dice.randint(1, 8) for _ in range(dice.randint(0, 6)))
    return Settings(
        problem="classification",
        dataset=pick("dataset"),
        regression_dataset=pick("regression_dataset"),
        own=own_data(POINTS),
        classes=dice.randint(2, 6),
        noise=dice.choice([0, 25, 12.5]),
        train_percent=dice.choice([30, 50, 62.5]),
        seed=dice.choice([new_seed(), "ü & = # %", "0"]),
        features=tuple(dice.sample(["x", "y", "xSquared", "sinY"], 2)),
        hidden=hidden,
        activation=pick("activation"),
        activations=dice.choice([(), tuple(pick("activation") for _ in hidden)]),
        init_zero=dice.random() < 0.5,
        dropout=dice.choice([0, 0.25]),
        loss=pick("loss"),
        optimizer=pick("optimizer"),
        learning_rate=dice.choice([0.03, 1e-5, 10, dice.random()]),
        regularization=pick("regularization"),
        regularization_rate=dice.random(),
        batch_size=dice.randint(1, 1000),
        stop_epoch=dice.randint(0, 1000),
        stop_loss=dice.random(),
        show_test_data=dice.random() < 0.5,
        discretize=dice.random() < 0.5,
        hide_text=dice.random() < 0.5,
        hidden_controls=tuple(dice.sample(["playButton", "noise", "explain"], 2)),
    )


def test_a_link_holds_all_settings_exactly():
    dice, seen = random.Random(1), {}
    for _ in range(300):
        settings = any_settings(dice)
        link = settings.to_query()
        assert Settings.from_query(link) == settings
        assert Settings.from_query("http://localhost:8000/#" + link) == settings
        assert " " not in link and "#" not in link
        for one in fields(settings):
            seen.setdefault(one.name, set()).add(str(getattr(settings, one.name)))
    assert [name for name, values in seen.items() if len(values) < 2] == ["problem", "own"]


def test_a_link_means_the_same_when_its_characters_are_written_otherwise():
    settings = Settings(dataset="own", own=own_data([*POINTS, [0, 0, 'say "x", y']]), seed="a+b c")
    link = settings.to_query()
    assert Settings.from_query(link.replace(",", "%2C").replace(";", "%3b").replace(":", "%3A")) == settings
    pairs = [pair.partition("=") for pair in link.split("&")]
    assert Settings.from_query("&".join(f"{name}={quote(unquote(value))}" for name, _, value in pairs)) == settings


def test_some_names_of_a_link_are_changed_and_the_others_stay():
    settings = Settings(dataset="own", own=own_data(POINTS), seed="a+b & c=%", hidden=(3, 2))
    changed = settings.changed({"networkShape": "", "seed": "# x&y=1", "classNames": '"x,y",b c,d'})
    assert changed == replace(
        settings, hidden=(), seed="# x&y=1", own=replace(settings.own, class_names=("x,y", "b c", "d"))
    )
    assert settings.changed({}) == settings
    with pytest.raises(ValueError, match="noise must be a number"):
        settings.changed({"noise": "5&noise=7"})


def test_own_values_of_regression_are_held_exactly_too():
    own = own_data("height,weight,age\n1.5,40,10\n1.6,55.5,30\n1.7,60,45\n1.8,90,60\n", "regression")
    settings = Settings(problem="regression", regression_dataset="own", own=own)
    again = Settings.from_query(settings.to_query())
    assert again == settings
    assert [axis.name for axis in again.own.axes] == ["height", "weight", "age"]
    assert replace(again, noise=0) == settings


BAD = [
    ("noise=1e400", "noise must be a number from 0 to 80, given '1e400'"),
    ("noise=-1", "noise must be a number from 0 to 80, given '-1'"),
    ("noise=%F0%9F", "noise must be a number"),
    ("networkShape=4,,2", "the neurons of a hidden layer must be a whole number from 1 to 8, given ''"),
    ("networkShape=9", "a whole number from 1 to 8, given '9'"),
    ("networkShape=0", "a whole number from 1 to 8, given '0'"),
    ("networkShape=1,1,1,1,1,1,1", "hidden may have 6 entries, given 7"),
    ("networkShape=" + "1," * 100_000, "hidden may have 6 entries, given 100,001"),
    ("seed=" + "a" * 101, "seed must be a text of 1 to 100 printable characters, given 'aaa"),
    ("seed=%00", r"seed must be a text of 1 to 100 printable characters, given '\x00'"),
    ("batchSize=0", "batch_size must be a whole number from 1 to 1,000, given '0'"),
    ("batchSize=nan", "batch_size must be a whole number"),
    ("batchSize=1.5", "batch_size must be a whole number"),
    ("batchSize=" + "9" * 5000, "batch_size must be a whole number"),
    ("learningRate=inf", "learning_rate must be a number from 0 to 10, given 'inf'"),
    ("learningRate=0x10", "learning_rate must be a number"),
    ("dataset=__class__", "dataset must be one of circle, xor, gauss, spiral, own; given '__class__'"),
    ("activation=softmax", "activation must be one of relu, tanh, "),
    ("optimizer=<script>", "optimizer must be one of sgd, momentum, nesterov, rmsprop, adadelta, adam, adamw; given"),
    ("problem=x", "problem must be one of classification, regression; given 'x'"),
    ("classes=7", "classes must be a whole number from 2 to 6, given '7'"),
    ("dropout=1", "dropout must be a number from 0 to 0.9, given '1'"),
    ("percTrainData=100", "train_percent must be a number from 1 to 99, given '100'"),
    ("stopEpoch=1e9", "stop_epoch must be a whole number from 0 to 1,000,000, given '1e9'"),
    ("x=false&y=false", "at least one feature must be an input: x, y, "),
    ("x_hide=true&y_hide=true", "at least one feature must be an input"),
    ("activations=tanh", "activations must be one for each of 2 hidden layers, given 1"),
    ("dataset=own", "the data set own needs points"),
    ("data=1,2", "own data must have 4 to 5,000 points, given 1"),
    ("data=" + "1,2,0;" * 6000, "own data may have 5,000 points, given more"),
    ("data=1,2,0;1,2;1,2,0;1,2,0", "each point has x1, x2 and a target, given 2 values"),
    ("data=1,2,0;1,7,0;1,2,0;1,2,0", "x2 must be a number from -6 to 6, given '7'"),
    (
        "data=1,2,0;1,2,2;1,1,1;1,1,1&classNames=a,b",
        "the class of a point must be a whole number from 0 to 1, given '2'",
    ),
    ("data=1,2,0;1,2,0;1,1,1;1,1,1&classNames=a,a", "the names of the classes must differ"),
    ("data=1,2,0;1,2,0;1,1,1;1,1,1&classNames=" + "a," * 9, "own data must have 2 to 6 classes, given 10"),
    ("data=1,2,0;1,2,0;1,1,1;1,1,1&classNames=" + "a," * 900, "classNames may have 1000 characters, given 1,800"),
    ("data=1,2,0;1,2,0;1,1,1;1,1,1&classNames=a%0Db,c", "classNames must be names with commas between them"),
    ("data=1,2,0;1,2,0;1,1,1;1,1,1&classNames=a,b&axes=x:1", "an axis is written name:low:high, given 'x:1'"),
    ("data=1,2,0;1,2,0;1,1,1;1,1,1&axes=x:0:1,y:0:nan,z:0:1", "an end of an axis must be a number"),
    ("data=1,2,0;1,2,0;1,1,1;1,1,1&axes=x:0:1,y:0:1", "there must be 3 axes, for x1, x2 and the target, given 2"),
    ("dataset=own&data=1,2,0;1,2,0;1,1,1;1,1,.5", "the problem is classification, but the own data has values"),
    ("percTrainData=1&dataset=own&classNames=a,b&data=1,2,0;1,2,0;1,1,1;1,1,1", "1 % of 4 points leaves none to learn"),
    ("x" * 1_000_001, "a link is a text of at most 1,000,000 characters"),
]


@pytest.mark.parametrize(("link", "words"), BAD, ids=[link[:40] for link, _ in BAD])
def test_a_bad_value_is_named_and_what_is_allowed_is_said(link, words):
    began = time.perf_counter()
    with pytest.raises(ValueError) as caught:
        Settings.from_query(link)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 400
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize("one", [one for one in fields(Settings) if one.name != "own"], ids=lambda one: one.name)
@pytest.mark.parametrize("value", [None, [[]], {}, b"x", object(), -1, 10**400, "\ud800", "x" * 10**6], ids=str)
def test_no_field_takes_what_it_cant_mean(one, value):
    with pytest.raises(ValueError, match=r"given|must"):
        replace(Settings(), **{one.name: value})


def test_own_points_are_own_data_only():
    with pytest.raises(ValueError, match="own must be an OwnData, given a list"):
        Settings(own=[[1, 2, 3]])


@pytest.mark.parametrize("name", sorted(RANGES))
def test_the_ends_of_a_range_are_allowed_and_what_lies_beyond_is_not(name):
    low, high = RANGES[name]
    assert getattr(Settings(**{name: low}), name) == low
    assert getattr(Settings(**{name: high}), name) == high
    for beyond in (low - 1e-3, high + 1e-3, float("nan"), True):
        with pytest.raises(ValueError, match=name):
            Settings(**{name: beyond})


def test_seeds_are_made_as_the_original_makes_them():
    seeds = {new_seed() for _ in range(100)}
    assert len(seeds) > 90
    assert all(len(seed) == 7 and Settings(seed=seed).seed == seed for seed in seeds)


def test_every_control_of_the_original_can_be_hidden():
    hidden = "showTestData discretize playButton stepButton resetButton learningRate activation regularization"
    hidden += " regularizationRate problem dataset percTrainData noise batchSize numHiddenLayers"
    assert set(hidden.split()) <= set(HIDABLE)
    link = "&".join(f"{name}_hide=true" for name in hidden.split())
    assert set(Settings.from_query(link).hidden_controls) == set(hidden.split())
