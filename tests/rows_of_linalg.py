"""The rows of tinygrad_lite.linalg in the table of primitives; tests/linalg/ has its bad points."""

from typing import Any

import numpy as np

from rows import Row, complexes, normal, row, spaced
from tinygrad_lite.linalg import eigenvalues, singular_values


def symmetric(x: Any) -> Any:
    """x and its transpose, added up: what eigh and cholesky are functions of."""
    return x + x.mT.conj()


def positive(x: Any) -> Any:
    """A symmetric matrix with positive eigenvalues."""
    return x @ x.mT.conj() + np.eye(x.shape[-2], dtype=x.dtype)


def separate(*shape: int) -> np.ndarray:
    """Matrices whose singular values lie apart."""
    u, _, v = np.linalg.svd(normal(*shape), full_matrices=False)
    return (u * np.linspace(1, 2.5, u.shape[-1])) @ v


def one(name: str, *shapes: tuple[int, ...], of: Any = None, **options: Any) -> list[Row]:
    """A function with one result, of matrices (or of what `of` makes of them)."""
    f = lambda xp, x: getattr(xp.linalg, name)(x if of is None else of(x), **options)
    return [row(name, f, normal(*shape)) for shape in shapes]


def several(name: str, results: int, arguments: list[np.ndarray], of: Any = None, **options: Any) -> list[Row]:
    """A function with several results, one after the other."""
    return [
        row(name, lambda xp, x, i=i: getattr(xp.linalg, name)(x if of is None else of(x), **options)[i], x)
        for x in arguments
        for i in range(results)
    ]


def without_phase(of: Any, vectors: Any, arguments: list[np.ndarray], name: str) -> list[Row]:
    """What does not change when a complex vector is turned: lengths of its elements, and the projection onto it."""
    projection = lambda v: v[..., :, :1] @ v[..., :, :1].mT.conj()
    return [row(name, lambda xp, x, f=f: f(vectors(xp.linalg, of(x))), x) for x in arguments for f in (abs, projection)]


z33, z34 = complexes(3, 3), complexes(3, 4)
_far = normal(3, 3) + 3 * np.eye(3)
_tall, _wide = separate(2, 4, 3), separate(2, 3)

DIFFERENTIABLE = [
    *one("inv", (3, 3), (2, 3, 3), (1, 1)),
    *one("det", (3, 3), (2, 3, 3), (1, 1)),
    row("det", lambda xp, x: xp.linalg.det(x), np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 0.0, 1.0]])),
    row("det", lambda xp, x: xp.linalg.det(x), np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [3.0, 6.0, 9.0]])),
    row("det", lambda xp, x: xp.linalg.det(x), np.stack([np.zeros((2, 2)), np.eye(2)])),
    *[row("solve", lambda xp, a, b: xp.linalg.solve(a, b), a, b) for a, b in [
        (_far, normal(3)), (_far, normal(3, 2)), (_far, normal(4, 3, 2)), (_far + np.zeros((2, 1, 1)), normal(3, 1)),
        (_far + np.zeros((2, 1, 1)), normal(3)),
    ]],
    *several("slogdet", 2, [normal(3, 3), normal(2, 3, 3)]),
    *one("cholesky", (3, 3), (2, 3, 3), of=positive),
    *one("cholesky", (3, 3), of=positive, upper=True),
    *several("qr", 2, [normal(3, 3), normal(2, 4, 3), normal(2, 4)]),
    row("qr", lambda xp, x: xp.linalg.qr(x, mode="r"), normal(4, 3)),
    row("qr", lambda xp, x: xp.linalg.qr(x, mode="complete")[0][:, :2], normal(4, 2)),
    row("qr", lambda xp, x: xp.linalg.qr(x, mode="complete")[1], normal(4, 2)),
    *several("eigh", 2, [normal(3, 3), normal(2, 3, 3)], of=symmetric),
    *several("eigh", 2, [normal(3, 3)], of=symmetric, UPLO="U"),
    *several("svd", 3, [separate(3, 3), _tall, _wide], full_matrices=False),
    row("svd", lambda xp, x: xp.linalg.svd(x)[0][..., :3], _tall),
    row("svd", lambda xp, x: xp.linalg.svd(x)[1], _tall),
    row("svd", lambda xp, x: xp.linalg.svd(x)[2], _tall),
    *[row("eig", lambda xp, x: abs(xp.linalg.eig(x)[1]), x) for x in (separate(3, 3), normal(2, 4, 4))],
    *[row("pinv", lambda xp, x: xp.linalg.pinv(x), x) for x in (_far, _tall, _wide)],
    *[row("p_norm", lambda xp, x, p=p: xp.linalg.vector_norm(x, ord=p, axis=1), spaced(2, 3, 4)) for p in (3, 0.5)],
    row("p_norm", lambda xp, x: xp.linalg.vector_norm(x, ord=-1.5, keepdims=True), spaced(2, 3)),
    row("one_unless_zero", lambda xp, x: xp.linalg.vector_norm(x, ord=0, axis=0), spaced(2, 3)),
    row("vecdot", lambda xp, x, y: xp.vecdot(x, y), normal(2, 3), normal(2, 3)),
    row("vecdot", lambda xp, x, y: xp.linalg.vecdot(x, y, axis=-2), normal(4, 3, 1), normal(3, 2)),
]  # fmt: skip

COMPLEX = [
    *[row(name, lambda xp, x, name=name: getattr(xp.linalg, name)(x), x)
      for name in ("inv", "det", "pinv") for x in (z33, complexes(2, 3, 3))],
    row("det", lambda xp, x: xp.linalg.det(x), np.array([[1.0, 1j], [2.0, 2j]])),
    *[row("pinv", lambda xp, x: xp.linalg.pinv(x), x) for x in (z34, z34.mT)],
    *[row("solve", lambda xp, a, b: xp.linalg.solve(a, b), a, b)
      for a, b in [(z33, complexes(3)), (z33, z34), (_far, z34), (z33, normal(2, 3, 1))]],
    *several("slogdet", 2, [z33, complexes(2, 2, 2)]),
    *[row("cholesky", lambda xp, x, upper=upper: xp.linalg.cholesky(positive(x), upper=upper), complexes(2, 3, 3))
      for upper in (False, True)],
    *several("qr", 2, [z33, complexes(2, 4, 3), z34]),
    *[row(name, lambda xp, x, f=f: f(xp.linalg, x), z33) for name, f in [
        ("eigh", lambda la, x: la.eigh(symmetric(x))[0]), ("svd", lambda la, x: la.svd(x)[1]),
        ("eig", lambda la, x: abs(la.eig(x)[0])),
    ]],
    *without_phase(symmetric, lambda la, x: la.eigh(x)[1], [z33, complexes(2, 2, 2)], "eigh"),
    *without_phase(lambda x: x, lambda la, x: la.eig(x)[1], [z33, complexes(2, 4, 4)], "eig"),
    *[row("svd", lambda xp, x, f=f: f(*xp.linalg.svd(x, full_matrices=False)), x)
      for x in (z33, complexes(2, 4, 2), complexes(2, 3))
      for f in (lambda u, s, vh: abs(u), lambda u, s, vh: abs(vh), lambda u, s, vh: u[..., :1] @ vh[..., :1, :])],
    row("p_norm", lambda xp, x: xp.linalg.vector_norm(x, ord=3, axis=-1), z34),
    row("one_unless_zero", lambda xp, x: xp.linalg.vector_norm(x, ord=0), z34),
    *[row("vecdot", lambda xp, x, y: xp.vecdot(x, y), x, y)
      for x, y in [(z34, complexes(3, 4)), (z34, normal(4)), (normal(4), z34)]],
]  # fmt: skip

COMPOSED = [
    *[row("linalg.cross", lambda xp, x, y: xp.linalg.cross(x, y), x, y)
      for x, y in [(normal(3), normal(3)), (normal(2, 3), normal(3)), (z33, complexes(2, 3, 3))]],
    row("linalg.cross", lambda xp, x, y: xp.linalg.cross(x, y, axis=0), normal(3, 2), normal(3, 2)),
    *[row("linalg.diagonal", lambda xp, x, k=k: xp.linalg.diagonal(x, offset=k), normal(2, 3, 4)) for k in (-2, 0, 1)],
    *[row("linalg.trace", lambda xp, x, k=k: xp.linalg.trace(x, offset=k), normal(2, 3, 4)) for k in (-1, 0, 2)],
    row("linalg.trace", lambda xp, x: xp.linalg.trace(x, dtype="float64"), normal(3, 3)),
    row("linalg.outer", lambda xp, x, y: xp.linalg.outer(x, y), normal(3), complexes(2)),
    *[row("linalg.matrix_power", lambda xp, x, n=n: xp.linalg.matrix_power(x, n), x)
      for n in (-3, -1, 0, 1, 2, 3, 6) for x in (_far, z33)],
    row("linalg.matrix_transpose", lambda xp, x: xp.matrix_transpose(x), normal(2, 3, 4)),
    row("matrix_transpose", lambda xp, x: xp.linalg.matrix_transpose(x), z34),
    *[row("linalg.vector_norm", lambda xp, x, p=p, options=options: xp.linalg.vector_norm(x, ord=p, **options), x)
      for p in (1, 2, np.inf, -np.inf) for options in ({}, {"axis": 0}, {"axis": (0, 2), "keepdims": True})
      for x in (spaced(2, 3, 4), complexes(2, 3, 4))],
    *[row("linalg.matrix_norm", lambda xp, x, p=p: xp.linalg.matrix_norm(x, ord=p), x)
      for p in ("fro", "nuc", 1, 2, np.inf, -1, -2, -np.inf) for x in (_tall, complexes(3, 2))],
    *[row("linalg.matrix_norm", lambda xp, x, p=p: xp.linalg.matrix_norm(x, ord=p, keepdims=True), _tall)
      for p in ("fro", "nuc", 1)],
    *[row("linalg.norm", lambda xp, x, options=options: xp.linalg.norm(x, **options), _tall) for options in [
        {}, {"axis": 1}, {"axis": -1, "ord": 3, "keepdims": True}, {"axis": (0, 2)}, {"axis": (2, 1), "ord": 1},
        {"axis": (0, -1), "ord": 2, "keepdims": True}, {"axis": (1, 2), "ord": "nuc"},
    ]],
    row("linalg.norm", lambda xp, x: xp.linalg.norm(x, 2), _wide),
    row("linalg.norm", lambda xp, x: xp.linalg.norm(x, 1), normal(3)),
    *[row("linalg.svdvals", lambda xp, x: xp.linalg.svdvals(x), x) for x in (_tall, z34)],
    row("linalg.svd", lambda xp, x: xp.linalg.svd(x, compute_uv=False), _wide),
    *[row("linalg.eigvalsh", lambda xp, x: xp.linalg.eigvalsh(symmetric(x)), x) for x in (normal(2, 3, 3), z33)],
    *[row("linalg.eigvals", lambda xp, x: xp.linalg.eigvals(x), x, numpy=lambda x: np.linalg.eigvals(x) + 0j)
      for x in (separate(3, 3), z33)],
    row("linalg.matmul", lambda xp, x, y: xp.linalg.matmul(x, y), normal(2, 3), normal(3, 2)),
    row("linalg.tensordot", lambda xp, x, y: xp.linalg.tensordot(x, y, axes=1), normal(2, 3), normal(3, 2)),
]  # fmt: skip

CONSTANT = [
    *[row("matrix_rank", lambda xp, x: xp.linalg.matrix_rank(x), x) for x in (np.ones((2, 3)), 0 * _tall, z34)],
    row("matrix_rank", lambda xp, x: xp.linalg.matrix_rank(x, rtol=0.5), np.diag([1.0, 0.4])),
    row("svdvals", lambda xp, x: singular_values._svdvals(x), _tall, numpy=np.linalg.svdvals),
    row("eigvalsh", lambda xp, x: eigenvalues._eigvalsh(x, "U"), _far, numpy=lambda x: np.linalg.eigvalsh(x, "U")),
    row("eigvals", lambda xp, x: eigenvalues._eigvals(x), z33, numpy=np.linalg.eigvals),
]  # fmt: skip
