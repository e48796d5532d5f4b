"""Vectors that need not be made again: those of earlier runs, and the newest of this one."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from heritage_assets.curation.encoders.interface import Vectors

RECENT = 20_000
"""Images, and texts, of the running step that are remembered (2 KiB each at 512 dimensions)."""

NORM_TOLERANCE = 1e-3

_CONTENTS = re.compile(r"[0-9a-f]{8}\+p\d+-[0-9a-f]+(\+\w+)?")
"""The part of an encoder's id that says which weights, preprocessing and precision."""


@dataclass
class KnownVectors:
    """Vectors that one encoder has made before: of images by sha256, of texts by prompt.

    Memory: 4 × dimensions bytes per distinct image and prompt (2 KiB at 512), plus its key.
    """

    images: dict[str, Vectors] = field(default_factory=dict)
    texts: dict[str, Vectors] = field(default_factory=dict)

    @classmethod
    def from_batches(cls, batches: Iterable[pa.RecordBatch], encoder_id: str) -> KnownVectors:
        """Collect the vectors of ``encoder_id`` from ``clip_embeddings`` rows; rows of other encoders are skipped."""
        known = cls()
        known.add(batches, encoder_id)
        return known

    def add(self, batches: Iterable[pa.RecordBatch], encoder_id: str) -> None:
        """Collect more of them; a vector that is known already stays."""
        for batch in batches:
            rows = batch.filter(same_weights(batch.column("encoder"), encoder_id))
            self.collect(self.images, rows, "image_sha256", "embedding_image")
            self.collect(self.texts, rows, "prompt", "embedding_text")

    @staticmethod
    def collect(into: dict[str, Vectors], rows: pa.RecordBatch, key: str, vector: str) -> None:
        """Add the vectors of the rows that have both key and vector; one not of unit length (a damaged row) is made again."""
        usable = rows.filter(pc.and_(pc.is_valid(rows.column(key)), pc.is_valid(rows.column(vector))))
        keys = usable.column(key).to_pylist()
        if not keys:
            return
        lists = usable.column(vector)
        values = np.asarray(lists.flatten(), dtype=np.float32)
        offsets = np.concatenate(([0], np.cumsum(np.asarray(pc.list_value_length(lists)))))
        for row, name in enumerate(keys):
            found = values[offsets[row] : offsets[row + 1]]
            if name not in into and abs(float(np.linalg.norm(found)) - 1) <= NORM_TOLERANCE:
                into[name] = found.copy()


def same_weights(encoders: pa.Array, encoder_id: str) -> pa.Array:
    """Tell, for each encoder id, whether it is ``encoder_id`` or one of the same weights and preprocessing by another name."""
    _, at, contents = encoder_id.rpartition("@")
    if not _CONTENTS.fullmatch(contents):
        return pc.equal(encoders, encoder_id)
    return pc.ends_with(encoders, f"{at}{contents}")


class VectorMemory:
    """The vectors of one kind: those known beforehand, and the newest of this run (bounded)."""

    def __init__(self, known: dict[str, Vectors], dim: int | None) -> None:
        self._known = known
        self._dim = dim
        self._recent: OrderedDict[str, Vectors] = OrderedDict()

    def get(self, key: str) -> Vectors | None:
        """Return the vector; one of another length (a damaged row) does not count."""
        vector = self._recent.get(key)
        if vector is None:
            vector = self._known.get(key)
        return vector if vector is not None and vector.shape == (self._dim,) else None

    def put(self, key: str, vector: Vectors) -> None:
        """Remember a vector, forget the oldest beyond the bound."""
        self._recent[key] = vector
        if len(self._recent) > RECENT:
            self._recent.popitem(last=False)
