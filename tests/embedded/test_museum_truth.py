"""What the platform makes of the demo museum's faults is what the museum's truth expects."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime

import orjson
import pyarrow as pa
import pytest

from heritage_assets.curation.images import FetchSettings, fetch_images
from heritage_assets.curation.schemas import IMAGE_TASKS
from heritage_assets.embedded.museum import MuseumServer, build_museum
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
        got = {row["guid"]: row for batch in fetch_images(iter([tasks]), store, settings, now=now) for row in batch.to_pylist()}
    expected = defaultdict(lambda: ("OK", None))
    for guid, _, status, reason in museum.truth_faults():
        if status in ("OK", "FAILED", "NO_IMAGE"):
            expected[guid] = (status, reason or None)
    assert {g: (row["status"], row["reason"]) for g, row in got.items()} == {g: expected[g] for g in got}


def test_records_end_as_the_truth_says(museum) -> None:
    from heritage_assets.curation.cleansing.europeana import parse
    from heritage_assets.embedded.museum.items import item

    for record in museum.records:
        raw = orjson.dumps(item(record, 1, "http://127.0.0.1/i.jpg", "http://127.0.0.1/p.jpg", "http://127.0.0.1/o"))
        fields = parse(raw.decode())
        assert bool(fields["guid"]) == (record.metadata_fault != "missing_guid")
        assert fields["title"] and fields["data_provider"] and fields["rights"] and fields["date"]
