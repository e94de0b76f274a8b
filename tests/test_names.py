"""Every error names the Tensors and the shapes that it is about."""

import numpy as np
import pytest

import tinygrad_lite as tg


def x(*shape, grad=True, dtype=np.float32, name="x"):
    return tg.tensor(np.ones(shape, dtype), requires_grad=grad, name=name)


def computed(*shape):
    y = x(*shape) * 2
    y.name = "y"
    return y


@tg.primitive(lambda g, out, v: g)
def real_only(v):
    return v + 1


def freed():
    y = computed(2)
    y.sum().backward()
    return y.sum()


def used_before_it_was_changed():
    w = x(2)
    y = w * w
    with tg.no_grad():
        w += 1
    y.sum().backward()


X = r"Tensor 'x' float32\(2, 3\)"
CASES = {
    # What does not fit together.
    "add": (lambda: x(2, 3) + x(4, name="b"), rf"add\({X}, Tensor 'b' float32\(4,\)\)"),
    "matmul": (lambda: x(2, 3) @ x(2, 3, name="w"), rf"matmul\({X}, Tensor 'w' float32\(2, 3\)\)"),
    "where": (lambda: tg.where([True, False], x(2, 3), 0.0), rf"where\(.*{X}"),
    "sum": (lambda: x(2, 3).sum(axis=2), rf"sum\({X}\)"),
    "reshape": (lambda: x(2, 3).reshape(4), rf"reshape\({X}\)"),
    "squeeze": (lambda: tg.squeeze(x(2, 3), 0), rf"squeeze\({X}\): axis 0"),
    "stack": (lambda: tg.stack([x(2, 3), x(2, name="b")]), rf"stack\({X}, Tensor 'b' float32\(2,\)\): all shapes"),
    "concatenate": (lambda: tg.concatenate([x(2, 3), x(2, name="b")]), rf"concatenate\({X}, Tensor 'b'"),
    "split": (lambda: tg.split(x(2, 3), 2, axis=1), rf"split\({X}\): an axis of length 3"),
    "complex": (lambda: tg.grad(lambda v: real_only(v * 1j).real.sum())(x(3)), r"only\(Tensor complex64\(3,\)\)"),
    "running": (lambda: tg.cumulative_sum(x(2, 3)), rf"given a {X}"),
    "asarray": (lambda: tg.asarray(x(2, 3), dtype=np.float64, copy=False), rf"asarray: a {X} can't be float64"),
    "fft": (lambda: tg.fft.fft(x(2, 3), n=0), rf"given the lengths \(0,\) for a {X}"),
    "fftn": (lambda: tg.fft.fftn(x(2, 3), s=(1, 2), axes=(0,)), rf"for the axes \(0,\) of a {X}"),
    "index": (lambda: x(2, 3)[5], rf"getitem\({X}\)"),
    "write": (lambda: tg.setitem(x(2, 3), 5, x(name="v")), rf"setitem\({X}, Tensor 'v' float32\(\)\)"),
    "integers": (lambda: tg.setitem(x(2, grad=False, dtype=int), 0, x()), r"'x' int64\(2,\) can't hold a Tensor 'x'"),
    "tensordot": (lambda: tg.tensordot(x(2, 3), x(2, name="w"), 1), rf"tensordot\({X}, Tensor 'w' float32\(2,\)\)"),
    "einsum": (lambda: tg.einsum("ijk->i", x(2, 3)), rf"einsum\('ijk->i', {X}\)"),
    "conv": (lambda: tg.conv(x(1, 9, 2), x(3, 4, 5, name="k")), r"'x' float32\(1, 9, 2\), Tensor 'k' .*go with"),
    "conv window": (lambda: tg.conv(x(1, 2, 4), x(3, 4, 5)), r"conv\(Tensor 'x' float32\(1, 2, 4\), .*larger than"),
    "conv bias": (lambda: tg.conv(x(1, 9, 2), x(3, 2, 5), x(2, name="b")), r"5 filters, given Tensor 'b' float32"),
    "conv_transpose": (lambda: tg.conv_transpose(x(1, 9, 2), x(3, 4)), r"conv_transpose\(Tensor 'x' .*\(1, 9, 2\)"),
    "max_pool": (lambda: tg.max_pool(x(2, 3), 2), rf"max_pool\({X}\)"),
    "average_pool": (lambda: tg.average_pool(x(1, 3, 2), 4), r"average_pool\(Tensor 'x' float32\(1, 3, 2\)\)"),
    # What has no gradient, or would lose it.
    "parameter": (lambda: tg.exp(x(2)).sum(axis=x()), r"no gradient flows to axis, a Tensor 'x' float32\(\)"),
    "numpy": (lambda: np.histogram(x(2, 3), 1), rf"a {X} that wants a gradient"),
    "diag": (lambda: np.diag(x(2, 3, 4)), r"diag\(Tensor 'x' float32\(2, 3, 4\)\)"),
    "convolve": (lambda: np.convolve(x(2), x(0)), r"convolve\(Tensor float32\(2,\), Tensor float32\(0,\)\)"),
    "diff": (lambda: tg.diff(x(2, 3), n=-1), rf"diff\({X}\)"),
    "cov": (lambda: np.cov(x(2, 3), aweights=np.ones(3)), rf"cov\({X}\)"),
    "quantile": (lambda: np.quantile(x(2, 3), 2.0), rf"quantile\({X}, "),
    "batch": (lambda: tg.vmap(lambda row: row[7])(x(2, 3)), r"Tensor float32\(2, 3\)"),
    "out": (lambda: np.add(1, 2, out=x(2, 3)), rf"out={X}\)"),
    "at": (lambda: np.add.at(x(2, 3), 0, 1), rf"at\({X}, "),
    "numpy()": (lambda: x(2, 3).numpy(), rf"numpy\(\) of a {X}"),
    "tensor()": (lambda: tg.tensor(x(2, 3)), rf"of a {X}"),
    "list": (lambda: tg.tensor([x(2, 3), 1.0]), rf"stack\({X}, Tensor float32\(\)\)"),
    "full": (lambda: tg.full(2, x(2, 3)), rf"full\(\) makes constants.*{X}"),
    "derivative": (lambda: tg.grad(lambda t: t.sum())(x(2, grad=False, dtype=int)), r"argument 0, Tensor 'x' int64"),
    "deepcopy": (lambda: computed(2).__deepcopy__({}), r"Tensor 'y' float32\(2,\)"),
    "wanted": (lambda: setattr(computed(2), "requires_grad", False), r"Tensor 'y' float32\(2,\)"),
    # The walk back.
    "backward": (lambda: x(2, 3).backward(), rf"a {X}"),
    "constant": (lambda: x(2, 3, grad=False).backward(), rf"a {X}"),
    "seed": (lambda: x(2, 3).backward(np.ones(2)), rf"\(2,\).*{X}"),
    "freed": (lambda: freed().backward(), r"Tensor 'y' float32\(2,\)"),
    "changed": (used_before_it_was_changed, r"Tensor 'x' float32\(2,\) was changed in place after multiply"),
    "grad": (lambda: setattr(x(2, 3), "grad", tg.zeros(4)), rf"{X}.*Tensor float32\(4,\)"),
    # Changes in place.
    "leaf": (lambda: x(2, 3).__iadd__(1), X),
    "stretched": (lambda: computed(3).__iadd__(np.ones((2, 3))), r"Tensor 'y' float32\(3,\).*\(2, 3\)"),
    "cast": (lambda: x(3, grad=False, dtype=int).__iadd__(0.5), r"Tensor 'x' int64\(3,\).*float64"),
    "writeable": (lambda: computed(2).writeable().__enter__(), r"Tensor 'y' float32\(2,\)"),
    # Python's own questions.
    "len": (lambda: len(x()), r"Tensor 'x' float32\(\)"),
    "iteration": (lambda: list(x()), r"Tensor 'x' float32\(\)"),
    "format": (lambda: f"{x(2, 3):.2f}", X),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_error_names_them(case):
    act, words = CASES[case]
    with pytest.raises((ValueError, TypeError, IndexError, RuntimeError), match=words):
        act()


def test_an_error_in_a_rule_names_the_operation_and_its_argument():
    broken = tg.primitive(lambda g, out, x: g[:1])(lambda x: x * 1)
    with pytest.raises(ValueError, match="the rule gave a cotangent of the shape") as caught:
        broken(x(2, 3)).sum().backward()
    assert caught.value.__notes__ == ["in the derivative of <lambda> by a Tensor 'x' float32(2, 3)"]
