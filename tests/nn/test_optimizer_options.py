"""What every optimizer can do beside its own step: clip, add up, average, decay, follow a schedule."""

import numpy as np
import pytest

import nn
import tinygrad_lite as tg

MANY = {"weight_decay": 0.1, "global_clipnorm": 0.5, "use_ema": True, "gradient_accumulation_steps": 2}


@pytest.mark.parametrize("options", [{"clipvalue": 0.1}, {"clipnorm": 0.1}, {"global_clipnorm": 0.1}, MANY])
def test_the_gradients_stay_the_caller_s(options):
    w, g = tg.tensor([1.0, 2.0], requires_grad=True), tg.tensor([3.0, -4.0])
    optimizer = nn.SGD(0.1, **options)
    for _ in range(4):
        optimizer.apply([g], [w])
    assert g.tolist() == [3, -4]
    assert w.tolist() != [1, 2]


def test_norms_are_those_of_a_weight_and_of_all_together():
    def step(**options):
        weights = [tg.zeros(2, requires_grad=True), tg.zeros((), requires_grad=True)]
        nn.SGD(1.0, **options).apply([tg.tensor([3.0, 0.0]), tg.tensor(-4.0)], weights)
        return [w.tolist() for w in weights]

    assert step(clipvalue=2) == [[-2, 0], 2]
    assert step(clipnorm=3.5) == [[-3, 0], 3.5]
    assert step(global_clipnorm=2.5) == [[-1.5, 0], 2]
    assert step(global_clipnorm=5) == step() == [[-3, 0], 4]


def test_the_norm_of_huge_numbers_is_no_infinity():
    w = tg.zeros(2, requires_grad=True)
    nn.SGD(1.0, global_clipnorm=1.0).apply([tg.tensor([3e25, -4e25])], [w])
    np.testing.assert_allclose(w.detach().numpy(), [-0.6, 0.8], rtol=1e-6)


def test_a_gradient_that_is_no_number_is_not_hidden():
    w = tg.zeros(2, requires_grad=True)
    nn.SGD(1.0, clipnorm=1.0).apply([tg.tensor([float("nan"), 1.0])], [w])
    assert np.isnan(w.detach().numpy()).all()


class Blocks(nn.Adam):
    """Counts the calls of update."""

    def update(self, weight, *rest):
        self.calls = [*getattr(self, "calls", []), weight.shape]
        super().update(weight, *rest)


class Whole(Blocks):
    elementwise = False


@pytest.mark.parametrize("options", [{}, {"clipvalue": 0.5}, {"clipnorm": 0.5, "weight_decay": 0.1}])
def test_a_large_weight_in_blocks_goes_where_it_goes_as_a_whole(options):
    rng = np.random.default_rng(5)
    start, g = rng.standard_normal((1500, 400)), tg.tensor(rng.standard_normal((1500, 400)))
    ends = []
    for kind in (Blocks, Whole):
        w, optimizer = tg.tensor(start, requires_grad=True), kind(0.1, **options)
        optimizer.apply([g], [w])
        ends.append(w.detach().numpy().tobytes())
        assert (len(optimizer.calls) > 1) == optimizer.elementwise
    assert ends[0] == ends[1]


def test_accumulated_gradients_count_as_their_mean():
    w, u = tg.zeros(1, requires_grad=True), tg.zeros(1, requires_grad=True)
    rates = []
    optimizer = nn.SGD(lambda step: rates.append(step) or 1.0, gradient_accumulation_steps=3)
    for g in (1.0, 2.0, 6.0):
        assert (w.tolist(), optimizer.iterations) == ([0], 0)
        optimizer.apply([tg.tensor([g]), tg.tensor([3.0]) if g == 2 else None], [w, u])
    assert (w.tolist(), u.tolist(), optimizer.iterations) == ([-3], [-1], 1)
    assert set(rates) == {0, 1, 2}
    for _ in range(3):
        optimizer.apply([tg.tensor([1.0]), None], [w, u])
    assert (w.tolist(), u.tolist(), optimizer.iterations) == ([-4], [-1], 2)


def test_to_set_the_steps_forgets_what_was_added_up():
    w, optimizer = tg.zeros(1, requires_grad=True), nn.SGD(1.0, gradient_accumulation_steps=2)
    optimizer.apply([tg.tensor([100.0])], [w])
    optimizer.iterations = 5
    for _ in range(2):
        optimizer.apply([tg.tensor([1.0])], [w])
    assert (w.tolist(), optimizer.iterations) == ([-1], 6)


def test_one_gradient_to_accumulate_is_a_plain_step():
    w = tg.zeros(1, requires_grad=True)
    nn.SGD(1.0, gradient_accumulation_steps=1).apply([tg.ones(1)], [w])
    assert w.tolist() == [-1]


def averaging(**options):
    """After two steps: the weight is 2, its average 1.5."""
    w, optimizer = tg.tensor([0.0], requires_grad=True), nn.SGD(1.0, use_ema=True, ema_momentum=0.5, **options)
    for _ in range(2):
        optimizer.apply([tg.tensor([-1.0])], [w])
    return w, optimizer


def test_at_the_end_weights_become_their_averages():
    w, optimizer = averaging()
    assert w.tolist() == [2]
    optimizer.finalize_variable_values([w])
    assert w.tolist() == [1.5]
    u = tg.tensor([7.0])
    nn.SGD().finalize_variable_values([u])
    optimizer.finalize_variable_values([u])
    assert u.tolist() == [7]


def test_every_few_steps_weights_become_their_averages():
    w, _ = averaging(ema_overwrite_frequency=2)
    assert w.tolist() == [1.5]
    w, _ = averaging(ema_overwrite_frequency=3)
    assert w.tolist() == [2]


def test_averages_can_be_looked_at():
    w, optimizer = averaging()
    with optimizer.averaged([w]):
        assert w.tolist() == [1.5]
    assert w.tolist() == [2]
    with pytest.raises(ZeroDivisionError), optimizer.averaged([w]):
        1 / (w.item() - 1.5)
    assert w.tolist() == [2]
    optimizer.apply([tg.tensor([-1.0])], [w])
    with optimizer.averaged([w]):
        assert w.tolist() == [2.25]
    with pytest.raises(ValueError, match="keeps no averages: give it use_ema=True"):
        nn.SGD().averaged([w])


def test_some_weights_do_not_decay():
    weights = [tg.tensor([1.0], requires_grad=True, name=name) for name in ("dense.kernel", "dense.bias", None)]
    optimizer = nn.SGD(1.0, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_list=weights[2:], var_names=["bias"])
    optimizer.apply([tg.zeros(1)] * 3, weights)
    assert [w.tolist() for w in weights] == [[0.5], [1], [1]]


def test_muon_takes_adam_s_step_for_what_is_no_matrix_inside():
    names, shapes = ("a.kernel", "out.kernel", "embedding.embeddings", "a.bias"), ((2, 2), (2, 2), (2, 2), (2,))

    def remembered(**options):
        weights = [tg.tensor(np.ones(s), requires_grad=True, name=n) for n, s in zip(names, shapes, strict=True)]
        state = nn.Muon(**options).state_dict(weights)
        return [name for name, one in zip(names, state["weights"], strict=True) if "momentum" in one["state"]]

    assert remembered(exclude_layers=["out"]) == ["a.kernel"]
    assert remembered(exclude_embeddings=False) == ["a.kernel", "out.kernel", "embedding.embeddings"]


def test_a_schedule_sets_the_rate_of_each_step():
    w, optimizer = tg.zeros(1, requires_grad=True), nn.SGD(lambda step: 1 / (1 + step))
    rates = []
    for _ in range(3):
        rates.append(optimizer.learning_rate)
        optimizer.apply([tg.tensor([-6.0])], [w])
    assert rates == [1, 1 / 2, 1 / 3]
    assert w.tolist() == [6 + 3 + 2]


def test_the_rate_may_be_changed_between_steps():
    optimizer = nn.SGD(0.5)
    optimizer.learning_rate = np.float32(0.25)
    assert (optimizer.learning_rate, type(optimizer.learning_rate), optimizer.schedule) == (0.25, float, None)
    for wrong, error in ((-1, ValueError), ("0.1", TypeError), (None, TypeError)):
        with pytest.raises(error, match="learning_rate must be a number"):
            optimizer.learning_rate = wrong
    assert optimizer.learning_rate == 0.25
    optimizer.learning_rate = nn.schedules.CosineDecay(0.1, 10)
    assert (optimizer.learning_rate, repr(optimizer.schedule)) == (
        0.1,
        "CosineDecay(initial_learning_rate=0.1, decay_steps=10, alpha=0.0)",
    )
    with pytest.raises(TypeError, match=r"follows CosineDecay.*assign another schedule.*Constant\(0.2\)"):
        optimizer.learning_rate = 0.2
    optimizer.learning_rate = nn.schedules.Constant(0.2)
    assert optimizer.learning_rate == 0.2


def test_nothing_changes_if_a_schedule_gives_no_rate():
    w, optimizer = tg.ones(1, requires_grad=True), nn.SGD(lambda step: -0.1)
    with pytest.raises(ValueError, match=r"what the schedule gives must be a number, at least 0, given -0\.1"):
        optimizer.apply([tg.ones(1)], [w])
    assert (w.tolist(), optimizer.iterations) == ([1], 0)


def test_it_says_what_it_was_told():
    words = repr(nn.SGD(nn.schedules.Constant(0.1), clipnorm=1, use_ema=True))
    assert words == (
        "<SGD(learning_rate=Constant(learning_rate=0.1), momentum=0.0, nesterov=False, clipnorm=1.0, use_ema=True)"
        " after 0 steps>"
    )
