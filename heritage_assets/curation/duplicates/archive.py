"""What canonicalization needs to know of everything that was there before; and an archive in memory that satisfies it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from heritage_assets.curation.duplicates.attributes import EVIDENCE, evidence_table
from heritage_assets.curation.duplicates.reduction import Reduction
from heritage_assets.curation.duplicates.tiles import Rows
from heritage_assets.curation.schemas import CANONICAL_RECORDS, DUPLICATE_PAIRS, REVIEW_DECISIONS, VECTOR

IMAGES = pa.schema([("guid", pa.string()), ("perceptual_hash", pa.string()), ("image_sha256", pa.string())])
VECTORS = pa.schema([("guid", pa.string()), ("embedding_image", VECTOR)])


@dataclass(frozen=True)
class Prepared:
    """The image vectors of all current records, brought to their short forms before: guids (n,) and rows, block by block."""

    reduction: Reduction
    blocks: Iterator[tuple[pa.Array, Rows]]


class Archive(Protocol):
    """A consistent view of the current records and the global tables, for one encoder.

    "Current" means: the newest row of each guid, not withdrawn. The records at hand may be among them: their own rows win.
    Streams are read once for each call; nothing here is written.
    """

    def images(self) -> Iterator[pa.RecordBatch]:
        """Stream :data:`IMAGES` of every current record that has an image file or a hash."""
        ...

    def vectors(self) -> Iterator[pa.RecordBatch]:
        """Stream :data:`VECTORS` of every current record that has an image vector, a few thousand rows at a time."""
        ...

    def prepared(self, threshold: float) -> Prepared | None:
        """Return what :meth:`vectors` streams, prepared for joins at this cosine; None where nothing was."""
        ...

    def evidence(self, guids: Sequence[str]) -> pa.Table:
        """Return :data:`~.attributes.EVIDENCE` of those of ``guids`` that are current, in any order."""
        ...

    def pairs(self) -> pa.Table:
        """Return ``duplicate_pairs`` of this encoder."""
        ...

    def canonical(self) -> pa.Table:
        """Return ``canonical_records``, whole."""
        ...

    def decisions(self) -> pa.Table:
        """Return ``review_decisions``, whole."""
        ...


RECORDS = pa.schema([*EVIDENCE, ("embedding_image", VECTOR)])
"""The records at hand: evidence and image vector (null where the picture could not be had)."""


def records_table(columns: pa.Table) -> pa.Table:
    """Bring a table to :data:`RECORDS`; see :func:`~.attributes.evidence_table`."""
    evidence = evidence_table(columns)
    if "embedding_image" in columns.column_names:
        vectors = columns["embedding_image"].cast(VECTOR)
    else:
        vectors = pa.nulls(len(columns), VECTOR)
    return evidence.append_column(RECORDS.field("embedding_image"), vectors)


def vector_matrix(column: pa.Array) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Return the vectors of a list column, (m, d) float32, without copying them, and which of its rows have one, (n,) bool.

    Raises:
        ValueError: vectors of different length.
    """
    has = np.asarray(pc.is_valid(column).to_numpy(zero_copy_only=False), bool)
    lengths = pc.unique(pc.list_value_length(column)).drop_null().to_pylist()
    if len(lengths) > 1:
        raise ValueError(f"vectors of different length {sorted(lengths)[:5]}: more than one encoder in one table?")
    flat = column.flatten().to_numpy(zero_copy_only=False).astype(np.float32, copy=False)
    return flat.reshape(int(has.sum()), lengths[0] if lengths else 0), has


def vector_column(vectors: npt.NDArray[np.float32], has: npt.NDArray[np.bool_]) -> pa.Array:
    """Return a list column: the next of ``vectors``, (m, d), where ``has``, (n,), else null; m times d below 2³¹."""
    width = vectors.shape[1]
    offsets = np.concatenate([[0], np.cumsum(has) * width]).astype(np.int32)
    return pa.ListArray.from_arrays(offsets, pa.array(vectors.ravel(), pa.float32()), mask=pa.array(~has))


class MemoryArchive:
    """An archive held in memory: small collections, directory checks, tests. Rows of :data:`RECORDS` by guid."""

    def __init__(self, decisions: pa.Table | None = None, rows: int = 4_096) -> None:
        self.records = RECORDS.empty_table()
        self._pairs = DUPLICATE_PAIRS.schema.empty_table()
        self._canonical = CANONICAL_RECORDS.schema.empty_table()
        self._decisions = decisions if decisions is not None else REVIEW_DECISIONS.schema.empty_table()
        self.rows = rows

    def put(self, records: pa.Table, gone: Sequence[str] = ()) -> None:
        """Insert or replace records, and drop those that are gone."""
        records = records_table(records)
        leaving = [*records["guid"].to_pylist(), *gone]
        self.records = pa.concat_tables([_without(self.records, "guid", leaving), records])

    def decide(self, decisions: pa.Table) -> None:
        """Append decisions."""
        self._decisions = pa.concat_tables([self._decisions, decisions.cast(REVIEW_DECISIONS.schema)])

    def merge_pairs(self, merge: pa.Table, delete: pa.Table) -> None:
        """Delete, then insert or replace rows of ``duplicate_pairs`` by key."""
        leaving = _keys(pa.concat_tables([merge.select(["guid_a", "guid_b"]), delete.select(["guid_a", "guid_b"])]))
        kept = self._pairs.filter(pc.invert(pc.is_in(_keys(self._pairs), value_set=leaving)))
        self._pairs = pa.concat_tables([kept, merge])

    def merge_canonical(self, merge: pa.Table) -> None:
        """Insert or replace rows of ``canonical_records`` by guid."""
        self._canonical = pa.concat_tables([_without(self._canonical, "guid", merge["guid"].to_pylist()), merge])

    def images(self) -> Iterator[pa.RecordBatch]:
        """Stream the images."""
        seen = pc.or_(pc.is_valid(self.records["image_sha256"]), pc.is_valid(self.records["perceptual_hash"]))
        yield from self.records.select(IMAGES.names).filter(seen).to_batches(max_chunksize=self.rows)

    def vectors(self) -> Iterator[pa.RecordBatch]:
        """Stream the vectors."""
        for batch in self.records.select(VECTORS.names).to_batches(max_chunksize=self.rows):
            yield batch.filter(pc.is_valid(batch["embedding_image"])) if batch["embedding_image"].null_count else batch

    def prepared(self, threshold: float) -> Prepared | None:
        """Return nothing: what fits in memory is read in no time."""
        return None

    def evidence(self, guids: Sequence[str]) -> pa.Table:
        """Return evidence of the given guids that are there."""
        mask = pc.is_in(self.records["guid"], value_set=pa.array(guids, pa.string()))
        return self.records.select(EVIDENCE.names).filter(mask)

    def pairs(self) -> pa.Table:
        """Return all pairs."""
        return self._pairs

    def canonical(self) -> pa.Table:
        """Return all canonical rows."""
        return self._canonical

    def decisions(self) -> pa.Table:
        """Return all decisions."""
        return self._decisions


def _without(table: pa.Table, column: str, values: Sequence[str]) -> pa.Table:
    return table.filter(pc.invert(pc.is_in(table[column], value_set=pa.array(values, pa.string()))))


def _keys(table: pa.Table) -> pa.ChunkedArray | pa.Array:
    return pc.binary_join_element_wise(table["guid_a"], table["guid_b"], "\x1f").cast(pa.string())
