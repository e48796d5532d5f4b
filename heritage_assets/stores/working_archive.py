"""The archive that canonicalization reads, on its working set: one consistent view of the current records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from threadpoolctl import threadpool_limits

from heritage_assets.curation.duplicates import EVIDENCE, RECORDS
from heritage_assets.curation.duplicates.archive import IMAGES, VECTORS, Prepared
from heritage_assets.curation.duplicates.join import cores
from heritage_assets.curation.duplicates.tiles import Rows
from heritage_assets.stores.archive import GlobalTables
from heritage_assets.stores.lake import Lake
from heritage_assets.stores.views import newest_places
from heritage_assets.stores.working_set import SEGMENT, Segment, WorkingSet, taken

Index = npt.NDArray[np.int64]


class WorkingArchive(GlobalTables):
    """Reads a :class:`WorkingSet` as :class:`heritage_assets.curation.duplicates.Archive` asks.

    The current rows are those at the time of construction; the global tables are read when asked for. Memory: 100 bytes a record,
    and what is returned.
    """

    def __init__(self, lake: Lake, encoder: str, working: WorkingSet) -> None:
        super().__init__(lake, encoder)
        self.working = working
        self._starts = np.cumsum([0, *(segment.rows.num_rows for segment in working.segments)])
        names = ["guid", "harvested_at", "batch", "withdrawn"]
        keys = [segment.rows.select(names) for segment in working.segments]
        self._rows = pa.Table.from_batches(keys, schema=pa.schema([SEGMENT.field(name) for name in names]))
        newest = newest_places(self._rows)
        withdrawn = self._rows["withdrawn"].to_numpy()
        self._gone = newest[withdrawn[newest]]
        self._live = np.sort(newest[~withdrawn[newest]])
        self._guids = self._names(self._live)

    def current(self, batches: Sequence[str] | None = None) -> tuple[list[str], list[str]]:
        """Return the guids whose current row lies in ``batches`` (None: anywhere): those alive, and those withdrawn."""
        alive, gone = (self._of(places, batches) for places in (self._live, self._gone))
        return self._names(alive).to_pylist(), self._names(gone).to_pylist()

    def images(self) -> Iterator[pa.RecordBatch]:
        """See :class:`Archive`."""
        for segment, rows in self._current():
            part = segment.rows.select(IMAGES.names)
            part = part if rows is None else part.take(pa.array(rows))
            yield part.filter(pc.is_valid(part["image_sha256"]))

    def vectors(self) -> Iterator[pa.RecordBatch]:
        """See :class:`Archive`."""
        for segment, rows in self._current():
            part = _taken(segment.rows.select(VECTORS.names), rows)
            has = pc.is_valid(part["embedding_image"])
            yield part if pc.all(has).as_py() else part.filter(has)

    def prepared(self, threshold: float) -> Prepared | None:
        """See :class:`Archive`."""
        if not self.working.vectors:
            return None
        reduction, name = self.working.reduction(threshold)
        self.working.forget_shorts(name)

        def blocks() -> Iterator[tuple[pa.Array, Rows]]:
            with threadpool_limits(1), ThreadPoolExecutor(cores()) as pool:
                for segment, rows in self._current():
                    if not len(segment.at):
                        continue
                    short = self.working.short(segment, reduction, name, pool)
                    block = Rows(segment.vectors, segment.norms, short)
                    guids = segment.rows["guid"]
                    if len(segment.at) < len(guids):
                        guids = guids.take(pa.array(segment.at))
                    if rows is not None:
                        kept = np.flatnonzero(np.isin(segment.at, rows, assume_unique=True))
                        guids, block = guids.take(pa.array(kept)), block.only(kept)
                    yield guids, block

        return Prepared(reduction, blocks())

    def evidence(self, guids: Sequence[str]) -> pa.Table:
        """See :class:`Archive`."""
        wanted = pc.is_in(self._guids, value_set=pa.array(guids, pa.string())).to_numpy(zero_copy_only=False)
        return self._records(self._live[wanted], EVIDENCE)

    def records(self, batches: Sequence[str] | None = None) -> pa.Table:
        """Return :data:`RECORDS` of the current records whose row lies in ``batches`` (of all, for a rebuild)."""
        return self._records(self._of(self._live, batches), RECORDS)

    def _records(self, places: Index, schema: pa.Schema) -> pa.Table:
        """Return the columns of ``schema`` of sorted places."""
        parts = [
            _taken(segment.rows.select(schema.names), rows) for segment, rows in self._segments(places) if len(places)
        ]
        return pa.Table.from_batches(parts, schema=schema)

    def _current(self) -> Iterator[tuple[Segment, Index | None]]:
        return self._segments(self._live)

    def _segments(self, places: Index) -> Iterator[tuple[Segment, Index | None]]:
        """Yield each segment that holds some of the sorted places, with its rows (None: all)."""
        edges = np.searchsorted(places, self._starts)
        for number, segment in enumerate(self.working.segments):
            rows = places[edges[number] : edges[number + 1]] - self._starts[number]
            if len(rows):
                yield segment, None if len(rows) == segment.rows.num_rows else rows

    def _of(self, places: Index, batches: Sequence[str] | None) -> Index:
        if batches is None:
            return places
        inside = pc.is_in(self._rows["batch"], value_set=pa.array(batches, pa.string())).to_numpy()
        return np.asarray(places[inside[places]])

    def _names(self, places: Index) -> pa.Array:
        return self._rows["guid"].take(pa.array(places)).combine_chunks()


def _taken(part: pa.RecordBatch, rows: Index | None) -> pa.RecordBatch:
    if rows is None:
        return part
    at = pa.array(rows)
    return pa.RecordBatch.from_arrays([taken(column, at) for column in part.columns], schema=part.schema)
