"""The platform's code location with one schedule more, which comes round while a test waits."""

import dagster as dg

from heritage_assets.definitions import build_definitions
from heritage_assets.jobs import clustering

every_minute = dg.ScheduleDefinition(name="every_minute", job=clustering, cron_schedule="* * * * *")

defs = dg.Definitions.merge(build_definitions(), dg.Definitions(schedules=[every_minute]))
