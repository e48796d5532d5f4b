"""Cells of near rows, so that most pairs of rows never have to be multiplied.

Centres are found by a few rounds of spherical k-means on a sample; every row belongs to the centre with the greatest product.

Proof of the pruning. Let x lie in cell a and y in cell b, and u = (a - b)/|a - b|. Then <x, u> ≥ 0 ≥ <y, u>, and
<x, u> - <y, u> ≤ |x - y| ≤ δ for a pair with cosine ≥ t, where δ = sqrt(2 - 2t). So one of the two lies within δ/2 of the plane
between the cells: it is enough that every row visits the cells whose plane is within δ/2 of it. With ``margin`` < 1 only
``margin``·δ/2 is kept: cheaper, and no longer a proof, so :mod:`.join` measures the recall of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import isqrt
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Index = npt.NDArray[np.int64]

BLOCK = 4_096
MOST_CELLS = 4_096
TRAINING_ROWS_PER_CELL = 24
ROUNDS = 6
PROBE = 2_048
ROUNDING = 1e-5


@dataclass(frozen=True)
class CellPlan:
    """Which rows are compared with which: each cell's members with each other and with the cell's guests.

    ``members`` holds row numbers sorted by cell, ``guests`` the visiting rows sorted by the cell they visit; the starts are
    offsets into them, one more than there are cells.
    """

    members: Index
    starts: Index
    guests: npt.NDArray[np.int32]
    guest_starts: Index
    exact: bool

    @classmethod
    def single(cls, rows: int) -> CellPlan:
        """Put all rows in one cell."""
        return cls.blocks(rows, max(rows, 1))

    @classmethod
    def blocks(cls, rows: int, size: int) -> CellPlan:
        """Cut rows into blocks of ``size`` of which each is visited by all rows after it: every pair, once."""
        starts = np.append(np.arange(0, rows, size), rows).astype(np.int64)
        later = [np.arange(end, rows, dtype=np.int32) for end in starts[1:]]
        ends = np.cumsum([0] + [len(part) for part in later]).astype(np.int64)
        guests = np.concatenate(later) if later else np.empty(0, np.int32)
        return cls(np.arange(rows, dtype=np.int64), starts, guests, ends, True)

    @property
    def cells(self) -> int:
        """How many cells there are."""
        return len(self.starts) - 1

    @property
    def work(self) -> int:
        """How many pairs of rows will be multiplied."""
        sizes, visitors = np.diff(self.starts), np.diff(self.guest_starts)
        return int((sizes * (sizes - 1) // 2 + visitors * sizes).sum())

    def visits(self) -> Iterator[int]:
        """Yield the cells, those with most work first, so that no thread is left alone with a great one."""
        sizes, visitors = np.diff(self.starts), np.diff(self.guest_starts)
        yield from np.argsort(-(sizes * (sizes + 2 * visitors)), kind="stable").tolist()

    def rows(self, cell: int) -> tuple[Index, Index]:
        """Return the row numbers of the members and of the guests of a cell."""
        members = self.members[self.starts[cell] : self.starts[cell + 1]]
        guests = self.guests[self.guest_starts[cell] : self.guest_starts[cell + 1]]
        return members, guests.astype(np.int64)


def plan_cells(short: Floats, threshold: float, pool: ThreadPoolExecutor, *, margin: float = 1.0) -> CellPlan:
    """Plan the join of (n, m) float32 unit rows; falls back to all pairs where cells would not save half of them."""
    n = len(short)
    # Finding the visits costs rows x cells, making them rows² / cells: about even here.
    cells = min(MOST_CELLS, isqrt(n))
    reach = margin * np.sqrt(2.0 - 2.0 * threshold) / 2.0
    if cells < 8:
        return CellPlan.blocks(n, BLOCK)
    centres = _centres(short, cells)
    apart = np.sqrt(np.clip(2.0 - 2.0 * centres @ centres.T, 0.0, None)).astype(np.float32)
    probe = short[:: max(1, n // PROBE)][:PROBE]
    _, near, _ = _visits(probe, centres, apart, reach)
    if len(near) / len(probe) > cells / 4:
        return CellPlan.blocks(n, BLOCK)

    def visits(start: int) -> tuple[Index, Index, Index]:
        home, row, cell = _visits(short[start : start + BLOCK], centres, apart, reach)
        return home, row + start, cell

    parts = list(pool.map(visits, range(0, n, BLOCK)))
    home = np.concatenate([part[0] for part in parts])
    row = np.concatenate([part[1] for part in parts]).astype(np.int32)
    cell = np.concatenate([part[2] for part in parts]).astype(np.int32)
    members, starts = _grouped(home, cells)
    order, guest_starts = _grouped(cell, cells)
    return CellPlan(members, starts, row[order], guest_starts, margin >= 1.0)


def _visits(rows: Floats, centres: Floats, apart: Floats, reach: float) -> tuple[Index, Index, Index]:
    """Return each row's home cell, and (row, cell) for the other cells whose plane is within ``reach`` of the row."""
    product = rows @ centres.T
    home = product.argmax(axis=1)
    own = product[np.arange(len(rows)), home]
    # One cheap pass with the widest reach of all leaves few entries for the exact test.
    row, cell = np.nonzero(product >= (own - (reach * apart.max() + ROUNDING))[:, None])
    near = (product[row, cell] >= own[row] - (reach * apart[home[row], cell] + ROUNDING)) & (cell != home[row])
    return home, row[near], cell[near]


def _centres(short: Floats, cells: int) -> Floats:
    """Return (cells, m) float32 unit centres; the same for the same rows (fixed seed)."""
    rng = np.random.default_rng(cells)
    wanted = min(len(short), cells * TRAINING_ROWS_PER_CELL)
    sample = short[np.sort(rng.choice(len(short), wanted, replace=False))]
    centres = sample[np.sort(rng.choice(wanted, cells, replace=False))].copy()
    for _ in range(ROUNDS):
        home = np.concatenate([(sample[s : s + BLOCK] @ centres.T).argmax(axis=1) for s in range(0, wanted, BLOCK)])
        order, starts = _grouped(home, cells)
        filled = np.flatnonzero(np.diff(starts))
        sums = np.add.reduceat(sample[order], starts[filled], axis=0)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        centres[filled] = np.where(lengths > 0, sums / np.maximum(lengths, 1e-12), centres[filled])
    return np.ascontiguousarray(centres, np.float32)


def _grouped(labels: npt.NDArray[np.integer[Any]], groups: int) -> tuple[Index, Index]:
    """Return the positions sorted by label, and where each label starts (``groups + 1`` offsets)."""
    order = np.argsort(labels, kind="stable")
    starts = np.searchsorted(labels[order], np.arange(groups + 1))
    return order, starts.astype(np.int64)
