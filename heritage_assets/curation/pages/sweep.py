"""Settings tried against a truth: split into tuning and test documents, compared, the best one with a confidence interval.

The test part is looked at once, for the winner alone; its interval comes from resampling real documents (bootstrap).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from heritage_assets.curation.pages.metrics import Figures, compare
from heritage_assets.curation.pages.settings import GroupingSettings, Metric
from heritage_assets.curation.partitions import Overlap, numbered

Doubles = npt.NDArray[np.float64]
MOST_TRIALS = 500
ROUNDS = 1_000


@dataclass(frozen=True)
class Parts:
    """Rows of a truth by part: whole real documents, the first ones in scanning order for tuning, the later ones for the test."""

    tune: list[int]
    test: list[int]


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % interval over real documents."""

    value: float
    low: float
    high: float


def trials(grid: Mapping[str, Any], base: GroupingSettings) -> list[GroupingSettings]:
    """Return all combinations of a grid: settings by name, each a value or a list of values.

    Raises:
        ValueError: more than 500 combinations, or settings that don't exist or have a wrong value.
    """
    choices = {name: value if isinstance(value, list) else [value] for name, value in grid.items()}
    count = int(np.prod([len(values) for values in choices.values()])) if choices else 1
    if not 0 < count <= MOST_TRIALS:
        raise ValueError(f"the grid has {count} combinations: give 1 to {MOST_TRIALS}")
    combined = (dict(zip(choices, values, strict=True)) for values in product(*choices.values()))
    return [GroupingSettings.model_validate({**base.model_dump(), **values}) for values in combined]


def split(true: Sequence[str], share: float) -> Parts:
    """Split rows (in scanning order) by real documents: the first documents, up to ``share`` of the rows, for tuning.

    Raises:
        ValueError: fewer than four real documents: no part would say anything.
    """
    documents = list(dict.fromkeys(true))
    if len(documents) < 4:
        raise ValueError(f"the truth has {len(documents)} documents: tuning and testing need at least four")
    sizes = {document: 0 for document in documents}
    for document in true:
        sizes[document] += 1
    reached = np.cumsum([sizes[document] for document in documents]) / len(true)
    count = int(np.clip(np.searchsorted(reached, share, "right"), 2, len(documents) - 2))
    tuning = set(documents[:count])
    rows = range(len(true))
    return Parts([row for row in rows if true[row] in tuning], [row for row in rows if true[row] not in tuning])


def figures_of(rows: Sequence[int], proposed: Sequence[str], true: Sequence[str]) -> Figures:
    """Compare some rows."""
    return compare([proposed[row] for row in rows], [true[row] for row in rows])


def interval(metric: Metric, proposed: Sequence[str], true: Sequence[str], seed: int = 0) -> Interval:
    """Return a figure with its 95 % percentile interval, resampling real documents with replacement.

    Documents bring what they contribute to the figure: right, false and missed cuts, or the B-cubed sums of their scans.
    """
    parts = _boundaries(proposed, true) if metric == "boundary_f1" else _bcubed(proposed, true)
    ratio = _f1_of_counts if metric == "boundary_f1" else _f1_of_sums
    chance = np.random.default_rng(seed)
    drawn = chance.integers(0, len(parts), (ROUNDS, len(parts)))
    values = ratio(parts[drawn].sum(axis=1))
    low, high = np.quantile(values, [0.025, 0.975])
    return Interval(float(ratio(parts.sum(axis=0))), float(low), float(high))


def _boundaries(proposed: Sequence[str], true: Sequence[str]) -> Doubles:
    """Return for each real document (right, false, missed) cuts; a cut belongs to the document after it."""
    number = {document: k for k, document in enumerate(dict.fromkeys(true))}
    found = np.zeros((len(number), 3))
    for row in range(1, len(true)):
        cut, real = proposed[row] != proposed[row - 1], true[row] != true[row - 1]
        if cut or real:
            found[number[true[row]], 0 if cut and real else 1 if cut else 2] += 1
    return found


def _bcubed(proposed: Sequence[str], true: Sequence[str]) -> Doubles:
    """Return for each real document the sums of B-cubed precision and recall of its scans, and their number."""
    overlap = Overlap(numbered(proposed), numbered(true))
    sums = [np.bincount(overlap.true, weights=one) for one in overlap.bcubed_sums()]
    return np.column_stack([*sums, overlap.of_true])


def _f1_of_counts(sums: Doubles) -> Doubles:
    right, false, missed = sums[..., 0], sums[..., 1], sums[..., 2]
    every = 2 * right + false + missed
    values: Doubles = np.where(every > 0, 2 * right / np.maximum(every, 1), 1.0)
    return values


def _f1_of_sums(sums: Doubles) -> Doubles:
    precision, recall = sums[..., 0] / sums[..., 2], sums[..., 1] / sums[..., 2]
    values: Doubles = 2 * precision * recall / (precision + recall)
    return values
