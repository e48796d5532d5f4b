"""The best cuts of an ordered stream, and how sure each is: dynamic programming over evidence between scans a few places apart.

A segmentation scores the evidence of all pairs within its documents, plus a broad prior over lengths. The best one is found
exactly (Bellman's recursion); the probability of each cut comes from the same scores summed over all segmentations (forward and
backward, as for semi-Markov chains: Ostendorf, Digalakis, Kimball, "From HMM's to segment models", 1996).

Time: linear in scans times the longest document. Memory: about ``(8 · window + 60)`` bytes a scan.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Index = npt.NDArray[np.int64]

DECAY = 0.85
"""Weight of a pair against that of a pair one place nearer."""
SPREAD = 1.0
"""Standard deviation of the logarithm of lengths in the prior."""


@dataclass(frozen=True)
class Segmentation:
    """``starts``: (documents,) first places, ascending, from 0. ``cut_probability``: (scans,) that a document starts there."""

    starts: Index
    cut_probability: Doubles


def segment(
    evidence: npt.NDArray[np.floating],
    *,
    weight: float,
    typical_length: float,
    longest: int,
    caution: float = 0.0,
    must_cut: Flags | None = None,
    must_join: Flags | None = None,
) -> Segmentation:
    """Cut a stream into documents.

    Args:
        evidence: (scans, window) log odds that scan i and scan i + 1 + k are of one document; 0 where nothing is known.
        weight: how much the mean evidence over all distances counts against the prior.
        typical_length: pages of a usual document.
        longest: most pages of a document.
        caution: added to the score of every join (taken from every cut).
        must_cut: (scans,) places where a document has to start.
        must_join: (scans,) places where none may start.

    Raises:
        ValueError: a place that must both be cut and joined.
    """
    scans = len(evidence)
    if scans == 0:
        return Segmentation(np.zeros(0, np.int64), np.zeros(0))
    cut = _flags(must_cut, scans)
    join = _flags(must_join, scans)
    join[0] = False
    if (cut & join).any():
        raise ValueError(f"place {int(np.flatnonzero(cut & join)[0])} must be both cut and joined")
    longest = min(scans, max(longest, _longest_run(join) + 1))
    chain = _Chain(evidence, weight, typical_length, longest, caution, cut, join)
    starts, forward = chain.best()
    probability = chain.marginals(forward)
    probability[cut] = 1.0
    probability[0] = 1.0
    return Segmentation(starts, probability)


class _Chain:
    """Scores of documents [a, b), and the recursions over them."""

    def __init__(
        self,
        evidence: npt.NDArray[np.floating],
        weight: float,
        typical_length: float,
        longest: int,
        caution: float,
        cut: Flags,
        join: Flags,
    ) -> None:
        self.scans, self.window = evidence.shape
        self.longest = longest
        share = DECAY ** np.arange(self.window)
        share = (
            weight * share / share.sum() / np.arange(1, self.window + 1)
        )  # each distance has as many pairs across a cut
        after = np.zeros((self.scans, self.window + 1))  # after[a, m]: evidence between a and the m scans that follow
        np.cumsum(evidence * share, axis=1, out=after[:, 1:])
        self.inner = np.concatenate([[0.0], np.cumsum(after[:, self.window])])
        self.tail = np.zeros((self.scans + 1, self.window + 1))  # tail[b, k]: evidence within [b - k, b)
        for k in range(1, self.window + 1):
            ends = np.arange(k, self.scans + 1)
            self.tail[ends, k] = self.tail[ends, k - 1] + after[ends - k, k - 1]
        lengths = np.arange(1, longest + 1)
        self.prior = -(np.log(lengths / typical_length) ** 2) / (2 * SPREAD**2) - caution
        places = np.arange(self.scans + 1)
        forced = np.where(np.append(cut, False), places, 0)
        self.earliest = np.concatenate(
            [[0], np.maximum.accumulate(forced)[:-1]]
        )  # a document that ends at b starts here or later
        self.allowed = np.append(~join, True)
        nxt = np.where(np.append(cut, True), places, self.scans)
        self.until = np.append(
            np.minimum.accumulate(nxt[::-1])[::-1][1:], self.scans
        )  # one that starts at a ends here or sooner

    def ending(self, end: int) -> tuple[int, Doubles]:
        """Return the first possible start of a document that ends at ``end``, and the scores from there on."""
        first = max(int(self.earliest[end]), end - self.longest)
        near = min(self.window, end - first)
        score = np.empty(end - first)
        score[end - first - near :] = self.tail[end, near:0:-1]
        if end - first > near:
            score[: end - first - near] = self.tail[end, near] + self.inner[end - near] - self.inner[first : end - near]
        return first, score + self.prior[end - first - 1 :: -1][: end - first]

    def starting(self, start: int) -> tuple[int, Doubles]:
        """Return the last possible end of a document that starts at ``start``, and the scores from its first end on."""
        last = min(int(self.until[start]), start + self.longest)
        ends = np.arange(start + 1, last + 1)
        near = np.minimum(self.window, ends - start)
        score = self.tail[ends, near] + self.inner[ends - near] - self.inner[start]
        return last, score + self.prior[: last - start]

    def best(self) -> tuple[Index, Doubles]:
        """Return the starts of the best documents, and the log of the summed scores of what ends at each place."""
        best = np.full(self.scans + 1, -np.inf)
        total = np.full(self.scans + 1, -np.inf)
        back = np.zeros(self.scans + 1, np.int64)
        best[0] = total[0] = 0.0
        for end in range(1, self.scans + 1):
            if not self.allowed[end]:
                continue
            first, score = self.ending(end)
            ways = best[first:end] + score
            choice = int(np.argmax(ways))
            best[end], back[end] = ways[choice], first + choice
            total[end] = _log_sum(total[first:end] + score)
        starts, end = [], self.scans
        while end > 0:
            end = int(back[end])
            starts.append(end)
        return np.array(starts[::-1], np.int64), total

    def marginals(self, forward: Doubles) -> Doubles:
        """Return the probability of a cut at each place."""
        backward = np.full(self.scans + 1, -np.inf)
        backward[self.scans] = 0.0
        for start in range(self.scans - 1, -1, -1):
            if self.allowed[start]:
                last, score = self.starting(start)
                backward[start] = _log_sum(backward[start + 1 : last + 1] + score)
        with np.errstate(invalid="ignore"):
            log = forward[:-1] + backward[:-1] - forward[-1]
        chances: npt.NDArray[np.float64] = np.exp(np.minimum(np.nan_to_num(log, nan=-np.inf), 0.0))
        return chances


def _log_sum(values: Doubles) -> float:
    most = float(values.max())
    return most if most == -np.inf else most + float(np.log(np.exp(values - most).sum()))


def _flags(given: Flags | None, scans: int) -> Flags:
    if given is None:
        return np.zeros(scans, bool)
    if len(given) != scans:
        raise ValueError(f"{len(given)} flags for {scans} scans")
    return given.copy()


def _longest_run(flags: Flags) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return int((edges[1::2] - edges[::2]).max(initial=0))
