"""A projection to few dimensions that never lowers the cosine of two unit vectors.

Let ``P`` be an orthonormal basis of m directions and ``r(x) = sqrt(1 - |Px|²)`` what it leaves of a unit vector x. Then

    <x, y> = <Px, Py> + <x - PᵀPx, y - PᵀPy>  ≤  <Px, Py> + r(x) r(y)        (Cauchy–Schwarz)

so ``x' = (Px, r(x))`` is again a unit vector, ``<x', y'> ≥ <x, y>``, and x ↦ x' brings no two vectors farther apart. Everything
that holds for near neighbours of x' (the triangle inequality in :mod:`.cells` too) therefore holds for near neighbours of x.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

SAMPLE = 1_024
BLOCK = 4_096
WIDTHS = (32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024)
MULTIPLY = 0.008
"""Nanoseconds per pair and dimension of a short product (measured with AVX-512; only the ratio to VERIFY matters)."""
VERIFY = 2_000.0
"""Nanoseconds to verify one survivor in float64 and all dimensions."""
UNIT_TOLERANCE = 0.01


@dataclass(frozen=True)
class Reduction:
    """An orthonormal basis, (d, m) float64; ``m == d`` when no shorter one pays."""

    basis: Doubles

    @classmethod
    def fit(cls, vectors: Floats, norms: Doubles, threshold: float) -> Reduction:
        """Choose the leading principal directions of a sample, as many as make the join cheapest.

        Args:
            vectors: (n, d) float32.
            norms: (n,) float64.
            threshold: the cosine that the join looks for; the lower it is, the more directions are needed.
        """
        n, d = vectors.shape
        step = max(1, n // SAMPLE)
        sample = vectors[::step][:SAMPLE].astype(np.float64) / norms[::step][:SAMPLE, None]
        values, directions = np.linalg.eigh(sample.T @ sample)
        basis = directions[:, np.argsort(values)[::-1]]
        coordinates = sample @ basis
        truth = sample @ sample.T
        best, cost = d, MULTIPLY * d
        for width in (w for w in WIDTHS if w < d):
            head = coordinates[:, : width - 1]
            rest = np.sqrt(np.clip(1.0 - np.einsum("ij,ij->i", head, head), 0.0, None))
            bound = head @ head.T + np.outer(rest, rest)
            # True partners are verified whatever the width; only false survivors speak against a short one.
            wasted = np.count_nonzero((bound >= threshold) & (truth < threshold)) / bound.size
            expected = MULTIPLY * width + VERIFY * wasted
            if expected < cost:
                best, cost = width, expected
        return cls(np.ascontiguousarray(basis[:, : best - 1 if best < d else d]))

    def apply(self, vectors: Floats, norms: Doubles, pool: ThreadPoolExecutor) -> Floats:
        """Return x' for each row: (n, m + 1) float32 (one column more than the basis), unit rows within rounding."""
        n = len(vectors)
        width = self.basis.shape[1]
        result = np.empty((n, width + 1), np.float32)

        def block(start: int) -> None:
            rows = slice(start, min(start + BLOCK, n))
            head = (vectors[rows].astype(np.float64) @ self.basis) / norms[rows, None]
            result[rows, :width] = head
            result[rows, width] = np.sqrt(np.clip(1.0 - np.einsum("ij,ij->i", head, head), 0.0, None))

        list(pool.map(block, range(0, n, BLOCK)))
        return result


def normal_rows(vectors: Floats, what: str = "vectors") -> Doubles:
    """Return the (n,) float64 norms of (n, d) float32 unit rows.

    Raises:
        ValueError: wrong shape or type, or a row that is not finite or not of unit length (within 1 %).
    """
    if vectors.ndim != 2 or vectors.dtype != np.float32:
        raise ValueError(f"{what}: expected a (n, d) float32 array, got {vectors.dtype} {vectors.shape}")
    norms = np.empty(len(vectors))
    for start in range(0, len(vectors), BLOCK):
        part = vectors[start : start + BLOCK].astype(np.float64)
        norms[start : start + BLOCK] = np.sqrt(np.einsum("ij,ij->i", part, part))
    # NaN fails the comparison too.
    bad = np.flatnonzero(~(np.abs(norms - 1.0) <= UNIT_TOLERANCE))
    if len(bad):
        raise ValueError(
            f"{what}: row {bad[0]} has length {norms[bad[0]]:.4g} and not 1 ({len(bad)} such rows): encode again, or drop them"
        )
    return norms
