"""Scanned pages in the lake: what their features are made from, and the features in scanning order.

Belongs here: which rows, from which tables, in which order. Does not belong here: what is computed from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from urllib.parse import unquote, urlsplit

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from heritage_assets.curation.encoders import Encoder
from heritage_assets.curation.pages.features import OK, PAGE_TASKS, describe_pages, is_made, made_by
from heritage_assets.curation.pages.methods import INDEX, spread
from heritage_assets.curation.pages.ocr import ReadingCache, find_engine
from heritage_assets.curation.pages.order import natural_key
from heritage_assets.curation.pages.schemas import PAGE_DECISIONS, PAGE_FEATURES
from heritage_assets.curation.pages.settings import OcrChoice
from heritage_assets.curation.pages.signals import FEATURE_COLUMNS, Index
from heritage_assets.curation.schemas import CLEANSED_RECORDS, SOURCE_IMAGES, TableSpec
from heritage_assets.engines.base import Engine, Step
from heritage_assets.stores.lake import Lake, Written, text
from heritage_assets.stores.objects import ObjectStore
from heritage_assets.stores.views import CurrentFilter, live_rows, records_of_batch

BY_FILE = "file"
"""Scanning order by the name of the image's file (its address), numbers by value."""
ORDER_COLUMNS = ("guid", "line", "title", "date", "type", "description")
CHUNK = 2_048
SAMPLED_BATCHES = 32
_TASK_COLUMNS = (
    "guid",
    "batch",
    "dataset",
    "status",
    "reason",
    "sha256",
    "original",
    "width",
    "height",
    "perceptual_hash",
)
_RENAMED = {"status": "image_status", "reason": "image_reason", "sha256": "image_sha256"}

PageReader = ReadingCache | None


def page_reader(store: ObjectStore, choice: OcrChoice) -> PageReader:
    """Return what reads the pages, or None. Raises OcrError where an engine that was asked for by name is missing."""
    engine = find_engine(choice)
    return None if engine is None else ReadingCache(store, engine)


def batches_of(lake: Lake, dataset: str) -> list[str]:
    """Return the harvest batches of a dataset that have rows of source_images."""
    found: set[str] = set()
    for rows in lake.scan(SOURCE_IMAGES, columns=["batch"], where=text("dataset") == dataset):
        found.update(pc.unique(rows["batch"]).to_pylist())
    return sorted(found)


def page_tasks(lake: Lake, batch: str, order: str = BY_FILE) -> pa.Table:
    """Return one row (PAGE_TASKS) for each record of a batch that names an image.

    Args:
        lake: the tables.
        batch: harvest batch.
        order: ``file``, or the column of cleansed_records whose text is the scanning order.

    Raises:
        ValueError: no such column.
    """
    if order != BY_FILE and order not in ORDER_COLUMNS:
        raise ValueError(f"scans can't be ordered by {order!r}: use {BY_FILE} or one of {', '.join(ORDER_COLUMNS)}")
    images = lake.read(SOURCE_IMAGES, columns=list(_TASK_COLUMNS), batches=[batch], where=text("status") != "NO_IMAGE")
    wanted = "is_shown_by" if order == BY_FILE else order
    records = records_of_batch(lake, batch, ["guid", wanted] if wanted != "guid" else ["guid"])
    place = dict(zip(records["guid"].to_pylist(), records[wanted].to_pylist(), strict=True))
    guids = images["guid"].to_pylist()
    sequence = [_sequence(guid, place.get(guid), order) for guid in guids]
    names = [_RENAMED.get(name, name) for name in _TASK_COLUMNS]
    tasks = images.rename_columns(names).append_column("scan", pa.array(guids, pa.string()))
    return tasks.append_column("sequence", pa.array(sequence, pa.string())).select(PAGE_TASKS.names).cast(PAGE_TASKS)


def _sequence(guid: str, value: str | int | None, order: str) -> str:
    if value is None:
        return guid
    return unquote(urlsplit(value).path) if order == BY_FILE and isinstance(value, str) else str(value)


def update_features(
    lake: Lake,
    store: ObjectStore,
    engine: Engine,
    encoder: Encoder,
    batch: str,
    *,
    reader: PageReader = None,
    order: str = BY_FILE,
    watch: Callable[[pa.RecordBatch], object] | None = None,
) -> Written | None:
    """Bring the features of a batch up to date; None where they are already.

    What an earlier run made of the same image with this encoder is taken over, from whatever batch. Memory: the batch's features
    that are taken over (11 kB a scan), beside :func:`describe_pages`.
    """
    tasks = page_tasks(lake, batch, order)
    if features_are_current(lake, tasks, batch, encoder.id, made_by(reader)):
        return None
    known = _known(lake, tasks, encoder.id, made_by(reader))
    work = partial(describe_pages, encoder=encoder, store=store, reader=reader, known=known, now=datetime.now(UTC))
    rows = engine.run(Step("page_features", work, PAGE_FEATURES.schema), tasks.to_batches(max_chunksize=256))
    return engine.replace_batch(lake, PAGE_FEATURES, batch, rows, watch=watch)


def features_are_current(lake: Lake, tasks: pa.Table, batch: str, encoder: str, maker: str) -> bool:
    """Tell whether the features of a batch are those of these tasks, by this encoder and maker."""
    columns = ["guid", "sequence", "image_sha256", "encoder", "made_by"]
    stored = lake.read(PAGE_FEATURES, columns=columns, batches=[batch]).to_pylist()
    if any(row["encoder"] != encoder or not is_made(row["made_by"], maker) for row in stored):
        return False
    now = tasks.select(["guid", "sequence", "image_sha256"]).to_pylist()
    return sorted(_identity(row) for row in stored) == sorted(_identity(row) for row in now)


def _identity(row: dict[str, str | None]) -> tuple[str, str, str]:
    return row["guid"] or "", row["sequence"] or "", row["image_sha256"] or ""


def _known(lake: Lake, tasks: pa.Table, encoder: str, maker: str) -> dict[str, dict[str, object]]:
    """Read the rows that were made of these images before; batches without one are not read."""
    hashes = pc.unique(tasks["image_sha256"].drop_null().combine_chunks())
    light = lake.read(
        PAGE_FEATURES,
        columns=["batch", "made_by"],
        where=text("image_sha256").isin(hashes) & (text("encoder") == encoder) & (text("status") == OK),
    )
    pairs = zip(light["batch"].to_pylist(), light["made_by"].to_pylist(), strict=True)
    batches = sorted({batch for batch, made in pairs if is_made(made, maker)})
    where = text("image_sha256").isin(hashes) & (text("encoder") == encoder) & (text("status") == OK)
    found: dict[str, dict[str, object]] = {}
    for rows in lake.scan(PAGE_FEATURES, batches=batches, where=where) if batches else ():
        found |= {row["image_sha256"]: row for row in rows.to_pylist() if is_made(row["made_by"], maker)}
    return found


def page_decisions(lake: Lake, dataset: str) -> pa.Table:
    """Read what people decided about the documents of a dataset (PAGE_DECISIONS)."""
    return lake.read(PAGE_DECISIONS, where=text("dataset") == dataset)


class LakePages:
    """The living scans of a dataset in scanning order (a :class:`~heritage_assets.curation.pages.methods.PageStream`).

    Memory: about 400 bytes a scan for names and order, and the features of one chunk (2,048 scans, 23 MB). Scans that follow each
    other lie in one batch as a rule; where batches interleave, each chunk reads the batches that it touches.
    """

    def __init__(self, lake: Lake, dataset: str, encoder: str) -> None:
        """Read the order.

        Raises:
            ValueError: the dataset has no features by this encoder, or features by others beside them.
        """
        self._lake = lake
        self.dataset = dataset
        columns = ["guid", "batch", "scan", "sequence", "encoder"]
        stored = lake.scan(PAGE_FEATURES, columns=columns, where=text("dataset") == dataset)
        living = CurrentFilter(live_rows(lake).select(["guid", "batch"]))
        rows = pa.Table.from_batches(list(living(stored)), schema=_part(PAGE_FEATURES, columns))
        others = sorted(set(pc.unique(rows["encoder"]).to_pylist()) - {encoder})
        if others or not rows.num_rows:
            raise ValueError(
                f"dataset {dataset} has {'features by ' + ', '.join(others) if others else 'no features'}; "
                f"compute them with {encoder}: `heritage pages group` does, or materialize page_features"
            )
        sequences, guids = rows["sequence"].to_pylist(), rows["guid"].to_pylist()
        order = sorted(range(len(guids)), key=lambda row: (natural_key(sequences[row] or ""), guids[row]))
        self._rows = rows.take(pa.array(order, pa.int64())).combine_chunks()
        self.reads = 0
        """Rows of features read so far."""

    def index(self) -> pa.Table:
        """Return guid and scan of all, in order."""
        return self._rows.select(INDEX.names)

    def batches(self) -> list[str]:
        """Return the batch of each scan, in order."""
        found: list[str] = self._rows["batch"].to_pylist()
        return found

    def rows(self, first: int = 0, last: int | None = None) -> Iterator[pa.RecordBatch]:
        """Read the features of the places ``first`` to ``last``, in order."""
        end = self._rows.num_rows if last is None else last
        for start in range(first, end, CHUNK):
            yield from self.take(np.arange(start, min(start + CHUNK, end))).combine_chunks().to_batches()

    def sample(self, most: int) -> tuple[Index, pa.Table]:
        """Return the places of at most ``most`` scans, from at most 32 batches, and their features."""
        batches = self._rows["batch"].combine_chunks()
        there = sorted(pc.unique(batches).to_pylist())
        chosen = [there[k] for k in spread(len(there), SAMPLED_BATCHES).tolist()]
        rows = np.flatnonzero(np.asarray(pc.is_in(batches, value_set=pa.array(chosen, pa.string()))))
        places = rows[spread(len(rows), most)]
        return places, self.take(places)

    def take(self, places: Index) -> pa.Table:
        """Return the features of some places, in the order given."""
        wanted = self._rows.take(pa.array(places))
        found = self._lake.read(
            PAGE_FEATURES,
            columns=["batch", *FEATURE_COLUMNS],
            batches=pc.unique(wanted["batch"]).to_pylist(),
            where=text("guid").isin(wanted["guid"].combine_chunks()),
        )
        self.reads += found.num_rows
        keys = [pc.binary_join_element_wise(rows["batch"], rows["guid"], "\x1f") for rows in (wanted, found)]
        at = pc.index_in(keys[0], value_set=keys[1].combine_chunks())
        return found.select(FEATURE_COLUMNS).combine_chunks().take(at)


def datasets_of(lake: Lake, batches: Sequence[str]) -> dict[str, str]:
    """Return the dataset of each batch, as its records say."""
    found: dict[str, str] = {}
    for rows in lake.scan(CLEANSED_RECORDS, columns=["batch", "dataset"], batches=batches):
        found |= dict(zip(rows["batch"].to_pylist(), rows["dataset"].to_pylist(), strict=True))
    return found


def _part(table: TableSpec, columns: Iterable[str]) -> pa.Schema:
    return pa.schema([table.schema.field(name) for name in columns])
