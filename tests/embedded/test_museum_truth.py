"""What the platform makes of the demo museum's faults is what the museum's truth expects."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime

import orjson
import pyarrow as pa
import pytest

from heritage_assets.curation.images import FetchSettings, fetch_images
from heritage_assets.curation.records import CleansingContext, cleanse, mark_repeats
from heritage_assets.curation.schemas import IMAGE_TASKS, RAW_RECORDS
from heritage_assets.embedded.museum import MuseumServer, build_museum, caption
from heritage_assets.embedded.museum.items import item
from heritage_assets.stores.objects import open_object_store


@pytest.fixture(scope="module")
def museum():
    return build_museum(60)


def test_images_end_as_the_truth_says(museum, tmp_path) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    with MuseumServer(museum, tmp_path / "cache") as server:
        rows = [
            {"guid": r.guid, "batch": "b", "dataset": "d", "url": server.image_url(r, 1) or None, "iiif_service": None}
            for r in museum.records
        ]
        tasks = pa.RecordBatch.from_pylist(rows, schema=IMAGE_TASKS)
        store = open_object_store((tmp_path / "lake").as_uri())
        settings = FetchSettings(allowed_networks=["127.0.0.0/8"])
        got = {
            row["guid"]: row
            for batch in fetch_images(iter([tasks]), store, settings, now=now)
            for row in batch.to_pylist()
        }
    expected = defaultdict(lambda: ("OK", None))
    for guid, _, status, reason in museum.truth_faults():
        if status in ("OK", "FAILED", "NO_IMAGE"):
            expected[guid] = (status, reason or None)
    assert {g: (row["status"], row["reason"]) for g, row in got.items()} == {g: expected[g] for g in got}


def test_records_end_as_the_truth_says() -> None:
    museum = build_museum(400)
    listed = [r for number in (1, 2) for r in museum.listed(number) if number == min(r.rounds)]
    raws = [
        orjson.dumps(item(r, 1, "http://127.0.0.1/i.jpg", "http://127.0.0.1/p.jpg", "http://127.0.0.1/o")).decode()
        for r in listed
    ]
    rows = [
        {"line": line, "guid": None if r.metadata_fault == "missing_guid" else r.guid, "deleted": False, "raw": raw}
        for line, (r, raw) in enumerate(zip(listed, raws, strict=True), 1)
    ]
    context = CleansingContext("d", "b", "europeana", None, datetime(2026, 1, 1, tzinfo=UTC))
    batches = mark_repeats(cleanse(iter([pa.RecordBatch.from_pylist(rows, schema=RAW_RECORDS)]), context))
    outcomes = [row for batch in batches for row in batch.to_pylist()]
    counts = museum.counts()
    assert sum(row["outcome"] == "repeated" for row in outcomes) == counts["repeated"]
    assert [row["reason"] for row in outcomes if row["outcome"] == "rejected"] == ["no_guid"] * counts["missing_guid"]
    by_guid = {row["guid"]: row for row in outcomes if row["outcome"] == "cleansed"}
    for record in museum.records:
        if record.metadata_fault == "missing_guid":
            continue
        row, clean = by_guid[record.guid], caption(record.thing, record.language)
        if record.metadata_fault == "placeholder_title":
            assert row["title"] is None
        elif record.metadata_fault != "mojibake":
            assert row["title"] == (f"{clean['title']}, {record.suffix}" if record.suffix else clean["title"])
        assert row["creator"] == record.thing.maker
        assert row["data_provider"] == record.provider.name
        assert row["year_from"] <= record.thing.year <= row["year_to"], row["date"]
        assert row["rights_category"] not in (None, "unknown")
        assert "Ã" not in (row["title"] or "") + row["description"] and "<" not in row["description"]
