"""Replacing the encoder of an archive: filled beside, compared, moved in one step, and back. The tests follow one archive."""

from __future__ import annotations

import re
from typing import Any

import pytest
from switched_archive import COPIES, OBJECTS, TwoEncoders, harvest_rows, row, write_rows

from heritage_assets import execution
from heritage_assets.curation.schemas import CANONICAL_RECORDS, CLIP_EMBEDDINGS, DUPLICATE_PAIRS
from heritage_assets.definitions import build_definitions
from heritage_assets.jobs import RECORD_STEPS
from heritage_assets.registry.evaluations import EXPERIMENT
from heritage_assets.registry.tracking import Tracking
from heritage_assets.search.service import SearchService
from heritage_assets.stores.encoder_in_use import read_in_use
from heritage_assets.stores.lake import text
from heritage_assets.switching import filling
from heritage_assets.switching.completeness import unfilled

RECORDS = OBJECTS + len(COPIES)
pytestmark = pytest.mark.slow


def vectors_of(archive: TwoEncoders, encoder: str) -> dict[str, Any]:
    where = text("encoder") == encoder
    rows = archive.platform().lake.read(CLIP_EMBEDDINGS, columns=["guid", "embedding_image"], where=where)
    return dict(zip(rows["guid"].to_pylist(), rows["embedding_image"].to_pylist(), strict=True))


def objects_of(archive: TwoEncoders) -> dict[str, str]:
    rows = archive.platform().lake.read(CANONICAL_RECORDS, columns=["guid", "canonical_id"])
    return dict(zip(rows["guid"].to_pylist(), rows["canonical_id"].to_pylist(), strict=True))


def points_of(archive: TwoEncoders, encoder: str) -> dict[str, Any]:
    vectors = archive.platform().vectors
    return {point["id_object"]: point for point in vectors.on(vectors.collection_for(encoder)).scroll()}


def test_a_person_decides_that_a_copy_is_another_thing(archive: TwoEncoders) -> None:
    before = objects_of(archive)
    assert before["obj-1"] == before["copy-1"] and before["obj-2"] == before["copy-2"]
    assert before["obj-5"] != before["obj-9"]
    archive.run("review", "decide", "obj-2", "copy-2", "different")
    archive.run("review", "decide", "obj-5", "obj-9", "same")
    with execution.dagster_instance(archive.settings) as instance:
        defs = build_definitions(archive.settings)
        assert execution.run_rebuild(defs, instance, "museum-2").success
    decided_by_people(archive)


def decided_by_people(archive: TwoEncoders) -> None:
    """What was decided in the test before holds for the encoder in use."""
    things = objects_of(archive)
    assert things["obj-2"] != things["copy-2"] and things["obj-5"] == things["obj-9"]
    platform = archive.platform()
    points = points_of(archive, platform.encoder().id)
    assert {guid: points[guid]["canonical_id"] for guid in things} == things


def test_a_filling_that_is_stopped_goes_on_and_the_archive_is_searched_as_before(
    archive: TwoEncoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = archive.platform()
    first, second = platform.encoder(), platform.encoder(str(archive.second))
    before, active = vectors_of(archive, first.id), platform.vectors.active()
    ran: list[str] = []
    run_batch = execution.run_batch

    def killed_after_one(defs: Any, instance: Any, batch: str, steps: Any, **more: Any) -> Any:
        if ran:
            raise KeyboardInterrupt
        ran.append(batch)
        return run_batch(defs, instance, batch, steps, **more)

    monkeypatch.setattr(filling.execution, "run_batch", killed_after_one)
    archive.run("encoder", "switch", str(archive.second), "--compare-only", status=130)
    assert unfilled(platform, second) == ["museum-2"]
    assert platform.vectors.active() == active and read_in_use(platform.objects).current.encoder == first.id

    monkeypatch.setattr(filling.execution, "run_batch", run_batch)
    figures = archive.json("encoder", "switch", str(archive.second), "--compare-only")
    assert not figures["switched"] and figures["encoder"] == second.id
    assert unfilled(platform, second) == []
    assert vectors_of(archive, first.id) == before, "the rows of the encoder in use were touched"
    assert vectors_of(archive, second.id).keys() == before.keys()
    assert platform.vectors.active() == active and archive.platform().encoder().id == first.id


def test_filled_means_every_point_of_what_its_record_is_now(archive: TwoEncoders) -> None:
    platform = archive.platform()
    second = platform.encoder(str(archive.second))
    collection = platform.vectors.on(platform.vectors.collection_for(second.id))
    point = collection.payloads(["obj-2"])["obj-2"]
    vectors = {name: collection.vectors(["obj-2"], name)["obj-2"][None] for name in collection.dims()}

    collection.delete(["obj-2"])
    collection.upsert(["stranger"], vectors, payloads=[{**point, "id_object": "stranger"}])
    assert unfilled(platform, second) == ["museum-1"], "as many points as records, but not theirs"
    collection.delete(["stranger"])
    collection.upsert(["obj-2"], vectors, payloads=[{**point, "point_hash": "what the record was before"}])
    assert unfilled(platform, second) == ["museum-1"]
    assert not archive.json("encoder", "switch", str(archive.second), "--compare-only")["switched"]
    assert unfilled(platform, second) == []
    assert collection.payloads(["obj-2"])["obj-2"]["point_hash"] == point["point_hash"]


def test_canonicalizing_filled_batches_once_more_as_automation_does_changes_nothing(archive: TwoEncoders) -> None:
    platform = archive.platform()
    defs = build_definitions(archive.settings)
    before = objects_of(archive), points_of(archive, platform.encoder().id)
    with execution.dagster_instance(archive.settings) as instance:
        for batch in ("museum-1", "museum-2"):
            assert execution.run_batch(defs, instance, batch, RECORD_STEPS[5:]).success
    assert (objects_of(archive), points_of(archive, platform.encoder().id)) == before
    assert unfilled(platform, platform.encoder(str(archive.second))) == []


def test_the_comparison_says_what_changes_and_needs_nothing_else(archive: TwoEncoders) -> None:
    (archive.home / "truth.csv").write_text(
        "guid,group\n" + "".join(f"obj-{n},{n}\n{c},{n}\n" for n, c in COPIES.items())
    )
    found = archive.json("encoder", "switch", str(archive.second), "--compare-only", "--truth", "truth.csv")[
        "comparison"
    ]
    assert found["pictures"] == RECORDS and 0 < found["neighbour_overlap@10"] < 1
    assert found["old"]["encoder"] != found["new"]["encoder"]
    for side in ("old", "new"):
        assert found[side]["retrieval"]["image_to_image"]["queries"] == 2 * len(COPIES)
        assert found[side]["scores"]["nearest"]["50%"] > found[side]["scores"]["strangers"]["50%"]
    page = (archive.home / "encoder-comparison.html").read_text(encoding="utf-8")
    assert not re.search(r"<script|\bon\w+=|https?://|src=\"(?!data:)", page)
    assert page.count("data:image/webp") >= 6 and page.count("data:image/png") == 4


def test_search_is_measured_for_each_encoder_and_kept_in_mlflow(archive: TwoEncoders) -> None:
    platform, tracking = archive.platform(), Tracking.of(archive.settings)
    found = {}
    for folder in (archive.first, archive.second):
        figures = archive.json("evaluate", "retrieval", "--truth", "truth.csv", "--encoder", str(folder), "--k", "1,5")
        found[platform.encoder(str(folder)).id] = figures["image_to_image"]
    runs = tracking.client.search_runs([tracking.experiment(EXPERIMENT)])
    assert {run.data.tags["heritage.encoder"] for run in runs} == set(found)
    for run in runs:
        figures = found[run.data.params["encoder"]]
        assert figures["queries"] == run.data.metrics["image_to_image/queries"] == 2 * len(COPIES)
        assert run.data.metrics["image_to_image/recall_at_5"] == figures["recall@5"]


def test_the_switch_moves_alias_points_groups_and_every_command_at_once(archive: TwoEncoders) -> None:
    platform = archive.platform()
    first, second = platform.encoder(str(archive.first)), platform.encoder(str(archive.second))
    archive.run("encoder", "switch", str(archive.second), "--yes")
    platform = archive.platform()
    name = platform.vectors.collection_for(second.id)
    assert platform.vectors.active() == name
    state = read_in_use(platform.objects)
    assert (state.current.encoder, state.before[0].encoder) == (second.id, first.id)
    collection = platform.vectors.on(name)
    assert collection.count({"status": "validated"}) == collection.count() == RECORDS
    members = archive.json("status")
    assert members["encoder"] == str(archive.second)
    points = {
        point["id_object"]: point for point in collection.scroll(fields=["canonical_id", "cluster_id", "encoder"])
    }
    assert {guid: point["canonical_id"] for guid, point in points.items()} == objects_of(archive)
    assert all(point["encoder"] == second.id and point.get("cluster_id") for point in points.values())
    pairs = platform.lake.read(DUPLICATE_PAIRS, columns=["encoder"])["encoder"].unique().to_pylist()
    assert set(pairs) == {first.id, second.id}
    hits = SearchService(platform).search(text="coin number 4", limit=5)
    direct = collection.search(second.encode_texts(["coin number 4"])[0], "embedding_text", 1)
    assert hits and direct
    assert archive.json("encoder", "list")["in_use"] == str(archive.second)
    decided_by_people(archive)


def test_what_arrives_later_goes_to_the_new_encoder_and_a_rollback_fills_what_the_old_one_missed(
    archive: TwoEncoders,
) -> None:
    platform = archive.platform()
    first, second = platform.encoder(str(archive.first)), platform.encoder(str(archive.second))
    pictures = archive.home.parent / "pictures"
    (pictures / "late.jpg").write_bytes((pictures / "obj-3.jpg").read_bytes())
    harvest_rows(platform, write_rows(pictures, "3.csv", [row(3, "late")]), "museum-3")
    archive.run("materialize")
    assert "late" in vectors_of(archive, second.id) and "late" not in vectors_of(archive, first.id)
    before = objects_of(archive)
    assert before["late"] == before["obj-3"]

    archive.run("encoder", "rollback")
    platform = archive.platform()
    assert platform.vectors.active() == platform.vectors.collection_for(first.id)
    assert platform.encoder().id == first.id
    assert "late" in vectors_of(archive, first.id)
    assert platform.vectors.on(platform.vectors.active()).count({"status": "validated"}) == RECORDS + 1
    assert objects_of(archive)["late"] == objects_of(archive)["obj-3"]
    assert "first encoder" in archive.run("encoder", "rollback", status=1)
    decided_by_people(archive)


def test_a_setting_wins_over_the_switch_and_a_wrong_name_changes_nothing(archive: TwoEncoders) -> None:
    assert archive.json("status", HERITAGE_ENCODER=str(archive.second))["encoder"] == str(archive.second)
    active = archive.platform().vectors.active()
    assert "no such folder" in archive.run("encoder", "switch", "/no/such/encoder", "--yes", status=1)
    assert archive.platform().vectors.active() == active
