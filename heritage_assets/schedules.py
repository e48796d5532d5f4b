"""Schedules: what happens every night, and every week."""

import dagster as dg

from heritage_assets.jobs import clustering, harvesting
from heritage_assets.maintenance import maintenance

HARVEST_CRON = "0 2 * * *"
CLUSTERS_CRON = "0 5 * * *"


def nightly_schedules(
    harvest_cron: str = HARVEST_CRON, clusters_cron: str = CLUSTERS_CRON
) -> list[dg.ScheduleDefinition]:
    """Return the two schedules, at these times (cron, UTC)."""
    return [
        dg.ScheduleDefinition(
            name="nightly_harvest",
            job=harvesting,
            cron_schedule=harvest_cron,
            execution_timezone="UTC",
            description="Harvest all configured sources. Stopped until a sources.yaml is there and somebody starts it.",
        ),
        dg.ScheduleDefinition(
            name="nightly_clusters",
            job=clustering,
            cron_schedule=clusters_cron,
            execution_timezone="UTC",
            default_status=dg.DefaultScheduleStatus.RUNNING,
            description="Cluster the archive anew after the night's batches.",
        ),
    ]


nightly_harvest, nightly_clusters = nightly_schedules()

weekly_maintenance = dg.ScheduleDefinition(
    name="weekly_maintenance",
    job=maintenance,
    cron_schedule="30 6 * * 0",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Compact and vacuum the tables, on Sunday mornings.",
)
