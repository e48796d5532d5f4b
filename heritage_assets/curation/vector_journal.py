"""Vectors that a running step has made but not yet committed, so that a run that was killed makes none of them again.

A step writes its table in one commit at its end. Until then every new vector lies below
``checkpoints/clip_embeddings/<batch>/<encoder>/``, by what it was made from: an image's sha256 or a prompt. That stays true
whatever happens to the batch's records in between, so a later run takes what it still needs.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from heritage_assets.curation.encoders.interface import Vectors
from heritage_assets.curation.schemas import VECTOR
from heritage_assets.curation.vector_memory import KnownVectors
from heritage_assets.stores.objects import ObjectStore

log = logging.getLogger(__name__)

FOLDER = "checkpoints/clip_embeddings"
_SCHEMA = pa.schema([("kind", pa.string()), ("key", pa.string()), ("vector", VECTOR)])


class VectorJournal:
    """The uncommitted vectors of one batch and one encoder. Picklable; several processes may record at once.

    Args:
        store: where the pieces lie.
        batch: harvest batch.
        encoder_id: the encoder that makes the vectors.
    """

    def __init__(self, store: ObjectStore, batch: str, encoder_id: str) -> None:
        self._store = store
        self._folder = f"{FOLDER}/{batch}/{hashlib.sha256(encoder_id.encode()).hexdigest()[:12]}"

    def record(self, images: Mapping[str, Vectors], texts: Mapping[str, Vectors]) -> None:
        """Keep new vectors (float32, unit length): images by sha256, texts by prompt. One object a call, none for nothing."""
        rows = [("image", key, vector) for key, vector in images.items()]
        rows += [("text", key, vector) for key, vector in texts.items()]
        if not rows:
            return
        kinds, keys, vectors = zip(*rows, strict=True)
        offsets = np.concatenate(([0], np.cumsum([len(vector) for vector in vectors]))).astype(np.int32)
        values = pa.ListArray.from_arrays(pa.array(offsets), pa.array(np.concatenate(vectors)), type=VECTOR)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, _SCHEMA) as writer:
            writer.write_batch(pa.record_batch([pa.array(kinds), pa.array(keys), values], schema=_SCHEMA))
        self._store.put(f"{self._folder}/{secrets.token_hex(8)}.arrow", sink.getvalue().to_pybytes())

    def recall(self, known: KnownVectors) -> int:
        """Add what was recorded to ``known``; return how many vectors that were. A damaged piece is passed over."""
        before = len(known.images) + len(known.texts)
        for item in list(self._store.list(self._folder)):
            try:
                with pa.ipc.open_stream(self._store.get(item.key)) as reader:
                    pieces = list(reader) if reader.schema.equals(_SCHEMA) else []
            except pa.ArrowInvalid as error:
                log.warning("%s is damaged, its vectors are made again: %s", item.key, error)
                continue
            for piece in pieces:
                for kind, into in (("image", known.images), ("text", known.texts)):
                    known.collect(into, piece.filter(pa.compute.equal(piece["kind"], kind)), "key", "vector")
        return len(known.images) + len(known.texts) - before

    def clear(self) -> None:
        """Remove the pieces; call when the table has the vectors."""
        for item in list(self._store.list(self._folder)):
            self._store.delete(item.key)
