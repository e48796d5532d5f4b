"""Predicted groups against the truth: pair precision and recall, B-cubed, exact groups.

Computed from contingency counts, never from all pairs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from heritage_assets.curation.partitions import Index, Overlap, harmonic_mean, numbered


@dataclass(frozen=True)
class PairError:
    """Two records wrongly together (``false_merge``) or wrongly apart (``missed``)."""

    kind: str
    guid_a: str
    guid_b: str


@dataclass(frozen=True)
class Evaluation:
    """Agreement of a partition with the truth over the records that both name.

    Pair figures count unordered pairs; with no pair predicted precision is 1, with none to find recall is 1. B-cubed averages
    over records (Bagga and Baldwin 1998; Amigó et al. 2009). ``exact_group_rate``: share of the true groups of two or more
    that are predicted exactly; ``exact_group_rate_all`` counts single records too. ``unknown``: truth records that no
    prediction names.
    """

    records: int
    unknown: int
    true_pairs: int
    predicted_pairs: int
    agreed_pairs: int
    precision: float
    recall: float
    f1: float
    bcubed_precision: float
    bcubed_recall: float
    bcubed_f1: float
    exact_group_rate: float
    exact_group_rate_all: float
    errors: tuple[PairError, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, errors included."""
        return asdict(self)


def evaluate_pairs(predicted: Mapping[str, str], truth: Mapping[str, str], *, most_errors: int = 100) -> Evaluation:
    """Compare two partitions.

    Args:
        predicted: guid to the id of its predicted group.
        truth: guid to the id of its true group; guids that the truth does not name are left out.
        most_errors: how many errors to list, one pair for each wrong meeting of groups, the largest meetings first.

    Raises:
        ValueError: no record is in both.
    """
    guids = sorted(truth.keys() & predicted.keys())
    if not guids:
        raise ValueError("the truth names none of the predicted records: are its first column the guids?")
    p, t = numbered(predicted[guid] for guid in guids), numbered(truth[guid] for guid in guids)
    overlap = Overlap(p, t)
    agreed, predicted_pairs, true_pairs = overlap.pairs()
    precision = agreed / predicted_pairs if predicted_pairs else 1.0
    recall = agreed / true_pairs if true_pairs else 1.0
    bcubed_precision, bcubed_recall = overlap.bcubed()
    exact = _exact(overlap)
    many = overlap.of_true > 1
    return Evaluation(
        records=len(guids),
        unknown=len(truth) - len(guids),
        true_pairs=true_pairs,
        predicted_pairs=predicted_pairs,
        agreed_pairs=agreed,
        precision=precision,
        recall=recall,
        f1=harmonic_mean(precision, recall),
        bcubed_precision=bcubed_precision,
        bcubed_recall=bcubed_recall,
        bcubed_f1=harmonic_mean(bcubed_precision, bcubed_recall),
        exact_group_rate=float(exact[many].mean()) if many.any() else 1.0,
        exact_group_rate_all=float(exact.mean()),
        errors=(
            *_errors("false_merge", guids, p, t, most_errors),
            *_errors("missed", guids, t, p, most_errors),
        ),
    )


def _exact(overlap: Overlap) -> npt.NDArray[np.bool_]:
    """Tell of each true group whether a predicted group is the same set."""
    exact = np.zeros(len(overlap.of_true), bool)
    whole = (overlap.shared == overlap.of_mine[overlap.mine]) & (overlap.shared == overlap.of_true[overlap.true])
    exact[overlap.true[whole]] = True
    return exact


def _errors(kind: str, guids: list[str], within: Index, other: Index, most: int) -> list[PairError]:
    """Pair the first record of each wrong part with the first of the largest part of the same group."""
    width = int(other.max()) + 1
    cell, first, count = np.unique(within * width + other, return_index=True, return_counts=True)
    order = np.lexsort((first, -count, cell // width))
    owner = (cell // width)[order]
    leads = np.append(True, np.diff(owner) > 0)
    head = first[order][np.maximum.accumulate(np.where(leads, np.arange(len(order)), 0))]
    wrong = np.flatnonzero(~leads)
    # A meeting of two large parts is the worse error.
    wrong = wrong[np.argsort(-count[order][wrong], kind="stable")][:most]
    return [PairError(kind, *sorted((guids[head[k]], guids[first[order][k]]))) for k in wrong]
