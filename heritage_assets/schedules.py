"""Schedules: what happens every night, and every week."""

import dagster as dg

from heritage_assets.jobs import clustering, harvesting
from heritage_assets.maintenance import maintenance

nightly_harvest = dg.ScheduleDefinition(
    name="nightly_harvest",
    job=harvesting,
    cron_schedule="0 2 * * *",
    execution_timezone="UTC",
    description="Harvest all configured sources. Stopped until a sources.yaml is there and somebody starts it.",
)

nightly_clusters = dg.ScheduleDefinition(
    name="nightly_clusters",
    job=clustering,
    cron_schedule="0 5 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Cluster the archive anew after the night's batches.",
)

weekly_maintenance = dg.ScheduleDefinition(
    name="weekly_maintenance",
    job=maintenance,
    cron_schedule="30 6 * * 0",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Compact and vacuum the tables, on Sunday mornings.",
)
