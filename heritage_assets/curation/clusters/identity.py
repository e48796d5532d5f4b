"""Cluster ids that persist while their members do."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from heritage_assets.curation.clusters.model import Labels

_LEAST_OVERLAP = 0.25
"""Below this Jaccard overlap a cluster is a new one."""


def keep_ids(labels: Labels, previous: Sequence[str | None], exemplars: Sequence[str]) -> list[str]:
    """Return one id for each cluster 0 … k-1: that of the previous cluster with which it overlaps most, or a new one.

    ``previous[i]``: previous cluster id of record i, None where new or in none. Overlap is the Jaccard index over records
    present both times, so growth alone never renames a cluster; ids are given out by the best assignment overall
    (Hungarian method). New ids are a hash of the cluster's exemplar.
    """
    from scipy.optimize import linear_sum_assignment

    count = len(exemplars)
    ids: list[str | None] = [None] * count
    names = sorted({name for name in previous if name is not None})
    if names and count:
        overlap = _jaccard(labels, previous, names, count)
        for new, old in zip(*linear_sum_assignment(-overlap), strict=True):
            if overlap[new, old] >= _LEAST_OVERLAP:
                ids[new] = names[old]
    taken = set(names)
    result = []
    for own, exemplar in zip(ids, exemplars, strict=True):
        chosen = own or _new_id(exemplar, taken)
        taken.add(chosen)
        result.append(chosen)
    return result


def _jaccard(
    labels: Labels, previous: Sequence[str | None], names: list[str], count: int
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    numbers = {name: number for number, name in enumerate(names)}
    old = np.array([-1 if name is None else numbers[name] for name in previous], dtype=np.int64)
    both = (old >= 0) & (labels >= 0)
    shared = np.zeros((count, len(names)))
    np.add.at(shared, (labels[both], old[both]), 1.0)
    was_known = np.array([name is not None for name in previous])
    new_sizes = np.bincount(labels[(labels >= 0) & was_known], minlength=count)[:, None]
    old_sizes = np.bincount(old[old >= 0], minlength=len(names))[None, :]
    return shared / np.maximum(new_sizes + old_sizes - shared, 1.0)


def _new_id(exemplar: str, taken: set[str]) -> str:
    salt = 0
    while True:
        digest = hashlib.sha256(f"{exemplar}\n{salt}".encode()).hexdigest()
        name = f"c-{digest[:8]}"
        if name not in taken:
            return name
        salt += 1
