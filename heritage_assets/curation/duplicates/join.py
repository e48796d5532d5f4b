"""The exact similarity join: every pair of unit vectors whose cosine reaches a threshold, and nothing else.

Definition, the same whatever the block sizes, threads or order: the cosine of two rows is their dot product in float64, divided
by their norms; a pair belongs to the result when that number is at least the threshold.

Method. :class:`~.reduction.Reduction` maps rows to few dimensions without ever lowering a cosine, so what stays below the
threshold there is out, by proof. :mod:`.cells` leaves out whole blocks of those short rows, by the triangle inequality. What is
left is multiplied in the few dimensions with float32 ``sgemm``, and the survivors are verified in float64 with all dimensions.

Memory beside the vectors themselves: ``4 · rows · (reduced dimensions + 1)`` bytes, ``12`` bytes for each (row, cell) visit,
``TILE_BYTES`` per thread, and ``24`` bytes per pair found (bounded by ``most_pairs``).
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np
from threadpoolctl import threadpool_limits

from heritage_assets.curation.duplicates.cells import CellPlan, plan_cells
from heritage_assets.curation.duplicates.reduction import Reduction, normal_rows
from heritage_assets.curation.duplicates.tiles import (
    Floats,
    Found,
    Index,
    Part,
    Rows,
    TooManyPairs,
    cosines,
    joined_parts,
    near_in_tile,
    verified,
)
from heritage_assets.curation.progress import Stage

__all__ = ["JoinReport", "Pairs", "TooManyPairs", "cores", "cosines", "similar_pairs", "similar_pairs_between"]

TILE_ROWS = 2_048
TILE_BYTES = 4 * TILE_ROWS * TILE_ROWS
SMALL = 3_000
"""Below so many rows a plain product in all dimensions costs less than preparing anything."""


@dataclass(frozen=True)
class Pairs:
    """Pairs of row numbers ``i < j`` (self-join) or ``i`` in the new rows, ``j`` in the archive, sorted by (i, j).

    ``cosine`` is float32, rounded from the float64 value that was compared with the threshold.
    """

    i: Index
    j: Index
    cosine: Floats
    report: JoinReport = field(repr=False)

    def __len__(self) -> int:
        return len(self.i)


@dataclass(frozen=True)
class JoinReport:
    """How a join was made: what was pruned, and, where pruning was not by proof, its measured recall.

    ``multiplied`` counts the row pairs whose short products were taken, ``verified`` those checked in float64; ``recall`` is
    measured on ``sampled`` random rows against the exact answer, and 1 by proof when ``exact``.
    """

    rows: int
    dimensions: int
    reduced: int
    cells: int
    exact: bool
    multiplied: int
    verified: int
    pairs: int
    recall: float = 1.0
    sampled: int = 0
    sampled_pairs: int = 0


def similar_pairs(
    vectors: Floats,
    threshold: float,
    *,
    exact_rows: int = 2_000_000,
    margin: float = 0.5,
    recall_rows: int = 2_000,
    most_pairs: int = 50_000_000,
    threads: int | None = None,
) -> Pairs:
    """Return all pairs of rows with cosine ≥ ``threshold``.

    Args:
        vectors: (n, d) float32, unit rows (within 1 %).
        threshold: cosine in (0, 1].
        exact_rows: up to so many rows every pruning is by proof. Above it, cells are left out when a row lies farther than
            ``margin`` times the proven distance from them, and recall is measured on ``recall_rows`` random rows.
        margin: in (0, 1]; 1 keeps the proof at any size.
        recall_rows: rows sampled to measure recall when pruning is not by proof.
        most_pairs: bound on the result.
        threads: worker threads, each with a single-threaded BLAS (default: the cores this process may use).

    Raises:
        ValueError: wrong shape or type, or a row that is not a finite unit vector (the message names the first one).
        TooManyPairs: more than ``most_pairs`` pairs reach the threshold.
    """
    _check_threshold(threshold)
    norms = normal_rows(vectors)
    n, d = vectors.shape
    count = threads or cores()
    with threadpool_limits(1), ThreadPoolExecutor(count) as pool:
        if n <= SMALL:
            short: Floats = np.asarray(vectors / norms[:, None].astype(np.float32), np.float32)
            plan = CellPlan.single(n)
        else:
            short = Reduction.fit(vectors, norms, threshold).apply(vectors, norms, pool)
            plan = plan_cells(short, threshold, pool, margin=1.0 if n <= exact_rows else margin)
        work = _Within(Rows(vectors, norms, short), plan, threshold)
        stage = Stage("similarity join", plan.work)
        found = Found(most_pairs)
        for visited, part in pool.map(work.visit, plan.visits()):
            found.add(part)
            stage.advance(visited)
        i, j, cosine = found.sorted(n)
        report = JoinReport(n, d, short.shape[1], plan.cells, plan.exact, plan.work, found.verified, len(i))
        if not plan.exact:
            rows = np.sort(np.random.default_rng(n).choice(n, min(recall_rows, n), replace=False))
            recall, truth = _recall(work, rows, i, j, pool)
            report = replace(report, recall=recall, sampled=len(rows), sampled_pairs=truth)
    return Pairs(i, j, cosine, report)


def similar_pairs_between(
    new: Floats,
    archive: Iterable[tuple[int, Floats | Rows]],
    threshold: float,
    *,
    reduction: Reduction | None = None,
    most_pairs: int = 50_000_000,
    threads: int | None = None,
) -> Pairs:
    """Return all pairs (row of ``new``, row of the archive) with cosine ≥ ``threshold``; always exact.

    Args:
        new: (n, d) float32, unit rows.
        archive: (offset, (m, d) float32 unit rows) blocks, read once; row k of a block is archive row ``offset + k``. Rows whose
            short forms are known already come as :class:`~.tiles.Rows`.
        threshold: cosine in (0, 1].
        reduction: what made the known short forms; needed with them.
        most_pairs: bound on the result.
        threads: worker threads.

    Memory beside ``new``: one block of the archive, its short rows, and one tile per thread.
    """
    _check_threshold(threshold)
    norms = normal_rows(new, "new")
    found = Found(most_pairs)
    rows = Rows(new, norms, new)
    fitted = False
    seen = 0
    with threadpool_limits(1), ThreadPoolExecutor(threads or cores()) as pool:
        for offset, block in archive:
            size = len(block.short) if isinstance(block, Rows) else len(block)
            if not size:
                continue
            _check_width(block.vectors if isinstance(block, Rows) else block, new)
            other = (
                block
                if isinstance(block, Rows)
                else Rows(block, normal_rows(block, f"archive block at {offset}"), block)
            )
            seen += size
            if not len(new):
                continue
            if reduction is None:
                reduction = Reduction.fit(other.vectors, other.norms, threshold)
            if not fitted:
                rows, fitted = replace(rows, short=reduction.apply(new, norms, pool)), True
            if not isinstance(block, Rows):
                other = replace(other, short=reduction.apply(other.vectors, other.norms, pool))
            work = _Between(rows, other, threshold)
            for part in pool.map(work.visit, range(0, size, TILE_ROWS)):
                found.add((part[0], part[1] + offset, part[2], part[3]))
    i, j, cosine = found.sorted(None)
    report = JoinReport(seen, new.shape[1], rows.short.shape[1], 1, True, seen * len(new), found.verified, len(i))
    return Pairs(i, j, cosine, report)


def _check_width(block: Floats, new: Floats) -> None:
    if block.shape[1] != new.shape[1]:
        raise ValueError(f"archive rows have {block.shape[1]} dimensions, new rows {new.shape[1]}: another encoder?")


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class _Within:
    """The visits of a self-join: one cell's members with each other and with the cell's guests."""

    rows: Rows
    plan: CellPlan
    threshold: float

    def visit(self, cell: int) -> tuple[int, Part]:
        """Return how many pairs were multiplied, and what was found in a cell."""
        members, guests = self.plan.rows(cell)
        base = np.ascontiguousarray(self.rows.short[members])
        parts: list[Part] = []
        for start in range(0, len(members), TILE_ROWS):
            tile = base[start : start + TILE_ROWS]
            for other in range(start, len(members), TILE_ROWS):
                a, b = near_in_tile(tile, base[other : other + TILE_ROWS], self.bound, triangle=other == start)
                parts.append(self.verified(members[start + a], members[other + b]))
        for at in range(0, len(guests), TILE_ROWS):
            visitors = guests[at : at + TILE_ROWS]
            tile = self.rows.short[visitors]
            for other in range(0, len(members), TILE_ROWS):
                a, b = near_in_tile(tile, base[other : other + TILE_ROWS], self.bound)
                parts.append(self.verified(visitors[a], members[other + b]))
        multiplied = len(members) * (len(members) - 1) // 2 + len(guests) * len(members)
        return multiplied, joined_parts(parts)

    @property
    def bound(self) -> float:
        """What a short product must reach."""
        return self.threshold - rounding(self.rows.short.shape[1])

    def verified(self, i: Index, j: Index) -> Part:
        """Keep the pairs of rows that reach the threshold."""
        return verified(self.rows, self.rows, i, j, self.threshold)


@dataclass(frozen=True)
class _Between:
    """The visits of a join with one archive block: all new rows with a slice of the block."""

    new: Rows
    block: Rows
    threshold: float

    def visit(self, start: int) -> Part:
        """Return what was found in the slice that begins at ``start``."""
        tile = self.block.short[start : start + TILE_ROWS]
        bound = self.threshold - rounding(tile.shape[1])
        parts: list[Part] = []
        for at in range(0, len(self.new.short), TILE_ROWS):
            a, b = near_in_tile(self.new.short[at : at + TILE_ROWS], tile, bound)
            parts.append(verified(self.new, self.block, a + at, b + start, self.threshold))
        return joined_parts(parts)


def _recall(work: _Within, rows: Index, i: Index, j: Index, pool: ThreadPoolExecutor) -> tuple[float, int]:
    """Return the share of the sampled rows' exact partners that the join found, and how many partners there are."""
    n = len(work.rows.vectors)
    short = work.rows.short[rows]

    def partners(start: int) -> int:
        a, b = near_in_tile(short, work.rows.short[start : start + TILE_ROWS], work.bound)
        other = b + start
        apart = rows[a] != other
        return len(work.verified(rows[a][apart], other[apart])[0])

    truth = sum(pool.map(partners, range(0, n, TILE_ROWS)))
    sampled = np.zeros(n, bool)
    sampled[rows] = True
    hit = int(sampled[i].sum() + sampled[j].sum())
    return (hit / truth if truth else 1.0), truth


def rounding(width: int) -> float:
    """Bound the rounding of a float32 product of two unit rows of ``width`` numbers, and of the rows themselves."""
    return (width + 8) * 2.0**-24 * 1.01


def _check_threshold(threshold: float) -> None:
    if not 0.0 < threshold <= 1.0:
        raise ValueError(f"threshold must be a cosine in (0, 1], not {threshold}")
