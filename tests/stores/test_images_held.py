"""An image that any batch holds is not fetched for another record that shows it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from heritage_assets.assets.source_images import SourceImagesConfig, fetch_batch, known_images
from heritage_assets.cli.retry import failed_by_batch
from heritage_assets.curation.images import FetchSettings, fetch_images
from heritage_assets.curation.schemas import CLEANSED_RECORDS, IMAGE_TASKS, SOURCE_IMAGES
from heritage_assets.engines.local import LocalEngine
from heritage_assets.stores.lake import Lake
from heritage_assets.stores.objects import FolderStore

SERVICE = "https://iiif.example.org/1"


def tasks(batch: str, urls: dict[str, str | None], service: str | None = None) -> pa.Table:
    rows = [
        {"guid": guid, "batch": batch, "dataset": "d", "url": url, "iiif_service": service}
        for guid, url in urls.items()
    ]
    return pa.Table.from_pylist(rows, schema=IMAGE_TASKS)


def held(guid: str, url: str, status: str = "OK") -> dict[str, Any]:
    row = dict.fromkeys(SOURCE_IMAGES.schema.names)
    fetched_at = datetime(2026, 1, 1, tzinfo=UTC)
    return row | {"guid": guid, "batch": "a", "dataset": "d", "url": url, "status": status, "permanent": False,
                  "attempts": 1, "sha256": "0" * 64 if status == "OK" else None, "fetched_at": fetched_at}  # fmt: skip


def lake_with(folder: Path, *rows: dict[str, Any]) -> Lake:
    lake = Lake(folder.as_uri())
    lake.replace_batch(SOURCE_IMAGES, "a", [pa.RecordBatch.from_pylist(list(rows), schema=SOURCE_IMAGES.schema)])
    return lake


def test_the_copy_of_another_record_is_known(tmp_path: Path) -> None:
    sized = f"{SERVICE}/full/!768,768/0/default.jpg"
    lost = held("lost", "https://example.org/2.jpg", "FAILED")
    lake = lake_with(tmp_path, held("old", "https://example.org/1.jpg"), lost, held("page", sized))
    new = tasks("b", {"new": "https://example.org/1.jpg", "other": "https://example.org/2.jpg", "none": None})
    known = known_images(lake, "b", new, 768)
    assert list(known) == ["new"], "a failure of another record says nothing of this one"
    assert known["new"].sha256 == "0" * 64
    served = known_images(lake, "b", tasks("b", {"scan": f"{SERVICE}/full/full/0/default.jpg"}, SERVICE), 768)
    assert served["scan"].url == sized, "services are known by the size that is asked for"


def test_a_copy_is_shared_without_a_request(tmp_path: Path) -> None:
    image = tmp_path / "images" / "1.png"
    image.parent.mkdir()
    image.write_bytes(_png())
    store = FolderStore(tmp_path / "objects")
    fetch = partial(fetch_images, store=store, settings=FetchSettings(), image_root=image.parent.as_uri())

    def rows_of(batches: Iterator[pa.RecordBatch]) -> list[dict[str, Any]]:
        return [row for batch in batches for row in batch.to_pylist()]

    (first,) = rows_of(fetch(iter(tasks("a", {"old": image.as_uri()}).to_batches())))
    lake = lake_with(tmp_path / "lake", first)
    image.unlink()  # whoever asked now would find nothing
    new = tasks("b", {"new": image.as_uri()})
    (second,) = rows_of(fetch(iter(new.to_batches()), previous=known_images(lake, "b", new, 768)))
    assert (second["status"], second["guid"], second["batch"]) == ("OK", "new", "b")
    assert [second[name] for name in ("sha256", "derivative")] == [first[name] for name in ("sha256", "derivative")]


@pytest.mark.parametrize(("withdrawn", "again"), [(True, False), (False, False), (True, True)])
def test_nobody_is_asked_again_for_what_a_newer_batch_has_or_withdraws(withdrawn, again, tmp_path: Path) -> None:
    url = "http://127.0.0.1:9/1.jpg"  # which is refused as soon as it is asked for
    lake = lake_with(tmp_path / "lake", *(held(guid, url, "FAILED") | {"reason": "timeout"} for guid in ("old", "own")))
    record = dict.fromkeys(CLEANSED_RECORDS.schema.names) | {
        "dataset": "d",
        "title_by_language": {},
        "is_shown_by": url,
    }
    for day, (batch, guids) in enumerate((("a", ("old", "own")), ("b", ("old",))), start=1):
        made = {"batch": batch, "harvested_at": datetime(2026, 1, day, tzinfo=UTC)}
        rows = [
            record | made | {"guid": guid, "line": line, "withdrawn": withdrawn and batch == "b"}
            for line, guid in enumerate(guids)
        ]
        lake.replace_batch(CLEANSED_RECORDS, batch, pa.Table.from_pylist(rows, CLEANSED_RECORDS.schema).to_batches())
    assert failed_by_batch(lake, [], [], None) == {"a": {"own": "timeout"}}, "nor is it counted as asked for"
    store, config = FolderStore(tmp_path / "objects"), SourceImagesConfig(again=again)
    for _ in range(2):
        written = fetch_batch("a", lake, store, LocalEngine(), FetchSettings(), None, config)
        found = {row["guid"]: row for row in lake.read(SOURCE_IMAGES, batches=["a"]).to_pylist()}
        assert written.rows == len(found) == 2
        assert (found["old"]["reason"], found["old"]["attempts"]) == ("superseded", 1)
        assert found["old"]["permanent"] and "last: timeout" in found["old"]["detail"]
        assert found["own"]["reason"] == "blocked_address", "the record that is current was asked for"


def _png() -> bytes:
    import io

    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(buffer, "PNG")
    return buffer.getvalue()
