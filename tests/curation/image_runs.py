"""Run the image step on a few addresses."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from heritage_assets.curation.images import FetchSettings, fetch_images
from heritage_assets.curation.schemas import IMAGE_TASKS, SOURCE_IMAGES
from heritage_assets.stores.objects import ObjectStore

LOOPBACK = ("127.0.0.0/8",)
QUICK: dict[str, Any] = {
    "allowed_networks": LOOPBACK,
    "connect_timeout": 2.0,
    "read_timeout": 2.0,
    "total_timeout": 5.0,
    "attempts": 2,
    "attempt_delay": 0.01,
    "longest_pause": 0.05,
}


def tasks(urls: dict[str, str | None], batch: str = "b1", rows_per_batch: int = 100) -> list[pa.RecordBatch]:
    rows = [
        {"guid": guid, "batch": batch, "dataset": "d", "url": url, "iiif_service": None} for guid, url in urls.items()
    ]
    return pa.Table.from_pylist(rows, schema=IMAGE_TASKS).to_batches(max_chunksize=rows_per_batch)


def run(
    urls: dict[str, str | None], store: ObjectStore, settings: FetchSettings | None = None, **options: Any
) -> dict[str, dict[str, Any]]:
    """Return the rows by guid, having checked that there is exactly one for each."""
    batches = list(fetch_images(iter(tasks(urls)), store, settings or FetchSettings(**QUICK), **options))
    assert all(batch.schema.equals(SOURCE_IMAGES.schema) for batch in batches)
    rows = [row for batch in batches for row in batch.to_pylist()]
    assert sorted(row["guid"] for row in rows) == sorted(urls)
    return {row["guid"]: row for row in rows}
