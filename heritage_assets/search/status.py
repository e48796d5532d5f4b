"""status: what the archive holds, counted from the tables and the vector store."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from heritage_assets.curation.images.health import HEALTH_COLUMNS, host_health
from heritage_assets.curation.points import PENDING, VALIDATED
from heritage_assets.curation.schemas import (
    CANONICAL_RECORDS,
    CLEANSED_RECORDS,
    CLIP_EMBEDDINGS,
    CLUSTERS,
    REJECTED_RECORDS,
    SOURCE_IMAGES,
)
from heritage_assets.stores.connect import Platform
from heritage_assets.stores.lake import Lake

MOST_HOSTS = 100
"""Hosts that are listed, those with most failures first."""
IMAGE_STATUSES = ("OK", "NO_IMAGE", "FAILED")
KEYS = (
    *("batches", "landed", "cleansed", "repeated", "rejected", "rejected_by_reason", "images", "failed_by_reason"),
    *("embeddings", "points", "duplicate_groups", "clusters", "encoder", "home", "lake", "by_batch", "hosts"),
)


def status(platform: Platform) -> dict[str, Any]:
    """Count the archive. The keys are stable; ``heritage status --json`` prints them.

    ``repeated`` counts records that came again within one batch; ``images`` and ``points`` count what there is of every batch
    and of the current records; ``duplicate_groups`` counts groups of at least two living records.
    """
    tables = table_status(platform)
    tables["points"] = point_counts(platform) if tables["cleansed"] else {PENDING: 0, VALIDATED: 0}
    return {name: tables[name] for name in KEYS}


def table_status(platform: Platform) -> dict[str, Any]:
    """Count what the tables hold: :func:`status` without ``points``."""
    lake = platform.lake
    manifests = platform.landing.sealed()
    cleansed = batch_counts(lake, CLEANSED_RECORDS)
    rejected = batch_counts(lake, REJECTED_RECORDS)
    batches = [
        {
            "batch": manifest.batch,
            "dataset": manifest.dataset,
            "landed": manifest.records,
            "cleansed": cleansed[manifest.batch],
            "rejected": rejected[manifest.batch],
            "repeated": repeated(manifest.records, cleansed[manifest.batch], rejected[manifest.batch]),
        }
        for manifest in manifests
    ]
    images = lake.read(SOURCE_IMAGES, columns=list(HEALTH_COLUMNS))
    by_status = count_values(images["status"])
    return {
        "batches": len(batches),
        "landed": sum(row["landed"] for row in batches),
        "cleansed": sum(row["cleansed"] for row in batches),
        "repeated": sum(row["repeated"] for row in batches),
        "rejected": sum(row["rejected"] for row in batches),
        "rejected_by_reason": count_values(lake.read(REJECTED_RECORDS, columns=["reason"])["reason"]),
        "images": {name: by_status.get(name, 0) for name in IMAGE_STATUSES},
        "failed_by_reason": count_values(images.filter(pc.equal(images["status"], "FAILED"))["reason"]),
        "embeddings": count_values(lake.read(CLIP_EMBEDDINGS, columns=["embedding_status"])["embedding_status"]),
        "duplicate_groups": duplicate_groups(lake),
        "clusters": lake.count(CLUSTERS),
        "encoder": platform.encoder_name(),
        "home": str(platform.settings.home),
        "lake": platform.settings.lake_root,
        "by_batch": batches,
        "hosts": [asdict(one) for one in host_health(images)[:MOST_HOSTS]],
    }


def batch_counts(lake: Lake, table: Any) -> Counter[str]:
    """Count the rows of each batch's slice."""
    return Counter(count_values(lake.read(table, columns=["batch"])["batch"]))


def repeated(landed: int, cleansed: int, rejected: int) -> int:
    """Return how many records of a batch came again; 0 before the batch is cleansed (conservation is a check of its own)."""
    return landed - cleansed - rejected if cleansed or rejected else 0


def count_values(column: pa.ChunkedArray) -> dict[str, int]:
    """Count the values of a string column, most frequent first."""
    counted = Counter({(item["values"] or "(none)"): item["counts"] for item in pc.value_counts(column).to_pylist()})
    return dict(counted.most_common())


def duplicate_groups(lake: Lake) -> int:
    """Count the groups of at least two records."""
    several = (pc.field("group_size") > 1) & pc.field("is_representative")
    return lake.count(CANONICAL_RECORDS, where=several)


def point_counts(platform: Platform) -> dict[str, int]:
    """Count points by status in the active collection."""
    store = platform.vectors
    if store.active() is None:
        return {PENDING: 0, VALIDATED: 0}
    return {state: store.count({"status": state}) for state in (PENDING, VALIDATED)}
