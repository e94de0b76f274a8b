"""Optimizers: five steps on a fixed problem end where Keras 3.15's own end (float64)."""

import copy

import numpy as np
import pytest

import nn
import tinygrad_lite as tg
from nn.optimizers import OPTIMIZERS, Optimizer

MANY = {"weight_decay": 0.1, "global_clipnorm": 0.5, "use_ema": True, "gradient_accumulation_steps": 2}

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
    (nn.Adam(0.1, amsgrad=True),
     [0.5159048312791374, -1.5119664962906383, 0.008297996721248521, -0.48507679083521715]),
    (nn.Adamax(), [0.9949981621636979, -1.994998152132071, 0.4962466901240619, -0.00375295774166233]),
    (nn.Adamax(0.1, beta_1=0.8, beta_2=0.95, epsilon=1e-4),
     [0.5452300222017432, -1.5340771139248406, 0.07680250374646698, -0.3872841588593849]),
    (nn.Nadam(), [0.9960436019285247, -1.9960435968502632, 0.4951909111901551, -0.0048094223350669705]),
    (nn.Nadam(0.1, beta_1=0.8, beta_2=0.95, epsilon=1e-4),
     [0.6000354606102948, -1.5911605987422581, 0.021561606946862696, -0.5397603924092315]),
    (nn.Adagrad(), [0.9967928621632108, -1.9967725330811161, 0.49595991722808386, -0.0026829102012244344]),
    (nn.Adagrad(0.5, initial_accumulator_value=0.0, epsilon=1e-3),
     [0.33426957394449064, -1.020483777704606, 0.057087277810345075, -2.020341670658564]),
    (nn.Lion(), [0.995, -1.9950000000000006, 0.495, -0.005]),
    (nn.Lion(0.1, beta_1=0.5, beta_2=0.8, weight_decay=0.1),
     [0.46089054890000003, -1.4118805987999996, -0.014604476049999982, -0.490099501]),
    (nn.Lamb(), [0.9941950007003039, -1.994194998794571, 0.4943677098994431, -0.0056320575528337495]),
    (nn.Lamb(0.1, beta_1=0.8, beta_2=0.95, epsilon=1e-4, weight_decay=0.1),
     [0.4872540950261238, -1.4338933287300977, -0.007907191714764505, -0.4836707470578531]),
    (nn.Muon(), [0.9997729344352838, -1.998949069175915, 0.49878887298113844, -0.0002728576033823438]),
    (nn.Muon(0.1, momentum=0.8, nesterov=False, rms_rate=None, ns_steps=3, weight_decay=0.1),
     [0.8754342915263995, -1.5700810533906302, 0.04979001725048246, -0.11167457470956765]),
    (nn.Muon(0.1, exclude_layers=["weight"], adam_beta_1=0.8, adam_beta_2=0.95, adam_lr_ratio=0.5,
             adam_weight_decay=0.1),
     [0.7106334503838466, -1.661913136906558, 0.23133064039892326, -0.2429458101064729]),
    (nn.SGD(0.1, clipvalue=1.0), [0.52, -1.4999999999999996, 0.0002505013395945055, -0.15000000000000002]),
    (nn.SGD(0.1, clipnorm=1.0), [0.8706183764180866, -1.5789576995287464, 0.293512253805961, -0.021931481770038085]),
    (nn.SGD(0.1, global_clipnorm=1.0),
     [0.8706183764180866, -1.5789576995287464, 0.293512253805961, -0.021931481770038085]),
    (nn.SGD(0.1, weight_decay=0.1), [0.4285311559, -0.7508328968931339, 0.003198462044456932, -0.14801494010000002]),
    (nn.SGD(0.1, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=2),
     [0.51937, -0.8741358901673948, -0.04214064579690918, -0.1125]),
    (nn.SGD(0.1, gradient_accumulation_steps=2), [0.66, -1.0272, 0.04658150449793287, -0.05000000000000001]),
]
# fmt: on
START = np.array([1.0, -2.0, 0.5, 0.0])


def gradient(w, t):
    return tg.tensor(np.array([3 * w[0] - 1, w[1] ** 3, np.sin(3 * w[2]) * t, 0.1 * t]))


@pytest.mark.parametrize(("optimizer", "expected"), KERAS, ids=lambda x: type(x).__name__)
def test_five_steps_end_where_keras_ends(optimizer, expected):
    shape = (2, 2) if isinstance(optimizer, nn.Muon) else (4,)
    optimizer, w = copy.deepcopy(optimizer), tg.tensor(START.reshape(shape), requires_grad=True, name="weight")
    for t in range(1, 6):
        optimizer.apply([gradient(w.detach().numpy().ravel(), t).reshape(shape)], [w])
    np.testing.assert_allclose(w.detach().numpy().ravel(), expected, rtol=1e-6)


def test_every_optimizer_has_a_row():
    assert {type(optimizer) for optimizer, _ in KERAS} == {type(make()) for make in OPTIMIZERS.values()}


@pytest.mark.parametrize("options", [{}, MANY], ids=["plain", "many options"])
@pytest.mark.parametrize("kind", OPTIMIZERS.values())
def test_a_float32_step_contains_no_float64(kind, options):
    optimizer, w = kind(learning_rate=np.float64(0.1), **options), tg.ones((3, 2), requires_grad=True)
    for _ in range(5):
        optimizer.apply([tg.ones((3, 2))], [w])
    assert w.dtype == np.float32
    assert all(array.dtype == np.float32 for array in optimizer.state_arrays)
    assert len(optimizer.state_arrays) == len(optimizer.initial_state(w.detach().numpy())) + 2 * bool(options)
    assert optimizer._scratch.memory.dtype == optimizer._clipped.memory.dtype == np.float32


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


def test_lamb_takes_adam_s_step_where_all_weights_are_0():
    w = tg.zeros(2, requires_grad=True)
    nn.Lamb(0.125).apply([tg.tensor([2.0, -3.0])], [w])
    np.testing.assert_allclose(w.detach().numpy(), [-0.125, 0.125], rtol=1e-6)


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
        (lambda: nn.SGD(nn.schedules.Constant), TypeError, r"learning_rate is given the class Constant.*Constant\("),
        (lambda: nn.SGD(momentum=2), ValueError, "momentum"),
        (lambda: nn.SGD(lr=0.1), TypeError, "unexpected keyword argument 'lr'"),
        (lambda: nn.Adam(beta_1=1.0), ValueError, "beta_1 must be a number, at least 0 and below 1, given 1.0"),
        (lambda: nn.RMSprop(rho=2), ValueError, "rho must be"),
        (lambda: nn.AdamW(weight_decay=-1), ValueError, "weight_decay must be"),
        (lambda: nn.Adadelta(rho=1), ValueError, "rho must be a number, at least 0 and below 1, given 1"),
        (lambda: nn.Adadelta(epsilon=0), ValueError, "epsilon must be above 0"),
        (lambda: nn.Lion(beta_1=0), ValueError, "beta_1 must be above 0"),
        (lambda: nn.Muon(exclude_layers="output"), TypeError, r"exclude_layers must be a list of words.*'output'"),
        (lambda: nn.Muon(ns_steps=1.5), TypeError, "ns_steps must be a whole number"),
        (lambda: nn.SGD(clipvalue=0), ValueError, "clipvalue must be above 0, given 0"),
        (lambda: nn.SGD(clipnorm="1"), TypeError, "clipnorm must be a number"),
        (lambda: nn.SGD(clipnorm=1, clipvalue=2), ValueError, "in one way: .*given 2, 1 and None"),
        (lambda: nn.SGD(ema_momentum=1), ValueError, "ema_momentum must be a number, at least 0 and below 1"),
        (lambda: nn.SGD(ema_overwrite_frequency=0), ValueError, "ema_overwrite_frequency must be a whole number"),
        (lambda: nn.SGD(gradient_accumulation_steps=2.0), TypeError, "gradient_accumulation_steps must be a whole"),
        (lambda: setattr(nn.SGD(), "iterations", -1), ValueError, "iterations must be a whole number of at least 0"),
        (lambda: nn.SGD().exclude_from_weight_decay(var_names="bias"), TypeError, "var_names must be a list of words"),
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


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_each_can_be_had_by_its_name(name):
    assert repr(nn.optimizers.get(name)) == repr(OPTIMIZERS[name]())
    assert repr(OPTIMIZERS[name](learning_rate=0.5, clipvalue=2)).endswith("clipvalue=2.0) after 0 steps>")


def test_the_defaults_of_2016():
    """Keras 1: epsilon was 1e-8, and RMSprop's outside the root."""
    w = tg.tensor([0.0], requires_grad=True)
    nn.optimizers.rmsprop_2016(0.5, rho=0.75, epsilon=1.0).apply([tg.tensor([2.0])], [w])
    assert w.tolist() == [-0.5 * 2 / (1 + 1)]
    assert repr(nn.optimizers.get("rmsprop_2016")) == (
        "<RMSprop(learning_rate=0.001, rho=0.9, momentum=0.0, epsilon=1e-08, centered=False, epsilon_in_root=False)"
        " after 0 steps>"
    )
    assert repr(nn.optimizers.get("adadelta_2016")) == (
        "<Adadelta(learning_rate=1.0, rho=0.95, epsilon=1e-08) after 0 steps>"
    )
