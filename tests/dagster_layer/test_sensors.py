"""Sensors and schedules through real ticks, on an instance in memory and real stores."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import orjson
import pyarrow as pa
import pytest
from archive_site import Site
from dagster._core.test_utils import create_run_for_test
from museum_rows import museum_object

from heritage_assets.curation.schemas import CLEANSED_RECORDS, REVIEW_DECISIONS, SOURCE_IMAGES
from heritage_assets.jobs import RECORD_STEPS
from heritage_assets.schedules import nightly_clusters
from heritage_assets.sensors.landing import ATTEMPT_TAG, BATCH_TAG, MAX_ATTEMPTS, RUNS_PER_TICK, landing_sensor
from heritage_assets.sensors.retry_failed_images import MAX_FAILED_RUNS, retry_failed_images
from heritage_assets.sensors.review_decisions import review_decisions
from heritage_assets.sensors.run_failure import run_failure

Status = dg.DagsterRunStatus


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """On disk: only then a tick knows of the partitions that it asks for itself, as in the daemon."""
    with dg.DagsterInstance.local_temp(str(tmp_path)) as made:
        yield made


def tick(
    sensor: dg.SensorDefinition, site: Site, instance: dg.DagsterInstance, cursor: str | None = None
) -> dg.SensorExecutionData:
    """Evaluate one tick and do what the daemon does with its partition requests and events."""
    repository = site.definitions().get_repository_def()
    context = dg.SensorEvaluationContext(  # as the code server makes it for the daemon
        instance.get_ref(),
        last_tick_completion_time=None,
        last_run_key=None,
        cursor=cursor,
        repository_name=repository.name,
        repository_def=repository,
        sensor_name=sensor.name,
        resources=dict(repository.get_top_level_resources()),
    )
    with context:
        data = sensor.evaluate_tick(context)
    for request in data.dynamic_partitions_requests or ():
        instance.add_dynamic_partitions(request.partitions_def_name, list(request.partition_keys))
    for event in data.asset_events or ():
        instance.report_runless_asset_event(event)
    return data


def asked(data: dg.SensorExecutionData) -> list[tuple[str | None, str | None]]:
    return [(request.partition_key, request.run_key) for request in data.run_requests or ()]


def land_one(site: Site, batch: str, day: int = 0) -> None:
    site.land(batch, [museum_object(1, id=f"{batch}-1")], dataset=batch, day=day)


def run_ended(instance: dg.DagsterInstance, batch: str, attempt: int, status: Status) -> None:
    tags = {BATCH_TAG: batch, ATTEMPT_TAG: str(attempt), "dagster/partition": batch}
    create_run_for_test(instance, job_name="record_chain", status=status, tags=tags)


def finished(instance: dg.DagsterInstance, batch: str) -> None:
    instance.report_runless_asset_event(dg.AssetMaterialization("canonical_points", partition=batch))


# -- landing ----------------------------------------------------------------------------------------------------------


def test_landing_asks_for_new_batches_oldest_first_and_only_once(site: Site, instance: dg.DagsterInstance) -> None:
    land_one(site, "younger", day=2)
    land_one(site, "older", day=1)
    first = tick(landing_sensor, site, instance)
    assert asked(first) == [("older", "landing:older:1"), ("younger", "landing:younger:1")]
    assert set(instance.get_dynamic_partitions("harvest_batch")) == {"older", "younger"}
    assert instance.get_materialized_partitions(dg.AssetKey("landing_batches")) == {"older", "younger"}
    tags = {request.partition_key: request.tags for request in first.run_requests}
    assert (tags["older"][BATCH_TAG], tags["older"][ATTEMPT_TAG]) == ("older", "1")
    # Before the runs exist the same keys are asked for: the daemon makes one run of a key.
    again = tick(landing_sensor, site, instance, first.cursor)
    assert asked(again) == asked(first)
    assert not again.dynamic_partitions_requests
    for batch in ("older", "younger"):
        run_ended(instance, batch, 1, Status.STARTED)
    quiet = tick(landing_sensor, site, instance, again.cursor)
    assert asked(quiet) == []
    assert "2 sealed" in (quiet.skip_message or "")


def test_landing_does_not_see_an_unsealed_batch(site: Site, instance: dg.DagsterInstance) -> None:
    land_one(site, "whole")
    (site.home / "lake" / "landing" / "half" / "half-1").mkdir(parents=True)
    (site.home / "lake" / "landing" / "half" / "half-1" / "records-00000.jsonl.gz").write_bytes(b"half")
    assert asked(tick(landing_sensor, site, instance)) == [("whole", "landing:whole:1")]


def test_landing_is_bounded_per_tick_and_gets_to_all(site: Site, instance: dg.DagsterInstance) -> None:
    batches = [f"batch-{number:02d}" for number in range(RUNS_PER_TICK + 5)]
    for day, batch in enumerate(batches):
        land_one(site, batch, day=day)
    first = tick(landing_sensor, site, instance)
    assert [batch for batch, _ in asked(first)] == batches[:RUNS_PER_TICK]
    for batch in batches[:RUNS_PER_TICK]:
        run_ended(instance, batch, 1, Status.STARTED)
    second = tick(landing_sensor, site, instance, first.cursor)
    assert [batch for batch, _ in asked(second)] == batches[RUNS_PER_TICK:]


@pytest.mark.parametrize(
    "cursor",
    [
        None,
        "{",
        "null",
        "17",
        '{"version": 99, "attempts": {"one": 9}}',
        '{"version": 1, "attempts": [1]}',
        '{"version": 1, "attempts": {"one": "3", "gone": 2}}',
    ],
)
def test_landing_goes_on_after_any_cursor(site: Site, instance: dg.DagsterInstance, cursor: str | None) -> None:
    land_one(site, "one")
    data = tick(landing_sensor, site, instance, cursor)
    assert asked(data) == [("one", "landing:one:1")]
    assert json.loads(data.cursor or "")["attempts"] == {"one": 1}


def test_landing_passes_over_finished_batches(site: Site, instance: dg.DagsterInstance) -> None:
    land_one(site, "done")
    finished(instance, "done")
    data = tick(landing_sensor, site, instance)
    assert asked(data) == []
    assert instance.get_materialized_partitions(dg.AssetKey("landing_batches")) == {"done"}  # still told of


def test_landing_asks_again_after_a_failure_until_it_gives_up(site: Site, instance: dg.DagsterInstance) -> None:
    land_one(site, "unlucky")
    cursor = None
    for attempt in range(1, MAX_ATTEMPTS + 1):
        data = tick(landing_sensor, site, instance, cursor)
        assert asked(data) == [("unlucky", f"landing:unlucky:{attempt}")]
        run_ended(instance, "unlucky", attempt, Status.FAILURE)
        cursor = data.cursor
    for damaged in (cursor, None, "{"):  # the runs themselves are the truth
        assert asked(tick(landing_sensor, site, instance, damaged)) == []


def test_landing_counts_attempts_without_its_cursor(site: Site, instance: dg.DagsterInstance) -> None:
    land_one(site, "unlucky")
    run_ended(instance, "unlucky", 1, Status.FAILURE)
    assert asked(tick(landing_sensor, site, instance, "lost")) == [("unlucky", "landing:unlucky:2")]


def test_landing_asks_again_when_the_last_check_failed(site: Site, instance: dg.DagsterInstance) -> None:
    """A failed blocking check of the last step comes after its materialization: the batch is not finished."""
    land_one(site, "unsound")
    finished(instance, "unsound")
    run_ended(instance, "unsound", 1, Status.FAILURE)
    assert asked(tick(landing_sensor, site, instance)) == [("unsound", "landing:unsound:2")]
    run_ended(instance, "unsound", 2, Status.SUCCESS)
    assert asked(tick(landing_sensor, site, instance)) == []


def test_landing_leaves_a_cancelled_batch_alone(site: Site, instance: dg.DagsterInstance) -> None:
    land_one(site, "stopped")
    land_one(site, "other")
    run_ended(instance, "stopped", 1, Status.CANCELED)
    assert asked(tick(landing_sensor, site, instance)) == [("other", "landing:other:1")]


# -- retries ----------------------------------------------------------------------------------------------------------


def write_images(site: Site, batch: str, rows: list[tuple[str, bool, int, datetime | None]]) -> None:
    """Rows of source_images: (status, permanent, attempts, next attempt)."""
    table = pa.Table.from_pylist(
        [
            {
                "guid": f"{batch}-{number}",
                "batch": batch,
                "dataset": "d",
                "status": status,
                "permanent": permanent,
                "attempts": attempts,
                "next_attempt_at": due,
            }
            for number, (status, permanent, attempts, due) in enumerate(rows)
        ],
        schema=SOURCE_IMAGES.schema,
    )
    site.platform.lake.replace_batch(SOURCE_IMAGES, batch, table.to_batches())


def test_retry_asks_for_what_is_due_and_only_once(site: Site, instance: dg.DagsterInstance) -> None:
    past, future = datetime.now(UTC) - timedelta(minutes=1), datetime.now(UTC) + timedelta(hours=1)
    assert asked(tick(retry_failed_images, site, instance)) == []  # no table yet
    write_images(site, "due", [("FAILED", False, 2, past), ("FAILED", False, 1, past), ("FAILED", False, 1, future)])
    write_images(site, "later", [("FAILED", False, 1, future), ("OK", False, 1, None)])
    write_images(site, "final", [("FAILED", True, 1, None), ("NO_IMAGE", True, 0, None)])
    write_images(site, "unknown", [("FAILED", False, 1, past)])
    instance.add_dynamic_partitions("harvest_batch", ["due", "later", "final"])
    data = tick(retry_failed_images, site, instance)
    ((batch, key),) = asked(data)
    assert batch == "due" and key.startswith("retry:due:")
    assert data.run_requests[0].run_config == {"ops": {"source_images": {"config": {"only_due": True}}}}
    assert data.run_requests[0].tags["heritage/images_due"] == "2"
    assert asked(tick(retry_failed_images, site, instance, data.cursor)) == asked(data)  # one key, one run


def test_retry_asks_anew_for_the_next_round_of_failures(site: Site, instance: dg.DagsterInstance) -> None:
    past = datetime.now(UTC) - timedelta(minutes=1)
    instance.add_dynamic_partitions("harvest_batch", ["due"])
    keys = set()
    # One of two images recovers; the attempts at the other alone then add up to what both had before.
    for first, second in (((1, "FAILED"), (1, "FAILED")), ((2, "OK"), (2, "FAILED")), ((2, "OK"), (3, "FAILED"))):
        write_images(site, "due", [(status, False, attempts, past) for attempts, status in (first, second)])
        keys.update(asked(tick(retry_failed_images, site, instance)))
    assert len(keys) == 3


def test_a_retry_whose_run_failed_is_asked_for_again_but_not_for_ever(site: Site, instance: dg.DagsterInstance) -> None:
    write_images(site, "due", [("FAILED", False, 1, datetime.now(UTC) - timedelta(minutes=1))])
    instance.add_dynamic_partitions("harvest_batch", ["due"])
    keys = []
    while requests := tick(retry_failed_images, site, instance).run_requests:
        keys.append(requests[0].run_key)
        create_run_for_test(instance, job_name="image_retry", status=Status.FAILURE, tags=requests[0].tags)
    assert len(set(keys)) == len(keys) == MAX_FAILED_RUNS


def test_a_recovered_image_comes_through(site: Site, instance: dg.DagsterInstance) -> None:
    """The whole way: a server that fails, another try, the vectors and the point."""
    site.land("museum-1", [museum_object(1), museum_object(2, "recovering.jpg")])
    site.add_partitions(instance)
    assert site.materialize(instance, "museum-1", *RECORD_STEPS).success
    assert site.points()["obj-2"]["embedding_status"] == "NO_IMAGE"
    assert asked(tick(retry_failed_images, site, instance)) == []  # not due for an hour
    assert site.materialize(instance, "museum-1", *RECORD_STEPS[2:]).success  # the job image_retry
    point = site.points()["obj-2"]
    assert (point["embedding_status"], point["status"]) == ("OK", "validated")
    assert point["embedding_image"].shape == (16,)


# -- decisions --------------------------------------------------------------------------------------------------------


def decide(site: Site, number: int, guid_a: str, guid_b: str) -> None:
    row = {"decision_id": str(number), "guid_a": guid_a, "guid_b": guid_b, "decision": "same", "reviewer": "me"}
    table = pa.Table.from_pylist([{**row, "decided_at": datetime.now(UTC)}], schema=REVIEW_DECISIONS.schema)
    site.platform.lake.append(REVIEW_DECISIONS, table)


def test_decisions_are_carried_out_in_the_batches_they_touch(site: Site, instance: dg.DagsterInstance) -> None:
    for batch, guids in {"one": ["a", "b"], "two": ["c"], "three": ["d"]}.items():
        rows = [
            {"guid": guid, "batch": batch, "withdrawn": False, "harvested_at": datetime(2026, 1, 1, tzinfo=UTC)}
            for guid in guids
        ]
        table = pa.Table.from_pylist(rows, schema=CLEANSED_RECORDS.schema)
        site.platform.lake.replace_batch(CLEANSED_RECORDS, batch, table.to_batches())
    instance.add_dynamic_partitions("harvest_batch", ["one", "two", "three"])
    assert asked(tick(review_decisions, site, instance)) == []
    decide(site, 1, "a", "b")
    first = tick(review_decisions, site, instance)
    assert asked(first) == [("one", "review:1:one")]
    assert asked(tick(review_decisions, site, instance, first.cursor)) == []
    decide(site, 2, "b", "c")
    second = tick(review_decisions, site, instance, first.cursor)
    assert asked(second) == [("one", "review:2:one"), ("two", "review:2:two")]
    assert {request.job_name for request in second.run_requests} <= {None, "canonicalization"}
    lost = tick(review_decisions, site, instance, "not a number")
    assert {batch for batch, _ in asked(lost)} == {"one", "two"}


# -- failures and schedules -------------------------------------------------------------------------------------------


def test_a_failed_run_leaves_its_alert(site: Site) -> None:
    site.land("museum-1", [museum_object(1)])
    with site.instance() as instance:
        instance.add_dynamic_partitions("harvest_batch", ["nowhere"])
        job = site.definitions().resolve_job_def("record_chain")
        run = job.execute_in_process(instance=instance, partition_key="nowhere", raise_on_error=False)
        assert not run.success
        context = dg.build_run_status_sensor_context(
            sensor_name="run_failure",
            dagster_instance=instance,
            dagster_run=run.dagster_run,
            dagster_event=run.get_run_failure_event(),
            resources={name: site.definitions().resources[name] for name in run_failure.required_resource_keys},
        ).for_run_failure()
        run_failure(context)
    note = orjson.loads(site.platform.objects.get(f"alerts/{run.run_id}.json"))
    assert (note["job"], note["partition"]) == ("record_chain", "nowhere")
    assert note["steps"] == ["cleansed_records"]
    assert "nowhere" in note["text"]


@pytest.mark.parametrize("name", ["nightly_clusters", "nightly_harvest"])
def test_schedules_ask_for_their_job_every_night(site: Site, name: str) -> None:
    definitions = site.definitions()
    schedule = definitions.resolve_schedule_def(name)
    with dg.DagsterInstance.ephemeral() as instance:
        night = datetime(2026, 3, 1, 5, tzinfo=UTC)
        context = dg.build_schedule_context(
            instance=instance,
            scheduled_execution_time=night,
            repository_def=definitions.get_repository_def(),
        )
        data = schedule.evaluate_tick(context)
    assert len(data.run_requests or ()) == 1
    assert schedule.job_name == {"nightly_clusters": "clustering", "nightly_harvest": "harvesting"}[name]
    assert nightly_clusters.cron_schedule == "0 5 * * *"
