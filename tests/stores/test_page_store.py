"""Pages in the lake: features of real scans, grouped with the defaults, and what a second run leaves alone."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

sys.path.append(str(Path(__file__).resolve().parents[1] / "curation"))  # the drawn pages

from page_archive import PRINTED, jpeg, land, printed_page, small_files, with_colour_card
from page_factory import page_rows, table

from heritage_assets.curation.encoders import load_encoder
from heritage_assets.curation.pages.features import PAGE_TASKS
from heritage_assets.curation.pages.schemas import PAGE_DECISIONS, PAGE_FEATURES, PAGE_GROUPS
from heritage_assets.curation.pages.settings import GroupingSettings
from heritage_assets.curation.pages.truth import parse_truth
from heritage_assets.curation.schemas import CLEANSED_RECORDS
from heritage_assets.engines.local import LocalEngine
from heritage_assets.settings import Settings
from heritage_assets.stores.connect import Platform
from heritage_assets.stores.page_grouping import evaluate_run, group_dataset, propose
from heritage_assets.stores.page_runs import load_run
from heritage_assets.stores.pages import LakePages, page_reader, page_tasks, update_features


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


def test_bad_scans_between_two_documents_glue_nothing(platform: Platform) -> None:
    """By pixels: a blank, a black and a broken scan, and one with a ruler or a colour card on both sides of the cut."""
    first, second = small_files()[:7], small_files()[7:]
    cut_off = Image.open(io.BytesIO(first[2][1] or b""))
    cut_off.paste((128, 128, 128), (0, 300, 420, 560))
    blank = np.clip(np.random.default_rng(1).normal(228, 3, (560, 420, 3)), 0, 255).astype(np.uint8)
    between = {"black": Image.new("RGB", (420, 560), "black"), "blank": Image.fromarray(blank), "truncated": cut_off}
    first[-1] = (first[-1][0], with_colour_card(first[-1][1] or b""))
    second[0] = (second[0][0], with_colour_card(second[0][1] or b""))
    bad = [(f"p7_{name}.jpg", jpeg(image)) for name, image in between.items()]
    land(platform, "b1", [*first, *bad, *second])
    for method in ("stream", "similarity"):
        run = group_dataset(platform, "scans", GroupingSettings(method=method)).groups
        assert run["guid"].to_pylist() == [name for name, _ in (*first, *bad, *second)]
        groups = run["group"].to_pylist()
        assert not set(groups[:7]) & set(groups[10:]), method
        defects = dict(zip(run["guid"].to_pylist(), run["defects"].to_pylist(), strict=True))
        assert [defects[f"p7_{name}.jpg"] for name in between] == [[name] for name in between]
        assert all("colour_card" in defects[name] for name in ("p7.jpg", "p8.jpg"))


def test_what_pages_say_is_kept_with_a_view_of_its_own(platform: Platform) -> None:
    pytest.importorskip("rapidocr")
    encoder = load_encoder("demo")
    land(platform, "b1", [("17.jpg", jpeg(printed_page(PRINTED, "17"))), ("p1.jpg", small_files()[0][1])])
    reader = page_reader(platform.objects, "rapidocr")
    parts = (platform.lake, platform.objects, LocalEngine(), encoder)
    assert update_features(*parts, "b1", reader=reader) is not None
    read, drawn = platform.lake.read(PAGE_FEATURES).sort_by("guid").to_pylist()
    assert "society met" in read["ocr_text"]
    assert (read["ocr_language"], read["page_number"], read["running_head"]) == ("en", "17", "annual report")
    assert np.linalg.norm(read["embedding_text"]) == pytest.approx(1, abs=1e-3)
    assert len(read["embedding_text"]) == encoder.text_dim
    assert drawn["page_number"] is None
    assert read["ocr_engine"] == drawn["ocr_engine"] == (reader.id if reader else None)
    assert update_features(*parts, "b1", reader=reader) is None, "nothing is read again"
    assert update_features(*parts, "b1") is None, "what was read serves where nothing is asked for"


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
    from heritage_assets.stores import page_sweeps

    land(platform, "b1", small_files())
    settings = GroupingSettings(method="similarity")
    exact = group_dataset(platform, "scans", settings).groups["group"].to_pylist()
    monkeypatch.setattr(similarity, "EXACT", 5)
    try:
        assert group_dataset(platform, "scans", settings).groups["group"].to_pylist() == exact
        assert platform.vectors.collections() == [], "the collection is gone afterwards"
        monkeypatch.setattr(page_sweeps, "MOST_HELD", 5)
        lines = "".join(f"p{k}.jpg,{k // 4}\n" for k in range(1, 15))
        tried = page_sweeps.sweep(
            platform,
            load_encoder("demo").id,
            "scans",
            [GroupingSettings(), settings],
            parse_truth(f"scan,group\n{lines}".encode(), "truth.csv"),
            metric="bcubed_f1",
            share=0.5,
            processes=1,
        )
        assert {trial.settings.method for trial in tried.trials} == {"stream", "similarity"}
        assert platform.vectors.collections() == []
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


def test_a_changed_batch_is_read_with_its_neighbourhood_alone(platform: Platform) -> None:
    """Made-up features of 400 scans in ten batches: one batch changes, then a person decides."""
    lake, at = platform.lake, datetime(2026, 1, 1, tzinfo=UTC)
    rows = page_rows(np.random.default_rng(3).integers(2, 8, 100).tolist()[:90], seed=4)
    batch_of = [f"b{k * 10 // len(rows)}" for k in range(len(rows))]

    def write(batch: str, features: list[dict[str, object]]) -> None:
        mine = [{**row, "batch": batch} for row, one in zip(features, batch_of, strict=True) if one == batch]
        records = [
            {"guid": row["guid"], "batch": batch, "dataset": "letters", "withdrawn": False, "harvested_at": at}
            for row in mine
        ]
        lake.replace_batch(PAGE_FEATURES, batch, table(mine).to_batches())
        lake.replace_batch(
            CLEANSED_RECORDS, batch, pa.Table.from_pylist(records, schema=CLEANSED_RECORDS.schema).to_batches()
        )

    def run(anew: bool = False) -> tuple[list[str], int]:
        reads: list[int] = []
        take = LakePages.take

        def counted(self: LakePages, places: np.ndarray) -> pa.Table:
            reads.append(len(places))
            return take(self, places)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(LakePages, "take", counted)
            found = propose(
                lake, platform.objects, lambda: platform.vectors, "made-up", "letters", GroupingSettings(), anew=anew
            )
        return found.groups["group"].to_pylist(), sum(reads)

    for batch in dict.fromkeys(batch_of):
        write(batch, rows)
    first, all_of_them = run()
    assert all_of_them >= len(rows)
    assert run() == (first, 0), "nothing changed, nothing is read"
    other = page_rows((len(rows),), seed=50)
    write("b4", [{**new, "guid": row["guid"]} for new, row in zip(other, rows, strict=True)])
    second, read = run()
    assert 0 < read < len(rows) / 2
    inside = [k for k, batch in enumerate(batch_of) if batch == "b4"]
    assert second[: inside[0] - 40] == first[: inside[0] - 40]
    assert second[inside[-1] + 40 :] == first[inside[-1] + 40 :]
    assert len({second[k] for k in inside}) < len({first[k] for k in inside})
    confirm = {"decision_id": "d", "dataset": "letters", "decision": "confirm", "document": "mine"}
    confirm |= {"guids": [rows[k]["guid"] for k in (5, 6)], "decided_at": datetime.now(UTC)}
    lake.append(PAGE_DECISIONS, pa.Table.from_pylist([confirm], schema=PAGE_DECISIONS.schema))
    third, read = run()
    assert 0 < read < len(rows) / 3
    assert [k for k, group in enumerate(third) if group == "mine"] == [5, 6]
    assert third[60:] == second[60:]
    anew, read = run(anew=True)
    assert read >= len(rows)
    assert [k for k, group in enumerate(anew) if group == "mine"] == [5, 6]
