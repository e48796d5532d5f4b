"""Evaluation: the tables of the archive against truth files. Search is evaluated in :mod:`.retrieval`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from heritage_assets.curation.duplicates.evaluation import evaluate_pairs
from heritage_assets.curation.evaluation import cluster_metrics
from heritage_assets.curation.schemas import CANONICAL_RECORDS, CLUSTER_MEMBERS
from heritage_assets.search.truth import read_truth
from heritage_assets.stores.connect import Platform

GROUP_COLUMNS = ("group", "object", "canonical_id")
CLASS_COLUMNS = ("class", "label", "cluster", "group", "title")


def evaluate_duplicates(platform: Platform, truth_file: Path) -> dict[str, Any]:
    """Return ``precision``, ``recall`` and ``f1`` over pairs, and more of the same kind.

    Raises:
        ValueError: a truth file that can't be read or names no record; nothing canonicalized yet.
    """
    truth = read_truth(platform, truth_file, GROUP_COLUMNS)
    groups = platform.lake.read(CANONICAL_RECORDS, columns=["guid", "canonical_id"], where=~pc.field("withdrawn"))
    if groups.num_rows == 0:
        raise ValueError("nothing is canonicalized yet: run `heritage materialize`")
    predicted = dict(zip(groups["guid"].to_pylist(), groups["canonical_id"].to_pylist(), strict=True))
    return {**evaluate_pairs(predicted, truth.labels).to_dict(), "unmatched": truth.unmatched}


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
