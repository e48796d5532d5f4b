"""The maintenance job: once a week the tables are compacted and vacuumed."""

import dagster as dg
from pydantic import Field

from heritage_assets.resources.lake import LakeResource
from heritage_assets.stores.maintenance import RETENTION_HOURS, maintain


class MaintenanceConfig(dg.Config):
    """How long files stay that tables no longer name."""

    retention_hours: float = Field(
        RETENTION_HOURS, ge=0, description="Hours; less than the longest write takes can lose a writer its files."
    )


@dg.op(retry_policy=dg.RetryPolicy(max_retries=2, delay=60))
def maintain_tables(context: dg.OpExecutionContext, config: MaintenanceConfig, lake: LakeResource) -> None:
    """Compact and vacuum every table of the lake."""
    done = maintain(lake.open(), retention_hours=config.retention_hours)
    for one in done:
        context.log.info("%s", one)
    context.add_output_metadata(
        {
            "files_before": sum(one.files_before for one in done),
            "files_after": sum(one.files_after for one in done),
            "files_deleted": sum(one.deleted for one in done),
        }
    )


@dg.job(description="Compact the tables' small files, and delete what no reader can still want.")
def maintenance() -> None:
    """Maintain all tables."""
    maintain_tables()
