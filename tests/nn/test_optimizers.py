"""Optimizers: five steps on a fixed problem end where Keras 3.15's own end (float64)."""

import copy

import numpy as np
import pytest

import nn
import tinygrad_lite as tg
from nn.optimizers import OPTIMIZERS, Optimizer

# fmt: off
KERAS = [
    (nn.SGD(), [0.9058226838, -1.677327589932282, 0.3550514831595405, -0.015000000000000003]),
    (nn.SGD(0.1, momentum=0.9), [-0.1855200000000001, 1.6762762698915221, 0.03428933487821839, -0.31703100000000006]),
    (nn.SGD(0.1, momentum=0.9, nesterov=True),
     [0.10143184019999997, 1.3160462405751214, -0.07125655936355717, -0.4353279000000001]),
    (nn.RMSprop(), [0.9893831882385962, -1.9893830698237034, 0.48677562808183283, -0.013227603382180802]),
    (nn.RMSprop(0.01, rho=0.8, momentum=0.5),
     [0.8719265118148657, -1.8717815959113708, 0.3440230841210693, -0.1570136042315447]),
    (nn.RMSprop(0.01, centered=True),
     [0.8814218787789231, -1.8812235804824002, 0.350953461584874, -0.15023567102080793]),
    (nn.RMSprop(0.01, momentum=0.9, epsilon=1e-3, centered=True),
     [0.6721753173371341, -1.6702462701062784, 0.10429805947428013, -0.3469725366243893]),
    (nn.Adam(), [0.9950006612413922, -1.995000656328755, 0.4951490068599963, -0.004850767908352172]),
    (nn.Adam(0.1, beta_1=0.8, beta_2=0.95, epsilon=1e-4),
     [0.5212994931878678, -1.5162513431266051, 0.0037178737685135965, -0.49477107464175685]),
    (nn.AdamW(), [0.9949807040458977, -1.994960701925844, 0.4951390456620236, -0.004850728821431378]),
    (nn.AdamW(0.1, weight_decay=0.05),
     [0.49741812437527266, -1.4691007179794315, 0.0010211947736954302, -0.48021547730008396]),
    (nn.Adadelta(), [0.9928132331755014, -1.9928131854341578, 0.48922113591621613, -0.010781800464455248]),
    (nn.Adadelta(0.5, rho=0.8, epsilon=1e-3),
     [0.8213233605494259, -1.8204060370163118, 0.23709590987254942, -0.23852556421661522]),
]
# fmt: on
START = np.array([1.0, -2.0, 0.5, 0.0])


def gradient(w, t):
    return tg.tensor(np.array([3 * w[0] - 1, w[1] ** 3, np.sin(3 * w[2]) * t, 0.1 * t]))


@pytest.mark.parametrize(("optimizer", "expected"), KERAS, ids=lambda x: type(x).__name__)
def test_five_steps_end_where_keras_ends(optimizer, expected):
    optimizer, w = copy.deepcopy(optimizer), tg.tensor(START, requires_grad=True)
    for t in range(1, 6):
        optimizer.apply([gradient(w.detach().numpy(), t)], [w])
    np.testing.assert_allclose(w.detach().numpy(), expected, rtol=1e-6)


@pytest.mark.parametrize(("learning_rate", "rho", "epsilon"), [(1.0, 0.95, 1e-7), (0.3, 0.8, 1e-4)])
def test_a_hundred_steps_of_adadelta_end_where_torch_ends(torch, learning_rate, rho, epsilon):
    w, theirs = tg.tensor(START, requires_grad=True), torch.tensor(START, requires_grad=True)
    ours = nn.Adadelta(learning_rate, rho, epsilon)
    judge = torch.optim.Adadelta([theirs], lr=learning_rate, rho=rho, eps=epsilon)
    for t in range(1, 101):
        ours.apply([gradient(w.detach().numpy(), t)], [w])
        theirs.grad = torch.tensor(gradient(theirs.detach().numpy(), t).numpy().copy())
        judge.step()
    assert abs(w.detach().numpy() - START).min() > 0.1
    np.testing.assert_allclose(w.detach().numpy(), theirs.detach().numpy(), rtol=1e-6)


def test_every_optimizer_has_a_row():
    assert {type(optimizer) for optimizer, _ in KERAS} == set(OPTIMIZERS.values())


@pytest.mark.parametrize("kind", OPTIMIZERS.values())
def test_a_float32_step_contains_no_float64(kind):
    optimizer, w = kind(), tg.ones((3, 2), requires_grad=True)
    for _ in range(2):
        optimizer.apply([tg.ones((3, 2))], [w])
    assert w.dtype == np.float32
    assert all(array.dtype == np.float32 for array in optimizer._states[w].values())
    assert optimizer._scratch.dtype == np.float32


@pytest.mark.parametrize("kind", OPTIMIZERS.values())
def test_a_step_makes_no_new_arrays(kind):
    """The weight's memory is written to; whoever took the values before keeps them."""
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    optimizer, before = kind(), w.data
    optimizer.apply([tg.ones(2)], [w])
    address = w.detach().numpy().ctypes.data
    assert before.tolist() == [1, 2]
    assert address != before.ctypes.data
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    with tg.no_grad(), w.writeable() as array:
        address = array.ctypes.data
    optimizer.apply([tg.ones(2)], [w])
    with tg.no_grad(), w.writeable() as array:
        assert array.ctypes.data == address


def test_nothing_changes_if_one_gradient_does_not_fit():
    w, u = tg.ones(2, requires_grad=True), tg.ones(3, requires_grad=True)
    optimizer = nn.SGD(momentum=0.9)
    with pytest.raises(ValueError, match=r"the shape \(2,\), not \(3,\)"):
        optimizer.apply([tg.ones(2), tg.ones(2)], [w, u])
    assert w.tolist() == [1, 1]
    assert optimizer.iterations == 0


def test_a_weight_without_gradient_stays():
    w = tg.ones(2, requires_grad=True)
    nn.Adam().apply([None], [w])
    assert w.tolist() == [1, 1]


def test_backward_through_a_graph_from_before_the_step_raises():
    w = tg.ones(2, requires_grad=True)
    loss = (w * w).sum()
    nn.SGD().apply([tg.ones(2)], [w])
    with pytest.raises(RuntimeError, match="changed in place after multiply"):
        loss.backward()


def test_a_subclass_writes_one_weights_update_only():
    class Sign(Optimizer):
        def update(self, weight, g, state, scratch):
            weight -= np.multiply(np.sign(g, out=scratch), self.learning_rate, out=scratch)

    w = tg.ones(2, requires_grad=True)
    Sign(0.5).apply([tg.tensor([3.0, -4.0])], [w])
    assert w.tolist() == [0.5, 1.5]


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: nn.Adam("0.1"), TypeError, "learning_rate must be a number, at least 0, given str '0.1'"),
        (lambda: nn.SGD(-1), ValueError, "learning_rate must be a number, at least 0, given -1"),
        (lambda: nn.SGD(float("nan")), ValueError, "given nan"),
        (lambda: nn.SGD(momentum=2), ValueError, "momentum"),
        (lambda: nn.Adam(beta_1=1.0), ValueError, "beta_1 must be a number, at least 0 and below 1, given 1.0"),
        (lambda: nn.RMSprop(rho=2), ValueError, "rho must be"),
        (lambda: nn.AdamW(weight_decay=-1), ValueError, "weight_decay must be"),
        (lambda: nn.Adadelta(rho=1), ValueError, "rho must be a number, at least 0 and below 1, given 1"),
        (lambda: nn.Adadelta(epsilon=0), ValueError, "epsilon must be above 0"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(make, error, words):
    with pytest.raises(error, match=words):
        make()


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_what_is_remembered_can_be_made_before_the_first_step(name):
    """Then it is saved and restored like the weights, and the steps are the same."""

    def ends(prepare):
        w = tg.tensor([1.0, -2.0], requires_grad=True)
        optimizer = OPTIMIZERS[name]()
        prepare(optimizer, w)
        for g in ([0.5, -1.0], [2.0, 0.25]):
            optimizer.apply([tg.tensor(g)], [w])
        return w.tolist(), [array.tolist() for array in optimizer.state_arrays]

    def built(optimizer, w):
        optimizer.build([w])
        counts.append(len(optimizer.state_arrays))
        optimizer.build([w])

    counts = []
    expected = ends(lambda optimizer, w: None)
    assert ends(built) == expected
    assert counts == [len(expected[1])]
