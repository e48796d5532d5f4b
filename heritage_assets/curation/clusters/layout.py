"""The 2-D map: near on the map means alike.

t-SNE (van der Maaten & Hinton 2008) by openTSNE, started from the principal components, so that the broad order is kept
(Kobak & Berens 2019); fewer than 50 records are laid out by their principal components alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heritage_assets.curation.clusters.model import Floats
from heritage_assets.curation.clusters.neighbours import Neighbours, closeness
from heritage_assets.curation.clusters.settings import ClusterSettings
from heritage_assets.curation.progress import Stage

_SMALL = 50
_RESTART_ITERATIONS = 150
"""Enough for new records to find their place between old ones that already have theirs."""


def neighbours_needed(count: int, settings: ClusterSettings) -> int:
    """How many neighbours a map of ``count`` records asks for (three times the perplexity, as t-SNE does)."""
    return int(min(count - 1, 3 * _perplexity(count, settings))) if count >= _SMALL else 0


def lay_out(vectors: Floats, neighbours: Neighbours, settings: ClusterSettings, known: Floats) -> Floats:
    """Return the place of each record on the map: (n, 2) float32.

    ``vectors``: (n, d) unit float32, principal axes first. ``known``: (n, 2) float32, places on the previous map, NaN for
    new records. Where nothing is new, the map stays as it is; where at least half is known, the map starts from there and
    only settles; otherwise it is drawn afresh. Memory O(n · perplexity).
    """
    is_known = _has_place(known)
    share = np.count_nonzero(is_known) / max(len(vectors), 1)
    if share == 1:
        return known.astype(np.float32)
    if len(vectors) < _SMALL:
        return _principal(vectors)
    if share >= 0.5:
        start = place(neighbours, known)
        lost = np.flatnonzero(np.isnan(start[:, 0]))
        start[lost] = np.median(known[np.flatnonzero(is_known)], axis=0)
        return _aligned(_tsne(neighbours, settings, start, settle=True), known, np.flatnonzero(is_known))
    start = _principal(vectors)
    return _tsne(neighbours, settings, start / max(float(start[:, 0].std()), 1e-12) * 1e-4, settle=False)


def place(neighbours: Neighbours, known: Floats) -> Floats:
    """Return ``known`` with each new record (NaN) at the weighted mean of its known neighbours, NaN where it has none."""
    result = known.astype(np.float32).copy()
    new = np.flatnonzero(~_has_place(known))
    if len(new):
        result[new] = interpolate(Neighbours(neighbours.index[new], neighbours.cosine[new]), known)
    return result


def interpolate(neighbours: Neighbours, known: Floats) -> Floats:
    """Return the weighted mean place of the 10 nearest neighbours with a place: (n, 2) float32, NaN where there is none."""
    nearest = neighbours.first(10)
    places = known[nearest.index]
    usable = _has_place(known)[nearest.index]
    weights = np.where(usable, closeness(nearest), 0.0)
    total = weights.sum(axis=1)
    summed = np.einsum("ij,ijk->ik", weights, np.where(usable[..., None], places, 0.0))
    means = summed / np.where(total > 0, total, 1.0)[:, None]
    return np.where(total[:, None] > 0, means, np.nan).astype(np.float32)


def _has_place(known: Floats) -> NDArray[np.bool_]:
    return np.isfinite(known[:, 0]) & np.isfinite(known[:, 1])


def _aligned(places: Floats, known: Floats, rows: NDArray[np.int64]) -> Floats:
    """Shift, turn and scale the whole map so that the records of ``rows`` lie as near as possible to where they were."""
    from scipy.linalg import orthogonal_procrustes

    middle, target = places[rows].mean(axis=0), known[rows].mean(axis=0)
    centred = places[rows] - middle
    turn, stretch = orthogonal_procrustes(centred, known[rows] - target)
    scale = stretch / max(float((centred**2).sum()), 1e-12)
    return np.asarray((places - middle) @ turn * scale + target, dtype=np.float32)


def _principal(vectors: Floats) -> Floats:
    result = np.zeros((len(vectors), 2), dtype=np.float32)
    width = min(2, vectors.shape[1])
    result[:, :width] = vectors[:, :width]
    return result


def _perplexity(count: int, settings: ClusterSettings) -> float:
    return min(settings.map_perplexity, (count - 1) / 3)


def _tsne(neighbours: Neighbours, settings: ClusterSettings, start: Floats, *, settle: bool) -> Floats:
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    distance = np.sqrt(np.maximum(2 - 2 * neighbours.cosine.astype(np.float64), 0.0))
    index = PrecomputedNeighbors(neighbours.index.astype(np.int64), distance)
    affinities = PerplexityBasedNN(knn_index=index, perplexity=_perplexity(len(start), settings), n_jobs=1)
    embedding = TSNEEmbedding(
        start.astype(np.float64), affinities, n_jobs=1, random_state=settings.seed, negative_gradient_method="auto"
    )
    steps = [(_RESTART_ITERATIONS, 1.0, 0.8)] if settle else [(250, 12.0, 0.5), (settings.map_iterations, 1.0, 0.8)]
    progress = Stage("clusters: map", sum(count for count, _, _ in steps))
    for count, exaggeration, momentum in steps:
        embedding = embedding.optimize(n_iter=count, exaggeration=exaggeration, momentum=momentum)
        progress.advance(count)
    return np.asarray(embedding, dtype=np.float32)
