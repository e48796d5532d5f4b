"""retry_failed_images: asks again for images whose next attempt is due."""

from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg
import pyarrow.compute as pc

from heritage_assets.curation.schemas import SOURCE_IMAGES
from heritage_assets.jobs import image_retry
from heritage_assets.partitions import harvest_batches
from heritage_assets.resources.lake import LakeResource
from heritage_assets.stores.lake import Lake, text

RUNS_PER_TICK = 10


ROUND_TAG = "heritage/retry_round"
ONLY_DUE = {"ops": {"source_images": {"config": {"only_due": True}}}}
MAX_FAILED_RUNS = 5
"""Runs of one round that may fail (killed, a store that is down) before it waits for a person."""


@dataclass(frozen=True)
class Due:
    """A batch with images that are due, and the attempts made on all its images so far."""

    batch: str
    images: int
    attempts: int


def due_batches(lake: Lake, now: datetime) -> list[Due]:
    """Return the batches with images due at ``now``, by batch."""
    due = (text("status") == "FAILED") & ~pc.field("permanent") & (pc.field("next_attempt_at") <= now)
    waiting = lake.read(SOURCE_IMAGES, columns=["batch"], where=due)["batch"]
    images = {row["values"]: row["counts"] for row in waiting.value_counts().to_pylist()}
    rows = lake.read(SOURCE_IMAGES, columns=["batch", "attempts"], batches=sorted(images))
    attempts = rows.group_by("batch").aggregate([("attempts", "sum")]).sort_by("batch").to_pylist()
    return [Due(row["batch"], images[row["batch"]], row["attempts_sum"] or 0) for row in attempts]


def retry_request(instance: dg.DagsterInstance, lake: Lake, due: Due) -> dg.RunRequest | None:
    """Return the request for a batch, or None while its round is over with failed runs.

    A round is one state of the table's slice: every run that ends well leaves another. A run that failed left the same one, and
    a run key is taken once, so the key counts the failed runs.
    """
    state = f"{due.batch}:{lake.fingerprint(SOURCE_IMAGES, due.batch)}"
    over = [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
    failed = instance.get_runs_count(dg.RunsFilter(tags={ROUND_TAG: state}, statuses=over))
    if failed >= MAX_FAILED_RUNS:
        return None
    return dg.RunRequest(
        run_key=f"retry:{state}" + (f":{failed}" if failed else ""),
        partition_key=due.batch,
        run_config=ONLY_DUE,
        tags={ROUND_TAG: state, "heritage/images_due": str(due.images), "heritage/attempts": str(due.attempts)},
    )


@dg.sensor(
    job=image_retry,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=f"Asks for the runs of batches with images whose next attempt is due, at most {RUNS_PER_TICK} a tick.",
)
def retry_failed_images(context: dg.SensorEvaluationContext, lake: LakeResource) -> dg.SensorResult:
    """Ask for one run for each batch with images due; the same failures ask once, the next round of failures asks again."""
    tables = lake.open()
    due = due_batches(tables, datetime.now(UTC))
    if not due:
        return dg.SensorResult(skip_reason="no failed image is due")
    partitions = set(context.instance.get_dynamic_partitions(str(harvest_batches.name)))
    requests = [retry_request(context.instance, tables, one) for one in due if one.batch in partitions]
    asked = [request for request in requests if request is not None]
    if not asked:
        return dg.SensorResult(
            skip_reason=f"{len(due)} batches have images due: {len(due) - len(requests)} are no partition yet, of "
            f"{len(requests)} the last {MAX_FAILED_RUNS} runs failed"
        )
    return dg.SensorResult(run_requests=asked[:RUNS_PER_TICK])
