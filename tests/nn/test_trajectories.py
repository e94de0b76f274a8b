"""Every optimizer goes where Keras's own or PyTorch's own goes, step by step for 100 steps, in float64."""

import importlib

import numpy as np
import pytest

import nn
import tinygrad_lite as tg
from nn.optimizers import adadelta_2016, rmsprop_2016

RNG = np.random.default_rng(7)
X, TARGET = RNG.standard_normal((16, 4)), RNG.standard_normal((16, 4))
# A tall and a wide matrix: Keras's Muon takes the root of the longer side in float32, which is exact for 4.
START = {"a.kernel": RNG.standard_normal((4, 3)), "b.kernel": RNG.standard_normal((3, 4)), "b.bias": np.full(4, 0.3)}


def gradients(weights, step):
    """Of the squared error of a small network, on another quarter of the samples at each step."""
    a, b, bias = weights
    x, target = X[step % 4 :: 4], TARGET[step % 4 :: 4]
    h = np.tanh(x @ a)
    error = (h @ b + bias - target) / len(x)
    return [x.T @ ((error @ b.T) * (1 - h * h)), h.T @ error, error.sum(0)]


def way(apply, values):
    """The weights after each of 100 steps; `apply` takes gradients, `values` gives the weights as arrays."""
    found = []
    for step in range(100):
        apply(gradients(values(), step))
        found.append(np.concatenate([w.ravel() for w in values()]))
    return np.array(found)


def our_way(optimizer):
    weights = [tg.tensor(array, requires_grad=True, name=name) for name, array in START.items()]
    return way(
        lambda grads: optimizer.apply([tg.tensor(g) for g in grads], weights),
        lambda: [w.detach().numpy() for w in weights],
    )


def assert_same_way(ours, theirs):
    assert np.ptp(ours, axis=0).min() > 1e-3  # every weight moved
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-12)


@pytest.fixture
def keras_way(keras, torch, monkeypatch):
    """keras_way(name, **options): where Keras's optimizer of that name goes, in float64."""
    dtypes = importlib.import_module("keras.src.backend.common.dtypes")
    # So it is where Keras runs on TensorFlow; on PyTorch it rounds norms to float32 on the way.
    monkeypatch.setitem(dtypes.BIT64_TO_BIT32_DTYPE, "float64", "float64")
    usual = keras.config.floatx()
    keras.config.set_floatx("float64")

    def their_way(name, **options):
        optimizer = getattr(keras.optimizers, name)(**options)
        weights = [keras.Variable(array.copy(), name=name) for name, array in START.items()]
        return way(
            lambda grads: optimizer.apply([torch.tensor(g) for g in grads], weights),
            lambda: [w.value.detach().numpy() for w in weights],
        )

    yield their_way
    keras.config.set_floatx(usual)


RATES = {"SGD": 0.3, "Adadelta": 1.0, "Adagrad": 0.3, "Muon": 0.1}
NAMES = ["SGD", "RMSprop", "Adam", "AdamW", "Adamax", "Nadam", "Adagrad", "Adadelta", "Lion", "Muon", "Lamb"]
OWN = [
    ("SGD", {"momentum": 0.9}),
    ("SGD", {"momentum": 0.9, "nesterov": True}),
    ("RMSprop", {"rho": 0.8, "momentum": 0.5, "epsilon": 1e-3}),
    ("RMSprop", {"centered": True, "epsilon": 1e-3}),
    ("Adam", {"beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3}),
    ("Adam", {"amsgrad": True, "beta_2": 0.9}),
    ("AdamW", {"weight_decay": 0.1, "amsgrad": True}),
    ("Adamax", {"beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3}),
    ("Nadam", {"beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3}),
    ("Adagrad", {"initial_accumulator_value": 0.0, "epsilon": 1e-3}),
    ("Adadelta", {"rho": 0.8, "epsilon": 1e-3}),
    ("Lion", {"beta_1": 0.5, "beta_2": 0.8}),
    ("Muon", {"momentum": 0.8, "nesterov": False, "rms_rate": None, "ns_steps": 3, "adam_weight_decay": 0.1}),
    ("Muon", {"exclude_layers": ["b"], "adam_lr_ratio": 0.5, "adam_beta_1": 0.8, "adam_beta_2": 0.9}),
    ("Lamb", {"beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3}),
]
SHARED = [
    {"weight_decay": 0.05},
    {"clipvalue": 0.1},
    {"clipnorm": 0.3},
    {"global_clipnorm": 0.4},
    {"use_ema": True, "ema_momentum": 0.9, "ema_overwrite_frequency": 7},
    {"gradient_accumulation_steps": 3},
    {"gradient_accumulation_steps": 3, "use_ema": True, "ema_momentum": 0.9, "ema_overwrite_frequency": 5},
    {"gradient_accumulation_steps": 2, "clipnorm": 0.2, "weight_decay": 0.1},
]
EVERYTHING = {"weight_decay": 0.05, "global_clipnorm": 0.4, "gradient_accumulation_steps": 2} | SHARED[4]


def words(value):
    return value if isinstance(value, str) else " ".join(value) or "plain" if isinstance(value, dict) else None


@pytest.mark.parametrize(
    ("name", "options"),
    [
        *[(name, EVERYTHING) for name in NAMES],
        *OWN,
        *[pytest.param(name, options, marks=pytest.mark.slow) for name in NAMES for options in ({}, *SHARED)],
    ],
    ids=words,
)
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy")  # Keras's Nadam reads tensors
def test_a_hundred_steps_go_where_keras_goes(keras_way, name, options):
    options = {"learning_rate": RATES.get(name, 0.01)} | options
    assert_same_way(our_way(getattr(nn, name)(**options)), keras_way(name, **options))


def test_a_schedule_counts_calls_as_keras_s_does(keras, keras_way):
    """Also while gradients are added up, and for weight decay."""
    cosine, options = (0.05, 70, 0.1), {"gradient_accumulation_steps": 2, "weight_decay": 0.1}
    ours = nn.Adam(nn.schedules.CosineDecay(*cosine), **options)
    schedule = keras.optimizers.schedules.CosineDecay(*cosine)
    assert_same_way(our_way(ours), keras_way("Adam", learning_rate=schedule, **options))


@pytest.mark.parametrize("options", SHARED, ids=words)
def test_each_option_changes_the_way(options):
    assert abs(our_way(nn.SGD(0.3, **options)) - our_way(nn.SGD(0.3)))[-1].max() > 1e-3


TINY = 1e-13  # where PyTorch adds epsilon elsewhere
TORCH = [
    (nn.SGD(0.3), "SGD", {"lr": 0.3}),
    (nn.SGD(0.1, momentum=0.9), "SGD", {"lr": 0.1, "momentum": 0.9}),
    (nn.SGD(0.1, momentum=0.9, nesterov=True), "SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    (nn.RMSprop(0.01, epsilon=1e-2, epsilon_in_root=False), "RMSprop", {"lr": 0.01, "alpha": 0.9, "eps": 1e-2}),
    (
        nn.RMSprop(0.01, rho=0.8, momentum=0.5, epsilon=1e-2, centered=True, epsilon_in_root=False),
        "RMSprop",
        {"lr": 0.01, "alpha": 0.8, "momentum": 0.5, "eps": 1e-2, "centered": True},
    ),
    (rmsprop_2016(), "RMSprop", {"lr": 0.001, "alpha": 0.9, "eps": 1e-8}),
    (nn.Adam(0.01, epsilon=TINY), "Adam", {"lr": 0.01, "eps": TINY}),
    (nn.Adam(0.01, beta_2=0.9, epsilon=TINY, amsgrad=True), "Adam",
     {"lr": 0.01, "betas": (0.9, 0.9), "eps": TINY, "amsgrad": True}),
    (nn.AdamW(0.01, 0.1, epsilon=TINY), "AdamW", {"lr": 0.01, "weight_decay": 0.1, "eps": TINY}),
    (nn.Adamax(0.01, 0.8, 0.9, epsilon=TINY), "Adamax", {"lr": 0.01, "betas": (0.8, 0.9), "eps": TINY}),
    (nn.Nadam(0.01, epsilon=1e-3), "NAdam", {"lr": 0.01, "eps": 1e-3, "momentum_decay": 1.0}),
    (nn.Adagrad(0.3, epsilon=TINY), "Adagrad", {"lr": 0.3, "initial_accumulator_value": 0.1, "eps": TINY}),
    (nn.Adadelta(), "Adadelta", {"lr": 1.0, "rho": 0.95, "eps": 1e-7}),
    (nn.Adadelta(0.3, 0.8, 1e-4), "Adadelta", {"lr": 0.3, "rho": 0.8, "eps": 1e-4}),
    (adadelta_2016(), "Adadelta", {"lr": 1.0, "rho": 0.95, "eps": 1e-8}),
]  # fmt: skip


@pytest.mark.parametrize(("ours", "name", "options"), TORCH, ids=words)
def test_a_hundred_steps_go_where_torch_goes(torch, ours, name, options):
    weights = [torch.tensor(array.copy(), requires_grad=True) for array in START.values()]
    optimizer = getattr(torch.optim, name)(weights, **options)

    def apply(grads):
        for w, g in zip(weights, grads, strict=True):
            w.grad = torch.tensor(g)
        optimizer.step()

    assert_same_way(our_way(ours), way(apply, lambda: [w.detach().numpy() for w in weights]))
