"""run_failure: leaves a note for every failed run, and tells a webhook when one is configured."""

import os

import dagster as dg
import httpx
import orjson

from heritage_assets.resources.object_store import ObjectStoreResource

WEBHOOK_VARIABLE = "HERITAGE_ALERT_WEBHOOK"


@dg.run_failure_sensor(
    name="run_failure",
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=f"Writes alerts/<run>.json for every failed run and posts it to {WEBHOOK_VARIABLE} when that is set.",
)
def run_failure(context: dg.RunFailureSensorContext, object_store: ObjectStoreResource) -> None:
    """Record which run failed, on what, and with which message."""
    run = context.dagster_run
    steps = [event.step_key for event in context.get_step_failure_events()]
    note = {
        "run_id": run.run_id,
        "job": run.job_name,
        "partition": run.tags.get("dagster/partition"),
        "steps": steps,
        "message": context.failure_event.message,
        "text": f"{run.job_name} failed on {run.tags.get('dagster/partition', 'no partition')}: {context.failure_event.message}",
    }
    object_store.store().put(f"alerts/{run.run_id}.json", orjson.dumps(note, option=orjson.OPT_INDENT_2))
    webhook = os.environ.get(WEBHOOK_VARIABLE)
    if webhook:
        httpx.post(webhook, json=note, timeout=10).raise_for_status()
