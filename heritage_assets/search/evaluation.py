"""Evaluation: the tables of the archive against truth files. Search is evaluated in :mod:`.retrieval`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from heritage_assets.curation.duplicates.evaluation import Evaluation, evaluate_pairs
from heritage_assets.curation.evaluation import cluster_metrics
from heritage_assets.curation.schemas import CANONICAL_RECORDS, CLUSTER_MEMBERS
from heritage_assets.search.duplicate_errors import measured_scores, wrong_pairs
from heritage_assets.search.duplicate_report import report_html
from heritage_assets.search.truth import read_truth
from heritage_assets.stores.archive import LakeArchive
from heritage_assets.stores.calibrations import settings_in_force
from heritage_assets.stores.connect import Platform

GROUP_COLUMNS = ("group", "object", "canonical_id")
CLASS_COLUMNS = ("class", "label", "cluster", "group", "title")


def evaluate_duplicates(platform: Platform, truth_file: Path, report: Path | None = None) -> dict[str, Any]:
    """Return ``precision``, ``recall`` and ``f1`` over pairs, and more of the same kind.

    Args:
        platform: the archive.
        truth_file: CSV file; see :func:`~heritage_assets.search.truth.read_truth`.
        report: write an HTML page with scores and the worst errors there.

    Raises:
        ValueError: a truth file that can't be read or names no record; nothing canonicalized yet.
        OSError: the report can't be written.
    """
    truth = read_truth(platform, truth_file, GROUP_COLUMNS)
    groups = platform.lake.read(CANONICAL_RECORDS, columns=["guid", "canonical_id"], where=~pc.field("withdrawn"))
    if groups.num_rows == 0:
        raise ValueError("nothing is canonicalized yet: run `heritage materialize`")
    predicted = dict(zip(groups["guid"].to_pylist(), groups["canonical_id"].to_pylist(), strict=True))
    found = evaluate_pairs(predicted, truth.labels)
    if report is not None:
        report.write_text(_duplicate_report(platform, found, truth.labels), encoding="utf-8")
    return {**found.to_dict(), "unmatched": truth.unmatched}


def _duplicate_report(platform: Platform, found: Evaluation, truth: Mapping[str, str]) -> str:
    encoder = platform.encoder().id
    archive = LakeArchive(platform.lake, encoder)
    explicit = platform.settings.duplicates.model_dump(exclude_unset=True)
    rules = settings_in_force(platform.objects, encoder, explicit)
    errors = wrong_pairs(platform, archive, found.errors, rules)
    scores = measured_scores(archive, truth, rules.threshold)
    return report_html(found, scores, errors, archive=platform.settings.lake_root, encoder=encoder)


def evaluate_clusters(platform: Platform, truth_file: Path) -> dict[str, Any]:
    """Return ``adjusted_rand`` and more of the same kind, over the records that are in the truth and in a cluster.

    Raises:
        ValueError: a truth file that can't be read or names no record; nothing clustered yet.
    """
    truth = read_truth(platform, truth_file, CLASS_COLUMNS)
    members = platform.lake.read(CLUSTER_MEMBERS, columns=["guid", "cluster_id"])
    if members.num_rows == 0:
        raise ValueError("nothing is clustered yet: run `heritage materialize`")
    predicted = dict(zip(members["guid"].to_pylist(), members["cluster_id"].to_pylist(), strict=True))
    return {**cluster_metrics(predicted, truth.labels), "unmatched": truth.unmatched}
