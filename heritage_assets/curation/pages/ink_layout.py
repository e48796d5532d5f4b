"""The layout of a page as one vector: where its ink is, how long its runs are, where its edges point."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

PROFILE_BINS = 24
RUN_EDGES = (1, 2, 3, 4, 6, 9, 14, 22, 36, 64, 2_048)
ORIENTATIONS = 12
GRID = (8, 6)
LAYOUT_PARTS: dict[str, slice] = {}
"""Parts of the ``layout`` vector, each of unit length: profiles of ink by row and by column, lengths of runs of ink and of paper
along rows and columns, directions of edges, and ink in a coarse grid."""
_at = 0
for _name, _size in (
    ("rows", PROFILE_BINS),
    ("columns", PROFILE_BINS),
    ("runs", 4 * (len(RUN_EDGES) - 1)),
    ("directions", ORIENTATIONS),
    ("grid", GRID[0] * GRID[1]),
):
    LAYOUT_PARTS[_name] = slice(_at, _at + _size)
    _at += _size
LAYOUT_SIZE = _at


def layout_vector(
    ink: Mask, lightness: Floats, rows: npt.NDArray[np.floating], columns: npt.NDArray[np.floating]
) -> Floats:
    """Return the ``layout`` vector of a page, (148,) float32.

    Args:
        ink: of the page, (height, width).
        lightness: of the page, (height, width), 0 to 100.
        rows, columns: shares of ink by row and by column.
    """
    return np.concatenate(
        [
            unit(_binned(rows, PROFILE_BINS)),
            unit(_binned(columns, PROFILE_BINS)),
            unit(np.sqrt(run_lengths(ink))),
            unit(edge_directions(lightness)),
            unit(_grid(ink)),
        ]
    ).astype(np.float32)


def run_lengths(ink: Mask) -> Floats:
    """Return shares of lengths of runs: of ink and of paper, along rows and along columns, 10 bins each, (40,) float32.

    After Gordo, Perronnin, Valveny, "Large-scale document image retrieval and classification with runlength histograms and
    binary embeddings" (Pattern Recognition, 2013), on the whole page.
    """
    parts = []
    for picture in (ink, ink.T):
        ruled = np.zeros((picture.shape[0], picture.shape[1] + 1), np.int8)
        ruled[:, :-1] = np.where(picture, 1, -1)  # the last column, 0, ends the run of every row
        flat = ruled.ravel()
        starts = np.concatenate([[0], np.flatnonzero(flat[1:] != flat[:-1]) + 1])
        lengths = np.diff(np.append(starts, len(flat)))
        kinds = flat[starts]
        for kind in (1, -1):
            counts, _ = np.histogram(lengths[kinds == kind], RUN_EDGES)
            parts.append(counts / max(counts.sum(), 1))
    return np.concatenate(parts).astype(np.float32)


def edge_directions(lightness: Floats) -> Floats:
    """Return how the strength of edges spreads over 12 directions of 15°, (12,) float32, sum 1 (0 without edges)."""
    if min(lightness.shape) < 3:
        return np.zeros(ORIENTATIONS, np.float32)
    down, across = (np.asarray(slope) for slope in np.gradient(lightness))
    strength = np.asarray(np.hypot(down, across))
    strong: Mask = np.asarray(strength) > 4.0
    angle = np.mod(np.arctan2(down[strong], across[strong]), np.pi)
    bins = np.minimum((angle / np.pi * ORIENTATIONS).astype(np.int64), ORIENTATIONS - 1)
    weights = np.bincount(bins, strength[strong], ORIENTATIONS)
    shares: npt.NDArray[np.float32] = (weights / max(float(weights.sum()), 1e-9)).astype(np.float32)
    return shares


def _binned(values: npt.NDArray[np.floating], bins: int) -> npt.NDArray[np.floating]:
    edges = np.linspace(0, len(values), bins + 1)
    sums = np.concatenate([[0.0], np.cumsum(values)])
    at = np.interp(edges, np.arange(len(sums)), sums)
    return np.asarray(np.diff(at) / max(len(values) / bins, 1e-9))


def _grid(ink: Mask) -> npt.NDArray[np.floating]:
    rows = np.stack(
        [_binned(row, GRID[1]) for row in np.stack([_binned(column, GRID[0]) for column in ink.T[::2]], axis=1)]
    )
    return rows.ravel()


def unit(values: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Return the values at length 1; nothing stays nothing."""
    norm = float(np.linalg.norm(values))
    return values / norm if norm > 1e-9 else np.zeros_like(values)
