"""Dagster as people use it: a running instance over GraphQL, and then the stores compared with an undisturbed run's."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from archive_site import Site
from museum_rows import copy_of, first_batch, museum_object, problem_batch, second_batch
from running_dagster import RunningDagster, running_dagster
from store_snapshots import Tables, differences

from heritage_assets.jobs import RECORD_STEPS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

LAST = ("clusters", "cluster_members")
OF_RECORDS = [
    "cleansed_records",
    "rejected_records",
    "source_images",
    "clip_embeddings",
    "duplicate_pairs",
    "canonical_records",
]


@pytest.fixture(scope="module")
def live(new_site: Callable[..., Site]) -> Site:
    """The home over which Dagster runs."""
    return new_site()


@pytest.fixture(scope="module")
def dagster(live: Site) -> Iterator[RunningDagster]:
    """Started once; the tests below build on each other, in their order."""
    with running_dagster(live, quick_sensors=True) as running:
        yield running
    live.close()


@pytest.fixture(scope="module")
def undisturbed(new_site: Callable[..., Site], live: Site) -> Callable[[], Site]:
    """What a run in this process leaves of all that has landed by then."""

    def build() -> Site:
        site = new_site()
        site.take_landing_of(live)
        assert [outcome.failures for outcome in site.run_as_the_command_does()] == [()] * 5
        return site

    return build


def materialized(runs: list[dict[str, object]], asset: str) -> list[object]:
    """The runs that materialized an asset."""
    return [run["runId"] for run in runs if any(e["assetKey"]["path"] == [asset] for e in run["assetMaterializations"])]


def several_batches(tags: dict[str, str]) -> bool:
    """Whether a run with these tags works on a range of batches."""
    first, last = (tags.get(f"dagster/asset_partition_range_{end}") for end in ("start", "end"))
    return first != last


def test_the_landing_sensor_takes_a_dropped_batch_through_the_chain(live: Site, dagster: RunningDagster) -> None:
    live.land("museum-1", first_batch())
    (run,) = dagster.wait("the landing sensor asks for a run", lambda: dagster.runs(heritage__batch="museum-1"), 90)
    status = dagster.wait("the run ends", lambda: dagster.ended(run["runId"]))
    assert status == "SUCCESS"
    assert {point["status"] for point in live.points().values()} == {"validated"}
    assert len(live.points()) == 13


def test_clusters_follow_by_their_automation_condition_and_no_step_ran_twice(
    live: Site, dagster: RunningDagster
) -> None:
    dagster.wait("clusters are made", lambda: materialized(dagster.runs(), "clusters"), 150)
    dagster.wait("nothing runs any more", lambda: all(run["status"] == "SUCCESS" for run in dagster.runs()), 120)
    runs = dagster.runs()
    made = {step: len(materialized(runs, step)) for step in (*RECORD_STEPS, *LAST)}
    assert made == dict.fromkeys((*RECORD_STEPS, *LAST), 1)
    assert live.tables()["cluster_members"]
    for sensor in ("landing_sensor", "automation_conditions"):
        dagster.stop_sensor(sensor)
        assert dagster.state("sensor", sensor)["status"] == "STOPPED"


def test_materialize_one_partition(live: Site, dagster: RunningDagster) -> None:
    live.land("museum-2", second_batch(), day=1, withdrawals=True)
    dagster.add_partition("museum-2")
    run = dagster.launch("record_chain", "museum-2")
    assert dagster.wait("the launched run ends", lambda: dagster.ended(run)) == "SUCCESS"
    points = live.points()
    assert {point["status"] for point in points.values()} == {"validated"}
    assert points["obj-4"]["batch"] == "museum-2"
    assert "obj-5" not in points


def test_backfill_of_several_partitions_leaves_the_stores_of_an_undisturbed_run(
    live: Site, dagster: RunningDagster, undisturbed: Callable[[], Site]
) -> None:
    live.land("bad-1", problem_batch(), dataset="bad", day=2)
    others = [museum_object(number) for number in range(20, 24)] + [copy_of(20), copy_of(7)]
    live.land("others-1", others, dataset="others", day=3)
    batches = ["museum-1", "museum-2", "bad-1", "others-1"]  # two that are done, the first superseded, and two new ones
    for batch in batches[2:]:
        dagster.add_partition(batch)
    backfill = dagster.backfill(RECORD_STEPS, batches)

    def done() -> str:
        status = dagster.backfill_status(backfill)
        return "" if status in ("REQUESTED", "CANCELING", "FAILING") else status

    assert dagster.wait("the backfill ends", done, 300) == "COMPLETED_SUCCESS"
    runs = dagster.runs(dagster__backfill=backfill)
    assert {run["status"] for run in runs} == {"SUCCESS"}
    assert all(materialized(runs, step) for step in RECORD_STEPS)
    # How many runs there are is chance: a daemon that looks between two events of a run asks for what follows in two.
    assert any(several_batches(run["tags"]) for run in runs), "batches share runs"
    dagster.start_schedule("every_minute")  # its minute passes while the reference is made
    reference = undisturbed()
    left, right = reference.tables(), live.tables()
    for table in OF_RECORDS:
        assert differences(left[table], right[table], table) == []
    points = reference.points(), live.points()
    for found in points:
        for point in found.values():
            point.pop("cluster_id", None)  # the clusters follow by schedule
    assert differences(*points) == []
    reference.close()


def test_a_scheduled_run_clusters_the_archive(live: Site, dagster: RunningDagster) -> None:
    runs = dagster.wait("the schedule's tick", lambda: dagster.runs(dagster__schedule_name="every_minute"), 90)
    dagster.stop_schedule("every_minute")
    for run in runs:
        assert dagster.wait("the scheduled run ends", lambda run=run: dagster.ended(run["runId"])) == "SUCCESS"
    tables = live.tables()
    assert ("obj-23",) in tables["cluster_members"]
    assert representatives_with_images(tables) <= {guid for (guid,) in tables["cluster_members"]}
    told = {guid: point["cluster_id"] for guid, point in live.points().items() if "cluster_id" in point}
    assert told == {guid: row["cluster_id"] for (guid,), row in tables["cluster_members"].items()}


def representatives_with_images(tables: Tables) -> set[str]:
    """Living records that speak for their group and have an image vector."""
    pictured = {guid for (guid, *_), row in tables["clip_embeddings"].items() if row["embedding_status"] == "OK"}
    rows = tables["canonical_records"]
    return {guid for (guid,), row in rows.items() if row["is_representative"] and guid in pictured}
