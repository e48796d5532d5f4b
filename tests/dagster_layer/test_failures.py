"""When a part fails: the check says so and nothing downstream runs, or one record is marked and the batch goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import dagster as dg
import pytest
from archive_site import Site
from faulty_parts import (
    FaultyEngineResource,
    ForgetfulStoreResource,
    LossyLakeResource,
    StumblingEncoderResource,
)
from museum_rows import first_batch, museum_object, second_batch
from store_snapshots import differences

from heritage_assets import execution
from heritage_assets.jobs import RECORD_STEPS
from heritage_assets.resources.encoder import EncoderResource

FAULTS: dict[str, tuple[str, str]] = {
    "cleanse loses a row": ("cleansed_records", "landed_is_conserved"),
    "fetch loses a row": ("source_images", "images_match_records"),
    "embed loses a row": ("clip_embeddings", "embeddings_match_images"),
    "embed gives a wrong norm": ("clip_embeddings", "vectors_have_unit_length"),
    "embed gives a wrong dimension": ("clip_embeddings", "dimensions_match_encoder"),
    "points get lost": ("pending_points", "points_match_records"),
    "points are not told": ("canonical_points", "no_point_left_pending"),
    "canonical rows get lost": ("canonical_points", "every_current_record_has_its_canonical_row"),
}
"""What goes wrong, and the step and its check that must say so."""


def faulty(site: Site, fault: str) -> dict[str, Any]:
    """The resource that does it."""
    if "point" in fault:
        return {"vector_store": ForgetfulStoreResource(home=str(site.home))}
    if "canonical" in fault:
        return {"lake": LossyLakeResource(root=site.settings.tables_root, of="canonical_records")}
    step = fault.split(maxsplit=1)[0]
    kind = "lose a row" if "loses" in fault else "wrong norm" if "norm" in fault else "wrong dimension"
    return {"engine": FaultyEngineResource(of=step, fault=kind)}


@pytest.fixture(scope="module")
def workshop(new_site: Callable[..., Site]) -> Iterator[Site]:
    """A home for one small batch for each fault."""
    made = new_site()
    yield made
    made.close()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_blocking_check_fails_and_nothing_downstream_runs(workshop: Site, fault: str) -> None:
    step, check = FAULTS[fault]
    batch = fault.replace(" ", "-")
    first = 3 * list(FAULTS).index(fault)
    records = [museum_object(number, id=f"{batch}-{number}") for number in range(first, first + 3)]
    workshop.land(batch, records, dataset=batch)
    at = RECORD_STEPS.index(step)
    with workshop.instance() as instance:
        assert at == 0 or workshop.materialize(instance, batch, *RECORD_STEPS[:at]).success
        broken = workshop.materialize(instance, batch, *RECORD_STEPS[at:], **faulty(workshop, fault))
        assert not broken.success
        assert check in {result.check_name for result in broken.get_asset_check_evaluations() if not result.passed}
        happened = {name: steps_with(broken, name) for name in ("STEP_START", "STEP_SUCCESS", "STEP_UP_FOR_RETRY")}
        assert happened == {"STEP_START": {step}, "STEP_SUCCESS": set(), "STEP_UP_FOR_RETRY": set()}
        # With the fault gone the same steps heal what it left.
        assert workshop.materialize(instance, batch, *RECORD_STEPS[at:]).success
    healed = [point for point in workshop.points().values() if point["batch"] == batch]
    assert [point["status"] for point in healed] == ["validated"] * 3


def steps_with(run: dg.ExecuteInProcessResult, event_type: str) -> set[str | None]:
    """The steps that had an event of this type."""
    return {event.step_key for event in run.all_events if event.event_type_value == event_type}


def test_the_command_takes_up_a_batch_whose_last_check_failed(site: Site) -> None:
    """The last step was materialized by then, but was not found sound."""
    site.land("museum-1", [museum_object(number) for number in range(3)])
    steps = execution.STEPS["canonical_points"]
    lossy = site.definitions(lake=LossyLakeResource(root=site.settings.tables_root, of="canonical_records"))
    with execution.dagster_instance(site.settings) as instance:
        sealed = execution.register_batches(instance, site.platform.landing)
        broken = execution.run_batch(lossy, instance, "museum-1", steps)
        assert any("every_current_record_has_its_canonical_row" in line for line in broken.failures)
        assert execution.incomplete_batches(instance, sealed, "clusters") == ["museum-1"]
        assert execution.run_batch(site.definitions(), instance, "museum-1", steps).success
        assert execution.incomplete_batches(instance, sealed, "clusters") == []


def test_an_item_that_the_encoder_fails_on_is_marked_and_the_batch_goes_on(site: Site) -> None:
    site.land("museum-1", [museum_object(1), museum_object(2, title="Poison ivy"), museum_object(3)])
    with site.instance() as instance:
        encoder = StumblingEncoderResource(name=site.settings.encoder, poison="Poison")
        done = site.materialize(instance, "museum-1", *RECORD_STEPS, encoder=encoder)
        assert done.success
        rows = {key[0]: row for key, row in site.tables()["clip_embeddings"].items()}
        assert {guid: row["embedding_status"] for guid, row in rows.items()} == {
            "obj-1": "OK",
            "obj-2": "FAILED",
            "obj-3": "OK",
        }
        assert "encoder_failed" in rows["obj-2"]["reason"]
        assert rows["obj-2"]["embedding_image"] is not None
        assert {point["status"] for point in site.points().values()} == {"validated"}
        # An encoder that no longer fails on it heals the row.
        assert site.materialize(instance, "museum-1", *RECORD_STEPS).success
        assert {row["embedding_status"] for row in site.tables()["clip_embeddings"].values()} == {"OK"}
        assert site.points()["obj-2"]["embedding_status"] == "OK"


def test_an_older_batch_can_run_while_a_newer_one_is_half_way(site: Site) -> None:
    """The newer batch is cleansed, so its rows are current, but its points are not there yet."""
    site.land("museum-1", first_batch())
    with site.instance() as instance:
        assert site.materialize(instance, "museum-1", *RECORD_STEPS[:5]).success
        site.land("museum-2", second_batch(), day=1)
        site.add_partitions(instance)
        assert site.materialize(instance, "museum-2", *RECORD_STEPS[:2]).success
        for steps in (RECORD_STEPS[5:], RECORD_STEPS):
            again = site.materialize(instance, "museum-1", *steps)
            failed = [check.check_name for check in again.get_asset_check_evaluations() if not check.passed]
            assert (again.success, failed) == (True, [])
        assert site.materialize(instance, "museum-2", *RECORD_STEPS[2:]).success
    points = site.points()
    assert {point["status"] for point in points.values()} == {"validated"}
    assert {point["batch"] for guid, point in points.items() if guid == "obj-1"} == {"museum-2"}


def test_a_missing_encoder_fails_at_once_with_what_to_do(site: Site) -> None:
    site.land("museum-1", first_batch())
    with site.instance() as instance:
        assert site.materialize(instance, "museum-1", *RECORD_STEPS[:3]).success
        before = site.tables()
        broken = site.materialize(instance, "museum-1", *RECORD_STEPS[3:], encoder=EncoderResource(name="/no/such"))
        (failure,) = broken.get_step_failure_events()
        assert "/no/such" in failure.step_failure_data.error_display_string
        assert steps_with(broken, "STEP_UP_FOR_RETRY") == set(), "a model that is not there doesn't come by waiting"
    assert differences(before, site.tables()) == []


def test_a_batch_that_is_not_landed_fails_with_its_name(site: Site) -> None:
    with site.instance() as instance:
        instance.add_dynamic_partitions("harvest_batch", ["nowhere"])
        broken = site.materialize(instance, "nowhere", *RECORD_STEPS[:2])
        (failure,) = broken.get_step_failure_events()
        assert "nowhere" in failure.step_failure_data.error_display_string
