"""Pages in the lake: features of real scans, grouped with the defaults, and what a second run leaves alone."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from PIL import Image

sys.path.append(str(Path(__file__).resolve().parents[1] / "curation"))  # the drawn pages

from page_archive import jpeg, land, small_files

from heritage_assets.curation.encoders import load_encoder
from heritage_assets.curation.pages.features import PAGE_TASKS
from heritage_assets.curation.pages.schemas import PAGE_FEATURES, PAGE_GROUPS
from heritage_assets.curation.pages.settings import GroupingSettings
from heritage_assets.engines.local import LocalEngine
from heritage_assets.settings import Settings
from heritage_assets.stores.connect import Platform
from heritage_assets.stores.page_grouping import evaluate_run, group_dataset
from heritage_assets.stores.page_runs import load_run
from heritage_assets.stores.pages import LakePages, page_tasks, update_features


@pytest.fixture
def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    monkeypatch.setenv("HERITAGE_HOME", str(tmp_path / "home"))
    yield Platform(Settings())


def test_real_scans_are_grouped_well_with_the_defaults(
    platform: Platform, shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The requirement: 0.85 ordered (boundaries and B-cubed), 0.70 unordered, nothing trained on these scans."""
    folder = shared_data / "page_scans"
    monkeypatch.setenv("HERITAGE_ENCODER", str(shared_data / "models" / "mobilenet_v2_1.0_224"))
    mine = Platform(Settings())
    files: list[tuple[str, bytes | None]] = [(one.name, one.read_bytes()) for one in (folder / "images").iterdir()]
    land(mine, "b1", files)
    group_dataset(mine, "scans", GroupingSettings())
    ordered = evaluate_run(mine, folder / "truth.csv")
    assert ordered["scans"] == 69
    assert ordered["boundary_f1"] >= 0.85
    assert ordered["bcubed_f1"] >= 0.95
    group_dataset(mine, "scans", GroupingSettings(method="similarity"))
    assert evaluate_run(mine, folder / "truth.csv")["bcubed_f1"] >= 0.70


def test_a_dataset_is_grouped_evaluated_and_grouped_again(platform: Platform, tmp_path: Path) -> None:
    files = small_files()
    files[3] = ("p4.jpg", None)
    files[10] = ("p11.jpg", jpeg(Image.new("RGB", (420, 560), "black")))
    land(platform, "b1", files[::-1])
    run = group_dataset(platform, "scans", GroupingSettings())
    assert run.groups["guid"].to_pylist() == [f"p{k}.jpg" for k in range(1, 15)]  # p9 before p10
    assert run.row["scans"] == 14
    stored = {row["guid"]: row for row in platform.lake.read(PAGE_FEATURES).to_pylist()}
    assert (stored["p4.jpg"]["status"], stored["p4.jpg"]["defects"]) == ("FAILED", ["truncated"])
    assert stored["p11.jpg"]["defects"] == ["black"]
    groups = dict(zip(run.groups["guid"].to_pylist(), run.groups["group"].to_pylist(), strict=True))
    assert len({groups[f"p{k}.jpg"] for k in range(1, 8)}) == 1
    assert len({groups[f"p{k}.jpg"] for k in range(8, 15)}) == 1

    with (tmp_path / "truth.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([("scan", "group"), *((f"p{k}.jpg", int(k > 7)) for k in range(1, 15))])
    figures = evaluate_run(platform, tmp_path / "truth.csv")
    assert (figures["boundary_f1"], figures["bcubed_f1"], figures["drags"], figures["unmatched"]) == (1.0, 1.0, 0, 0)

    before = platform.lake.version(PAGE_FEATURES)
    again = group_dataset(platform, "scans", GroupingSettings())
    assert platform.lake.version(PAGE_FEATURES) == before, "nothing was computed again"
    assert again.groups.equals(run.groups)
    assert platform.lake.count(PAGE_GROUPS) == 14


def test_scans_that_left_the_dataset_leave_the_run(platform: Platform) -> None:
    land(platform, "b1", small_files())
    group_dataset(platform, "scans", GroupingSettings())
    land(platform, "b1", small_files()[:10])
    assert group_dataset(platform, "scans", GroupingSettings()).groups.num_rows == 10
    assert platform.lake.count(PAGE_GROUPS) == 10


def test_features_of_an_image_are_made_once_in_whatever_batch(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = load_encoder("demo")
    parts = (platform.lake, platform.objects, LocalEngine(), encoder)
    land(platform, "b1", small_files()[:4])
    land(platform, "b2", [("again.jpg", small_files()[0][1])])
    assert update_features(*parts, "b1") is not None
    monkeypatch.setattr(type(encoder), "encode_prepared", lambda *_: pytest.fail("encoded again"))
    assert update_features(*parts, "b2") is not None
    assert update_features(*parts, "b2") is None
    rows = {row["guid"]: row for row in platform.lake.read(PAGE_FEATURES).to_pylist()}
    assert rows["again.jpg"]["layout"] == rows["p1.jpg"]["layout"]
    assert rows["again.jpg"]["batch"] == "b2"


def test_the_order_may_come_from_a_column(platform: Platform) -> None:
    land(platform, "b1", small_files()[::-1])
    assert page_tasks(platform.lake, "b1").schema == PAGE_TASKS
    run = group_dataset(platform, "scans", GroupingSettings(), order="line")
    assert run.groups["guid"].to_pylist() == [name for name, _ in small_files()[::-1]]
    with pytest.raises(ValueError, match="can't be ordered by 'colour'"):
        page_tasks(platform.lake, "b1", "colour")


def test_pages_are_read_in_order_whatever_the_batches(platform: Platform) -> None:
    files = small_files()
    land(platform, "b1", files[::2])
    land(platform, "b2", files[1::2])
    group_dataset(platform, "scans", GroupingSettings())
    pages = LakePages(platform.lake, "scans", load_encoder("demo").id)
    read = pa.Table.from_batches(list(pages.rows(3, 9)))
    assert read["guid"].to_pylist() == [f"p{k}.jpg" for k in range(4, 10)]
    places, rows = pages.sample(5)
    assert pages.index()["guid"].take(pa.array(places)).to_pylist() == rows["guid"].to_pylist()
    assert len(set(pages.batches())) == 2


def test_what_is_missing_is_said(platform: Platform, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no images of a dataset 'none'"):
        group_dataset(platform, "none", GroupingSettings())
    with pytest.raises(ValueError, match="no run yet"):
        load_run(platform.lake)
    with pytest.raises(ValueError, match="no truth file"):
        evaluate_run(platform, tmp_path / "none.csv")
    land(platform, "b1", small_files()[:2])
    group_dataset(platform, "scans", GroupingSettings())
    (tmp_path / "truth.csv").write_text("scan,group\nelsewhere.jpg,1\n")
    with pytest.raises(ValueError, match="none of the 1 lines"):
        evaluate_run(platform, tmp_path / "truth.csv")


def test_many_unordered_scans_are_compared_by_the_vector_store(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    from heritage_assets.curation.pages import similarity
    from heritage_assets.embedded.vector_endpoint import stop_endpoint

    land(platform, "b1", small_files())
    settings = GroupingSettings(method="similarity")
    exact = group_dataset(platform, "scans", settings).groups["group"].to_pylist()
    monkeypatch.setattr(similarity, "EXACT", 5)
    try:
        assert group_dataset(platform, "scans", settings).groups["group"].to_pylist() == exact
        assert platform.vectors.collections() == [], "the collection is gone afterwards"
    finally:
        stop_endpoint(platform.settings.home)


def test_learned_weights_are_kept_tracked_and_used(platform: Platform) -> None:
    from heritage_assets.curation.pages.schemas import PAGE_DECISIONS
    from heritage_assets.registry.tracking import Tracking
    from heritage_assets.stores.page_models import EXPERIMENT, save_training, track_training, train_on

    land(platform, "b1", small_files())
    learned = GroupingSettings(method="learned")
    with pytest.raises(ValueError, match="nothing was learned yet"):
        group_dataset(platform, "scans", learned)
    halves = [[f"p{k}.jpg" for k in part] for part in (range(1, 8), range(8, 15))]
    decisions = [
        {"decision_id": f"d{k}", "dataset": "scans", "decision": "confirm", "document": f"doc{k}", "guids": guids}
        | {"decided_at": 0}
        for k, guids in enumerate(halves)
    ]
    platform.lake.append(PAGE_DECISIONS, pa.Table.from_pylist(decisions, schema=PAGE_DECISIONS.schema))
    encoder = load_encoder("demo").id
    training = train_on(platform.lake, ["scans"], encoder, 12)
    assert (training.documents, training.scans) == (2, 14)
    save_training(platform.objects, training)
    run = group_dataset(platform, "scans", learned)
    assert run.row["confirmed"] == 2
    tracking = Tracking.of(platform.settings)
    track_training(tracking, ["scans"], encoder, training)
    (kept,) = tracking.client.search_runs([tracking.experiment(EXPERIMENT)])
    assert kept.data.metrics["documents"] == 2
