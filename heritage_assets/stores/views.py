"""What steps read: joins and selections over the tables of the lake.

Belongs here: which rows a step works on, above all which row of a record is the current one. Does not belong here: what a step
does with them. Memory: one harvest batch's metadata at a time (a batch holds thousands of records), and for
:func:`newest_rows` about 150 bytes for each record of the archive.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from heritage_assets.curation.schemas import (
    CLEANSED_RECORDS,
    CLIP_EMBEDDINGS,
    EMBEDDING_TASKS,
    IMAGE_TASKS,
    SOURCE_IMAGES,
)
from heritage_assets.stores.lake import Lake, text

NEWEST = pa.schema([CLEANSED_RECORDS.schema.field(name) for name in ("guid", "batch", "harvested_at", "withdrawn")])


def newest_rows(lake: Lake) -> pa.Table:
    """Return the current row of every record: (guid, batch, harvested_at, withdrawn), one row a guid, by guid.

    The newest ``harvested_at`` wins; of two at the same instant, the batch with the greater key. A withdrawn record is
    there with ``withdrawn`` true.
    """
    rows = lake.read(CLEANSED_RECORDS, columns=NEWEST.names)
    return rows.take(pa.array(newest_places(rows))).sort_by("guid")


def superseded_in(lake: Lake, batch: str, guids: Sequence[str]) -> list[str]:
    """Return those of ``guids`` whose current row lies in another batch than ``batch``."""
    return [guid for guid, newest in newest_batches(lake, guids).items() if newest != batch]


def newest_batches(lake: Lake, guids: Sequence[str]) -> dict[str, str]:
    """Return the batch in which the current row of each of ``guids`` lies, by guid; without those that no batch has."""
    rows = lake.read(CLEANSED_RECORDS, columns=NEWEST.names, where=text("guid").isin(pa.array(guids, pa.string())))
    newest = rows.take(pa.array(newest_places(rows)))
    return dict(zip(newest["guid"].to_pylist(), newest["batch"].to_pylist(), strict=True))


def newest_places(rows: pa.Table) -> npt.NDArray[np.int64]:
    """Return where the current row of each guid is among ``rows`` (guid, batch, harvested_at); the order is arbitrary."""
    guids, batches = (rows[name].combine_chunks().dictionary_encode() for name in ("guid", "batch"))
    batch_order = pc.rank(batches.dictionary).to_numpy()[batches.indices.to_numpy()] if len(rows) else []
    # A row without a time would come last, as in Arrow's sorting.
    times = pc.fill_null(rows["harvested_at"].cast(pa.int64()), np.iinfo(np.int64).max).to_numpy()
    guid_numbers = guids.indices.to_numpy()
    order = np.lexsort((batch_order, times, guid_numbers))
    last_of_guid = np.append(np.diff(guid_numbers[order]) > 0, True)[: len(order)]
    return np.asarray(order[last_of_guid], np.int64)


def live_rows(lake: Lake) -> pa.Table:
    """Return the current rows of all records that are not withdrawn."""
    newest = newest_rows(lake)
    return newest.filter(pc.invert(newest["withdrawn"]))


def living_and_gone(newest: pa.Table, batches: Sequence[str] | None) -> tuple[pa.Array, pa.Array]:
    """Return the guids of :func:`newest_rows` that lie in ``batches`` (None: all): those alive, and those withdrawn."""
    if batches is not None:
        newest = newest.filter(pc.is_in(newest["batch"], value_set=pa.array(batches, pa.string())))
    alive = newest.filter(pc.invert(newest["withdrawn"]))["guid"].combine_chunks()
    return alive, newest.filter(newest["withdrawn"])["guid"].combine_chunks()


def records_of_batch(lake: Lake, batch: str, columns: Sequence[str]) -> pa.Table:
    """Read a batch's records that are not tombstones, in landing order."""
    wanted = [*dict.fromkeys([*columns, "line"])]
    rows = lake.read(CLEANSED_RECORDS, columns=wanted, batches=[batch], where=~pc.field("withdrawn"))
    return rows.sort_by("line").select(list(columns))


def image_tasks(lake: Lake, batch: str) -> Iterator[pa.RecordBatch]:
    """Yield one row for each record of the batch (schema :data:`IMAGE_TASKS`)."""
    columns = {"url": "is_shown_by"}
    rows = records_of_batch(lake, batch, [columns.get(name, name) for name in IMAGE_TASKS.names])
    yield from rows.rename_columns(IMAGE_TASKS.names).cast(IMAGE_TASKS).to_batches(max_chunksize=1_024)


def images_known_for(lake: Lake, batch: str) -> pa.Table:
    """Read what is known of the images of this batch's records: the batch's own row, else those of other batches.

    Own rows stand alone: another batch may have asked later, and that must not flow back into an older one.
    """
    guids = lake.read(CLEANSED_RECORDS, columns=["guid"], batches=[batch])["guid"].combine_chunks()
    known = lake.read(SOURCE_IMAGES, where=text("guid").isin(guids))
    own = pc.equal(known["batch"], batch)
    fetched_here = pc.is_in(known["guid"], value_set=known["guid"].filter(own).combine_chunks())
    return known.filter(pc.or_(own, pc.invert(fetched_here)))


def images_held_at(lake: Lake, urls: pa.Array) -> pa.Table:
    """Read the stored images of any record that were fetched from one of these addresses (strings)."""
    return lake.read(SOURCE_IMAGES, where=(text("status") == "OK") & text("url").isin(urls))


def embedding_tasks(lake: Lake, batch: str, prompts: pa.Table) -> Iterator[pa.RecordBatch]:
    """Yield the join of a batch's prompts and images (schema :data:`EMBEDDING_TASKS`), by guid.

    Args:
        lake: the tables.
        batch: harvest batch.
        prompts: (guid, prompt) of the batch's records.
    """
    images = lake.read(
        SOURCE_IMAGES, columns=["guid", "batch", "dataset", "status", "sha256", "derivative"], batches=[batch]
    )
    images = images.rename_columns(["guid", "batch", "dataset", "image_status", "image_sha256", "derivative"])
    joined = images.join(prompts, keys="guid", join_type="left outer").sort_by("guid")
    yield from joined.select(EMBEDDING_TASKS.names).cast(EMBEDDING_TASKS).to_batches(max_chunksize=1_024)


def embeddings_for(lake: Lake, batch: str, encoder: str) -> Iterator[pa.RecordBatch]:
    """Yield every vector that ``encoder`` already made for images or prompts of this batch's records.

    Read by image hash and by guid, so that neither a re-run nor another record of the same picture is encoded again.
    """
    images = lake.read(SOURCE_IMAGES, columns=["guid", "sha256"], batches=[batch])
    where = (text("encoder") == encoder) & (
        text("guid").isin(images["guid"].combine_chunks())
        | text("image_sha256").isin(images["sha256"].drop_null().combine_chunks())
    )
    yield from lake.scan(CLIP_EMBEDDINGS, where=where)


def merged_by_guid(left: pa.Table, right: pa.Table, columns: Sequence[str]) -> pa.Table:
    """Left-join ``columns`` of ``right`` (unique guids) to ``left`` by guid, keeping the order of ``left``.

    Arrow's own join refuses nested columns such as vectors, so rows are looked up by position.
    """
    at = pc.index_in(left["guid"], value_set=right["guid"].combine_chunks())
    for name in columns:
        left = left.append_column(right.schema.field(name), right[name].combine_chunks().take(at.combine_chunks()))
    return left


class CurrentFilter:
    """Keeps the rows that belong to the current row of a living record.

    Memory: about 100 bytes for each living record.
    """

    def __init__(self, live: pa.Table) -> None:
        """``live``: guid and batch of the rows to keep, as :func:`live_rows` returns them."""
        self._keys = _row_keys(live["batch"], live["guid"]).combine_chunks()

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Filter batches that have the columns guid and batch."""
        for rows in batches:
            kept = rows.filter(pc.is_in(_row_keys(rows["batch"], rows["guid"]), value_set=self._keys))
            if kept.num_rows:
                yield kept


def _row_keys(batch: pa.ChunkedArray | pa.Array, guid: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    return pc.binary_join_element_wise(batch, guid, "\x1f")


def current_image_vectors(lake: Lake, encoder: str, keep: CurrentFilter) -> Iterator[pa.RecordBatch]:
    """Stream (guid, batch, embedding_image) of the current records that have an image vector of ``encoder``."""
    where = (text("encoder") == encoder) & pc.field("embedding_image").is_valid()
    yield from keep(lake.scan(CLIP_EMBEDDINGS, columns=["guid", "batch", "embedding_image"], where=where))


def matrix(column: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """Return a list column without nulls as an (n, d) float32 matrix; d is 0 when there are no rows."""
    lists = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if len(lists) == 0:
        return np.zeros((0, 0), dtype=np.float32)
    return np.asarray(lists.flatten(), dtype=np.float32).reshape(len(lists), -1)
