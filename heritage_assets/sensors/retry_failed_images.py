"""retry_failed_images: asks again for images whose next attempt is due."""

from datetime import UTC, datetime

import dagster as dg
import pyarrow.compute as pc

from heritage_assets.curation.schemas import SOURCE_IMAGES
from heritage_assets.jobs import image_retry
from heritage_assets.partitions import harvest_batches
from heritage_assets.resources.lake import LakeResource
from heritage_assets.stores.lake import Lake, text

RUNS_PER_TICK = 10


def due_batches(lake: Lake, now: datetime) -> list[tuple[str, int, int]]:
    """Return (batch, images due, attempts made on all its images so far) of each batch with images due at ``now``, by batch.

    All images count, also those that succeeded: only so the number grows with every round.
    """
    due = (text("status") == "FAILED") & ~pc.field("permanent") & (pc.field("next_attempt_at") <= now)
    waiting = lake.read(SOURCE_IMAGES, columns=["batch"], where=due)["batch"]
    images = {row["values"]: row["counts"] for row in waiting.value_counts().to_pylist()}
    rows = lake.read(SOURCE_IMAGES, columns=["batch", "attempts"], batches=sorted(images))
    attempts = rows.group_by("batch").aggregate([("attempts", "sum")]).sort_by("batch").to_pylist()
    return [(row["batch"], images[row["batch"]], row["attempts_sum"]) for row in attempts]


@dg.sensor(
    job=image_retry,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=f"Asks for the runs of batches with images whose next attempt is due, at most {RUNS_PER_TICK} a tick.",
)
def retry_failed_images(context: dg.SensorEvaluationContext, lake: LakeResource) -> dg.SensorResult:
    """Ask for one run for each batch with images due.

    The run key holds the attempts made so far: the same failures ask once, the next round of failures asks again.
    """
    due = due_batches(lake.open(), datetime.now(UTC))
    if not due:
        return dg.SensorResult(skip_reason="no failed image is due")
    partitions = set(context.instance.get_dynamic_partitions(str(harvest_batches.name)))
    requests = [
        dg.RunRequest(
            run_key=f"retry:{batch}:{attempts}",
            partition_key=batch,
            tags={"heritage/images_due": str(images), "heritage/attempts": str(attempts)},
        )
        for batch, images, attempts in due
        if batch in partitions
    ]
    if not requests:
        return dg.SensorResult(skip_reason=f"{len(due)} batches have images due, none of them is a partition yet")
    return dg.SensorResult(run_requests=requests[:RUNS_PER_TICK])
