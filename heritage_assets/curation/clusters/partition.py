"""The three ways to part vectors into clusters.

How fine to cut is not known beforehand: each method that needs a number tries a fixed range of it and keeps the partition of
the best mean simplified silhouette (Hruschka, Campello & de Castro 2006; as good as the full silhouette in the comparison of
Vendramin, Campello & Hruschka 2010, and linear in n). Among partitions about as good as the best, the one that agrees most
with the previous clusters is kept, so that a few new records don't turn 35 clusters into 70.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heritage_assets.curation.clusters.model import Floats, Labels
from heritage_assets.curation.clusters.neighbours import Neighbours, blocks, closeness, unit
from heritage_assets.curation.clusters.settings import ClusterSettings
from heritage_assets.curation.progress import Stage

RESOLUTIONS = tuple(float(value) for value in np.geomspace(0.25, 16, 13))
"""From a few broad clusters to very fine ones, a factor of √2 apart."""

_MAX_AUTO_K = 150
_AS_GOOD = 0.03
"""Silhouettes this share below the best count as equally good when there are previous clusters to agree with."""

_HDBSCAN_DIMENSIONS = 16
"""Density fades in more dimensions; so do tree searches."""


@dataclass(frozen=True)
class Partition:
    """Labels of n records (-1: noise), how sure each is (n,) float32 or None, the parameter used, the mean silhouette."""

    labels: Labels
    separation: float
    parameter: float | None = None
    probability: Floats | None = None


def part(vectors: Floats, neighbours: Neighbours, settings: ClusterSettings, previous: Labels | None) -> Partition:
    """Part (n, d) unit float32 vectors by the method of the settings.

    ``neighbours``: of the same vectors. ``previous``: earlier labels of the same records (-1 where unknown) or None.
    """
    if settings.method == "hdbscan":
        return _dense_regions(vectors, settings)
    if settings.method == "kmeans":
        return _kmeans(vectors, settings, previous)
    return _communities(vectors, neighbours.first(settings.neighbours), settings, previous)


def _communities(
    vectors: Floats, neighbours: Neighbours, settings: ClusterSettings, previous: Labels | None
) -> Partition:
    """Communities of the nearest-neighbour graph by Louvain (Blondel et al. 2008), edges weighted by closeness.

    Louvain and not Leiden: scikit-network's Leiden draws from the C library's global generator, which no seed reaches.
    """
    from scipy import sparse
    from sknetwork.clustering import Louvain

    count, k = neighbours.index.shape
    rows = np.repeat(np.arange(count), k)
    edges = sparse.csr_matrix((closeness(neighbours).ravel(), (rows, neighbours.index.ravel())), shape=(count, count))
    graph = ((edges + edges.T) / 2).tocsr()
    resolutions = RESOLUTIONS if settings.resolution == "auto" else (settings.resolution,)
    progress = Stage("clusters: communities", len(resolutions))
    found = []
    for resolution in resolutions:
        labels = Louvain(resolution=resolution, return_probs=False, return_aggregate=False).fit_predict(graph)
        labels = absorb_small(vectors, np.asarray(labels, dtype=np.int64), settings.min_cluster_size)
        found.append(Partition(labels, separation(vectors, labels), resolution))
        progress.advance()
    return _choose(found, previous)


def _kmeans(vectors: Floats, settings: ClusterSettings, previous: Labels | None) -> Partition:
    from sklearn.cluster import MiniBatchKMeans

    count = len(vectors)
    if settings.k == "auto":
        most = max(1, min(_MAX_AUTO_K, count // max(settings.min_cluster_size, 2)))
        candidates = np.unique(np.geomspace(min(2, most), most, 16).astype(int)).tolist()
    else:
        candidates = [min(settings.k, count)]
    progress = Stage("clusters: k-means", len(candidates))
    found = []
    for k in candidates:
        fitted = MiniBatchKMeans(k, n_init=3, random_state=settings.seed, batch_size=2048).fit_predict(vectors)
        labels = absorb_small(vectors, np.asarray(fitted, dtype=np.int64), settings.min_cluster_size)
        found.append(Partition(labels, separation(vectors, labels), float(k)))
        progress.advance()
    return _choose(found, previous)


def _dense_regions(vectors: Floats, settings: ClusterSettings) -> Partition:
    """HDBSCAN (Campello, Moulavi & Sander 2013); its noise stays in no cluster (-1), with probability 0."""
    from sklearn.cluster import HDBSCAN

    least = max(3, settings.min_cluster_size)  # pairs alone are not dense: with 2, classes shatter
    if len(vectors) < 2 * least:
        return Partition(np.zeros(len(vectors), dtype=np.int64), 0.0)
    reduced = unit(vectors[:, :_HDBSCAN_DIMENSIONS])
    fitted = HDBSCAN(min_cluster_size=least, min_samples=1, cluster_selection_method="eom", copy=True).fit(reduced)
    labels = dense(np.asarray(fitted.labels_, dtype=np.int64))
    return Partition(labels, separation(vectors, labels), None, np.asarray(fitted.probabilities_, dtype=np.float32))


def _choose(found: list[Partition], previous: Labels | None) -> Partition:
    best = max(found, key=lambda candidate: candidate.separation)
    if previous is None or not np.any(previous >= 0):
        return best
    from sklearn.metrics import adjusted_rand_score

    known = previous >= 0
    good = [one for one in found if one.separation >= best.separation - _AS_GOOD * abs(best.separation)]
    return max(good, key=lambda one: (adjusted_rand_score(previous[known], one.labels[known]), one.separation))


def dense(labels: Labels) -> Labels:
    """Renumber labels 0 … k-1 in order of their first record; -1 stays."""
    kept = labels[labels >= 0]
    values, first = np.unique(kept, return_index=True)
    numbers = np.full(int(labels.max(initial=-1)) + 2, -1, dtype=np.int64)
    numbers[values[np.argsort(first)]] = np.arange(len(values))
    return numbers[labels]


def centres(vectors: Floats, labels: Labels) -> Floats:
    """Return the mean vector of each cluster: (k, d) float32, not unit length. Every label 0 … k-1 must occur."""
    from scipy import sparse

    inside = np.flatnonzero(labels >= 0)
    count = int(labels.max(initial=-1)) + 1
    sums = sparse.csr_matrix((np.ones(len(inside), np.float32), (labels[inside], inside)), shape=(count, len(labels)))
    sizes = np.bincount(labels[inside], minlength=count).astype(np.float32)
    return np.asarray((sums @ vectors) / np.maximum(sizes, 1)[:, None], dtype=np.float32)


def absorb_small(vectors: Floats, labels: Labels, least: int) -> Labels:
    """Move the records of clusters below ``least`` members to the nearest large cluster; without any, all become one."""
    sizes = np.bincount(labels)
    large = np.flatnonzero(sizes >= least)
    if len(large) == 0:
        return np.zeros_like(labels)
    astray = np.flatnonzero(~np.isin(labels, large))
    if len(astray):
        targets = unit(centres(vectors, labels)[large])
        labels = labels.copy()
        for rows in blocks(len(astray), len(large)):
            labels[astray[rows]] = large[np.argmax(vectors[astray[rows]] @ targets.T, axis=1)]
    return dense(labels)


def separation(vectors: Floats, labels: Labels) -> float:
    """Mean simplified silhouette of the clustered records, -1 … 1; 0 with fewer than two clusters.

    Cosine distance to the own centre (without the record itself) against the nearest other centre. O(n·k·d) time, one block
    of memory.
    """
    inside = np.flatnonzero(labels >= 0)
    means = centres(vectors, labels)
    if len(means) < 2:
        return 0.0
    sizes = np.bincount(labels[inside], minlength=len(means)).astype(np.float32)
    total = 0.0
    for rows in blocks(len(inside), len(means)):
        chosen = inside[rows]
        own, block = labels[chosen], vectors[chosen]
        scores = block @ means.T
        pick = (np.arange(len(chosen)), own)
        others = np.maximum(sizes[own] - 1, 1)
        squared = np.einsum("ij,ij->i", block, block)
        near = 1 - (scores[pick] * sizes[own] - squared) / others
        scores[pick] = -np.inf
        far = 1 - scores.max(axis=1)
        widths = (far - near) / np.maximum(np.maximum(near, far), 1e-12)
        total += float(np.where(sizes[own] > 1, widths, 0.0).sum())
    return total / max(len(inside), 1)
