"""What the collection of an encoder still lacks, record by record.

Counts alone would pass a collection whose points are of other records, or of what records said before they changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from heritage_assets.curation.points import EMBEDDING_COLUMNS, RECORD_COLUMNS, pending_payloads
from heritage_assets.curation.prompts import build_prompts
from heritage_assets.curation.schemas import CLEANSED_RECORDS, CLIP_EMBEDDINGS, SOURCE_IMAGES
from heritage_assets.stores.connect import Platform
from heritage_assets.stores.lake import Lake, text
from heritage_assets.stores.vectors import VectorStore
from heritage_assets.stores.views import living_and_gone, merged_by_guid, newest_rows

if TYPE_CHECKING:
    from heritage_assets.curation.encoders import Encoder

_WORDS = ("title", "subject", "creator", "type", "description")


def unfilled(platform: Platform, encoder: Encoder) -> list[str]:
    """Return the batches that the encoder's collection is not up to date with, by key.

    A batch is, when each of its current records has vectors by this encoder of the very picture and prompt that it has now, and a
    point whose fingerprint says just that. Where the collection holds points of records that are gone, every batch is named:
    their runs take such points away.

    Memory: about 2 KB for each record of one batch, and 150 bytes for each of the archive; no vector is read.
    """
    newest = newest_rows(platform.lake)
    every = sorted(set(newest["batch"].to_pylist()))
    name = platform.vectors.collection_for(encoder.id)
    if name not in platform.vectors.collections():
        return every
    collection = platform.vectors.on(name)
    left = []
    for batch in every:
        alive, _ = living_and_gone(newest, [batch])
        if len(alive) and not _is_current(platform.lake, collection, encoder.id, batch, alive):
            left.append(batch)
    living = len(newest) - pc.sum(newest["withdrawn"]).as_py() if len(newest) else 0
    return left if left or collection.count() <= living else every


def _is_current(lake: Lake, collection: VectorStore, encoder: str, batch: str, alive: pa.Array) -> bool:
    """Tell whether vectors and points of these records are of what the records are now."""
    mine = text("guid").isin(alive)
    columns = [*dict.fromkeys([*RECORD_COLUMNS, *_WORDS])]
    records = lake.read(CLEANSED_RECORDS, columns=columns, batches=[batch], where=mine).sort_by("guid").combine_chunks()
    made = lake.read(
        CLIP_EMBEDDINGS,
        columns=["guid", *EMBEDDING_COLUMNS],
        batches=[batch],
        where=mine & (text("encoder") == encoder),
    )
    rows = merged_by_guid(records, made, EMBEDDING_COLUMNS)
    if rows["encoder"].null_count:
        return False
    images = lake.read(SOURCE_IMAGES, columns=["guid", "sha256"], batches=[batch], where=mine)
    pictures = merged_by_guid(records.select(["guid"]), images, ["sha256"])["sha256"].to_pylist()
    prompts = [prompt for part in records.to_batches() for prompt in build_prompts(part).to_pylist()]
    if pictures != rows["image_sha256"].to_pylist() or prompts != rows["prompt"].to_pylist():
        return False
    stored = collection.payloads(rows["guid"].to_pylist(), ["point_hash"])
    return all(
        stored.get(payload["id_object"], {}).get("point_hash") == payload["point_hash"]
        for payload in pending_payloads(rows)
    )
