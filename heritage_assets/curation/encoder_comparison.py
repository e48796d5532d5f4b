"""Two encoders on the same records: do they see the same neighbours, the same duplicates, and how do their scores lie?

Belongs here: figures over plain arrays and mappings. Does not belong here: reading vectors, drawing and writing the report.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Index = NDArray[np.int64]
Floats = NDArray[np.float64]

NEIGHBOURS = 10
_CELLS = 8_000_000
BINS = 50
QUANTILES = (0.05, 0.5, 0.95)


@dataclass(frozen=True)
class Neighbours:
    """The nearest neighbours of some records: ``rows`` int64 (q, k), best first, and their cosines float32 (q, k)."""

    rows: Index
    cosines: Vectors


def nearest(vectors: Vectors, queries: Index, k: int = NEIGHBOURS) -> Neighbours:
    """Find the k nearest rows of each of the rows ``queries``, itself left out; exact, equal scores by row.

    Args:
        vectors: (n, d) unit rows, n > k.
        queries: (q,) rows to ask for.
        k: neighbours of each.

    Memory: about 100 MB beside the arguments.

    Raises:
        ValueError: fewer than k + 1 rows.
    """
    if len(vectors) <= k:
        raise ValueError(f"{len(vectors)} pictures are too few to compare the {k} nearest")
    rows = np.empty((len(queries), k), np.int64)
    cosines = np.empty((len(queries), k), np.float32)
    block = max(1, _CELLS // len(vectors))
    for start in range(0, len(queries), block):
        asked = queries[start : start + block]
        scores = vectors[asked] @ vectors.T
        scores[np.arange(len(asked)), asked] = -np.inf
        best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        rows[start : start + len(asked)] = best
        cosines[start : start + len(asked)] = np.take_along_axis(scores, best, axis=1)
    return Neighbours(rows, cosines)


def overlap(before: Neighbours, after: Neighbours) -> Floats:
    """Return for each query the share of neighbours that both encoders name, (q,) in 0..1, in whatever order."""
    if before.rows.shape != after.rows.shape:
        raise ValueError(f"neighbours of shapes {before.rows.shape} and {after.rows.shape} can't be compared")
    same = (before.rows[:, :, None] == after.rows[:, None, :]).any(axis=2)
    shares: Floats = same.mean(axis=1)
    return shares


@dataclass(frozen=True)
class ScoreDistribution:
    """How an encoder's cosines lie: counts (BINS,) between ``edges`` (BINS + 1,), and quantiles by name.

    ``nearest``: of each record's nearest neighbour. ``strangers``: of pairs drawn at random.
    """

    edges: Floats
    nearest: NDArray[np.int64]
    strangers: NDArray[np.int64]
    quantiles: dict[str, dict[str, float]]


def score_distribution(
    vectors: Vectors, neighbours: Neighbours, seed: int = 0, pairs: int = 20_000
) -> ScoreDistribution:
    """Measure how the cosines of neighbours and of strangers lie apart; the same arguments give the same pairs."""
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, len(vectors), (2, pairs))
    a, b = a[a != b], b[a != b]
    close = neighbours.cosines[:, 0].astype(np.float64)
    far = np.einsum("ij,ij->i", vectors[a], vectors[b], dtype=np.float64)
    edges = np.linspace(min(-0.1, float(far.min(initial=0)), float(close.min(initial=0))), 1.0, BINS + 1)
    return ScoreDistribution(
        edges,
        np.histogram(np.minimum(close, 1.0), edges)[0],
        np.histogram(np.minimum(far, 1.0), edges)[0],
        {name: _quantiles(values) for name, values in (("nearest", close), ("strangers", far))},
    )


def _quantiles(values: Floats) -> dict[str, float]:
    return {f"{q:.0%}": float(value) for q, value in zip(QUANTILES, np.quantile(values, QUANTILES), strict=True)}


@dataclass(frozen=True)
class GroupComparison:
    """Duplicate groups under two encoders, counted in pairs of records that are one object.

    ``gained_groups``: groups of the new encoder whose members were not all together before; ``lost_groups``: groups of the old
    one whose members are no longer all together. Largest first, members sorted.
    """

    pairs_before: int
    pairs_after: int
    pairs_kept: int
    gained_groups: list[list[str]]
    lost_groups: list[list[str]]

    @property
    def pairs_gained(self) -> int:
        """Pairs of records that only the new encoder calls one object."""
        return self.pairs_after - self.pairs_kept

    @property
    def pairs_lost(self) -> int:
        """Pairs of records that only the old encoder calls one object."""
        return self.pairs_before - self.pairs_kept


def compare_groups(before: Mapping[str, str], after: Mapping[str, str]) -> GroupComparison:
    """Compare the object of each guid under both encoders; a guid that one of them lacks stands alone there."""
    guids = sorted(before.keys() | after.keys())
    old = _members(guids, before)
    new = _members(guids, after)
    both: dict[tuple[str, str], int] = {}
    for guid in guids:
        key = before.get(guid, guid), after.get(guid, guid)
        both[key] = both.get(key, 0) + 1
    return GroupComparison(
        _pairs(map(len, old.values())),
        _pairs(map(len, new.values())),
        _pairs(both.values()),
        _broken(new, before),
        _broken(old, after),
    )


def _members(guids: list[str], objects: Mapping[str, str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for guid in guids:
        groups.setdefault(objects.get(guid, guid), []).append(guid)
    return groups


def _pairs(sizes: Iterable[int]) -> int:
    return sum(size * (size - 1) // 2 for size in sizes)


def _broken(groups: Mapping[str, list[str]], other: Mapping[str, str]) -> list[list[str]]:
    """Return the groups whose members are not all one object under the other encoder."""
    found = [members for members in groups.values() if len({other.get(guid, guid) for guid in members}) > 1]
    return sorted(found, key=lambda members: (-len(members), members))
