"""The steps on real stores: what they leave, what they tell, and that doing it again changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import dagster as dg
import numpy as np
import pytest
from archive_site import Site
from museum_rows import PROBLEMS, first_batch, problem_batch, second_batch
from store_snapshots import Points, Tables, differences, groups_of

from heritage_assets.curation.encoders import EncoderSpec, loading, pretrained
from heritage_assets.curation.encoders.pretrained import PretrainedEncoder
from heritage_assets.curation.encoders.weights import ModelFiles
from heritage_assets.curation.schemas import TABLES
from heritage_assets.jobs import RECORD_STEPS

CLEANSE = RECORD_STEPS[:2]
CANONICALIZE = RECORD_STEPS[5:]
STEPS = (CLEANSE, *((step,) for step in RECORD_STEPS[2:5]), CANONICALIZE)
CLUSTER = ("clusters", "cluster_members")


@dataclass
class Museum:
    """A home in which three batches and the clusters were materialized, one run each."""

    site: Site
    instance: dg.DagsterInstance
    runs: dict[str, dg.ExecuteInProcessResult]
    after_first: tuple[Tables, Points]
    tables: Tables
    points: Points

    def metadata(self, run: str, asset: str) -> dict[str, object]:
        """What the materialization told, as plain values."""
        (event,) = (
            event
            for event in self.runs[run].asset_materializations_for_node(NODES.get(asset, asset))
            if event.asset_key == dg.AssetKey(asset)
        )
        return {name: getattr(value, "value", value) for name, value in event.metadata.items()}

    def checks(self, run: str) -> dict[str, bool]:
        """Which checks passed."""
        return {check.check_name: check.passed for check in self.runs[run].get_asset_check_evaluations()}


NODES = {
    "rejected_records": "cleansed_records",
    "duplicate_pairs": "canonical_points",
    "canonical_records": "canonical_points",
    "cluster_members": "clusters",
}


@pytest.fixture(scope="module")
def museum(new_site: Callable[..., Site]) -> Iterator[Museum]:
    site = new_site()
    with site.instance() as instance:
        runs = {}
        site.land("museum-1", first_batch())
        site.land("bad-1", problem_batch(), dataset="bad")
        site.add_partitions(instance)
        for batch in ("museum-1", "bad-1"):
            runs[batch] = site.materialize(instance, batch, *RECORD_STEPS, raise_on_error=True)
        after_first = site.tables(), site.points()
        site.land("museum-2", second_batch(), day=1, withdrawals=True)
        site.add_partitions(instance)
        runs["museum-2"] = site.materialize(instance, "museum-2", *RECORD_STEPS, raise_on_error=True)
        runs["clusters"] = site.materialize(instance, None, *CLUSTER, raise_on_error=True)
        yield Museum(site, instance, runs, after_first, site.tables(), site.points())
    site.close()


# -- what is left -----------------------------------------------------------------------------------------------------


def test_all_landed_records_are_accounted_for(museum: Museum) -> None:
    told = museum.metadata("museum-1", "cleansed_records")
    assert (told["landed"], told["cleansed"], told["repeated"], told["rejected"]) == (16, 13, 1, 2)
    rejected = {row["reason"] for row in museum.tables["rejected_records"].values()}
    assert rejected == {"no_guid", "malformed_json"}


def test_every_problem_of_an_image_is_a_row_and_the_batch_goes_on(museum: Museum) -> None:
    rows = {key[0]: row for key, row in museum.tables["source_images"].items() if key[1] == "bad-1"}
    found = {guid.removeprefix("bad-"): row["reason"] for guid, row in rows.items() if guid.startswith("bad-")}
    assert found == {name: reason.value for name, (_, reason) in PROBLEMS.items()}
    assert all(rows[f"obj-{number}"]["status"] == "OK" for number in (30, 31, 32))
    points = [point for point in museum.points.values() if point["batch"] == "bad-1"]
    assert Counter(point["embedding_status"] for point in points) == {"OK": 3, "NO_IMAGE": len(PROBLEMS)}
    assert all(point["status"] == "validated" for point in points)


def test_vectors_have_their_form(museum: Museum) -> None:
    for row in museum.tables["clip_embeddings"].values():
        if row["embedding_status"] == "OK":
            image, text = row["embedding_image"], row["embedding_text"]
            assert image.shape == text.shape == (16,)
            assert np.linalg.norm(image) == pytest.approx(1, abs=1e-4)
            assert np.allclose(row["combined"], np.concatenate([image, text]))
        else:
            assert row["embedding_image"] is None
            assert row["combined"] is None
            assert np.linalg.norm(row["embedding_text"]) == pytest.approx(1, abs=1e-4)


def test_copies_share_one_canonical_id_and_the_rest_stand_alone(museum: Museum) -> None:
    groups = {group for group in groups_of(museum.after_first[0]) if len(group) > 1}
    assert groups == {frozenset({"obj-1", "copy-1"}), frozenset({"obj-2", "copy-2"})}
    groups = {group for group in groups_of(museum.tables) if len(group) > 1}
    assert groups == {frozenset({"obj-1", "copy-1"}), frozenset({"obj-3", "copy-3"})}
    for guid, point in museum.points.items():
        row = museum.tables["canonical_records"][guid,]
        assert (point["canonical_id"], point["is_representative"]) == (row["canonical_id"], row["is_representative"])


def test_a_record_without_image_is_its_own_canonical(museum: Museum) -> None:
    row, point = museum.tables["canonical_records"]["text-only",], museum.points["text-only"]
    assert row["is_representative"]
    assert row["group_size"] == 1
    assert (point["status"], point["embedding_status"]) == ("validated", "NO_IMAGE")
    assert "embedding_image" not in point
    assert point["embedding_text"].shape == (16,)


def test_a_withdrawn_record_loses_its_point_and_leaves_its_group(museum: Museum) -> None:
    before, points_before = museum.after_first
    for guid in ("obj-5", "obj-6", "copy-2"):
        assert guid in points_before
        assert guid not in museum.points
        assert museum.tables["canonical_records"][guid,]["withdrawn"]
        assert museum.tables["cleansed_records"][guid, "museum-2"]["withdrawn"]
        assert (guid,) not in museum.tables["cluster_members"]
    # Who stays behind keeps the id that the group had.
    stays = museum.tables["canonical_records"]["obj-2",]
    assert stays["canonical_id"] == before["canonical_records"]["obj-2",]["canonical_id"]
    assert (stays["group_size"], stays["is_representative"]) == (1, True)


def test_an_updated_record_is_current_in_its_newer_batch(museum: Museum) -> None:
    assert museum.after_first[1]["obj-4"]["title"] == "Coin number 4"
    point = museum.points["obj-4"]
    assert (point["title"], point["batch"], point["status"]) == ("Attributed anew", "museum-2", "validated")
    before = museum.after_first[0]["canonical_records"]["obj-4",]
    assert museum.tables["canonical_records"]["obj-4",]["canonical_id"] == before["canonical_id"]


def test_points_and_living_records_are_the_same(museum: Museum) -> None:
    living = {guid for (guid,), row in museum.tables["canonical_records"].items() if not row["withdrawn"]}
    assert set(museum.points) == living
    assert {point["status"] for point in museum.points.values()} == {"validated"}


def test_members_follow_their_representative(museum: Museum) -> None:
    members = {guid: row["cluster_id"] for (guid,), row in museum.tables["cluster_members"].items()}
    assert members["obj-1"] == members["copy-1"]
    assert {museum.points[guid]["cluster_id"] == cluster for guid, cluster in members.items()} == {True}
    assert sum(row["size"] for row in museum.tables["clusters"].values()) <= len(members)


# -- what is told -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("run", ["museum-1", "museum-2", "bad-1", "clusters"])
def test_every_table_tells_where_it_is_and_how_it_looks(museum: Museum, run: str) -> None:
    steps = CLUSTER if run == "clusters" else RECORD_STEPS
    for asset in steps:
        told = museum.metadata(run, asset)
        assert isinstance(told["dagster/row_count"], int), asset
        if asset in TABLES:
            assert told["dagster/uri"] == museum.site.platform.lake.uri(TABLES[asset])
            assert isinstance(told["delta_version"], int)
            schema = told["dagster/column_schema"]
            assert isinstance(schema, dg.TableSchema)
            assert [column.name for column in schema.columns] == TABLES[asset].schema.names


def test_metadata_counts_what_the_tables_hold(museum: Museum) -> None:
    told = museum.metadata("bad-1", "source_images")
    statuses = {record.data["status"]: record.data["count"] for record in told["by_status"].records}
    assert statuses == {"OK": 3, "FAILED": len(PROBLEMS)}
    reasons = {record.data["reason"]: record.data["count"] for record in told["failures_by_reason"].records}
    assert reasons == {reason.value: 1 for _, reason in PROBLEMS.values()}
    assert told["retries_due"] == 4  # broken, limited, cut, garbage
    assert museum.metadata("museum-2", "pending_points")["points_withdrawn"] == 3
    assert museum.metadata("museum-1", "canonical_records")["duplicate_groups"] == 2
    for run, asset in (("museum-1", "clip_embeddings"), ("museum-1", "pending_points"), ("clusters", "clusters")):
        assert museum.metadata(run, asset)["encoder"] == museum.site.platform.encoder().id
        assert museum.metadata(run, asset)["seconds"] > 0


def test_pictures_are_shown(museum: Museum) -> None:
    for run, asset, name in (
        ("museum-1", "source_images", "contact_sheet"),
        ("bad-1", "source_images", "contact_sheet"),
        ("museum-1", "duplicate_pairs", "newest_groups"),
        ("museum-1", "duplicate_pairs", "scores"),
        ("clusters", "clusters", "map"),
    ):
        assert "](data:image/" in museum.metadata(run, asset)[name], (run, asset, name)


def test_all_checks_pass(museum: Museum) -> None:
    assert museum.checks("museum-2") == dict.fromkeys(
        [
            "landed_is_conserved",
            "images_match_records",
            "host_failures_steady",
            "embeddings_match_images",
            "dimensions_match_encoder",
            "vectors_have_unit_length",
            "points_match_records",
            "no_point_left_pending",
            "every_current_record_has_its_canonical_row",
            "join_finds_the_exact_pairs",
            "scores_tell_pictures_apart",
        ],
        True,
    )
    assert museum.checks("clusters") == {"every_member_follows_its_representative": True}


# -- again ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", [*STEPS, CLUSTER], ids=lambda steps: steps[0])
def test_doing_a_step_again_changes_nothing(museum: Museum, steps: tuple[str, ...]) -> None:
    batch = None if steps == CLUSTER else "museum-2"
    assert museum.site.materialize(museum.instance, batch, *steps).success
    assert differences(museum.tables, museum.site.tables()) == []
    assert differences(museum.points, museum.site.points()) == []


def test_an_older_batch_again_never_overrides_the_newer(museum: Museum) -> None:
    assert museum.site.materialize(museum.instance, "museum-1", *RECORD_STEPS).success
    assert differences(museum.tables, museum.site.tables()) == []
    assert differences(museum.points, museum.site.points()) == []


def test_a_range_of_batches_in_one_run_changes_nothing_and_loads_the_model_once(
    museum: Museum, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a backfill runs it: one step, several partitions."""
    loads: list[EncoderSpec] = []

    class Loaded(PretrainedEncoder):
        def __init__(self, files: ModelFiles, spec: EncoderSpec) -> None:
            loads.append(spec)
            super().__init__(files, spec)

    monkeypatch.setattr(loading, "_loaded", {})
    monkeypatch.setattr(pretrained, "PretrainedEncoder", Loaded)
    tags = {"dagster/asset_partition_range_start": "museum-1", "dagster/asset_partition_range_end": "museum-2"}
    definitions = museum.site.definitions()
    for step in STEPS:
        done = dg.materialize(
            [asset for asset in definitions.assets or () if isinstance(asset, dg.AssetsDefinition)],
            selection=list(step),
            instance=museum.instance,
            resources=dict(definitions.resources or {}),
            tags=tags,
            raise_on_error=False,
        )
        assert done.success, step
        assert {event.partition for event in done.asset_materializations_for_node(NODES.get(step[0], step[0]))} == {
            "museum-1",
            "museum-2",
        }
    assert len(loads) == 1
    assert differences(museum.tables, museum.site.tables()) == []
    assert differences(museum.points, museum.site.points()) == []
