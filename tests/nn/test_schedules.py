"""Schedules: the rate of every step is Keras's or PyTorch's, and their own words where neither has it."""

import warnings

import numpy as np
import pytest

import nn
from nn import schedules

STEPS = 250


def rates(schedule):
    return [schedule(step) for step in range(STEPS)]


KERAS = [
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 30, "decay_rate": 0.9}),
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 30, "decay_rate": 0.9, "staircase": True}),
    ("PiecewiseConstantDecay", {"boundaries": [10, 20, 100], "values": [1.0, 0.5, 0.1, 0.01]}),
    ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 99}),
    ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 99, "alpha": 0.2}),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 17}),
    ("CosineDecayRestarts",
     {"initial_learning_rate": 0.1, "first_decay_steps": 20, "t_mul": 1.0, "m_mul": 0.8, "alpha": 0.1}),
    ("CosineDecayRestarts",
     {"initial_learning_rate": 0.1, "first_decay_steps": 17, "t_mul": 1.7, "m_mul": 0.8, "alpha": 0.1}),
]  # fmt: skip


@pytest.fixture
def keras64(keras):
    usual = keras.config.floatx()
    keras.config.set_floatx("float64")
    yield keras
    keras.config.set_floatx(usual)


@pytest.mark.parametrize(("name", "options"), KERAS)
def test_each_step_s_rate_is_keras_s(keras64, name, options):
    theirs = getattr(keras64.optimizers.schedules, name)(**options)
    ours = getattr(schedules, name)(**options)
    np.testing.assert_allclose(rates(ours), [float(theirs(step)) for step in range(STEPS)], rtol=1e-6, atol=1e-12)


def test_warm_up_then_a_cosine_is_keras_s(keras64):
    theirs = keras64.optimizers.schedules.CosineDecay(0.01, 90, alpha=0.1, warmup_target=0.2, warmup_steps=25)
    ours = schedules.LinearWarmup(schedules.CosineDecay(0.2, 90, alpha=0.1), 25, initial_learning_rate=0.01)
    np.testing.assert_allclose(rates(ours), [float(theirs(step)) for step in range(STEPS)], rtol=1e-6, atol=1e-12)


TORCH = [
    (schedules.StepDecay(0.4, 30, 0.5), "StepLR", {"step_size": 30, "gamma": 0.5}),
    (schedules.ExponentialDecay(0.4, 1, 0.97), "ExponentialLR", {"gamma": 0.97}),
    (schedules.CosineDecayRestarts(0.4, 20, t_mul=1), "CosineAnnealingWarmRestarts", {"T_0": 20}),
    (schedules.CosineDecayRestarts(0.4, 16, t_mul=2), "CosineAnnealingWarmRestarts", {"T_0": 16, "T_mult": 2}),
    (schedules.LinearWarmup(0.4, 20, 0.1), "LinearLR", {"start_factor": 0.25, "total_iters": 20}),
    (schedules.PiecewiseConstantDecay([29, 79], [0.4, 0.04, 0.004]), "MultiStepLR", {"milestones": [30, 80]}),
    *[
        (schedules.OneCycle(0.4, STEPS, **options), "OneCycleLR", {"max_lr": 0.4, "total_steps": STEPS, **options})
        for options in (
            {},
            {"pct_start": 0.2, "anneal_strategy": "linear", "div_factor": 5.0, "final_div_factor": 10.0},
            {"three_phase": True, "pct_start": 0.4},
            {"pct_start": 0.0},
            {"pct_start": 1.0},
        )
    ],
]


@pytest.mark.parametrize(("ours", "name", "options"), TORCH, ids=lambda x: x if isinstance(x, str) else None)
def test_each_step_s_rate_is_torch_s(torch, ours, name, options):
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.4, momentum=0.9)
    theirs = getattr(torch.optim.lr_scheduler, name)(optimizer, **options)
    found = []
    for _ in range(STEPS):
        found.append(theirs.get_last_lr()[0])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the last step is beyond the end of OneCycleLR
            optimizer.step()
            if len(found) < STEPS:
                theirs.step()
    np.testing.assert_allclose(rates(ours), found, rtol=1e-6, atol=1e-12)


def test_a_step_beyond_the_end_has_the_last_rate():
    for schedule in (schedules.OneCycle(0.1, 50), schedules.CosineDecay(0.1, 50, 0.1)):
        assert schedule(50) == pytest.approx(schedule(10**9))
        assert schedule(10**9) == pytest.approx(4e-7 if isinstance(schedule, schedules.OneCycle) else 0.01)


def test_a_cycle_whose_top_is_its_first_step_begins_there():
    assert schedules.OneCycle(0.1, 10, pct_start=0.1)(0) == 0.1


def test_restarts_are_on_their_step():
    """Where Keras's logarithm can miss it by one."""
    schedule = schedules.CosineDecayRestarts(0.1, 3, t_mul=3)
    assert [step for step in range(1, 3000) if schedule(step) > schedule(step - 1)] == [3, 12, 39, 120, 363, 1092]
    assert schedule(1092) == 0.1


def test_any_of_them_says_what_it_was_told():
    schedule = schedules.LinearWarmup(schedules.StepDecay(1, 10), 5)
    assert repr(schedule) == (
        "LinearWarmup(then=StepDecay(initial_learning_rate=1.0, decay_steps=10, decay_rate=0.1, staircase=True),"
        " warmup_steps=5, initial_learning_rate=0.0)"
    )


def test_one_of_your_own_is_a_function_or_a_class():
    class Root(schedules.Schedule):
        def __init__(self, first):
            self.first = first

        def __call__(self, step):
            return self.first / (1 + step) ** 0.5

    assert [nn.SGD(s).learning_rate for s in (Root(0.5), lambda step: 0.25)] == [0.5, 0.25]
    assert schedules.LinearWarmup(Root(0.5), 10)(13) == 0.25
    assert repr(Root(0.5)) == "Root(first=0.5)"


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: schedules.Constant("0.1"), TypeError, "learning_rate must be a number"),
        (
            lambda: schedules.ExponentialDecay(0.1, 0, 0.9),
            ValueError,
            "decay_steps must be a whole number of at least 1",
        ),
        (lambda: schedules.ExponentialDecay(0.1, 2.5, 0.9), TypeError, "decay_steps must be a whole number"),
        (lambda: schedules.CosineDecay(-0.1, 10), ValueError, "initial_learning_rate must be a number, at least 0"),
        (lambda: schedules.CosineDecayRestarts(0.1, 10, t_mul=0.5), ValueError, "t_mul must be at least 1.*given 0.5"),
        (lambda: schedules.PiecewiseConstantDecay([1, 2], [1, 2]), ValueError, "2 boundaries.*3 values, given 2"),
        (lambda: schedules.PiecewiseConstantDecay([2, 2], [1, 2, 3]), ValueError, r"above.*given \[2, 2\]"),
        (lambda: schedules.LinearWarmup(schedules.Constant, 5), TypeError, r"then is given the class.*Constant\("),
        (lambda: schedules.LinearWarmup("cosine", 5), TypeError, "then must be a number"),
        (lambda: schedules.OneCycle(0.1, 1), ValueError, "total_steps must be a whole number of at least 2"),
        (lambda: schedules.OneCycle(0.1, 10, pct_start=1.5), ValueError, "pct_start.*at most 1 here, given 1.5"),
        (lambda: schedules.OneCycle(0.1, 10, 0.6, three_phase=True), ValueError, "pct_start.*at most 0.5 here"),
        (
            lambda: schedules.OneCycle(0.1, 10, anneal_strategy="cosine"),
            ValueError,
            "'cos' or 'linear', given 'cosine'",
        ),
        (lambda: schedules.OneCycle(0.1, 10, div_factor=0), ValueError, "div_factor must be above 0"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(make, error, words):
    with pytest.raises(error, match=words):
        make()
