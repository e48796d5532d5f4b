"""Which vectors the tables hold already for what a step is about to encode.

Belongs here: finding them among all batches without reading all vectors. Does not belong here: using them.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from heritage_assets.curation.schemas import CLIP_EMBEDDINGS
from heritage_assets.curation.vector_memory import KnownVectors, same_weights
from heritage_assets.stores.lake import Lake, text

_KEYS = {"image_sha256": "embedding_image", "prompt": "embedding_text"}


def known_vectors(lake: Lake, tasks: pa.Table, encoder_id: str) -> KnownVectors:
    """Return the vectors that the encoder made for the images (by sha256) and prompts of ``tasks``, in whatever batch.

    Rows of an encoder with the same weights and preprocessing under another name count as its own.

    Memory: the vectors found (2 KiB each at 512 dimensions), and the keys of one scanned record batch. Vectors are read only from
    batches that hold a key which no batch before held.

    Args:
        lake: the tables.
        tasks: rows with the columns batch, image_sha256 and prompt.
        encoder_id: the encoder.
    """
    wanted = {name: tasks[name].drop_null().unique() for name in _KEYS}
    known = KnownVectors()
    for batch in _batches_with(lake, wanted, encoder_id, first=tasks["batch"].unique().to_pylist()):
        where = pc.scalar(False)
        for name, keys in wanted.items():
            where = where | text(name).isin(keys)
        rows = lake.scan(CLIP_EMBEDDINGS, columns=["encoder", *_KEYS, *_KEYS.values()], batches=[batch], where=where)
        known.add(rows, encoder_id)
    return known


def _batches_with(lake: Lake, wanted: dict[str, pa.Array], encoder_id: str, first: list[str]) -> list[str]:
    """Return batches that together hold every wanted key which any batch holds; those in ``first`` come first.

    Reads no vectors. A run again finds most in its own batch, and looks no further when it finds all.
    """
    left = {name: set(keys.to_pylist()) for name, keys in wanted.items()}
    found = list(first)
    for own in (True, False):
        if not any(left.values()):
            break
        mine = text("batch").isin(pa.array(first, pa.string()))
        for rows in lake.scan(CLIP_EMBEDDINGS, columns=["batch", "encoder", *_KEYS], where=mine if own else ~mine):
            made = rows.filter(same_weights(rows["encoder"], encoder_id))
            for name, keys in wanted.items():
                hits = made.filter(pc.is_in(made[name], value_set=keys)).select(["batch", name])
                for batch, key in zip(hits["batch"].to_pylist(), hits[name].to_pylist(), strict=True):
                    if key in left[name]:
                        left[name].discard(key)
                        if batch not in found:
                            found.append(batch)
    return found
