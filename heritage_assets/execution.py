"""Runs the chain from the command line, in this process, on the home's Dagster instance.

The runs are ordinary Dagster runs: they are in the web interface afterwards, with their logs, checks and lineage. One process
runs them all, so the encoder is loaded once.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import dagster as dg
import psutil

from heritage_assets.curation.landing import LandingZone
from heritage_assets.jobs import RECORD_STEPS, image_retry
from heritage_assets.partitions import harvest_batches
from heritage_assets.sensors.landing import ATTEMPT_TAG, BATCH_TAG, LAST_STEP, finished_batches, landed_event
from heritage_assets.settings import Settings

PROCESS_TAG = "heritage/process"
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Run configuration that keeps the event log off the terminal; it is in the web interface."""
STEPS: dict[str, tuple[str, ...]] = {
    "cleansed_records": RECORD_STEPS[:2],
    "source_images": RECORD_STEPS[:3],
    "clip_embeddings": RECORD_STEPS[:4],
    "pending_points": RECORD_STEPS[:5],
    "canonical_points": RECORD_STEPS,
}
"""What ``--until ASSET`` selects; ``clusters`` selects everything."""


@dataclass(frozen=True)
class RunOutcome:
    """How one run ended."""

    run_id: str
    job: str
    batch: str | None
    success: bool
    failures: tuple[str, ...]
    """One line for each failed step or blocking check."""


def prepare_home(settings: Settings) -> None:
    """Make Dagster's folder in the home, with the default instance configuration when there is none."""
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    target = settings.dagster_home / "dagster.yaml"
    if not target.exists():
        target.write_text(files("heritage_assets.embedded").joinpath("dagster.yaml").read_text(encoding="utf-8"))


@contextmanager
def dagster_instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """Open the home's Dagster instance; what an earlier process left behind when it was killed is cleared first."""
    prepare_home(settings)
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        release_dead_runs(instance)
        yield instance


def release_dead_runs(instance: dg.DagsterInstance) -> None:
    """Mark runs as failed whose process is gone, and free the pool slots that they held.

    Only runs that this module started carry the tag; runs of the daemon are its own to watch.
    """
    statuses = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.NOT_STARTED]
    for run in instance.get_runs(filters=dg.RunsFilter(statuses=statuses)):
        mark = run.tags.get(PROCESS_TAG)
        if mark is not None and not _process_lives(mark):
            instance.report_run_failed(run, "the process that ran this was killed; run it again")
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)


def process_mark() -> str:
    """Identify this process, also against a later one with the same number."""
    return f"{os.getpid()}-{psutil.Process().create_time():.2f}"


def _process_lives(mark: str) -> bool:
    number, _, started = mark.partition("-")
    try:
        return f"{psutil.Process(int(number)).create_time():.2f}" == started
    except psutil.NoSuchProcess:
        return False


def register_batches(instance: dg.DagsterInstance, zone: LandingZone) -> list[str]:
    """Add a partition for every sealed batch that has none, with its event; return all sealed batches, oldest first."""
    sealed = zone.batches()
    known = set(instance.get_dynamic_partitions(str(harvest_batches.name)))
    new = [batch for batch in sealed if batch not in known]
    if new:
        instance.add_dynamic_partitions(str(harvest_batches.name), new)
        for batch in new:
            instance.report_runless_asset_event(landed_event(zone.manifest(batch)))
    return sealed


def incomplete_batches(instance: dg.DagsterInstance, sealed: Iterable[str], until: str) -> list[str]:
    """Return the sealed batches for which ``until`` was never materialized, or whose last run failed a check at the end."""
    key = LAST_STEP if until == "clusters" else dg.AssetKey(until)
    done = finished_batches(instance) if key == LAST_STEP else instance.get_materialized_partitions(key)
    return [batch for batch in sealed if batch not in done]


def clusters_are_current(instance: dg.DagsterInstance) -> bool:
    """Tell whether the archive was clustered after the last canonicalization."""
    clustered, canonical = (
        instance.get_latest_materialization_event(key) for key in (dg.AssetKey("clusters"), LAST_STEP)
    )
    if canonical is None:
        return True
    return clustered is not None and clustered.timestamp >= canonical.timestamp


def run_batch(
    defs: dg.Definitions,
    instance: dg.DagsterInstance,
    batch: str,
    steps: Sequence[str],
    *,
    tags: Mapping[str, str] | None = None,
) -> RunOutcome:
    """Run ``steps`` of the record chain for one batch."""
    return _run(defs, instance, "record_chain", batch, steps, tags=tags)


def run_rebuild(
    defs: dg.Definitions, instance: dg.DagsterInstance, batch: str, *, tags: Mapping[str, str] | None = None
) -> RunOutcome:
    """Judge every pair of the archive again, as a run of the canonicalization of ``batch``; ids and decisions stay."""
    config = {"ops": {"canonical_points": {"config": {"rebuild": True}}}}
    return _run(defs, instance, "canonicalization", batch, None, config, tags)


def run_image_retry(
    defs: dg.Definitions, instance: dg.DagsterInstance, batch: str, reasons: Sequence[str], hosts: Sequence[str]
) -> RunOutcome:
    """Ask again, now, for the failed images of ``batch`` with one of the reasons and hosts (none: any), also for final ones."""
    again = {"again": True, "reasons": list(reasons), "hosts": list(hosts)}
    return _run(defs, instance, image_retry.name, batch, None, {"ops": {"source_images": {"config": again}}})


def run_clusters(
    defs: dg.Definitions, instance: dg.DagsterInstance, *, tags: Mapping[str, str] | None = None
) -> RunOutcome:
    """Cluster the archive."""
    return _run(defs, instance, "clustering", None, None, tags=tags)


def run_fine_tuning(defs: dg.Definitions, instance: dg.DagsterInstance, config: Mapping[str, Any]) -> RunOutcome:
    """Fine-tune the encoder in use; ``config`` as ``FineTuningConfig`` takes it."""
    return _run(defs, instance, "fine_tuning", None, None, {"ops": {"fine_tuned_encoder": {"config": dict(config)}}})


def _run(
    defs: dg.Definitions,
    instance: dg.DagsterInstance,
    job: str,
    batch: str | None,
    steps: Sequence[str] | None,
    config: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
) -> RunOutcome:
    tags = {**(tags or {}), PROCESS_TAG: process_mark()}
    if batch is not None:
        tags |= {BATCH_TAG: batch, ATTEMPT_TAG: "1"}
    result = defs.resolve_job_def(job).execute_in_process(
        instance=instance,
        partition_key=batch,
        run_config={**QUIET, **(config or {})},
        asset_selection=[dg.AssetKey(step) for step in steps] if steps is not None else None,
        tags=tags,
        raise_on_error=False,
    )
    failures = tuple(_failure_lines(result))
    return RunOutcome(result.run_id, job, batch, result.success, failures)


def _failure_lines(result: dg.ExecuteInProcessResult) -> Iterator[str]:
    for event in result.all_events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            cause = error.cause or error if error is not None else None
            yield f"{event.step_key}: {cause.message.strip() if cause else event.message}"
        elif event.event_type_value == "ASSET_CHECK_EVALUATION":
            check = event.asset_check_evaluation_data
            if not check.passed:
                yield f"check {check.asset_key.to_user_string()}:{check.check_name} failed"
