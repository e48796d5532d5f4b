"""Reduced vectors and their exact nearest neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heritage_assets.curation.clusters.model import Floats, Labels
from heritage_assets.curation.progress import Stage

_BLOCK_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Neighbours:
    """The nearest neighbours of n records, nearest first: ``index`` (n, k) int64, ``cosine`` (n, k) float32."""

    index: NDArray[np.int64]
    cosine: Floats

    def first(self, k: int) -> Neighbours:
        """Return the k nearest (or all there are)."""
        return Neighbours(self.index[:, :k], self.cosine[:, :k])


def unit(vectors: NDArray[np.floating[Any]]) -> Floats:
    """Scale rows to unit length; rows of zeros stay zeros. (n, d) float32 → (n, d) float32."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(norms > 1e-12, norms, 1.0), dtype=np.float32)


@dataclass(frozen=True)
class Reduction:
    """A fitted change of axes: mean removed, projected on the principal components, scaled to unit length.

    Removing the mean matters: vectors of most encoders lie in a narrow cone, and cosines inside it say little.
    """

    mean: Floats
    axes: Floats

    @classmethod
    def fit(cls, vectors: Floats, dimensions: int) -> Reduction:
        """Fit on (n, d) float32 vectors; keeps at most min(dimensions, n, d) axes. Holds two more copies of ``vectors``."""
        from sklearn.decomposition import PCA

        count, width = vectors.shape
        if np.ptp(vectors, axis=0).max(initial=0) == 0:  # one record, or all the same: no axes to find
            return cls(vectors[0].copy(), np.eye(1, width, dtype=np.float32))
        kept = min(dimensions, width, count)
        solver = "covariance_eigh" if count >= width else "full"
        fitted = PCA(kept, svd_solver=solver).fit(vectors)
        return cls(fitted.mean_.astype(np.float32), fitted.components_.astype(np.float32))

    def apply(self, vectors: Floats) -> Floats:
        """Return the (n, kept) float32 unit vectors of (n, d) float32 ones."""
        return unit((vectors - self.mean) @ self.axes.T)


def blocks(rows: int, columns: int) -> Iterator[slice]:
    """Cut ``rows`` so that a float32 block of ``columns`` columns stays below 64 MiB."""
    size = max(1, _BLOCK_BYTES // (4 * max(columns, 1)))
    for start in range(0, rows, size):
        yield slice(start, min(start + size, rows))


def nearest(queries: Floats, points: Floats, k: int, *, exclude_self: bool, stage: str) -> Neighbours:
    """Find the k points of the largest cosine for every query, exactly, by blocked matrix products.

    ``queries`` (n, d) and ``points`` (m, d) are unit float32. ``exclude_self``: query i is point i, and is left out.
    Equal cosines go to the lower index, so results do not depend on the block size. Time O(n·m·d); memory
    O((n + m)·d + n·k) and about 200 MiB for one block.
    """
    available = len(points) - int(exclude_self)
    k = min(k, available)
    index = np.empty((len(queries), k), dtype=np.int64)
    cosine = np.empty((len(queries), k), dtype=np.float32)
    progress = Stage(stage, len(queries))
    for rows in blocks(len(queries), len(points)):
        scores = queries[rows] @ points.T
        if exclude_self:
            scores[np.arange(rows.stop - rows.start), np.arange(rows.start, rows.stop)] = -np.inf
        chosen = np.argpartition(-scores, k - 1, axis=1)[:, :k] if 0 < k < scores.shape[1] else _all_columns(scores)
        chosen.sort(axis=1)
        values = np.take_along_axis(scores, chosen, axis=1)
        order = np.argsort(-values, axis=1, kind="stable")[:, :k]
        index[rows] = np.take_along_axis(chosen, order, axis=1)
        cosine[rows] = np.take_along_axis(values, order, axis=1)
        progress.advance(rows.stop - rows.start)
    return Neighbours(index, np.clip(cosine, -1.0, 1.0))


def _all_columns(scores: Floats) -> NDArray[np.int64]:
    return np.tile(np.arange(scores.shape[1], dtype=np.int64), (scores.shape[0], 1))


def closeness(neighbours: Neighbours) -> Floats:
    """Weigh each neighbour in (0, 1] by its squared cosine (hardly at all below 0): (n, k) float32.

    Squared, since after the mean is removed cosines spread over 0 … 1; on real pictures this parts classes better than plain
    cosines and more evenly than locally scaled Gaussians.
    """
    return np.asarray(np.maximum(neighbours.cosine, 1e-3) ** 2, dtype=np.float32)


def vote(neighbours: Neighbours, labels: Labels) -> tuple[Labels, Floats]:
    """Return for each record the label with the most weight among its neighbours, and that label's share (n,) float32.

    ``labels`` are those of the points the neighbours index; -1 (no cluster) votes like any other.
    """
    shares = label_shares(neighbours, labels)
    winner = np.asarray(shares.argmax(axis=1), dtype=np.int64).ravel()
    return winner - 1, np.asarray(shares.max(axis=1).toarray(), dtype=np.float32).ravel()


def label_shares(neighbours: Neighbours, labels: Labels) -> Any:
    """Return the share of each label among a record's neighbours: sparse (n, 1 + number of labels), column 0 for -1."""
    from scipy import sparse

    count, k = neighbours.index.shape
    weights = closeness(neighbours)
    weights = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-12)
    rows = np.repeat(np.arange(count), k)
    columns = labels[neighbours.index.ravel()] + 1
    shape = (count, int(labels.max(initial=-1)) + 2)
    return sparse.coo_matrix((weights.ravel(), (rows, columns)), shape=shape).tocsr()
