"""pending_points: the current records of a batch as points of the vector store, waiting for validation."""

from dataclasses import dataclass

import dagster as dg
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from heritage_assets.curation.points import EMBEDDING_COLUMNS, RECORD_COLUMNS, VECTOR_NAMES, pending_payloads
from heritage_assets.curation.schemas import CLEANSED_RECORDS, CLIP_EMBEDDINGS
from heritage_assets.partitions import harvest_batches, when_sound
from heritage_assets.resources.encoder import EncoderResource
from heritage_assets.resources.lake import LakeResource
from heritage_assets.resources.vector_store import VectorStoreResource
from heritage_assets.stores.lake import Lake, text
from heritage_assets.stores.vectors import VectorStore
from heritage_assets.stores.views import living_and_gone, merged_by_guid, newest_rows

from .failures import VECTOR_STORE_RETRIES, retrying_only_transient
from .reporting import OWNERS, Stopwatch, blocking, verdict

COUNTED = "points_match_records"
ROWS_AT_ONCE = 2_000


@dataclass
class PointCounts:
    """What happened to a batch's points."""

    current: int = 0
    written: int = 0
    unchanged: int = 0
    withdrawn: int = 0
    superseded: int = 0

    def add(self, other: "PointCounts") -> None:
        """Add the counts of another batch."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


def point_rows(lake: Lake, batch: str, encoder: str, guids: pa.Array) -> pa.Table:
    """Join records and embeddings of ``guids`` in a batch: all that a point is made of.

    Memory: the batch's vectors, 8 KiB a record for 512 + 512 + 1024 dimensions.
    """
    mine = text("guid").isin(guids)
    records = lake.read(CLEANSED_RECORDS, columns=RECORD_COLUMNS, batches=[batch], where=mine).sort_by("guid")
    embeddings = lake.read(
        CLIP_EMBEDDINGS,
        columns=["guid", *EMBEDDING_COLUMNS, *VECTOR_NAMES],
        batches=[batch],
        where=mine & (text("encoder") == encoder),
    )
    rows = merged_by_guid(records, embeddings, [*EMBEDDING_COLUMNS, *VECTOR_NAMES])
    return rows.filter(pc.is_valid(rows["encoder"]))


def vectors_of(rows: pa.Table) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return the named vectors (n, d) float32 of the rows, and for each name which rows have one (n,) bool.

    A name that no row has is left out; rows without a vector hold zeros.
    """
    vectors, present = {}, {}
    for name in VECTOR_NAMES:
        column = rows[name].combine_chunks()
        has = np.asarray(pc.is_valid(column))
        if not has.any():
            continue
        valid = column.drop_null()
        flat = np.asarray(valid.flatten(), dtype=np.float32).reshape(len(valid), -1)
        matrix = np.zeros((len(column), flat.shape[1]), dtype=np.float32)
        matrix[has] = flat
        vectors[name], present[name] = matrix, has
    return vectors, present


KEPT = "cluster_id"
"""What a changed point keeps of its payload: the next clustering decides about it, and until then people filter by it."""


def write_points(
    lake: Lake, store: VectorStore, batch: str, encoder: str, alive: pa.Array, withdrawn: pa.Array
) -> PointCounts:
    """Bring a batch's points up to date: changed ones become pending, unchanged ones stay, withdrawn ones go.

    Args:
        lake: the tables.
        store: the encoder's collection.
        batch: harvest batch.
        encoder: whose vectors.
        alive: guids whose current row lies in the batch.
        withdrawn: guids whose tombstone does.
    """
    landed = lake.count(CLEANSED_RECORDS, batches=[batch])
    counts = PointCounts(withdrawn=len(withdrawn), superseded=landed - len(alive) - len(withdrawn))
    rows = point_rows(lake, batch, encoder, alive)
    counts.current = rows.num_rows
    for start in range(0, rows.num_rows, ROWS_AT_ONCE):
        part = rows.slice(start, ROWS_AT_ONCE)
        payloads = pending_payloads(part)
        stored = store.payloads(part["guid"].to_pylist(), ["point_hash", KEPT])
        changed = [
            row
            for row, payload in enumerate(payloads)
            if stored.get(payload["id_object"], {}).get("point_hash") != payload["point_hash"]
        ]
        counts.unchanged += part.num_rows - len(changed)
        counts.written += len(changed)
        if changed:
            vectors, present = vectors_of(part.take(changed))
            guids = [payloads[row]["id_object"] for row in changed]
            kept = [{KEPT: value} if (value := stored.get(guid, {}).get(KEPT)) else {} for guid in guids]
            store.upsert(guids, vectors, present, [payloads[row] | old for row, old in zip(changed, kept, strict=True)])
    if len(withdrawn):
        store.delete(withdrawn.to_pylist())
    return counts


def present_points(store: VectorStore, batch: str, guids: pa.Array) -> int:
    """Count the points of these records that come from ``batch``.

    Not all points of the batch: a record that a newer batch took over keeps its point until that batch has come so far.
    """
    points = store.payloads(guids.to_pylist(), ["batch"])
    return sum(point.get("batch") == batch for point in points.values())


@dg.asset(
    deps=["clip_embeddings", "cleansed_records"],
    partitions_def=harvest_batches,
    backfill_policy=dg.BackfillPolicy.multi_run(max_partitions_per_run=10),
    group_name="points",
    owners=OWNERS,
    kinds={"qdrant"},
    code_version="1",
    retry_policy=VECTOR_STORE_RETRIES,
    pool="qdrant_write",
    automation_condition=when_sound,
    check_specs=[blocking(COUNTED, "pending_points", "every current record of the batch has its point")],
)
def pending_points(
    context: dg.AssetExecutionContext, lake: LakeResource, vector_store: VectorStoreResource, encoder: EncoderResource
) -> dg.MaterializeResult:
    """Write the points of the batch's current records, ``status`` pending; an unchanged point is left as it is.

    Only current rows reach points: what a newer batch holds again is left to it, so a backfill of an old batch overrides
    nothing. A record that its provider withdrew loses its point.
    """
    tables = lake.open()
    with retrying_only_transient():
        model = encoder.load()
        store = vector_store.collection(model)
    counts, expected, present, watch = PointCounts(), 0, 0, Stopwatch()
    newest = newest_rows(tables)
    for batch in context.partition_keys:
        alive, withdrawn = living_and_gone(newest, [batch])
        with watch.batch(batch), retrying_only_transient():
            found = write_points(tables, store, batch, model.id, alive, withdrawn)
        counts.add(found)
        expected += len(alive)
        present += present_points(store, batch, alive)
        context.log.info("batch %s: %s", batch, vars(found))
    return dg.MaterializeResult(
        metadata={
            **{f"points_{name}": value for name, value in vars(counts).items()},
            "collection": store.collection,
            "encoder": model.id,
            "dagster/row_count": counts.current,
            **watch.metadata(counts.current),
        },
        check_results=[verdict(COUNTED, "pending_points", expected == present, records=expected, points=present)],
    )
