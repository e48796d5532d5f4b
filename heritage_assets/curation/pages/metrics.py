"""How good a grouping is. Group names never matter, only the partition and, for boundaries, the order of the scans.

Memory and time are linear in scans and in pairs of (proposed, true) groups that share a scan.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from heritage_assets.curation.partitions import Index, Overlap, harmonic_mean, numbered


@dataclass(frozen=True)
class Figures:
    """Figures of one grouping against the truth; all but the counts lie between 0 and 1 (``adjusted_rand``: up to 1)."""

    scans: int
    groups: int
    true_groups: int
    boundary_precision: float
    boundary_recall: float
    boundary_f1: float
    pair_precision: float
    pair_recall: float
    pair_f1: float
    bcubed_precision: float
    bcubed_recall: float
    bcubed_f1: float
    panoptic_quality: float
    adjusted_rand: float
    drags: int

    def as_dict(self) -> dict[str, float | int]:
        """Return the figures by name."""
        return asdict(self)


def compare(proposed: Sequence[Hashable], true: Sequence[Hashable]) -> Figures:
    """Compare two groupings of the same scans, given in scanning order.

    Raises:
        ValueError: no scans, or sequences of different lengths.
    """
    if len(proposed) != len(true):
        raise ValueError(f"{len(proposed)} proposed and {len(true)} true scans: they must be the same scans")
    if not len(true):
        raise ValueError("no scans to compare")
    mine, theirs = numbered(proposed), numbered(true)
    overlap = Overlap(mine, theirs)
    boundary = boundary_scores(mine, theirs)
    pairs = pair_scores(overlap)
    bcubed = bcubed_scores(overlap)
    return Figures(
        len(mine),
        len(overlap.of_mine),
        len(overlap.of_true),
        *boundary,
        *pairs,
        *bcubed,
        panoptic_quality(overlap),
        adjusted_rand(overlap),
        drags(overlap),
    )


def boundary_scores(
    proposed: Sequence[Hashable] | Index, true: Sequence[Hashable] | Index
) -> tuple[float, float, float]:
    """Precision, recall, F1 of the cuts between neighbouring scans; a cut is where the group changes.

    Where neither has a cut, all three are 1.
    """
    mine, theirs = _changes(numbered(proposed)), _changes(numbered(true))
    return _f1(int((mine & theirs).sum()), int(mine.sum()), int(theirs.sum()))


def pair_scores(overlap: Overlap) -> tuple[float, float, float]:
    """Precision, recall, F1 of pairs of scans in one group; where neither grouping has a pair, all are 1."""
    return _f1(*overlap.pairs())


def bcubed_scores(overlap: Overlap) -> tuple[float, float, float]:
    """B-cubed precision, recall, F1: means over scans."""
    precision, recall = overlap.bcubed()
    return precision, recall, harmonic_mean(precision, recall)


def panoptic_quality(overlap: Overlap) -> float:
    """Panoptic quality (Kirillov et al., CVPR 2019), weighted by scans.

    A proposed and a true group match when their intersection over union exceeds 1/2 (each then has one match at most). Each scan
    counts: a true group's scans bring its intersection over union in where it has a match, nothing where it has none; the same
    from the side of the proposed groups; the mean of both sides is returned.
    """
    union = overlap.of_mine[overlap.mine] + overlap.of_true[overlap.true] - overlap.shared
    iou = overlap.shared / union
    match = iou > 0.5
    of_true = float((iou * overlap.of_true[overlap.true])[match].sum() / overlap.things)
    of_mine = float((iou * overlap.of_mine[overlap.mine])[match].sum() / overlap.things)
    return (of_true + of_mine) / 2


def adjusted_rand(overlap: Overlap) -> float:
    """Adjusted Rand index (Hubert and Arabie, 1985); 1 where both groupings are the same trivial one."""
    both, mine, true = map(float, overlap.pairs())
    everything = overlap.things * (overlap.things - 1) / 2
    expected = mine * true / everything if everything else 0.0
    most = (mine + true) / 2
    return 1.0 if most == expected else (both - expected) / (most - expected)


def drags(overlap: Overlap) -> int:
    """Return how many scans a person has to drag into another group to repair the grouping.

    Each true group keeps at most one proposed group as its own, each proposed group serves at most one true group, and what lies
    elsewhere is dragged: scans less the heaviest such matching (also called the transfer distance of partitions).
    """
    from scipy.optimize import linear_sum_assignment

    kept = 0
    for rows, columns, shared in _components(overlap):
        weights = np.zeros((rows.max() + 1, columns.max() + 1))
        weights[rows, columns] = shared
        chosen = linear_sum_assignment(weights, maximize=True)
        kept += int(weights[chosen].sum())
    return overlap.things - kept


def _components(overlap: Overlap) -> list[tuple[Index, Index, Index]]:
    """Split the shared scans into parts that have no group in common, so that each assignment problem stays small."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    mine, size = len(overlap.of_mine), len(overlap.of_mine) + len(overlap.of_true)
    links = coo_array((np.ones(len(overlap.mine)), (overlap.mine, overlap.true + mine)), shape=(size, size))
    _, label = connected_components(links, directed=False)
    part = label[overlap.mine]
    order = np.argsort(part, kind="stable")
    found = []
    for members in np.split(order, np.flatnonzero(np.diff(part[order])) + 1):
        rows = np.unique(overlap.mine[members], return_inverse=True)[1]
        columns = np.unique(overlap.true[members], return_inverse=True)[1]
        found.append((rows, columns, overlap.shared[members]))
    return found


def _changes(labels: Index) -> npt.NDArray[np.bool_]:
    changed: npt.NDArray[np.bool_] = labels[1:] != labels[:-1]
    return changed


def _f1(both: int, mine: int, true: int) -> tuple[float, float, float]:
    """Precision, recall, F1 of counts; where one side is empty, what it could have found or missed decides."""
    if not mine and not true:
        return 1.0, 1.0, 1.0
    precision = both / mine if mine else 0.0
    recall = both / true if true else 0.0
    return precision, recall, 2 * both / (mine + true)
