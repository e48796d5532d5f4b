"""A collection of records in a lake, with everything that canonicalization reads: metadata, picture hashes, vectors."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from heritage_assets.curation.schemas import CLEANSED_RECORDS, CLIP_EMBEDDINGS, SOURCE_IMAGES, TableSpec
from heritage_assets.stores.lake import Lake

ENCODER = "benchmark@1"
START = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
ROWS = 5_000

Floats = npt.NDArray[np.float32]


def fill(lake: Lake, batch: str, first: int, images: Floats, hashes: npt.NDArray[np.uint64]) -> None:
    """Write one harvest batch: records ``first`` and following with these image vectors, (n, d), and 64-bit hashes, (n,).

    The text vector of a record is its image vector: what it says costs as much to read, and never decides.
    """
    n = len(images)
    guids = [f"/bench/{first + row:08d}" for row in range(n)]
    shas = [hashlib.sha256(guid.encode()).hexdigest() for guid in guids]
    common = {"guid": guids, "batch": [batch] * n, "dataset": ["bench"] * n}
    records = common | {
        "line": range(1, n + 1),
        "title": [f"Object {guid}" for guid in guids],
        "description": [f"A thing made of wood, kept as number {guid}" for guid in guids],
        "data_provider": [f"House {row % 40}" for row in range(first, first + n)],
        "rights_category": ["cc0"] * n,
        "withdrawn": [False] * n,
        "harvested_at": [START + dt.timedelta(hours=int(batch))] * n,
    }
    pictures = common | {
        "status": ["OK"] * n,
        "sha256": shas,
        "width": [800] * n,
        "height": [600] * n,
        "perceptual_hash": [f"{value:016x}" for value in hashes.tolist()],
    }
    embeddings = common | {
        "encoder": [ENCODER] * n,
        "embedding_status": ["OK"] * n,
        "image_sha256": shas,
        "embedding_image": _lists(images),
        "embedding_text": _lists(images),
    }
    for table, columns in ((CLEANSED_RECORDS, records), (SOURCE_IMAGES, pictures), (CLIP_EMBEDDINGS, embeddings)):
        lake.replace_batch(table, batch, _rows(table, columns, n))


def hashes_like(vectors: Floats, seed: int = 0) -> npt.NDArray[np.uint64]:
    """Return (n,) hashes that are near for copies and unrelated for all else, as those of pictures are.

    Each bit is the parity of the signs of three random projections.
    """
    directions = np.random.default_rng(seed).standard_normal((vectors.shape[1], 3 * 64)).astype(np.float32)
    signs = (vectors[at : at + ROWS] @ directions > 0 for at in range(0, len(vectors), ROWS))
    bits = np.concatenate([part.reshape(len(part), 64, 3).sum(axis=2) % 2 for part in signs])
    return np.packbits(bits.astype(bool), axis=1).view(">u8").ravel().astype(np.uint64)


def _rows(table: TableSpec, columns: dict[str, object], n: int) -> Iterator[pa.RecordBatch]:
    arrays = [
        pa.array(columns[field.name], field.type) if field.name in columns else pa.nulls(n, field.type)
        for field in table.schema
    ]
    yield from pa.Table.from_arrays(arrays, schema=table.schema).to_batches(max_chunksize=1_024)


def _lists(vectors: Floats) -> pa.Array:
    offsets = np.arange(0, vectors.size + 1, vectors.shape[1], dtype=np.int32)
    return pa.ListArray.from_arrays(offsets, pa.array(vectors.ravel()))
