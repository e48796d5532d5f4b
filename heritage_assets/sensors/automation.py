"""automation_conditions: evaluates the conditions that the assets declare, inside the graph."""

import dagster as dg

automation_conditions = dg.AutomationConditionSensorDefinition(
    "automation_conditions",
    target=dg.AssetSelection.all(),
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=30,
    description="Asks for what the assets' automation conditions say is due, partition by partition.",
)
