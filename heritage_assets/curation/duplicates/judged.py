"""Pairs of records judged outside a run, as plain values: what an explanation and an evaluation show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from heritage_assets.curation.duplicates.attributes import Attributes, evidence_table
from heritage_assets.curation.duplicates.evidence import pair_evidence
from heritage_assets.curation.duplicates.settings import DuplicateSettings
from heritage_assets.curation.duplicates.verdicts import judge

FIELDS = ("image_cosine", "text_cosine", "hash_distance", "conflict", "verdict", "rule")


@dataclass(frozen=True)
class JudgedPair:
    """Scores (None: unknown), declared differences, verdict and rule of one pair; the columns of ``duplicate_pairs``."""

    image_cosine: float | None
    text_cosine: float | None
    hash_distance: int | None
    conflict: str | None
    verdict: str
    rule: str

    @classmethod
    def stored(cls, row: dict[str, Any]) -> JudgedPair:
        """Take what a row of ``duplicate_pairs`` says."""
        return cls(*(row[name] for name in FIELDS))


def judge_pairs(
    evidence: pa.Table,
    pairs: Sequence[tuple[str, str]],
    image_cosine: npt.NDArray[np.float64],
    settings: DuplicateSettings,
) -> list[JudgedPair]:
    """Judge pairs as a run would.

    Args:
        evidence: rows of the records, by any archive's ``evidence``.
        pairs: guids; each must be among the rows.
        image_cosine: float64 [pairs], NaN where unknown.
        settings: the rules in force.

    Raises:
        KeyError: a guid has no row.
    """
    table = evidence_table(evidence)
    row = {guid: number for number, guid in enumerate(table["guid"].to_pylist())}
    ends = np.array([(row[a], row[b]) for a, b in pairs], np.int64).reshape(-1, 2)
    found = pair_evidence(Attributes(table), ends[:, 0], ends[:, 1], image_cosine, settings)
    verdicts = judge(found, settings)
    return [
        JudgedPair(
            _known(found.cosine[number]),
            _known(found.text_cosine[number]),
            int(found.hash_distance[number]) if found.hash_distance[number] >= 0 else None,
            found.conflicts[number],
            verdicts.verdict[number],
            verdicts.rule[number],
        )
        for number in range(len(pairs))
    ]


def _known(score: float) -> float | None:
    return None if np.isnan(score) else float(score)
