"""Automation conditions, evaluated as the daemon does: each batch on its own, the clusters once any batch was canonicalized."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg
import pytest

from heritage_assets.assets.reporting import blocking, verdict
from heritage_assets.definitions import build_definitions
from heritage_assets.partitions import harvest_batches, when_sound
from heritage_assets.settings import Settings

CHAIN = ("cleansed_records", "source_images", "clip_embeddings", "pending_points", "canonical_points")
SIDE = {
    "cleansed_records": ("rejected_records",),
    "canonical_points": ("duplicate_pairs", "canonical_records"),
}


class Graph:
    """The asset graph on an instance in memory; a condition is asked by what came since it was asked last."""

    def __init__(self, definitions: dg.Definitions, instance: dg.DagsterInstance) -> None:
        self.definitions, self.instance = definitions, instance
        self.cursor = None

    def requested(self) -> dict[str, set[str | None]]:
        """What is asked for now: partitions by asset (None: an asset without partitions)."""
        result = dg.evaluate_automation_conditions(self.definitions, instance=self.instance, cursor=self.cursor)
        self.cursor = result.cursor
        found: dict[str, set[str | None]] = {}
        for one in result.results:
            subset = result.get_requested_partitions(one.key) if result.get_num_requested(one.key) else set()
            if subset:
                found[one.key.to_user_string()] = set(subset)
        return found

    def made(self, asset: str, batch: str | None = None) -> None:
        """Materialize an asset, with what its step makes beside it."""
        for name in (asset, *SIDE.get(asset, ())):
            self.instance.report_runless_asset_event(dg.AssetMaterialization(name, partition=batch))


@pytest.fixture
def graph(plain_settings: Settings) -> Iterator[Graph]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Graph(build_definitions(plain_settings), instance)


def test_nothing_is_asked_for_without_batches(graph: Graph) -> None:
    assert graph.requested() == {}
    assert graph.requested() == {}


def test_a_landed_batch_is_left_to_the_landing_sensor(graph: Graph) -> None:
    """Two askers would run its chain twice."""
    graph.requested()
    graph.instance.add_dynamic_partitions("harvest_batch", ["one"])
    assert graph.requested() == {}
    graph.made("landing_batches", "one")
    assert graph.requested() == {}


@pytest.mark.parametrize("step", range(1, len(CHAIN)))
def test_each_step_follows_batch_by_batch(graph: Graph, step: int) -> None:
    graph.instance.add_dynamic_partitions("harvest_batch", ["done", "new", "untouched"])
    for asset in ("landing_batches", *CHAIN):
        graph.made(asset, "done")
    graph.requested()
    for asset in ("landing_batches", *CHAIN[:step]):
        graph.made(asset, "new")
    asked = graph.requested()
    assert [asset for asset in CHAIN if asset in asked] == list(CHAIN[step:]), "the step, and what will follow it"
    assert {batch for asset in CHAIN for batch in asked.get(asset, set())} == {"new"}
    assert not [asset for asset in graph.requested() if asset in CHAIN], "asked for once"


def test_clusters_follow_any_batch_although_others_are_missing(graph: Graph) -> None:
    graph.instance.add_dynamic_partitions("harvest_batch", ["one", "missing"])
    assert "clusters" not in graph.requested()
    for asset in ("landing_batches", *CHAIN):
        graph.made(asset, "one")
    assert "clusters" in graph.requested()
    graph.made("clusters")
    graph.made("cluster_members")
    assert "clusters" not in graph.requested()
    assert "clusters" not in graph.requested()
    graph.made("canonical_points", "one")
    assert "clusters" in graph.requested()
    assert "clusters" not in graph.requested(), "asked for once"


RANGE_OF = {"dagster/asset_partition_range_start": "one", "dagster/asset_partition_range_end": "two"}


@pytest.fixture
def checked() -> Iterator[tuple[Graph, set[str]]]:
    """A step whose blocking check fails for the batches of a set, and one that follows; both as the chain declares them."""
    failing: set[str] = set()

    @dg.asset(
        partitions_def=harvest_batches,
        backfill_policy=dg.BackfillPolicy.single_run(),
        check_specs=[blocking("sound", "made", "nothing is wrong")],
    )
    def made(context):  # Dagster can read no annotation that is a string here
        sound = failing.isdisjoint(context.partition_keys)
        return dg.MaterializeResult(check_results=[verdict("sound", "made", sound)])

    @dg.asset(deps=["made"], partitions_def=harvest_batches, automation_condition=when_sound)
    def following(): ...

    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("harvest_batch", ["one", "two"])
        graph = Graph(dg.Definitions(assets=[made, following]), instance)
        graph.requested()
        yield graph, failing


def materialize(graph: Graph, **which: object) -> bool:
    made = graph.definitions.resolve_assets_def("made")
    return dg.materialize([made], instance=graph.instance, raise_on_error=False, **which).success  # type: ignore[arg-type]


def test_a_batch_that_failed_a_blocking_check_is_not_followed_until_it_is_mended(
    checked: tuple[Graph, set[str]],
) -> None:
    """In the run of the failure nothing follows anyway; no later run may take the batch for sound either."""
    graph, failing = checked
    failing.add("one")
    assert not materialize(graph, partition_key="one")
    assert materialize(graph, partition_key="two")
    assert graph.requested() == {"following": {"two"}}
    failing.clear()
    assert materialize(graph, partition_key="one")
    assert graph.requested() == {"following": {"one"}}
    failing.add("one")
    assert not materialize(graph, partition_key="one")
    assert graph.requested() == {}


def test_a_run_over_a_range_of_batches_is_followed(checked: tuple[Graph, set[str]]) -> None:
    graph, _ = checked
    assert materialize(graph, tags=RANGE_OF)
    assert graph.requested() == {"following": {"one", "two"}}


def test_every_step_of_the_chain_looks_at_the_blocking_checks_of_its_batch(graph: Graph) -> None:
    for step in graph.definitions.resolve_all_asset_specs():
        if step.key.to_user_string() in CHAIN[1:]:
            assert step.automation_condition == when_sound
    checks = [
        spec
        for one in graph.definitions.assets or ()
        if isinstance(one, dg.AssetsDefinition)
        for spec in one.check_specs
        if spec.blocking and spec.asset_key.to_user_string() in (*CHAIN, "canonical_records")
    ]
    assert len(checks) >= len(CHAIN)
    assert {spec.partitions_def for spec in checks} == {harvest_batches}
