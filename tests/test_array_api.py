"""tinygrad_lite as a namespace of the array API standard: dtypes, creation, the namespace's word on itself, DLPack.

The standard's own conformance suite is run by tests/array_api.py; see docs/array_api.md.
"""

import numpy as np
import pytest

import standard
import tinygrad_lite as tg

ALIASES = [
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "bitwise_invert",
    "concat",
    "permute_dims",
    "pow",
]
NAMES = [*tg.__array_namespace_info__().dtypes()]


def test_a_dtype_is_numpy_s_under_its_name():
    assert len(NAMES) == 13
    for name in NAMES:
        assert getattr(tg, name) == np.dtype(name) and tg.zeros(2, getattr(tg, name)).dtype == name


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("bool", "bool"),
        ("signed integer", "int8 int16 int32 int64"),
        ("unsigned integer", "uint8 uint16 uint32 uint64"),
        ("integral", "int8 int16 int32 int64 uint8 uint16 uint32 uint64"),
        ("real floating", "float32 float64"),
        ("complex floating", "complex64 complex128"),
        (("bool", "real floating"), "bool float32 float64"),
        (tg.int8, "int8"),
    ],
)
def test_the_kinds_of_dtypes(kind, names):
    assert " ".join(tg.__array_namespace_info__().dtypes(kind=kind)) == names
    assert [name for name in NAMES if tg.isdtype(getattr(tg, name), kind)] == names.split()


def test_questions_about_dtypes():
    with pytest.raises(ValueError, match=r"no kind 'float'.*'?real floating"):
        tg.isdtype(tg.float32, "float")
    x = tg.ones(2)
    assert tg.result_type(x, 1.5) == tg.float32 and tg.result_type(x, tg.int64) == tg.float64
    assert tg.result_type(tg.tensor(1.0), tg.int8) == tg.float32  # an array without axes is no Python number
    assert tg.can_cast(x, tg.float64) is True and tg.can_cast(x, tg.int64) is False
    assert tg.finfo(x).eps == 2.0**-23 and type(tg.finfo(x).max) is float
    assert tg.finfo(tg.complex128).dtype == tg.float64 and tg.iinfo(tg.uint8).max == 255


def test_the_dtypes_by_default_are_those_that_creation_gives():
    defaults = tg.__array_namespace_info__().default_dtypes()
    assert defaults["real floating"] == tg.zeros(1).dtype == tg.ones(1).dtype == tg.empty(1).dtype == tg.eye(1).dtype
    assert defaults["real floating"] == tg.asarray(1.0).dtype == tg.full(1, 1.0).dtype == tg.linspace(0, 1, 3).dtype
    assert defaults["real floating"] == tg.arange(2.0).dtype
    assert defaults["complex floating"] == tg.asarray([1j, 2]).dtype == tg.full(1, 1j).dtype
    assert defaults["complex floating"] == tg.linspace(0, 1j, 3).dtype
    assert defaults["integral"] == tg.asarray(1).dtype == tg.full(1, 1).dtype == tg.arange(2).dtype
    assert defaults["indexing"] == tg.argsort(tg.ones(2)).dtype
    assert tg.full(1, True).dtype == tg.bool


def test_creation_takes_the_device_and_refuses_others():
    x = tg.ones(2)
    makers = [tg.zeros, tg.ones, tg.empty, tg.eye, tg.arange]
    makers = [lambda f=f, **how: f(2, **how) for f in makers]
    makers += [lambda f=f, **how: f(x, **how) for f in (tg.zeros_like, tg.ones_like, tg.empty_like, tg.asarray)]
    makers += [lambda **how: tg.full(2, 1, **how), lambda **how: tg.full_like(x, 1, **how)]
    makers += [lambda **how: tg.linspace(0, 1, 2, **how), lambda **how: tg.from_dlpack(x, **how)]
    makers += [lambda **how: tg.astype(x, tg.float64, **how)]
    for make in makers:
        assert make(device="cpu").device == "cpu"
        with pytest.raises(ValueError, match=r"only device is 'cpu', given 'cuda'"):
            make(device="cuda")
    assert x.to_device("cpu") is x
    with pytest.raises(ValueError, match="only device"):
        x.to_device("cuda")
    with pytest.raises(ValueError, match="no streams"):
        x.to_device("cpu", stream=1)


def test_asarray_copies_when_told():
    array = np.ones(2)
    assert np.shares_memory(tg.asarray(array, copy=False).data, array)
    assert not np.shares_memory(tg.asarray(array, copy=True).data, array)
    x = tg.tensor([1.0], requires_grad=True)
    assert tg.asarray(x, copy=False) is x
    copied = tg.asarray(x, copy=True)
    assert copied is not x and copied.requires_grad
    for data, dtype in [([1.0], None), (1, None), (x, tg.float64), (array, tg.float32)]:
        with pytest.raises(ValueError, match="copy"):
            tg.asarray(data, dtype, copy=False)


@pytest.mark.parametrize(
    "make",
    [
        lambda t: tg.full(2, t),
        lambda t: tg.full_like(tg.ones(2), t),
        lambda t: tg.arange(t),
        lambda t: tg.arange(0, t),
        lambda t: tg.linspace(t, 5, 3),
        lambda t: tg.linspace(0, t, 3),
        lambda t: tg.fft.fftfreq(3, t),
        lambda t: tg.fft.rfftfreq(3, t),
    ],
)
def test_creation_makes_no_constant_of_a_tensor_that_wants_a_gradient(make):
    t = tg.tensor(2.0, requires_grad=True)
    with pytest.raises(TypeError, match=r"wants? a gradient|no gradient would flow"):
        make(t)
    assert not make(t.detach()).requires_grad


def test_linspace_eye_and_full_are_numpy_s():
    assert tg.linspace(0, 1, 4, endpoint=False).tolist() == [0, 0.25, 0.5, 0.75]
    assert tg.eye(2, 3, k=1).tolist() == [[0, 1, 0], [0, 0, 1]]
    assert tg.full_like(tg.ones((1, 2)), 7).tolist() == [[7, 7]]


def test_a_tensor_names_its_namespace():
    x = tg.ones(2)
    assert x.__array_namespace__() is tg is x.__array_namespace__(api_version=tg.__array_api_version__)
    with pytest.raises(ValueError, match=r"2025\.12, given '2019\.01'"):
        x.__array_namespace__(api_version="2019.01")


def test_shifts():
    x = tg.tensor([1, 2, 8])
    assert (x << 1).tolist() == [2, 4, 16] and (x >> 1).tolist() == [0, 1, 4]
    assert (1 << x).tolist() == [2, 4, 256] and (256 >> x).tolist() == [128, 64, 1]
    x <<= 2
    x >>= 1
    assert x.tolist() == [2, 4, 16]


def test_dlpack_shares_memory_in_both_directions():
    array = np.arange(3.0)
    assert np.shares_memory(tg.from_dlpack(array).data, array)
    assert not np.shares_memory(tg.from_dlpack(array, copy=True).data, array)
    x = tg.ones(3)
    handed = np.from_dlpack(x)
    assert np.shares_memory(handed, x.data) and not handed.flags.writeable
    x[0] = 5.0  # a Tensor has values, not memory
    assert handed.tolist() == [1, 1, 1]


def test_dlpack_copies_for_who_can_t_be_told_that_it_is_read_only():
    class Old:
        """A consumer from before DLPack 1.0 asks without a version."""

        def __init__(self, x, options):
            self.x, self.options = x, options

        def __dlpack__(self, **options):
            return self.x.__dlpack__(**self.options)

        def __dlpack_device__(self):
            return self.x.__dlpack_device__()

    x = tg.ones(3)
    for options in ({}, {"copy": False}, {"copy": True}, {"copy": False, "max_version": (0, 8)}):
        handed = np.from_dlpack(Old(x, options))
        assert handed.tolist() == [1, 1, 1] and not np.shares_memory(handed, x.data)


def test_dlpack_s_own_copy_may_be_written_to():
    x = tg.ones(3)
    handed = np.from_dlpack(x, copy=True)
    handed[:] = 100.0
    assert x.tolist() == [1, 1, 1] and np.shares_memory(np.from_dlpack(x, copy=False), x.data)


def test_dlpack_is_refused_while_a_gradient_is_wanted():
    x = tg.tensor([1.0], requires_grad=True)
    for exported in (x, x * 2):
        with pytest.raises(BufferError, match=r"wants a gradient.*\.detach\(\)"):
            np.from_dlpack(exported)
    assert np.from_dlpack(x.detach()).tolist() == [1]


def test_dlpack_with_torch(torch):
    handed = torch.from_dlpack(tg.tensor([[1.0, 2.0]]))
    assert handed.tolist() == [[1, 2]]
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    y = x.detach()
    loss = (x * y).sum()
    old = torch.utils.dlpack.from_dlpack(y.__dlpack__(copy=False))  # it may be written to, behind nobody's back
    old[:] = 100.0
    loss.backward()
    assert y.tolist() == [1, 2] and x.grad.tolist() == [1, 2]
    theirs = torch.ones(3)
    ours = tg.from_dlpack(theirs)
    theirs[0] = 9.0
    assert ours.tolist() == [9, 1, 1]


@pytest.mark.parametrize("repeats", [[2, 0, 1], np.array([2, 0, 1]), tg.tensor([2, 0, 1])], ids=str)
def test_repeat_by_several_numbers(repeats):
    assert tg.repeat(tg.tensor([1, 2, 3]), repeats).tolist() == [1, 1, 3]


def test_running_sums_have_the_dtype_that_is_asked_for():
    x = tg.tensor([200, 100], tg.uint8)
    for dtype, values in [(tg.uint8, [200, 44]), (None, [200, 300]), (tg.float32, [200, 300])]:
        out = tg.cumulative_sum(x, dtype=dtype)
        assert out.dtype == (dtype or tg.uint64) and out.tolist() == values
        assert tg.cumulative_prod(x, dtype=dtype, include_initial=True).dtype == (dtype or tg.uint64)


def test_what_is_asked_wrongly_is_told_so():
    x = tg.ones((2, 2))
    with pytest.raises(ValueError, match="need an axis"):
        tg.cumulative_sum(x)
    with pytest.raises(ValueError, match="n must be 0 or more, given -1"):
        tg.diff(x, n=-1)
    with pytest.raises(ValueError, match="'xy' or 'ij', given 'yx'"):
        tg.meshgrid(x[0], indexing="yx")
    with pytest.raises(ValueError, match="without axes has no positions"):
        tg.nonzero(tg.tensor(1.0))
    with pytest.raises(ValueError, match="copy"):
        tg.reshape(x.T, (4,), copy=False)


def test_every_nan_is_different_and_the_first_of_equals_is_handed_the_derivative():
    found = tg.unique_all(tg.tensor([np.nan, 1.0, np.nan, 1.0]))
    assert found.counts.tolist() == [2, 1, 1] and found.indices.tolist() == [1, 0, 2]
    x = tg.tensor([2.0, 1.0, 2.0], requires_grad=True)
    (tg.unique_values(x) * tg.tensor([1.0, 5.0])).sum().backward()
    assert x.grad.tolist() == [5, 1, 0]


def test_the_standard_s_aliases_are_numpy_s():
    for name in ALIASES:
        assert getattr(tg, name).__name__ in (getattr(np, name).__name__, name)


@pytest.mark.parametrize(
    ("where", "name", "signature"),
    [
        pytest.param(where, name, signature, id=name)
        for where, table in [
            (tg, standard.NAMESPACE),
            (tg.ones(2), standard.ARRAY),
            (tg.__array_namespace_info__(), standard.INFO),
        ]
        for name, signature in standard.signatures(table).items()
    ],
)
def test_the_signature_is_the_standard_s(where, name, signature):
    standard.check(where, name, signature)


def test_the_standard_s_constants_and_attributes_are_there():
    assert (tg.pi, tg.e, tg.inf, tg.newaxis) == (np.pi, np.e, np.inf, None) and np.isnan(tg.nan)
    x = tg.ones((2, 3))
    assert (x.shape, x.ndim, x.size, x.T.shape, x.mT.shape) == ((2, 3), 2, 6, (3, 2), (3, 2))
    assert len(standard.signatures(standard.NAMESPACE)) == 136


def test_floor_divide_at_infinity():
    x, y = tg.tensor([np.inf, -np.inf, 1.0, -1.0, 7.0, np.inf]), tg.tensor([2.0, 2.0, -np.inf, np.inf, 2.0, np.inf])
    with np.errstate(invalid="ignore"):
        out, one = x // y, x[0] // 2.0
    assert str(out.tolist()) == "[inf, -inf, -0.0, -0.0, 3.0, nan]"
    assert one.item() == np.inf and one.dtype == tg.float32


@pytest.mark.parametrize(
    ("f", "z", "value"),
    [
        (tg.expm1, complex(-0.0, 0.0), "0j"),
        (tg.expm1, complex(np.inf, 0.0), "(inf+0j)"),
        (tg.expm1, complex(-np.inf, np.inf), "(-1+0j)"),
        (tg.expm1, complex(np.nan, 0.0), "(nan+0j)"),
        (tg.tanh, complex(np.inf, 2.0), "(1+0j)"),
        (tg.tanh, complex(np.inf, -2.0), "(1-0j)"),
        (tg.tanh, complex(-np.inf, 2.0), "(-1+0j)"),
    ],
)
def test_complex_functions_at_infinity(f, z, value):
    with np.errstate(all="ignore"):
        assert str(f(tg.tensor(z)).item()) == value and str(f(tg.tensor([z])).tolist()) == f"[{value}]"


def test_numpy_s_functions_take_by_name_what_ours_take_by_position():
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    for out in (np.repeat(x, repeats=2), np.tile(A=x, reps=2), np.take(x, indices=[0]), np.sum(a=x, axis=0)):
        assert out.requires_grad
    assert np.moveaxis(x[None], source=0, destination=1).shape == (2, 1)
    with pytest.raises(TypeError, match="positional-only"):
        tg.repeat(x=x, repeats=2)
