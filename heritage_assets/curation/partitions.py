"""Two partitions of the same things, counted: what every figure about groups against a truth is made of.

Memory and time are linear in things and in pairs of (proposed, true) groups that share one; pairs of things are never listed.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable

import numpy as np
import numpy.typing as npt

Index = npt.NDArray[np.int64]


class Overlap:
    """Sizes of proposed groups, of true groups, and of what they share (``shared[k]`` things of ``mine[k]`` and ``true[k]``).

    Attributes:
        things: how many there are.
        of_mine: int64 [proposed groups], sizes.
        of_true: int64 [true groups], sizes.
        mine, true, shared: int64 [meetings], a proposed group, a true one, and what both hold (1 or more).
        meeting: int64 [things], the row of ``shared`` in which each is counted.
    """

    def __init__(self, mine: Index, true: Index) -> None:
        self.things = len(mine)
        self.of_mine = np.bincount(mine).astype(np.int64)
        self.of_true = np.bincount(true).astype(np.int64)
        codes, meeting, shared = np.unique(mine * len(self.of_true) + true, return_inverse=True, return_counts=True)
        self.meeting = meeting.astype(np.int64)
        self.shared = shared.astype(np.int64)
        self.mine = codes // len(self.of_true)
        self.true = codes % len(self.of_true)

    def pairs(self) -> tuple[int, int, int]:
        """Return how many pairs of things are together in both partitions, in the proposed one, in the true one."""
        return pair_count(self.shared), pair_count(self.of_mine), pair_count(self.of_true)

    def bcubed(self) -> tuple[float, float]:
        """Return B-cubed precision and recall, means over things.

        Source: Bagga and Baldwin, "Algorithms for scoring coreference chains", 1998; Amigó et al. 2009.
        """
        precision, recall = (float(sums.sum() / self.things) for sums in self.bcubed_sums())
        return precision, recall

    def bcubed_sums(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return what the things of each meeting add to B-cubed precision and to recall; float64 [meetings] each."""
        squares = self.shared.astype(np.float64) ** 2
        return squares / self.of_mine[self.mine], squares / self.of_true[self.true]


def numbered(labels: Iterable[Hashable]) -> Index:
    """Number labels by first appearance, from 0; int64 [labels]."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(label, len(numbers)) for label in labels], np.int64)


def pair_count(sizes: Index) -> int:
    """Return how many pairs groups of these sizes hold."""
    return int((sizes * (sizes - 1) // 2).sum())


def harmonic_mean(precision: float, recall: float) -> float:
    """Return F1; 0 where both are 0."""
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
