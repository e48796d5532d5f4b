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
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from heritage_assets.curation.duplicates.cells import CellPlan, plan_cells
from heritage_assets.curation.duplicates.reduction import Reduction, normal_rows
from heritage_assets.curation.progress import Stage

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

TILE_ROWS = 2_048
TILE_BYTES = 4 * TILE_ROWS * TILE_ROWS
VERIFY_ROWS = 2_048
SMALL = 3_000
"""Below so many rows a plain product in all dimensions costs less than preparing anything."""


class TooManyPairs(ValueError):
    """The join would return more pairs than the caller allows; the message says why and what to do."""


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
    exact_rows: int = 300_000,
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
            reduction, short = None, vectors / np.maximum(norms, 1e-30)[:, None].astype(np.float32)
            plan = CellPlan.single(n)
        else:
            reduction = Reduction.fit(vectors, norms, threshold)
            short = reduction.apply(vectors, norms, pool)
            plan = plan_cells(short, threshold, pool, margin=1.0 if n <= exact_rows else margin)
        slack = _slack(short.shape[1])
        work = _Work(vectors, norms, short, plan, threshold, slack, most_pairs)
        stage = Stage("similarity join", plan.work)
        found = _Found(most_pairs)
        for visited, part in pool.map(work.visit, plan.visits()):
            found.add(part)
            stage.advance(visited)
        i, j, cosine = found.sorted(n)
        exact = plan.exact
        recall, sampled, sampled_pairs = 1.0, 0, 0
        if not exact:
            rows = np.sort(np.random.default_rng(n).choice(n, min(recall_rows, n), replace=False))
            recall, sampled_pairs = _recall(work, rows, i, j, pool)
            sampled = len(rows)
    report = JoinReport(
        n, d, short.shape[1], plan.cells, exact, plan.work, found.verified, len(i), recall, sampled, sampled_pairs
    )
    return Pairs(i, j, cosine, report)


def similar_pairs_between(
    new: Floats,
    archive: Iterable[tuple[int, Floats]],
    threshold: float,
    *,
    most_pairs: int = 50_000_000,
    threads: int | None = None,
) -> Pairs:
    """Return all pairs (row of ``new``, row of the archive) with cosine ≥ ``threshold``; always exact.

    Args:
        new: (n, d) float32, unit rows.
        archive: (offset, (m, d) float32 unit rows) blocks, read once; row k of a block is archive row ``offset + k``.
        threshold: cosine in (0, 1].
        most_pairs: bound on the result.
        threads: worker threads.

    Memory beside ``new``: one block of the archive, its short rows, and one tile per thread.
    """
    _check_threshold(threshold)
    norms = normal_rows(new, "new")
    found = _Found(most_pairs)
    reduction: Reduction | None = None
    short: Floats | None = None
    seen = 0
    with threadpool_limits(1), ThreadPoolExecutor(threads or cores()) as pool:
        for offset, block in archive:
            if not len(block):
                continue
            if block.shape[1] != new.shape[1]:
                raise ValueError(
                    f"archive rows have {block.shape[1]} dimensions, new rows {new.shape[1]}: another encoder?"
                )
            block_norms = normal_rows(block, f"archive block at {offset}")
            seen += len(block)
            if not len(new):
                continue
            if reduction is None:
                reduction = Reduction.fit(block, block_norms, threshold)
                short = reduction.apply(new, norms, pool)
            assert short is not None
            other = reduction.apply(block, block_norms, pool)
            work = _Between(new, norms, short, block, block_norms, other, threshold, _slack(short.shape[1]))
            for part in pool.map(work.visit, range(0, len(block), TILE_ROWS)):
                found.add((part[0], part[1] + offset, part[2], part[3]))
    i, j, cosine = found.sorted(None)
    width = 0 if short is None else short.shape[1]
    report = JoinReport(seen, new.shape[1], width, 1, True, seen * len(new), found.verified, len(i))
    return Pairs(i, j, cosine, report)


def cosines(vectors: Floats, others: Floats) -> Doubles:
    """Return the float64 cosine of each row of ``vectors`` with the same row of ``others``; both (n, d) float32."""
    result = np.empty(len(vectors))
    for start in range(0, len(vectors), VERIFY_ROWS):
        a = vectors[start : start + VERIFY_ROWS].astype(np.float64)
        b = others[start : start + VERIFY_ROWS].astype(np.float64)
        scale = np.sqrt(np.einsum("ij,ij->i", a, a)) * np.sqrt(np.einsum("ij,ij->i", b, b))
        result[start : start + VERIFY_ROWS] = np.einsum("ij,ij->i", a, b) / scale
    return np.clip(result, -1.0, 1.0)


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


Part = tuple[Index, Index, Doubles, int]
"""Row numbers, their cosines, and how many candidates were verified."""


@dataclass
class _Work:
    """The visits of a self-join: queries of one cell against its rows."""

    vectors: Floats
    norms: Doubles
    short: Floats
    plan: CellPlan
    threshold: float
    slack: float
    most_pairs: int

    def visit(self, cell: int) -> tuple[int, Part]:
        """Compare the rows of ``cell`` with each other and with the rows from elsewhere that may have a partner in it."""
        members, guests = self.plan.rows(cell)
        base = np.ascontiguousarray(self.short[members])
        parts: list[Part] = []
        for start in range(0, len(members), TILE_ROWS):
            tile = base[start : start + TILE_ROWS]
            for other in range(start, len(members), TILE_ROWS):
                a, b = self._near(tile, base[other : other + TILE_ROWS], triangle=other == start)
                parts.append(self.verified(members[start + a], members[other + b]))
        for at in range(0, len(guests), TILE_ROWS):
            rows = guests[at : at + TILE_ROWS]
            tile = self.short[rows]
            for other in range(0, len(members), TILE_ROWS):
                a, b = self._near(tile, base[other : other + TILE_ROWS])
                parts.append(self.verified(rows[a], members[other + b]))
        visited = len(members) * (len(members) - 1) // 2 + len(guests) * len(members)
        return visited, _joined(parts)

    def _near(self, a: Floats, b: Floats, *, triangle: bool = False) -> tuple[Index, Index]:
        return near_in_tile(a, b, self.threshold - self.slack, triangle=triangle)

    def verified(self, i: Index, j: Index) -> Part:
        """Keep the candidates whose cosine, in float64 and all dimensions, reaches the threshold."""
        if not len(i):
            return i, j, np.empty(0), 0
        if len(i) > self.most_pairs * 4:
            raise _too_many(self.most_pairs)
        return _verify(self.vectors, self.norms, self.vectors, self.norms, i, j, self.threshold)


@dataclass
class _Between:
    """The visits of a join with one archive block."""

    new: Floats
    norms: Doubles
    short: Floats
    block: Floats
    block_norms: Doubles
    other: Floats
    threshold: float
    slack: float

    def visit(self, start: int) -> Part:
        """Compare all new rows with a slice of the block."""
        tile = self.other[start : start + TILE_ROWS]
        parts: list[Part] = []
        for at in range(0, len(self.short), TILE_ROWS):
            a, b = near_in_tile(self.short[at : at + TILE_ROWS], tile, self.threshold - self.slack)
            parts.append(_verify(self.new, self.norms, self.block, self.block_norms, a + at, b + start, self.threshold))
        return _joined(parts)


def near_in_tile(a: Floats, b: Floats, bound: float, *, triangle: bool = False) -> tuple[Index, Index]:
    """Return where ``a @ b.T`` reaches ``bound``; with ``triangle`` only above the diagonal."""
    product = a @ b.T
    # One pass finds the rows worth a second look: most tiles have none.
    hit = np.flatnonzero(product.max(axis=1) >= bound)
    if not len(hit):
        return hit, hit
    at, column = np.nonzero(product[hit] >= bound)
    row = hit[at]
    if triangle:
        above = row < column
        row, column = row[above], column[above]
    return row, column


def _verify(a: Floats, na: Doubles, b: Floats, nb: Doubles, i: Index, j: Index, threshold: float) -> Part:
    keep_i: list[Index] = []
    keep_j: list[Index] = []
    keep: list[Doubles] = []
    for start in range(0, len(i), VERIFY_ROWS):
        ii, jj = i[start : start + VERIFY_ROWS], j[start : start + VERIFY_ROWS]
        value = np.einsum("ij,ij->i", a[ii].astype(np.float64), b[jj].astype(np.float64)) / (na[ii] * nb[jj])
        reached = value >= threshold
        keep_i.append(ii[reached])
        keep_j.append(jj[reached])
        keep.append(value[reached])
    if not keep:
        return i, j, np.empty(0), 0
    return np.concatenate(keep_i), np.concatenate(keep_j), np.concatenate(keep), len(i)


def _joined(parts: list[Part]) -> Part:
    if not parts:
        nothing = np.empty(0, np.int64)
        return nothing, nothing, np.empty(0), 0
    return (
        np.concatenate([part[0] for part in parts]),
        np.concatenate([part[1] for part in parts]),
        np.concatenate([part[2] for part in parts]),
        sum(part[3] for part in parts),
    )


class _Found:
    """Pairs gathered from all visits, bounded."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.count = 0
        self.verified = 0
        self.parts: list[Part] = []

    def add(self, part: Part) -> None:
        self.count += len(part[0])
        self.verified += part[3]
        # A pair can be found from both of its cells.
        if self.count > 2 * self.most:
            raise _too_many(self.most)
        if len(part[0]):
            self.parts.append(part)

    def sorted(self, rows: int | None) -> tuple[Index, Index, Floats]:
        """Return the distinct pairs sorted by (i, j); a self-join (``rows`` given) is brought to i < j first."""
        i, j, cosine, _ = _joined(self.parts)
        if rows is not None:
            i, j = np.minimum(i, j), np.maximum(i, j)
        width = int(j.max()) + 1 if len(j) else 1
        _, first = np.unique(i * width + j, return_index=True)
        if len(first) > self.most:
            raise _too_many(self.most)
        return i[first], j[first], np.minimum(cosine[first], 1.0).astype(np.float32)


def _recall(work: _Work, rows: Index, i: Index, j: Index, pool: ThreadPoolExecutor) -> tuple[float, int]:
    """Return the share of the sampled rows' exact partners that the join found, and how many partners there are."""
    n = len(work.vectors)
    short = work.short[rows]

    def partners(start: int) -> int:
        a, b = near_in_tile(short, work.short[start : start + TILE_ROWS], work.threshold - work.slack)
        other = b + start
        apart = rows[a] != other
        return len(work.verified(rows[a][apart], other[apart])[0])

    truth = sum(pool.map(partners, range(0, n, TILE_ROWS)))
    sampled = np.zeros(n, bool)
    sampled[rows] = True
    hit = int(sampled[i].sum() + sampled[j].sum())
    return (hit / truth if truth else 1.0), truth


def _slack(width: int) -> float:
    """Bound the rounding of a float32 product of two unit rows of ``width`` numbers, and of the rows themselves."""
    return (width + 8) * 2.0**-24 * 1.01


def _check_threshold(threshold: float) -> None:
    if not 0.0 < threshold <= 1.0:
        raise ValueError(f"threshold must be a cosine in (0, 1], not {threshold}")


def _too_many(most: int) -> TooManyPairs:
    return TooManyPairs(
        f"more than {most:,} pairs reach the threshold: the encoder's scores crowd near 1, or one picture (a placeholder?) stands "
        "for many records. Calibrate the threshold for this encoder, or lower `most_same_image`."
    )


def blocks(rows: int, size: int) -> Iterator[slice]:
    """Yield slices of at most ``size`` that cover ``rows``."""
    for start in range(0, rows, size):
        yield slice(start, min(start + size, rows))
