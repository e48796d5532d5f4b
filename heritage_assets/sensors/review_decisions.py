"""review_decisions: lets what people decided take effect."""

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from heritage_assets.curation.schemas import REVIEW_DECISIONS
from heritage_assets.jobs import canonicalization
from heritage_assets.partitions import harvest_batches
from heritage_assets.resources.lake import LakeResource
from heritage_assets.stores.lake import Lake
from heritage_assets.stores.views import live_rows


def decisions_after(lake: Lake, decided: int) -> set[str]:
    """Return the guids named by decisions later than the first ``decided`` ones (the table is append-only)."""
    rows = lake.read(REVIEW_DECISIONS, columns=["guid_a", "guid_b", "decided_at"]).sort_by("decided_at").slice(decided)
    return {guid for name in ("guid_a", "guid_b") for guid in rows[name].to_pylist() if guid}


def batches_of(lake: Lake, guids: set[str]) -> list[str]:
    """Return the batches that hold the current rows of these guids."""
    live = live_rows(lake)
    return sorted(
        set(live.filter(pc.is_in(live["guid"], value_set=pa.array(sorted(guids), pa.string())))["batch"].to_pylist())
    )


@dg.sensor(
    job=canonicalization,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Canonicalizes again the batches whose records somebody decided about.",
)
def review_decisions(context: dg.SensorEvaluationContext, lake: LakeResource) -> dg.SensorResult:
    """Ask for one run for each batch that new decisions touch; the cursor is the number of decisions seen."""
    tables = lake.open()
    total = tables.count(REVIEW_DECISIONS)
    cursor = context.cursor or ""
    seen = int(cursor) if cursor.isdigit() else 0
    if total <= seen:
        return dg.SensorResult(skip_reason=f"no decision beyond the {seen} seen")
    partitions = set(context.instance.get_dynamic_partitions(str(harvest_batches.name)))
    touched = [batch for batch in batches_of(tables, decisions_after(tables, seen)) if batch in partitions]
    requests = [
        dg.RunRequest(run_key=f"review:{total}:{batch}", partition_key=batch, tags={"heritage/decisions": str(total)})
        for batch in touched
    ]
    return dg.SensorResult(run_requests=requests, cursor=str(total))
