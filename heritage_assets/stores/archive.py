"""The archive that canonicalization reads: the current records and the global tables of the lake, for one encoder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from heritage_assets.curation.duplicates import EVIDENCE, RECORDS
from heritage_assets.curation.duplicates.archive import IMAGES, VECTORS, Prepared
from heritage_assets.curation.schemas import (
    CANONICAL_RECORDS,
    CLEANSED_RECORDS,
    CLIP_EMBEDDINGS,
    DUPLICATE_PAIRS,
    REVIEW_DECISIONS,
    SOURCE_IMAGES,
    TableSpec,
)
from heritage_assets.stores.growing_table import GrowingTable
from heritage_assets.stores.lake import Lake, text
from heritage_assets.stores.views import CurrentFilter, current_image_vectors, live_rows, merged_by_guid

_OF_RECORDS = [name for name in EVIDENCE.names if name in CLEANSED_RECORDS.schema.names]
_OF_IMAGES = ["perceptual_hash", "sha256", "width", "height"]
_OF_EMBEDDINGS = ["embedding_text", "embedding_image"]


class GlobalTables:
    """The tables of the lake that belong to no batch, read whole when asked for; again, only as far as they are new."""

    def __init__(self, lake: Lake, encoder: str) -> None:
        self.lake = lake
        self.encoder = encoder
        self._pairs = GrowingTable(lake, DUPLICATE_PAIRS, text("encoder") == encoder)
        self._canonical = GrowingTable(lake, CANONICAL_RECORDS)

    def pairs(self) -> pa.Table:
        """See :class:`Archive`."""
        return self._pairs.read()

    def canonical(self) -> pa.Table:
        """See :class:`Archive`."""
        return self._canonical.read()

    def decisions(self) -> pa.Table:
        """See :class:`Archive`."""
        return self.lake.read(REVIEW_DECISIONS)


class LakeArchive(GlobalTables):
    """Reads the lake as :class:`heritage_assets.curation.duplicates.Archive` asks; memory as stated by each reader there.

    For questions about a few records. The current rows are those at the time of construction (100 bytes a record).
    """

    def __init__(self, lake: Lake, encoder: str) -> None:
        super().__init__(lake, encoder)
        self.live = live_rows(lake)
        self.keep = CurrentFilter(self.live)

    def images(self) -> Iterator[pa.RecordBatch]:
        """See :class:`Archive`."""
        columns = ["guid", "batch", "perceptual_hash", "sha256"]
        for rows in self.keep(self.lake.scan(SOURCE_IMAGES, columns=columns, where=pc.field("sha256").is_valid())):
            yield rows.rename_columns(["guid", "batch", "perceptual_hash", "image_sha256"]).select(IMAGES.names)

    def vectors(self) -> Iterator[pa.RecordBatch]:
        """See :class:`Archive`."""
        for rows in current_image_vectors(self.lake, self.encoder, self.keep):
            yield rows.select(VECTORS.names)

    def prepared(self, threshold: float) -> Prepared | None:
        """See :class:`Archive`: nothing is."""
        return None

    def evidence(self, guids: Sequence[str]) -> pa.Table:
        """See :class:`Archive`."""
        return self._records(pa.array(guids, pa.string())).select(EVIDENCE.names)

    def records(self, batches: Sequence[str] | None = None) -> pa.Table:
        """Return :data:`RECORDS` of the current records whose row lies in ``batches`` (of all, for a rebuild)."""
        live = self.live
        if batches is not None:
            live = live.filter(pc.is_in(live["batch"], value_set=pa.array(batches, pa.string())))
        return self._records(live["guid"].combine_chunks(), batches)

    def _records(self, guids: pa.Array, batches: Sequence[str] | None = None) -> pa.Table:
        wanted = text("guid").isin(guids)
        if batches is None:
            mine = self.live.filter(pc.is_in(self.live["guid"], value_set=guids))
            batches = mine["batch"].unique().to_pylist()
        records = self._current(CLEANSED_RECORDS, ["guid", "batch", *_OF_RECORDS], wanted, batches)
        images = self._current(SOURCE_IMAGES, ["guid", "batch", *_OF_IMAGES], wanted, batches)
        mine = wanted & (text("encoder") == self.encoder)
        embeddings = self._current(CLIP_EMBEDDINGS, ["guid", "batch", *_OF_EMBEDDINGS], mine, batches)
        rows = merged_by_guid(merged_by_guid(records, images, _OF_IMAGES), embeddings, _OF_EMBEDDINGS)
        named = rows.rename_columns(["image_sha256" if name == "sha256" else name for name in rows.column_names])
        return named.select(RECORDS.names).cast(RECORDS)

    def _current(self, table: TableSpec, columns: list[str], where: pc.Expression, batches: Sequence[str]) -> pa.Table:
        names = [*dict.fromkeys(columns)]
        stream = self.keep(self.lake.scan(table, columns=names, batches=batches, where=where))
        schema = pa.schema([table.schema.field(name) for name in names])
        return pa.Table.from_batches(list(stream), schema=schema)
