"""Figures of the chain for Prometheus: what the status knows of tables, points and runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from prometheus_client.core import GaugeMetricFamily, Metric

RECORDS = ("landed", "cleansed", "repeated", "rejected")
RUN_STATES = ("QUEUED", "STARTING", "STARTED", "SUCCESS", "FAILURE", "CANCELED")


def chain_metrics(status: Mapping[str, Any]) -> Iterator[Metric]:
    """Yield the gauges of a status as :class:`~heritage_assets.search.status_board.StatusBoard` tells it."""
    archive, runs = status["archive"], status["runs"]
    yield _by(
        "records", "Records of all batches, by what became of them.", "outcome", {one: archive[one] for one in RECORDS}
    )
    yield _by("images", "Images of all batches.", "status", archive["images"])
    yield _by("image_failures", "Images that failed.", "reason", archive["failed_by_reason"])
    yield _by("embeddings", "Rows of clip_embeddings.", "status", archive["embeddings"])
    yield _by("points", "Points of the vector store.", "status", archive["points"])
    for name in ("batches", "duplicate_groups", "clusters"):
        yield GaugeMetricFamily(
            f"heritage_chain_{name}", f"{name.replace('_', ' ').capitalize()}.", value=archive[name]
        )
    states = Counter(run["state"] for run in runs)
    yield _by("latest_runs", "Dagster's latest runs.", "state", {one: states[one] for one in RUN_STATES})
    ended = GaugeMetricFamily(
        "heritage_chain_run_ended_timestamp_seconds", "When a run of a job last ended so.", labels=["job", "state"]
    )
    latest = {(run["job"], run["state"]): run["ended_at"] for run in reversed(runs) if run["ended_at"] is not None}
    for (job, state), moment in latest.items():
        ended.add_metric([job, state], moment.timestamp())
    yield ended
    ready = status["vector_store"]["state"] != "unavailable"
    yield GaugeMetricFamily("heritage_chain_vector_store_up", "The vector store answers.", value=float(ready))


def _by(name: str, help_text: str, label: str, values: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily(f"heritage_chain_{name}", help_text, labels=[label])
    for value, count in values.items():
        family.add_metric([value or "(none)"], count)
    return family
