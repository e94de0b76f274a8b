"""Linear algebra of matrices and stacks of matrices: a matrix is the last two axes, all others are a batch.

What has no derivative says so with a LinAlgError that names the reason; docs/linear_algebra.md lists the cases.
"""

from ..ops.manipulation import matrix_transpose
from ..ops.products import matmul, tensordot, vecdot
from .determinants import det, slogdet
from .eigenvalues import eig, eigh, eigvals, eigvalsh
from .factors import cholesky, qr
from .norms import matrix_norm, norm, vector_norm
from .products import cross, diagonal, matrix_power, outer, trace
from .singular_values import svd, svdvals
from .solving import inv, matrix_rank, pinv, solve

__all__ = [name for name in dir() if name[0] != "_" and callable(globals()[name])]
