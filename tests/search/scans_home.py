"""A home with scanned pages in its tables, written by hand: what the routes of documents read, without a run of the chain."""

from __future__ import annotations

import hashlib
import io
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from PIL import Image

sys.path.append(str(Path(__file__).resolve().parent.parent / "stores"))

from page_proposals import propose_documents

from heritage_assets.curation.schemas import CLEANSED_RECORDS, SOURCE_IMAGES, TableSpec
from heritage_assets.settings import Settings
from heritage_assets.stores.connect import Platform

FIRST = ["page-1", "page-2", "page-3"]
SECOND = ["page-4", "page-lost", "page-5"]
THIRD = ["page-6", "page-7"]
PROPOSAL = [FIRST, SECOND, THIRD]
DOUBTS = {"page-4": 0.6, "page-lost": 0.7}
BATCH = "scans-1"


def scans_home(folder: Path, dataset: str = "scans") -> Settings:
    """Write records, pictures and a proposal; ``page-lost`` has no picture. There is no encoder."""
    settings = Settings(_env_file=None, home=folder / "home", encoder=str(folder / "no-encoder"))
    platform = Platform(settings)
    guids = [guid for document in PROPOSAL for guid in document]
    shared = {"batch": BATCH, "dataset": dataset}
    records = [
        {**shared, "guid": guid, "line": line, "withdrawn": False, "harvested_at": datetime(2026, 1, 1, tzinfo=UTC)}
        for line, guid in enumerate(guids)
    ]
    _write(platform, CLEANSED_RECORDS, records)
    _write(platform, SOURCE_IMAGES, [{**shared, **_image(platform, guid)} for guid in guids])
    propose_documents(platform.lake, dataset, PROPOSAL, DOUBTS)
    return settings


def _image(platform: Platform, guid: str) -> dict[str, Any]:
    if guid == "page-lost":
        return {"guid": guid, "status": "FAILED", "reason": "http_404"}
    buffer = io.BytesIO()
    Image.new("RGB", (120, 160), (200, 190, 10 * int(guid[-1]))).save(buffer, "JPEG")
    key = f"derivatives/{guid}.jpg"
    platform.objects.put(key, buffer.getvalue())
    sha256 = hashlib.sha256(guid.encode()).hexdigest()
    known = {"guid": guid, "status": "OK", "sha256": sha256, "width": 600, "height": 800}
    return {**known, "derivative": key, "thumbnail": key}


def _write(platform: Platform, table: TableSpec, rows: list[dict[str, Any]]) -> None:
    whole = pa.Table.from_pylist(rows, schema=table.schema)
    platform.lake.replace_batch(table, BATCH, whole.to_batches())
