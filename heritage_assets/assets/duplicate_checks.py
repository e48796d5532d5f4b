"""Checks that canonicalization can be trusted: the recall of its join, and whether the encoder's scores tell pictures apart."""

from typing import Any

import dagster as dg

from heritage_assets.curation.duplicates import DuplicateSettings
from heritage_assets.curation.duplicates.canonicalize import PairStatistics
from heritage_assets.curation.duplicates.crowding import CROWDED_MEDIAN
from heritage_assets.curation.schemas import DUPLICATE_PAIRS

RECALL = "join_finds_the_exact_pairs"
CROWDING = "scores_tell_pictures_apart"
LEAST_RECALL = 0.9995

SPECS = [
    dg.AssetCheckSpec(
        RECALL,
        asset=DUPLICATE_PAIRS.name,
        description=f"the join finds at least {LEAST_RECALL} of the pairs that exact comparison finds: 1 by proof, else measured",
    ),
    dg.AssetCheckSpec(
        CROWDING,
        asset=DUPLICATE_PAIRS.name,
        description=f"the nearest different picture typically scores below {CROWDED_MEDIAN}",
    ),
]


def trust(statistics: PairStatistics, settings: DuplicateSettings) -> tuple[dict[str, Any], list[dg.AssetCheckResult]]:
    """Return what a run measured of itself as metadata, and the checks of it."""
    approximate = [join for join in statistics.joins if not join.exact]
    recall = min((join.recall for join in approximate), default=1.0)
    measured: dict[str, Any] = {
        "join_exact": not approximate,
        "join_recall": recall,
        "join_recall_sampled_rows": sum(join.sampled for join in approximate),
        "join_recall_sampled_pairs": sum(join.sampled_pairs for join in approximate),
    }
    checks = [_result(RECALL, recall >= LEAST_RECALL, dg.AssetCheckSeverity.ERROR, measured)]
    crowding = statistics.crowding
    near: dict[str, Any] = {} if crowding is None else {"crowding": crowding}
    # Where calibration has seen it, cosine alone merges nothing any more.
    crowded = crowding is not None and crowding >= CROWDED_MEDIAN and not settings.crowded
    if crowded:
        near["warning"] = (
            f"scores crowd near 1: the nearest different picture typically scores {crowding:.3f}. Run `heritage calibrate`, then "
            "`heritage materialize --rebuild`; until then cosine joins pictures that it can't tell apart."
        )
    checks.append(_result(CROWDING, not crowded, dg.AssetCheckSeverity.WARN, near))
    return measured | near, checks


def _result(name: str, passed: bool, severity: dg.AssetCheckSeverity, metadata: dict[str, Any]) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=name,
        asset_key=dg.AssetKey(DUPLICATE_PAIRS.name),
        passed=passed,
        severity=severity,
        metadata=metadata,
    )
