"""How well a search ranks what people know to be relevant: recall, precision, gain, over vectors.

Belongs here: exact ranks and figures over plain arrays. Does not belong here: where vectors and judgements come from
(:mod:`heritage_assets.search.retrieval`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Index = NDArray[np.int64]
Floats = NDArray[np.float64]

DEFAULT_KS = (1, 5, 10)
_CELLS = 8_000_000
"""Cells of the matrix of scores that are ranked at once: 100 MB with the ranks."""


@dataclass(frozen=True)
class Judgements:
    """What is relevant to which query: three arrays of shape (p,), each pair of query and item at most once.

    ``item`` is a row of the gallery, or -1 for what is relevant but can't be found (it has no vector). ``grade`` is above 0:
    how relevant, in any unit.
    """

    query: Index
    item: Index
    grade: Floats

    @classmethod
    def of(cls, pairs: Sequence[tuple[int, int, float]]) -> Judgements:
        """Build from (query, item, grade)."""
        columns = list(zip(*pairs, strict=True)) or [(), (), ()]
        return cls(np.array(columns[0], np.int64), np.array(columns[1], np.int64), np.array(columns[2], np.float64))

    def __post_init__(self) -> None:
        """Refuse arrays that don't fit together."""
        if not self.query.shape == self.item.shape == self.grade.shape or self.query.ndim != 1:
            raise ValueError(
                f"judgements of shapes {self.query.shape}, {self.item.shape}, {self.grade.shape}: must agree"
            )
        if len(self.grade) and not (np.isfinite(self.grade).all() and self.grade.min() > 0):
            raise ValueError("grades must be above 0: leave out what is not relevant")
        there = self.item >= 0
        known = np.stack([self.query[there], self.item[there]])
        if np.unique(known, axis=1).shape[1] != known.shape[1]:
            raise ValueError("a pair of query and item is judged more than once")


def ranks_of(queries: Vectors, gallery: Vectors, judged: Judgements, exclude: Index | None = None) -> Floats:
    """Return the rank (1 is best, inf where it can't be found) of every judged item, float64 of shape (p,).

    The ranking is exact: all of the gallery by falling cosine, equal scores in the order of the gallery.

    Args:
        queries: (q, d) unit rows.
        gallery: (n, d) unit rows.
        judged: what is relevant.
        exclude: (q,) row of the gallery that is the query itself and is not ranked, -1 for none.

    Memory: about 100 MB beside the arguments, for one block of queries at a time.

    Raises:
        ValueError: shapes that do not agree, or a judgement of a query or an item that does not exist.
    """
    if queries.ndim != 2 or gallery.ndim != 2 or (len(gallery) and queries.shape[1] != gallery.shape[1]):
        raise ValueError(f"queries of shape {queries.shape} can't be held against a gallery of shape {gallery.shape}")
    if len(judged.query) and (judged.query.min() < 0 or judged.query.max() >= len(queries)):
        raise ValueError(f"a judgement names a query that is not among the {len(queries)}")
    if len(judged.item) and (judged.item.min() < -1 or judged.item.max() >= len(gallery)):
        raise ValueError(f"a judgement names an item that is not among the {len(gallery)}")
    ranks = np.full(len(judged.query), np.inf)
    block = max(1, _CELLS // max(1, len(gallery)))
    places = np.arange(1, len(gallery) + 1)
    for start in range(0, len(queries), block):
        wanted = np.flatnonzero((judged.query >= start) & (judged.query < start + block) & (judged.item >= 0))
        if not len(wanted):
            continue
        asked, row = np.unique(judged.query[wanted], return_inverse=True)
        scores = np.nan_to_num(queries[asked] @ gallery.T, nan=-np.inf)
        if exclude is not None:
            itself = exclude[asked]
            scores[np.flatnonzero(itself >= 0), itself[itself >= 0]] = -np.inf
        place = np.empty(scores.shape, np.int64)
        np.put_along_axis(place, np.argsort(-scores, axis=1, kind="stable"), places[None, :], axis=1)
        ranks[wanted] = place[row, judged.item[wanted]]
    return ranks


def retrieval_metrics(
    judged: Judgements, ranks: Floats, queries: int, ks: Sequence[int] = DEFAULT_KS
) -> dict[str, float | int]:
    """Measure ranked search results.

    Args:
        judged: what is relevant.
        ranks: (p,) rank of each judged item, inf where it was not found.
        queries: how many queries there are; those without a judgement are left out of the means, and counted.
        ks: lengths of result lists, each at least 1.

    Returns:
        As means over queries: ``recall@k`` (share of the relevant among the first k), ``hit@k`` (1 if any is among them),
        ``ndcg@k`` (Järvelin & Kekäläinen 2002: gain = grade, discount = log2(1 + rank), over that of the ideal ranking),
        ``mrr`` (1 / rank of the first relevant), ``map`` (mean average precision); then ``queries`` and ``skipped``.

    Raises:
        ValueError: k < 1, or nothing is relevant to any query.
    """
    if not ks or min(ks) < 1:
        raise ValueError(f"ks must be positive, not {list(ks)}")
    if not len(judged.query):
        raise ValueError("no query has a relevant record: there is nothing to measure")
    asked, row = np.unique(judged.query, return_inverse=True)
    count = np.bincount(row)
    found: dict[str, Floats] = {}
    with np.errstate(divide="ignore"):
        gain = judged.grade / np.log2(1 + ranks)
    best = _place_within(row, -judged.grade)
    ideal = judged.grade / np.log2(1 + best)
    for k in ks:
        near = ranks <= k
        hits = np.bincount(row, near)
        found[f"recall@{k}"] = hits / count
        found[f"hit@{k}"] = (hits > 0).astype(np.float64)
        found[f"ndcg@{k}"] = np.bincount(row, gain * near) / np.bincount(row, ideal * (best <= k))
    first = np.full(len(asked), np.inf)
    np.minimum.at(first, row, ranks)
    found["mrr"] = 1 / first
    found["map"] = np.bincount(row, _place_within(row, ranks) / ranks) / count
    means: dict[str, float | int] = {name: float(values.mean()) for name, values in found.items()}
    return {**means, "queries": len(asked), "skipped": queries - len(asked)}


def measure(
    queries: Vectors,
    gallery: Vectors,
    judged: Judgements,
    *,
    exclude: Index | None = None,
    ks: Sequence[int] = DEFAULT_KS,
) -> dict[str, float | int]:
    """Rank the gallery for every query and measure: :func:`ranks_of`, then :func:`retrieval_metrics`."""
    return retrieval_metrics(judged, ranks_of(queries, gallery, judged, exclude), len(queries), ks)


def _place_within(group: Index, values: Floats) -> Floats:
    """Return the place (from 1) of each value among those of its group, smallest first; groups are numbered from 0."""
    order = np.lexsort((values, group))
    sizes = np.bincount(group)
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    place = np.empty(len(group))
    place[order] = np.arange(len(group)) - np.repeat(starts, sizes) + 1
    return place
