"""Automation conditions, evaluated as the daemon does: each batch on its own, the clusters once any batch was canonicalized."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg
import pytest

from heritage_assets.definitions import build_definitions
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
