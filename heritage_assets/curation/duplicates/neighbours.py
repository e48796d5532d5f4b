"""The pictures around a picture that are not copies of it: how alike they look, and how scores and hashes go on from there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from heritage_assets.curation.duplicates.attributes import Attributes
from heritage_assets.curation.duplicates.settings import DuplicateSettings

Doubles = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]
Hashes = npt.NDArray[np.uint64]
Index = npt.NDArray[np.int64]
TellsApart = Callable[[Index, slice], npt.NDArray[np.bool_]]
"""Rows and a block of others to a (rows, others) matrix: pairs that their metadata tell apart, whatever the pixels say."""

TAIL = 0.1
"""Share of ``different`` that the tail is fitted to."""
RING = ((13, 14), (15, 16), (17, 18), (19, 20))
"""Hash distances of pairs that are neither copies nor unrelated; two a bin, as pHash mostly differs in an even number of bits."""
SCORE_BINS = 4_000
BLOCK = 8_192


@dataclass(frozen=True)
class Neighbours:
    """Different pictures around some sampled ones.

    ``far``: (n,) cosine of the nearest neighbour whose hash is not near; ``near``: (n,) of the nearest with a near hash that
    does not score like a copy; NaN where there is none. ``twins``: neighbours per sampled picture that do
    score like a copy. ``ring_pairs``: (4,) pairs per sampled picture in each bin of
    :data:`RING`. ``ring_scores``: histogram of their cosines over [-1, 1].
    """

    far: Doubles
    near: Doubles
    twins: float
    ring_pairs: Doubles
    ring_scores: npt.NDArray[np.int64]

    def expected(self, distance: int) -> float:
        """Return the expected number of different neighbours per picture whose hash differs in at most ``distance`` bits.

        The logarithm of the ring's counts is continued as a straight line; it never rises towards nearer hashes.
        """
        bins = np.arange(len(RING))
        counts = np.maximum(self.ring_pairs, 0.5 / max(len(self.far), 1))
        slope, height = np.polyfit(bins, np.log(counts), 1, w=np.sqrt(counts))
        slope = max(float(slope), 0.0)
        height = min(float(height), float(np.log(counts.max())))
        below = np.arange(-(RING[0][0] // 2), 0) + 0.0
        inside = below[np.array([RING[0][0] + 2 * k for k in below]) <= distance]
        return max(float(np.exp(height + slope * inside).sum()), 1e-12)

    def score_reached_by(self, share: float) -> float:
        """Return the cosine that a share of the ring's pairs reaches, by the exponential tail; -1 when there is no ring."""
        total = int(self.ring_scores.sum())
        if not total or share >= 1.0:
            return -1.0
        centres = (np.arange(SCORE_BINS) + 0.5) / SCORE_BINS * 2.0 - 1.0
        return tail(np.repeat(centres, self.ring_scores), share)


def metadata_tell_apart(records: Attributes, settings: DuplicateSettings) -> TellsApart:
    """Return which pairs of records dates or inventory numbers of one house tell apart (parts are left to the rules)."""
    first, last = records.years
    numbers: dict[frozenset[str], int] = {}
    number = np.array([numbers.setdefault(values, len(numbers)) if values else -1 for values in records.inventory])

    def tells_apart(rows: Index, part: slice) -> npt.NDArray[np.bool_]:
        gap = np.fmax(first[rows, None] - last[None, part], first[None, part] - last[rows, None])
        one_house = (records.holders[rows, None] == records.holders[None, part]) & (records.holders[rows, None] >= 0)
        numbered = (number[rows, None] >= 0) & (number[None, part] >= 0)
        others = number[rows, None] != number[None, part]
        return np.asarray(
            (np.nan_to_num(gap, nan=-1.0) > settings.year_tolerance) | (one_house & numbered & others), bool
        )

    return tells_apart


def neighbours(
    vectors: Floats,
    hashes: Hashes,
    rows: Index,
    settings: DuplicateSettings,
    like_a_copy: float,
    tells_apart: TellsApart | None = None,
) -> Neighbours:
    """Look around ``rows`` in the whole collection.

    A neighbour whose hash differs in more than ``hash_near`` bits is different, unless it scores at least ``like_a_copy`` and
    its hash is not far; one with a nearer hash is different when it scores less. Pairs that metadata tell apart are left out:
    pixels do not decide about them. Memory: about ``24 · rows · BLOCK`` bytes.
    """
    nearest = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    twins = 0.0
    pairs = np.zeros(len(RING))
    scores = np.zeros(SCORE_BINS, np.int64)
    for start in range(0, len(vectors), BLOCK):
        part = slice(start, start + BLOCK)
        score = vectors[rows] @ vectors[part].T
        distance = np.bitwise_count(hashes[rows, None] ^ hashes[None, part])
        open_pairs = np.ones(score.shape, bool) if tells_apart is None else ~tells_apart(rows, part)
        copy = (distance <= settings.hash_far) & (score >= like_a_copy)
        twins += float(np.count_nonzero(copy & open_pairs))
        for target, mask in zip(nearest, (distance > settings.hash_near, distance <= settings.hash_near), strict=True):
            best = np.where(mask & open_pairs & ~copy, score, -np.inf).max(axis=1)
            np.fmax(target, np.where(np.isfinite(best), best, np.nan), out=target)
        for number, (low, high) in enumerate(RING):
            inside = (distance >= low) & (distance <= high) & open_pairs & ~copy
            pairs[number] += np.count_nonzero(inside)
            scores += np.histogram(score[inside], SCORE_BINS, (-1.0, 1.0))[0]
    # Each row was found as its own twin.
    return Neighbours(*nearest, twins / max(len(rows), 1) - 1.0, pairs / max(len(rows), 1), scores)


def tail(scores: Doubles, share: float) -> float:
    """Return the score that ``share`` of ``scores`` reaches; beyond what was seen, by the power law of near neighbours.

    Near a point the share of others within distance r grows as r to the power of the local intrinsic dimension (Houle 2013; its
    maximum-likelihood estimate: Amsaleg et al., KDD 2015); 1 - cosine is half the squared distance, so it follows one too.
    """
    if not len(scores):
        return 0.98
    seen = float(np.quantile(scores, 1.0 - min(share, 1.0), method="higher"))
    if share >= TAIL:
        return seen
    radius = 1.0 - float(np.quantile(scores, 1.0 - TAIL))
    inside = np.log(radius / np.maximum(1.0 - scores[scores > 1.0 - radius], 1e-6))
    if not len(inside) or inside.mean() <= 0:
        return seen
    return max(1.0 - radius * float((share / TAIL) ** inside.mean()), seen)
