"""The inner loops of the similarity join: short products in tiles, verification in float64, and gathering what was found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

VERIFY_ROWS = 2_048

Part = tuple[Index, Index, Doubles, int]
"""Row numbers, their cosines, and how many candidates were verified."""


@dataclass(frozen=True)
class Rows:
    """Unit rows three ways: (n, d) float32, their (n,) float64 norms, and their (n, m) float32 short forms.

    With ``at``, (n,), row k is row ``at[k]`` of ``vectors`` and ``norms``, which then may have more rows, and lie on a disk.
    """

    vectors: Floats
    norms: Doubles
    short: Floats
    at: Index | None = None

    def only(self, rows: Index) -> Rows:
        """Return some of the rows; no vector is copied, but short forms are."""
        return Rows(self.vectors, self.norms, self.short[rows], rows if self.at is None else self.at[rows])

    def whole(self, rows: Index) -> tuple[Floats, Doubles]:
        """Return the vectors and norms of some rows."""
        places = rows if self.at is None else self.at[rows]
        return self.vectors[places], self.norms[places]


class TooManyPairs(ValueError):
    """The join would return more pairs than the caller allows; the message says why and what to do."""


def cosines(vectors: Floats, others: Floats) -> Doubles:
    """Return the float64 cosine of each row of ``vectors`` with the same row of ``others``; both (n, d) float32."""
    result = np.empty(len(vectors))
    for start in range(0, len(vectors), VERIFY_ROWS):
        a = vectors[start : start + VERIFY_ROWS].astype(np.float64)
        b = others[start : start + VERIFY_ROWS].astype(np.float64)
        scale = np.sqrt(np.einsum("ij,ij->i", a, a)) * np.sqrt(np.einsum("ij,ij->i", b, b))
        result[start : start + VERIFY_ROWS] = np.einsum("ij,ij->i", a, b) / scale
    return np.clip(result, -1.0, 1.0)


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


def verified(left: Rows, right: Rows, i: Index, j: Index, threshold: float) -> Part:
    """Keep the candidates whose cosine, in float64 and all dimensions, reaches the threshold."""
    if not len(i):
        return i, j, np.empty(0), 0
    keep_i: list[Index] = []
    keep_j: list[Index] = []
    keep: list[Doubles] = []
    for start in range(0, len(i), VERIFY_ROWS):
        ii, jj = i[start : start + VERIFY_ROWS], j[start : start + VERIFY_ROWS]
        (a, norm_a), (b, norm_b) = left.whole(ii), right.whole(jj)
        value = np.einsum("ij,ij->i", a.astype(np.float64), b.astype(np.float64)) / (norm_a * norm_b)
        reached = value >= threshold
        keep_i.append(ii[reached])
        keep_j.append(jj[reached])
        keep.append(value[reached])
    return np.concatenate(keep_i), np.concatenate(keep_j), np.concatenate(keep), len(i)


def joined_parts(parts: list[Part]) -> Part:
    """Put the parts behind one another."""
    if not parts:
        nothing = np.empty(0, np.int64)
        return nothing, nothing, np.empty(0), 0
    return (
        np.concatenate([part[0] for part in parts]),
        np.concatenate([part[1] for part in parts]),
        np.concatenate([part[2] for part in parts]),
        sum(part[3] for part in parts),
    )


class Found:
    """Pairs gathered from all visits, bounded."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.count = 0
        self.verified = 0
        self.parts: list[Part] = []

    def add(self, part: Part) -> None:
        """Take one more part."""
        self.count += len(part[0])
        self.verified += part[3]
        # A pair can be found from both of its cells.
        if self.count > 2 * self.most:
            raise too_many_pairs(self.most)
        if len(part[0]):
            self.parts.append(part)

    def sorted(self, rows: int | None) -> tuple[Index, Index, Floats]:
        """Return the distinct pairs sorted by (i, j); a self-join (``rows`` given) is brought to i < j first."""
        i, j, cosine, _ = joined_parts(self.parts)
        if rows is not None:
            i, j = np.minimum(i, j), np.maximum(i, j)
        width = int(j.max()) + 1 if len(j) else 1
        _, first = np.unique(i * width + j, return_index=True)
        if len(first) > self.most:
            raise too_many_pairs(self.most)
        return i[first], j[first], np.minimum(cosine[first], 1.0).astype(np.float32)


def too_many_pairs(most: int) -> TooManyPairs:
    """Return the error of a join that exceeds its bound."""
    return TooManyPairs(
        f"more than {most:,} pairs reach the threshold: the encoder's scores crowd near 1, or one picture (a placeholder?) "
        "stands for many records. Calibrate the threshold for this encoder, or lower `most_same_image`."
    )
