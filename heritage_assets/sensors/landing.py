"""landing_sensor: sees sealed batches, adds their partitions and asks for their runs."""

from typing import Any

import dagster as dg

from heritage_assets.jobs import record_chain
from heritage_assets.partitions import harvest_batches
from heritage_assets.resources.object_store import ObjectStoreResource

from .cursors import read_attempts, write_attempts

RUNS_PER_TICK = 20
MAX_ATTEMPTS = 3
LAST_STEP = dg.AssetKey("canonical_points")
BATCH_TAG = "heritage/batch"
ATTEMPT_TAG = "heritage/attempt"
FAILURES_SEEN = 500
"""The newest failed runs that are looked at for batches whose last step was materialized but not found sound."""


def landed_event(manifest: Any) -> dg.AssetMaterialization:
    """Report a sealed batch as a materialization of ``landing_batches``."""
    return dg.AssetMaterialization(
        "landing_batches",
        partition=manifest.batch,
        metadata={
            "dagster/row_count": manifest.records,
            "dataset": manifest.dataset,
            "source": manifest.source,
            "harvested_at": dg.MetadataValue.timestamp(manifest.harvested_at),
            "parts": len(manifest.parts),
            "origin": dg.MetadataValue.json(manifest.origin),
            "warnings": dg.MetadataValue.json(list(manifest.warnings)),
        },
    )


def finished_batches(instance: dg.DagsterInstance) -> set[str]:
    """Return the batches that went through the whole chain.

    A blocking check of the last step is judged after the step was materialized, so a batch whose newest run failed is not
    finished even when its last step says so.
    """
    done = set(instance.get_materialized_partitions(LAST_STEP))
    failed = instance.get_runs(
        filters=dg.RunsFilter(job_name=record_chain.name, statuses=[dg.DagsterRunStatus.FAILURE]), limit=FAILURES_SEEN
    )
    for batch in {run.tags.get(BATCH_TAG, "") for run in failed} & done:
        newest = instance.get_runs(filters=dg.RunsFilter(tags={BATCH_TAG: batch}), limit=1)
        if newest[0].status == dg.DagsterRunStatus.FAILURE:
            done.discard(batch)
    return done


def next_attempt(instance: dg.DagsterInstance, batch: str, remembered: int) -> int | None:
    """Return the number of the attempt to ask for, or None while one runs, after a cancel, or when all are used up.

    The runs themselves are the truth; the cursor only bridges the moment between asking for a run and its creation.
    """
    runs = instance.get_runs(filters=dg.RunsFilter(tags={BATCH_TAG: batch}))
    if any(not run.is_finished or run.status == dg.DagsterRunStatus.CANCELED for run in runs):
        return None
    made = max((int(run.tags.get(ATTEMPT_TAG, "1")) for run in runs), default=0)
    if remembered > made:
        return remembered
    return made + 1 if made < MAX_ATTEMPTS else None


@dg.sensor(
    job=record_chain,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Adds a partition for every sealed batch and asks for its run, oldest harvest first, at most "
    f"{RUNS_PER_TICK} a tick and {MAX_ATTEMPTS} attempts a batch.",
)
def landing_sensor(context: dg.SensorEvaluationContext, object_store: ObjectStoreResource) -> dg.SensorResult:
    """Ask for the runs of batches that never reached validated points."""
    instance = context.instance
    partitions = set(instance.get_dynamic_partitions(str(harvest_batches.name)))
    finished = finished_batches(instance)
    attempts = read_attempts(context.cursor)
    zone = object_store.landing()
    sealed = zone.batches()
    waiting = [batch for batch in sealed if batch not in finished]
    requests: list[dg.RunRequest] = []
    asked: dict[str, int] = {}
    for batch in waiting:
        attempt = next_attempt(instance, batch, attempts.get(batch, 0)) if len(requests) < RUNS_PER_TICK else None
        if attempt is None:
            if batch in attempts:
                asked[batch] = attempts[batch]
            continue
        asked[batch] = attempt
        requests.append(
            dg.RunRequest(
                run_key=f"landing:{batch}:{attempt}",
                partition_key=batch,
                tags={BATCH_TAG: batch, ATTEMPT_TAG: str(attempt)},
            )
        )
    new = [batch for batch in sealed if batch not in partitions]
    if not requests and not new:
        reason = (
            f"{len(sealed)} sealed batches: {len(sealed) - len(waiting)} finished, {len(waiting)} running or given up"
        )
        return dg.SensorResult(skip_reason=reason, cursor=write_attempts(asked))
    return dg.SensorResult(
        run_requests=requests,
        dynamic_partitions_requests=[harvest_batches.build_add_request(new)] if new else [],
        asset_events=[landed_event(zone.manifest(batch)) for batch in new],
        cursor=write_attempts(asked),
    )
