"""Exact join of 64-bit perceptual hashes by Hamming distance.

Pigeonhole: cut 64 bits into k + 1 bands; two hashes that differ in at most k bits agree in at least one band. So only
hashes that share a band are compared (multi-index hashing: Norouzi, Punjani, Fleet, CVPR 2012). Memory: 24 bytes per distinct
hash and band, and ``CHUNK`` comparisons at a time.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Hashes = npt.NDArray[np.uint64]
Index = npt.NDArray[np.int64]

BITS = 64
DIGITS = BITS // 4
CHUNK = 4_000_000
TABLE_BITS = 20
"""Bands of so many bits, or fewer, are looked up in a table before they are searched for."""
MANY = 8
"""A side so many times the other is not sorted."""

_NIBBLES = np.full(256, 16, np.uint8)
_NIBBLES[np.frombuffer(b"0123456789abcdef", np.uint8)] = np.arange(16)
_NIBBLES[np.frombuffer(b"ABCDEF", np.uint8)] = np.arange(10, 16)


def parse_hashes(column: pa.Array | pa.ChunkedArray) -> tuple[Hashes, npt.NDArray[np.bool_]]:
    """Return (values uint64, valid bool) of a string column of 16 hexadecimal digits; null and malformed ones are not valid."""
    flat = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    sized = pc.fill_null(pc.equal(pc.binary_length(flat), DIGITS), False)
    valid = np.array(sized.to_numpy(zero_copy_only=False), bool)
    whole = flat.filter(sized).cast(pa.binary()).cast(pa.binary(DIGITS))
    digits = _NIBBLES[np.frombuffer(whole.buffers()[1], np.uint8, len(whole) * DIGITS, whole.offset * DIGITS)]
    digits = digits.reshape(len(whole), DIGITS)
    # 16 stands for what is no digit.
    valid[valid] = hexadecimal = (digits < 16).all(axis=1)
    values = np.zeros(len(flat), np.uint64)
    packed = digits[hexadecimal, 0::2] << 4 | digits[hexadecimal, 1::2]
    values[valid] = packed.view(">u8").ravel()
    return values, valid


def near_hashes(hashes: Hashes, distance: int, *, most_pairs: int = 50_000_000) -> tuple[Index, Index]:
    """Return all i < j whose hashes differ in at most ``distance`` bits (0 to 31), sorted by (i, j)."""
    i, j = near_hashes_between(hashes, hashes, distance, most_pairs=most_pairs, ordered=True)
    return i, j


def near_hashes_between(
    new: Hashes, archive: Hashes, distance: int, *, most_pairs: int = 50_000_000, ordered: bool = False
) -> tuple[Index, Index]:
    """Return all (i in ``new``, j in ``archive``) whose hashes differ in at most ``distance`` bits.

    Args:
        new: (n,) uint64.
        archive: (m,) uint64.
        distance: 0 to 31.
        most_pairs: bound on the result.
        ordered: keep only i < j (a self-join).

    Raises:
        ValueError: a distance out of range, or more than ``most_pairs`` pairs.
    """
    if not 0 <= distance < BITS // 2:
        raise ValueError(f"hash distance must be 0 to {BITS // 2 - 1}, not {distance}")
    values, inverse = np.unique(new, return_inverse=True)
    if len(archive) > MANY * len(new):
        others, other_inverse = archive, np.arange(len(archive))
    else:
        others, other_inverse = np.unique(archive, return_inverse=True)
    a, b = _near_distinct(values, others, distance)
    return _expanded((a, b), (inverse, other_inverse), most_pairs, ordered=ordered)


def _near_distinct(values: Hashes, others: Hashes, distance: int) -> tuple[Index, Index]:
    """Return all (i, j) of hashes that are near, sorted by (i, j)."""
    if len(values) < len(others):
        # The longer side is looked up in the shorter: that one is sorted by each band.
        j, i = _near_distinct(others, values, distance)
        order = np.lexsort((j, i))
        return i[order], j[order]
    edges = np.linspace(0, BITS, distance + 2).astype(int)
    found: list[Index] = []
    for low, high in pairwise(edges.tolist()):
        mask = np.uint64(((1 << (high - low)) - 1) << low)
        band = others & mask
        order = np.argsort(band, kind="stable")
        keys = band[order]
        mine = values & mask
        known = _in_band(keys, mine, low, high)
        start, end = np.searchsorted(keys, mine[known], "left"), np.searchsorted(keys, mine[known], "right")
        for rows in _chunks(end - start):
            i, at = _ranges(rows, start, end)
            i, j = known[i], order[at]
            close = np.bitwise_count(values[i] ^ others[j]) <= distance
            found.append(i[close] * len(others) + j[close])
    codes = np.unique(np.concatenate(found)) if found else np.empty(0, np.int64)
    return codes // max(len(others), 1), codes % max(len(others), 1)


def _in_band(keys: Hashes, mine: Hashes, low: int, high: int) -> Index:
    """Return where ``mine``, zero outside the bits from ``low`` to ``high``, holds one of ``keys``; or all, for a wide band."""
    if high - low > TABLE_BITS:
        return np.arange(len(mine))
    table = np.zeros(1 << (high - low), bool)
    table[(keys >> np.uint64(low)).astype(np.int64)] = True
    return np.flatnonzero(table[(mine >> np.uint64(low)).astype(np.int64)])


def _chunks(counts: Index) -> list[slice]:
    """Cut the rows so that each slice makes about ``CHUNK`` comparisons."""
    steps = np.cumsum(counts) // CHUNK
    edges = [0, *(np.flatnonzero(np.diff(steps)) + 1).tolist(), len(counts)]
    return [slice(a, b) for a, b in pairwise(edges) if b > a]


def _ranges(rows: slice, start: Index, end: Index) -> tuple[Index, Index]:
    """Expand [start, end) of each row to (row, position) pairs."""
    first, last = start[rows], end[rows]
    counts = last - first
    i = np.repeat(np.arange(rows.start, rows.stop), counts)
    offset = np.repeat(np.cumsum(counts) - counts, counts)
    return i, np.arange(len(i)) - offset + np.repeat(first, counts)


def _expanded(
    pairs: tuple[Index, Index], inverses: tuple[Index, Index], most_pairs: int, *, ordered: bool
) -> tuple[Index, Index]:
    """Turn pairs of distinct values back into pairs of rows."""
    (a, b), (inverse, other_inverse) = pairs, inverses
    rows, row_starts = _members(inverse, int(inverse.max()) + 1 if len(inverse) else 0)
    others, other_starts = _members(other_inverse, int(other_inverse.max()) + 1 if len(other_inverse) else 0)
    sizes = np.diff(row_starts)[a] * np.diff(other_starts)[b]
    if int(sizes.sum()) > (2 * most_pairs + len(inverse) if ordered else most_pairs):
        value = int(np.argmax(np.diff(other_starts)))
        raise ValueError(
            f"more than {most_pairs:,} pairs of equal hashes; one hash stands for {int(np.diff(other_starts)[value]):,} records "
            "(blank pictures or a placeholder?): lower `max_same_image`, or leave those records out"
        )
    pair = np.repeat(np.arange(len(a)), sizes)
    local = np.arange(len(pair)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    width = np.diff(other_starts)[b][pair]
    i = rows[row_starts[a][pair] + local // np.maximum(width, 1)]
    j = others[other_starts[b][pair] + local % np.maximum(width, 1)]
    if ordered:
        keep = i < j
        i, j = i[keep], j[keep]
    order = np.lexsort((j, i))
    return i[order], j[order]


def _members(inverse: Index, groups: int) -> tuple[Index, Index]:
    order = np.argsort(inverse, kind="stable")
    starts = np.searchsorted(inverse[order], np.arange(groups + 1))
    return order, starts
