"""Clusters of records: parts, names, ids that last, and a map.

Only representatives are clustered; the other members of a duplicate group take over the row of theirs (:func:`inherit`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from heritage_assets.curation.clusters.identity import keep_ids
from heritage_assets.curation.clusters.labels import clean_text, distinctive_terms, name_clusters
from heritage_assets.curation.clusters.layout import interpolate, lay_out, neighbours_needed
from heritage_assets.curation.clusters.model import Cluster, Clustering, Floats, Labels, PreviousClusters, inherit
from heritage_assets.curation.clusters.neighbours import Neighbours, Reduction, label_shares, nearest, vote
from heritage_assets.curation.clusters.partition import Partition, centres, dense, part
from heritage_assets.curation.clusters.settings import ClusterSettings

__all__ = ["Cluster", "ClusterSettings", "Clustering", "PreviousClusters", "cluster", "inherit"]

_VOTERS = 10


def cluster(
    vectors: Floats,
    guids: Sequence[str],
    texts: Sequence[str],
    settings: ClusterSettings | None = None,
    previous: PreviousClusters | None = None,
) -> Clustering:
    """Cluster n records.

    ``vectors``: (n, d) float32, unit length. ``guids``: n, all different. ``texts``: n, the words a cluster may be named by
    (title, subjects, type). ``previous``: the clusters of the last run, for stable ids and a stable map.

    The result does not depend on the order of the records. Fewer than twice ``min_cluster_size`` records make one cluster.
    Above ``settings.sample`` records, a sample fixed by the hash of the guid is clustered and every other record joins the
    cluster that its nearest sampled records vote for. Memory: three copies of the vectors, 100 neighbours a sampled record
    and one block of 200 MiB. Raises ValueError for lengths that differ, repeated guids, or vectors that are not finite.
    """
    settings = settings or ClusterSettings()
    _check(vectors, guids, texts)
    order = sorted(range(len(guids)), key=guids.__getitem__)
    names = [guids[at] for at in order]
    words = [clean_text(texts[at]) for at in order]
    if not names:
        return Clustering((), (), np.empty(0, np.float32), np.empty((0, 2), np.float32), (), settings.method)
    ordered = np.ascontiguousarray(vectors[order], dtype=np.float32)
    old_ids, known = _recall(names, previous)

    sampled = _sample(names, settings.sample)
    reduction = Reduction.fit(ordered[sampled], settings.dimensions)
    reduced = reduction.apply(ordered)
    inner = reduced[sampled]
    wanted = max(settings.neighbours, _VOTERS, neighbours_needed(len(inner), settings))
    neighbours = nearest(inner, inner, wanted, exclude_self=True, stage="clusters: neighbours")

    partition = _part(inner, neighbours, settings, _numbered([old_ids[at] for at in sampled]))
    position = lay_out(inner, neighbours, settings, known[sampled])
    probability = _probability(partition, neighbours)
    labels = partition.labels
    if len(sampled) < len(names):
        labels, probability, position = _extend(reduced, sampled, labels, probability, position)
    labels, exemplars, middles = _by_size(reduced, labels, names, position)
    ids = keep_ids(labels, old_ids, exemplars)
    terms = distinctive_terms(words, labels, len(ids))
    sizes = np.bincount(labels[labels >= 0], minlength=len(ids))
    found = tuple(
        Cluster(
            ids[at],
            label,
            tuple(term for term, _ in terms[at]),
            exemplars[at],
            int(sizes[at]),
            *map(float, middles[at]),
        )
        for at, label in enumerate(name_clusters(terms, ids))
    )
    cluster_ids = tuple(ids[number] if number >= 0 else None for number in labels)
    resolution = partition.parameter if settings.method == "graph" else None
    return Clustering(
        tuple(names), cluster_ids, probability, position, found, settings.method, resolution, partition.separation
    )


def _check(vectors: Floats, guids: Sequence[str], texts: Sequence[str]) -> None:
    if vectors.ndim != 2:
        raise ValueError(f"vectors must have two axes (records, dimensions), not shape {vectors.shape}")
    if not len(vectors) == len(guids) == len(texts):
        raise ValueError(
            f"{len(vectors)} vectors, {len(guids)} guids and {len(texts)} texts: pass one of each a record"
        )
    if len(set(guids)) != len(guids):
        seen: set[str] = set()
        repeated = next(guid for guid in guids if guid in seen or seen.add(guid))  # type: ignore[func-returns-value]
        raise ValueError(f"guid {repeated!r} comes more than once: pass current representatives only")
    finite = np.isfinite(vectors).all(axis=1)
    if not finite.all():
        raise ValueError(f"the vector of {guids[int(np.argmin(finite))]!r} is not finite: encode that record again")


def _recall(names: list[str], previous: PreviousClusters | None) -> tuple[list[str | None], Floats]:
    """Return each record's previous cluster id (or None) and place on the map (or NaN)."""
    known = np.full((len(names), 2), np.nan, dtype=np.float32)
    if previous is None:
        return [None] * len(names), known
    rows = {guid: row for row, guid in enumerate(previous.guids)}
    at = [rows.get(name, -1) for name in names]
    there = np.array(at) >= 0
    if there.any():
        known[there] = previous.position[np.array(at)[there]]
    return [previous.cluster_ids[row] if row >= 0 else None for row in at], known


def _numbered(ids: list[str | None]) -> Labels:
    names = {name: number for number, name in enumerate(sorted({name for name in ids if name is not None}))}
    return np.array([-1 if name is None else names[name] for name in ids], dtype=np.int64)


def _sample(names: list[str], size: int) -> Labels:
    """Rows of the ``size`` guids of the smallest hashes: new records change the sample as little as they must."""
    if len(names) <= size:
        return np.arange(len(names), dtype=np.int64)
    hashes = [hashlib.blake2b(name.encode(), digest_size=8).digest() for name in names]
    chosen = sorted(range(len(names)), key=lambda row: (hashes[row], names[row]))[:size]
    return np.array(sorted(chosen), dtype=np.int64)


def _part(inner: Floats, neighbours: Neighbours, settings: ClusterSettings, previous: Labels) -> Partition:
    if len(inner) < max(2 * settings.min_cluster_size, 3):
        return Partition(np.zeros(len(inner), dtype=np.int64), 0.0)
    found = part(inner, neighbours, settings, previous)
    return Partition(dense(found.labels), found.separation, found.parameter, found.probability)


def _probability(partition: Partition, neighbours: Neighbours) -> Floats:
    """HDBSCAN's own, or the weight of a record's nearest neighbours that lie in its cluster."""
    if partition.probability is not None:
        return partition.probability
    if neighbours.index.shape[1] == 0:
        return np.ones(len(partition.labels), dtype=np.float32)
    shares = label_shares(neighbours.first(_VOTERS), partition.labels)
    rows = np.arange(len(partition.labels))
    return np.clip(np.asarray(shares[rows, partition.labels + 1], dtype=np.float32).ravel(), 0.0, 1.0)


def _extend(
    reduced: Floats, sampled: Labels, labels: Labels, probability: Floats, position: Floats
) -> tuple[Labels, Floats, Floats]:
    """Let the records outside the sample join their neighbours' clusters, at their neighbours' place on the map."""
    count = len(reduced)
    outside = np.setdiff1d(np.arange(count), sampled)
    found = nearest(reduced[outside], reduced[sampled], _VOTERS, exclude_self=False, stage="clusters: other records")
    all_labels = np.empty(count, dtype=np.int64)
    all_probability = np.empty(count, dtype=np.float32)
    all_position = np.empty((count, 2), dtype=np.float32)
    all_labels[sampled], all_probability[sampled], all_position[sampled] = labels, probability, position
    voted, share = vote(found, labels)
    all_labels[outside] = voted
    all_probability[outside] = np.where(voted >= 0, np.clip(share, 0.0, 1.0), 0.0)
    all_position[outside] = interpolate(found, position)
    return all_labels, all_probability, all_position


def _by_size(
    reduced: Floats, labels: Labels, names: list[str], position: Floats
) -> tuple[Labels, list[str], list[Floats]]:
    """Renumber clusters by size (then first guid); return labels, exemplars and the middle of each on the map."""
    count = int(labels.max(initial=-1)) + 1
    sizes = np.bincount(labels[labels >= 0], minlength=count)
    first = [int(np.argmax(labels == number)) for number in range(count)]
    order = sorted(range(count), key=lambda number: (-sizes[number], first[number]))
    numbers = np.empty(count + 1, dtype=np.int64)
    numbers[order] = np.arange(count)
    numbers[-1] = -1
    labels = numbers[labels]
    means = centres(reduced, labels)
    exemplars, middles = [], []
    for number in range(count):
        rows = np.flatnonzero(labels == number)
        exemplars.append(names[int(rows[np.argmax(reduced[rows] @ means[number])])])
        middles.append(np.median(position[rows], axis=0).astype(np.float32))
    return labels, exemplars, middles
