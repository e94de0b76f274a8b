"""What an optimizer remembers can be taken and given back: training goes on as if it had not been interrupted."""

import copy
import json

import numpy as np
import pytest

import nn
import tinygrad_lite as tg
from nn.optimizers import OPTIMIZERS

OPTIONS = {
    "plain": {},
    "averages": {"use_ema": True, "ema_momentum": 0.9, "ema_overwrite_frequency": 3},
    "accumulation and clipping": {"gradient_accumulation_steps": 3, "global_clipnorm": 1.5, "weight_decay": 0.1},
    "everything": {
        "gradient_accumulation_steps": 3, "clipnorm": 0.5, "use_ema": True, "weight_decay": 0.1,
        "learning_rate": nn.schedules.LinearWarmup(nn.schedules.CosineDecay(0.1, 8), 5),
    },
}  # fmt: skip
SETTINGS = {"sgd": {"momentum": 0.9}, "adam": {"amsgrad": True}, "rmsprop": {"momentum": 0.5, "centered": True}}


def weights_of(start=None):
    rng = np.random.default_rng(3)
    made = [rng.standard_normal((4, 3)).astype(np.float32), rng.standard_normal(3), rng.standard_normal(())]
    names = ("dense.kernel", "dense.bias", "scale")
    return [tg.tensor(a, requires_grad=True, name=n) for a, n in zip(start or made, names, strict=True)]


def go(optimizer, weights, steps):
    """Step 2 has no gradient for the last weight."""
    for step in steps:
        rng = np.random.default_rng(step)
        grads = [tg.tensor(rng.standard_normal(w.shape).astype(w.dtype)) for w in weights]
        optimizer.apply([*grads[:2], None if step == 2 else grads[2]], weights)


def bits(weights):
    return [w.detach().numpy().tobytes() for w in weights]


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_ten_steps_are_four_and_six_to_the_last_bit(name, options):
    def make():
        return OPTIMIZERS[name](**{"learning_rate": 0.05, **SETTINGS.get(name, {}), **options})

    whole, optimizer = weights_of(), make()
    go(optimizer, whole, range(10))

    first, begun = weights_of(), make()
    go(begun, first, range(4))
    state = begun.state_dict(first)
    second, resumed = weights_of([w.detach().numpy().copy() for w in first]), make()
    told = repr(state)
    go(begun, first, range(50, 60))
    resumed.load_state_dict(state, second)
    go(resumed, second, range(4, 10))
    assert repr(state) == told  # what is handed out and taken are copies
    assert bits(second) == bits(whole)
    assert resumed.iterations == optimizer.iterations
    assert repr(resumed.state_dict(second)) == repr(optimizer.state_dict(whole))
    resumed.finalize_variable_values(second)
    optimizer.finalize_variable_values(whole)
    assert bits(second) == bits(whole)


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_it_is_made_of_what_files_can_hold(options):
    weights, optimizer = weights_of(), nn.Adam(**options)
    go(optimizer, weights, range(4))
    arrays = []

    def take(array):
        assert type(array) is np.ndarray
        arrays.append(array)
        return len(arrays) - 1

    text = json.dumps(optimizer.state_dict(weights), default=take)
    assert len(arrays) == len(optimizer.state_arrays)
    resumed = nn.Adam(**options)
    state = json.loads(text)
    for entry in state["weights"]:
        entry["state"] = {name: arrays[n] for name, n in entry["state"].items()}
        for part in ("average", "gradient"):
            entry[part] = None if entry[part] is None else arrays[entry[part]]
    resumed.load_state_dict(state, weights)
    assert resumed.iterations == optimizer.iterations


def test_the_rate_as_it_was_changed_comes_back():
    weights, optimizer, resumed = weights_of(), nn.SGD(0.5), nn.SGD()
    optimizer.learning_rate = 0.125
    resumed.load_state_dict(optimizer.state_dict(weights), weights)
    assert resumed.learning_rate == 0.125


def test_before_the_first_step_there_is_a_state_too():
    weights, options = weights_of(), {"use_ema": True, "gradient_accumulation_steps": 2}
    state = nn.Adam(**options).state_dict(weights)
    assert [entry["average"] for entry in state["weights"]] == [None] * 3
    resumed = nn.Adam(**options)
    resumed.load_state_dict(state, weights)
    go(resumed, weights, range(4))
    others = weights_of()
    go(nn.Adam(**options), others, range(4))
    assert bits(weights) == bits(others)


def without(part):
    return lambda state: state.pop(part)


def put(value, *place):
    def change(state):
        for key in place[:-1]:
            state = state[key]
        state[place[-1]] = value

    return change


HALF = np.zeros((2, 3), np.float32)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (put("SGD", "optimizer"), ValueError, "of an optimizer with optimizer 'SGD', this one's is 'Adam'"),
        (put(True, "use_ema"), ValueError, "with use_ema True, this one's is False"),
        (put(4, "gradient_accumulation_steps"), ValueError, "with gradient_accumulation_steps 4, this one's is 2"),
        (without("weights"), ValueError, r"no state of an optimizer: \['weights'\] are missing or too many"),
        (put(1, "more"), ValueError, r"\['more'\] are missing or too many"),
        (put(-1, "iterations"), ValueError, "iterations must be a whole number of at least 0, given -1"),
        (put("3", "iterations"), TypeError, "iterations must be a whole number"),
        (put(2, "accumulated"), ValueError, "accumulated must be below gradient_accumulation_steps, 2, given 2"),
        (put(float("nan"), "learning_rate"), ValueError, "learning_rate must be a number, at least 0, given nan"),
        (put(None, "learning_rate"), ValueError, "of an optimizer that follows a schedule: give this one its"),
        (put([], "weights"), ValueError, "of another model: it has 0 weights, this one has 3"),
        (put({}, "weights"), ValueError, "of another model: it has a dict weights, this one has 3"),
        (put(None, "weights", 1), ValueError, "of weight 1, dense.bias, it needs .*'average', 'dtype'"),
        (put("x", "weights", 1, "name"), ValueError, "the name of weight 1, dense.bias is dense.bias, not 'x'"),
        (put([3, 4], "weights", 0, "shape"), ValueError, r"the shape of weight 0, .* is \[4, 3\], not \[3, 4\]"),
        (put("float64", "weights", 0, "dtype"), ValueError, "the dtype of weight 0, .* is float32, not 'float64'"),
        (put({}, "weights", 2, "state"), ValueError, r"this one remembers \['m', 'v'\] of weight 2, scale, not \[\]"),
        (put(HALF, "weights", 0, "state", "m"), ValueError, r"m of .* float32 \(4, 3\), given float32 \(2, 3\)"),
        (put([1.0], "weights", 0, "state", "v"), ValueError, r"v of .* an array float32 \(4, 3\), given list"),
        (put(np.zeros(3, np.float32), "weights", 1, "gradient"), ValueError, "gradient of .* float64 .* given float32"),
        (put(np.zeros(3), "weights", 2, "average"), ValueError, r"average of weight 2, scale must be .*float64 \(\)"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_and_nothing_changes(change, error, words):
    weights, options = weights_of(), {"gradient_accumulation_steps": 2, "learning_rate": 0.05}
    other = nn.Adam(**options)
    go(other, weights, range(5))
    state = other.state_dict(weights)
    change(state)

    optimizer, weights = nn.Adam(**options), weights_of()
    go(optimizer, weights, range(3))
    before = repr(optimizer.state_dict(weights))
    with pytest.raises(error, match=words):
        optimizer.load_state_dict(state, weights)
    assert repr(optimizer.state_dict(weights)) == before


def test_a_number_does_not_replace_a_schedule():
    weights, optimizer = weights_of(), nn.SGD(nn.schedules.Constant(0.1))
    with pytest.raises(ValueError, match=r"with the learning rate 0.25, this one follows Constant\("):
        optimizer.load_state_dict(nn.SGD(0.25).state_dict(weights), weights)
    with pytest.raises(TypeError, match=r"the dict that state_dict\(\) gave, given list"):
        optimizer.load_state_dict([], weights)


def test_a_copied_optimizer_goes_its_own_way():
    weights, optimizer = weights_of(), nn.Adam()
    go(optimizer, weights, range(2))
    before = repr(optimizer.state_dict(weights))
    other = copy.deepcopy(optimizer)
    go(other, weights_of(), range(2))
    assert repr(optimizer.state_dict(weights)) == before
