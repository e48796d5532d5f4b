"""Documents among unordered scans: average linkage over the evidence between scans that look alike.

Up to :data:`EXACT` scans all pairs are compared. Beyond, a scan is compared with its nearest neighbours only, which a vector
store finds by the signatures of :func:`looks`; pairs that were not compared count as unlike. Memory then: 60 bytes for each of
``neighbours`` pairs a scan, and one chunk of features with those of its neighbours.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from heritage_assets.curation.pages.decisions import CUT, Standing
from heritage_assets.curation.pages.evidence import MOST, Model, starting_weights
from heritage_assets.curation.pages.methods import Grouping, Nearest, PageStream
from heritage_assets.curation.pages.schemas import MEASURES
from heritage_assets.curation.pages.settings import GroupingSettings
from heritage_assets.curation.pages.signals import Floats, Index, Pages, concatenated, pages_of
from heritage_assets.curation.pages.stream import usual
from heritage_assets.curation.pages.verdicts import groups_table

Doubles = npt.NDArray[np.float64]

EXACT = 1_500
AUTO_ODDS = (-0.25, 1.75)
"""Least mean evidence of two groups that are joined, in log odds, for :data:`FEW` scans and at most: the more documents, the less
likely two scans are of one, whatever they look like. Best on the mean of the development collections and their parts."""
FEW = 80
AUTO_GROWTH = 0.75
"""What a collection e times as large adds to it."""
DECREED = 1_000.0
"""Evidence of what a person decided."""
_SCALARS = ("paper_l", "paper_a", "paper_b", "ground_l", "ground_a", "ground_b", "ink_l", "log_aspect", "line_pitch")
_SPANS = (100.0, 40.0, 40.0, 100.0, 40.0, 40.0, 100.0, 1.5, 0.1)
LOOKS_SIZE = 148 + 36 + 2 * len(_SCALARS)


def group_by_similarity(
    pages: PageStream,
    settings: GroupingSettings,
    decided: Standing,
    *,
    model: Model | None = None,
    nearest: Nearest | None = None,
) -> Grouping:
    """Group scans whatever their order (method ``similarity``).

    Raises:
        ValueError: more than :data:`EXACT` scans and nothing that finds neighbours.
    """
    index = pages.index()
    guids = index["guid"].to_pylist()
    used = model or Model(starting_weights(), usual(pages, 0))
    if len(guids) <= EXACT:
        left, right, odds, silent, defects = _all_pairs(pages, used)
    elif nearest is not None:
        left, right, odds, silent, defects = _near_pairs(pages, used, nearest, settings.neighbours, guids)
    else:
        raise ValueError(f"{len(guids)} scans are more than {EXACT}: comparing them needs a vector store")
    free = ~silent & np.fromiter((guid not in decided.document_of for guid in guids), bool, len(guids))
    usable = free[left] & free[right]
    pairs = _decreed(guids, decided, free, left[usable], right[usable], odds[usable])
    labels = average_linkage(len(guids), *pairs, least=least_odds(settings, int(free.sum())))
    fits = _fit(labels, *pairs)
    doubt = _doubt(labels, *pairs)
    return Grouping(groups_table(index, defects, labels, doubt, fits, decided), used)


def least_odds(settings: GroupingSettings, scans: int) -> float:
    """Return the threshold of the settings in log odds; ``auto`` grows with the number of scans."""
    if settings.threshold == "auto":
        least, most = AUTO_ODDS
        return min(least + AUTO_GROWTH * float(np.log(max(scans, FEW) / FEW)), most)
    return float(np.log(settings.threshold / (1 - settings.threshold)))


def _all_pairs(pages: PageStream, model: Model) -> tuple[Index, Index, Floats, npt.NDArray[np.bool_], list[list[str]]]:
    rows = pa.Table.from_batches(list(pages.rows()))
    described = pages_of(rows)
    left, right = np.triu_indices(len(described), 1)
    odds = np.concatenate(
        [model.log_odds(described, left[at], right[at]) for at in _slices(len(left))] or [np.zeros(0, np.float32)]
    ).astype(np.float32)
    return left, right, odds, ~described.speaks, [list(names or ()) for names in rows["defects"].to_pylist()]


def _near_pairs(
    pages: PageStream, model: Model, nearest: Nearest, neighbours: int, guids: list[str]
) -> tuple[Index, Index, Floats, npt.NDArray[np.bool_], list[list[str]]]:
    """Compare each scan with those that a vector store finds nearest."""
    place_of = {guid: place for place, guid in enumerate(guids)}
    silent = np.zeros(len(guids), bool)
    defects: list[list[str]] = []
    for rows in pages.rows():
        described = pages_of(pa.Table.from_batches([rows]))
        silent[len(defects) : len(defects) + len(described)] = ~described.speaks
        defects += [list(names or ()) for names in rows["defects"].to_pylist()]
        speaking = described.take(np.flatnonzero(described.speaks))
        if len(speaking):
            nearest.add(speaking.guids, looks(speaking))
    found: list[tuple[Index, Index, Floats]] = []
    done = 0
    for rows in pages.rows():
        described = pages_of(pa.Table.from_batches([rows]))
        speaking_at = np.flatnonzero(described.speaks)
        mine = described.take(speaking_at)
        answers = nearest.find(looks(mine), neighbours + 1) if len(mine) else []
        left = np.repeat(done + speaking_at, [len(answer) for answer in answers])
        right = np.array([place_of[guid] for answer in answers for guid in answer], np.int64)
        found.append(_compared(pages, model, described, done, left, right))
        done += len(described)
    left, right, odds = (np.concatenate(parts) for parts in zip(*found, strict=True))
    codes, first = np.unique(left * len(guids) + right, return_index=True)
    return codes // len(guids), codes % len(guids), odds[first], silent, defects


def _compared(
    pages: PageStream, model: Model, described: Pages, first: int, left: Index, right: Index
) -> tuple[Index, Index, Floats]:
    """Weigh pairs of which the left side is in a chunk that starts at place ``first``."""
    other = left != right
    left, right = left[other], right[other]
    outside = np.unique(right[(right < first) | (right >= first + len(described))])
    both = concatenated(described, pages_of(pages.take(outside))) if len(outside) else described
    row = np.where(
        (right >= first) & (right < first + len(described)),
        right - first,
        len(described) + np.searchsorted(outside, right),
    )
    odds = [model.log_odds(both, (left - first)[at], row[at]) for at in _slices(len(left))]
    return (
        np.minimum(left, right),
        np.maximum(left, right),
        np.concatenate(odds or [np.zeros(0, np.float32)]).astype(np.float32),
    )


def looks(pages: Pages) -> Floats:
    """Return vectors whose cosine falls as pages differ in what tells documents apart: (n, 202) float32, unit length.

    The layout's parts and the colours have unit length already; a scalar becomes a point on a quarter of a circle, so that every
    part weighs the same for every page and the cosine falls with each difference alone.
    """
    at = [MEASURES.index(name) for name in _SCALARS]
    angles = np.clip(pages.measures[:, at] / np.array(_SPANS, np.float32), -1, 1) * (np.pi / 2)
    parts = [pages.layout, pages.colour, 2 * np.cos(angles), 2 * np.sin(angles)]
    vectors = np.concatenate(parts, axis=1).astype(np.float32)
    unit: Floats = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return unit


def _decreed(
    guids: list[str], decided: Standing, free: npt.NDArray[np.bool_], left: Index, right: Index, odds: Floats
) -> tuple[Index, Index, Doubles]:
    """Add what people decided to the evidence: the latest about a pair wins."""
    if not decided.wishes:
        return left, right, odds.astype(np.float64)
    place_of = {guid: place for place, guid in enumerate(guids)}
    known = dict(zip(zip(left.tolist(), right.tolist(), strict=True), odds.astype(float).tolist(), strict=True))
    for wish in decided.wishes:
        there = sorted({place_of[guid] for guid in wish.guids if guid in place_of})
        for first, second in pairwise(there):
            if free[first] and free[second]:
                known[first, second] = -DECREED if wish.kind == CUT else DECREED
    pairs = np.array(list(known), np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1], np.array(list(known.values()), np.float64)


def average_linkage(scans: int, left: Index, right: Index, odds: Doubles, *, least: float) -> Index:
    """Join groups while the mean evidence between their scans is at least ``least``; return a number for each scan.

    The best pair of groups is joined first (UPGMA). Pairs that are not given count with evidence -4. Time:
    O(pairs · log(pairs)) for graphs of bounded degree. Equal evidence is taken in the order of places.
    """
    sums: list[dict[int, float]] = [{} for _ in range(scans)]
    for a, b, value in zip(left.tolist(), right.tolist(), odds.tolist(), strict=True):
        sums[a][b] = sums[b][a] = value + MOST  # what is not given is 0 in these sums
    sizes = [1] * scans
    alive = [True] * scans
    born = [0] * scans
    floor = least + MOST
    heap = [(-value, a, b, 0, 0) for a in range(scans) for b, value in sums[a].items() if a < b and value >= floor]
    heapq.heapify(heap)
    parent = list(range(scans))
    while heap:
        _, a, b, born_a, born_b = heapq.heappop(heap)
        if not (alive[a] and alive[b]) or born[a] != born_a or born[b] != born_b:
            continue
        into, gone = (a, b) if len(sums[a]) >= len(sums[b]) else (b, a)
        alive[gone], parent[gone] = False, into
        for other, value in sums[gone].items():
            del sums[other][gone]
            if other != into:
                sums[into][other] = sums[other][into] = sums[into].get(other, 0.0) + value
        sums[gone] = {}
        sizes[into] += sizes[gone]
        born[into] += 1
        for other, value in sums[into].items():
            mean = value / (sizes[into] * sizes[other])
            if mean >= floor:
                one, two = min(into, other), max(into, other)
                heapq.heappush(heap, (-mean, one, two, born[one], born[two]))
    return _roots(parent)


def _roots(parent: list[int]) -> Index:
    for start in range(len(parent)):
        root = start
        while parent[root] != root:
            root = parent[root]
        at = start
        while parent[at] != root:
            parent[at], at = root, parent[at]
    return np.array(parent, np.int64)


def _fit(labels: Index, left: Index, right: Index, odds: Doubles) -> Doubles:
    """Return how well each scan fits its group: the mean evidence with the others there, as a probability."""
    same = labels[left] == labels[right]
    total, count = np.zeros(len(labels)), np.zeros(len(labels))
    for side in (left, right):
        np.add.at(total, side[same], np.clip(odds[same], -MOST, MOST))
        np.add.at(count, side[same], 1)
    fits: Doubles = np.where(count > 0, 1 / (1 + np.exp(-total / np.maximum(count, 1))), 1.0)
    return fits


def _doubt(labels: Index, left: Index, right: Index, odds: Doubles) -> Doubles:
    """Return for each place the probability that it and the scan before it are of different documents; 1/2 where not compared."""
    cut = np.full(len(labels), 0.5)
    next_to = right - left == 1
    cut[right[next_to]] = 1 / (1 + np.exp(np.clip(odds[next_to], -50, 50)))
    return cut


def _slices(size: int, step: int = 8_192) -> Iterator[slice]:
    return (slice(start, start + step) for start in range(0, size, step))
