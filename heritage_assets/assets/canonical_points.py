"""canonical_points, duplicate_pairs, canonical_records: which records show one object, and why."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from heritage_assets.curation.duplicates import DuplicateSettings, GroupChanges, PairChanges, find_pairs, regroup
from heritage_assets.curation.points import PENDING, is_settled, validated_payload
from heritage_assets.curation.schemas import CANONICAL_RECORDS, DUPLICATE_PAIRS, TableSpec
from heritage_assets.partitions import harvest_batches, when_sound
from heritage_assets.resources.encoder import EncoderResource
from heritage_assets.resources.lake import LakeResource
from heritage_assets.resources.object_store import ObjectStoreResource
from heritage_assets.resources.policies import DuplicatePolicyResource
from heritage_assets.resources.vector_store import VectorStoreResource
from heritage_assets.stores.journal import Journal
from heritage_assets.stores.lake import Lake, text
from heritage_assets.stores.objects import ObjectStore
from heritage_assets.stores.vectors import VectorStore
from heritage_assets.stores.working_archive import WorkingArchive

from . import duplicate_checks
from .duplicate_pictures import duplicate_pictures
from .failures import VECTOR_STORE_RETRIES, retrying_only_transient
from .reporting import OWNERS, Stopwatch, blocking, counts_table, table_metadata, verdict

NONE_PENDING = "no_point_left_pending"
ONE_ROW = "every_current_record_has_its_canonical_row"
POINTS_AT_ONCE = 2_000
DEPS = ["pending_points", "clip_embeddings", "source_images"]


class CanonicalConfig(dg.Config):
    """How much to canonicalize."""

    rebuild: bool = Field(False, description="Judge every pair of the archive again, from the lake alone; ids stay.")


def decide(
    archive: WorkingArchive,
    batches: list[str] | None,
    gone: list[str],
    settings: DuplicateSettings,
    journal: Journal,
) -> tuple[PairChanges, GroupChanges, str]:
    """Judge the pairs of the batches' records, write them, regroup, and write the groups; return also the journal's entry.

    Each of the two writes can be repeated, and be killed before or after, without changing the outcome.
    """
    lake, records = archive.lake, archive.records(batches)
    refuse_unembedded(records, archive.encoder)
    pairs = find_pairs(records, archive, settings, archive.encoder, gone=gone)
    if len(pairs.delete):
        encoders = pa.array([archive.encoder] * len(pairs.delete), pa.string())
        lake.delete(DUPLICATE_PAIRS, pairs.delete.append_column("encoder", encoders))
    _merge(lake, DUPLICATE_PAIRS, pairs.merge)
    groups = regroup(archive, settings, archive.encoder, affected=pairs.affected, gone=gone)
    entry = journal.begin(groups.merge["guid"].to_pylist())
    _merge(lake, CANONICAL_RECORDS, groups.merge)
    return pairs, groups, entry


def _merge(lake: Lake, table: TableSpec, rows: pa.Table) -> None:
    """Merge rows; without any, only see that the table is there: a merge reads all of it."""
    if len(rows):
        lake.merge(table, rows)
    else:
        lake.create(table)


def refuse_unembedded(records: pa.Table, encoder: str) -> None:
    """Refuse records with pictures of which not one has a vector: judged so, every copy would pass for an object of its own.

    Raises:
        ValueError: the encoder has not embedded these records.
    """
    pictures = len(records) - records["image_sha256"].null_count
    if pictures and records["embedding_image"].null_count == len(records):
        raise ValueError(
            f"encoder {encoder} has no vector for any of {pictures:,} pictures: materialize clip_embeddings with it first"
        )


def tell_points(canonical: pa.Table, store: VectorStore, own: Iterable[str], others: Iterable[str]) -> int:
    """Write to points what the rows of ``canonical_records`` say of them, where they say something else.

    Returns how many were written.

    The batches' own points become validated; those of other batches follow only if they were validated before (a pending one
    waits for the run of its own batch).
    """
    mine = set(own)
    guids = pa.array(sorted(mine | set(others)), pa.string())
    # One pass over the table, however many points there are to tell.
    columns = ["guid", "canonical_id", "is_representative", "group_size"]
    told = pc.and_not(pc.is_in(canonical["guid"], value_set=guids), canonical["withdrawn"])
    living = canonical.select(columns).filter(told)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    written = 0
    for start in range(0, len(living), POINTS_AT_ONCE):
        rows = living.slice(start, POINTS_AT_ONCE).to_pylist()
        stored = store.payloads([row["guid"] for row in rows], ["status", *columns[1:]])
        changed = []
        for row in rows:
            point = stored.get(row["guid"])
            if point is None or is_settled(point, row):
                continue
            if row["guid"] in mine or point.get("status") == "validated":
                changed.append((row["guid"], validated_payload(row, now)))
        written += store.set_payloads(changed)
    return written


@dataclass(frozen=True)
class Canonicalized:
    """What a run did: the changes of pairs and of groups, how many points were told, and the current guids at hand."""

    pairs: PairChanges
    groups: GroupChanges
    told: int
    alive: list[str]


def canonicalize_batches(
    archive: WorkingArchive,
    objects: ObjectStore,
    store: VectorStore,
    settings: DuplicateSettings,
    batches: list[str] | None,
) -> Canonicalized:
    """Canonicalize the current records of ``batches`` (None: of all) and tell the points."""
    alive, gone = archive.current(batches)
    journal = Journal(objects, "canonical_points")
    left = journal.open_entries()
    pairs, groups, entry = decide(archive, batches, gone, settings, journal)
    affected = {guid for guids in left.values() for guid in guids} | set(groups.merge["guid"].to_pylist())
    told = tell_points(archive.canonical(), store, alive, affected)
    journal.finish([*left, entry])
    return Canonicalized(pairs, groups, told, alive)


def _spec(name: str, description: str, kinds: set[str]) -> dg.AssetSpec:
    return dg.AssetSpec(
        name,
        deps=DEPS,
        description=description,
        kinds=kinds,
        owners=OWNERS,
        code_version="1",
        automation_condition=when_sound if name == "canonical_points" else None,
    )


@dg.multi_asset(
    name="canonical_points",
    specs=[
        _spec("canonical_points", "The batch's points, validated: status, canonical_id, representative.", {"qdrant"}),
        _spec(DUPLICATE_PAIRS.name, "Evidence and verdict of every pair worth keeping.", {"deltalake"}),
        _spec(CANONICAL_RECORDS.name, "The object that each record shows, and who speaks for it.", {"deltalake"}),
    ],
    partitions_def=harvest_batches,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name="points",
    retry_policy=VECTOR_STORE_RETRIES,
    pool="canonical_records",
    check_specs=[
        blocking(NONE_PENDING, "canonical_points", "no point of the batch is left pending"),
        blocking(ONE_ROW, CANONICAL_RECORDS.name, "every current record of the batch has one canonical row"),
        *duplicate_checks.SPECS,
    ],
)
def canonical_points(
    context: dg.AssetExecutionContext,
    lake: LakeResource,
    object_store: ObjectStoreResource,
    vector_store: VectorStoreResource,
    encoder: EncoderResource,
    duplicate_policy: DuplicatePolicyResource,
    config: CanonicalConfig,
) -> Iterator[dg.MaterializeResult]:
    """Find the copies of each record, within the batch and in the archive, and give every object one canonical id.

    Only one run at a time writes these tables (pool); what is new is compared with everything, so the order of batches does not
    matter.
    """
    tables, watch = lake.open(), Stopwatch()
    with retrying_only_transient():
        model = encoder.load()
        store = vector_store.collection(model)
    batches = list(context.partition_keys)
    settings = duplicate_policy.settings(object_store.store(), model.id)
    # A rebuild is for when something is in doubt: it believes the lake alone.
    reading = lake.working_archive(tables, model.id, anew=config.rebuild)
    with watch.batch("all"), retrying_only_transient(), reading as archive:
        scope = None if config.rebuild else batches
        done = canonicalize_batches(archive, object_store.store(), store, settings, scope)
        alive = archive.current(batches)[0] if config.rebuild else done.alive
    pairs, groups = done.pairs, done.groups
    # Of the current records only: one that a newer batch took over waits for that batch.
    pending = sum(point.get("status") == PENDING for point in store.payloads(alive, ["status"]).values())
    rows = tables.count(
        CANONICAL_RECORDS, where=text("guid").isin(pa.array(alive, pa.string())) & ~pc.field("withdrawn")
    )
    statistics = pairs.statistics
    trusted, checks = duplicate_checks.trust(statistics, settings)
    yield dg.MaterializeResult(
        "canonical_points",
        metadata={
            "dagster/row_count": len(alive),
            "points_told": done.told,
            "collection": store.collection,
            "encoder": model.id,
            **watch.metadata(len(alive)),
        },
        check_results=[verdict(NONE_PENDING, "canonical_points", pending == 0, pending=pending)],
    )
    yield dg.MaterializeResult(
        DUPLICATE_PAIRS.name,
        metadata={
            **table_metadata(tables, DUPLICATE_PAIRS, len(pairs.merge)),
            "candidates": statistics.candidates,
            "verdicts": counts_table(statistics.verdicts, "verdict"),
            "rules": counts_table(statistics.rules, "rule"),
            "threshold": statistics.threshold,
            **trusted,
            **duplicate_pictures(tables, object_store.store(), pairs, groups),
        },
        check_results=checks,
    )
    yield dg.MaterializeResult(
        CANONICAL_RECORDS.name,
        metadata={
            **table_metadata(tables, CANONICAL_RECORDS, len(groups.merge)),
            "recomputed_records": groups.records,
            "duplicate_groups": groups.groups,
            "merges": dg.MetadataValue.json([list(pair) for pair in groups.merges]),
            "splits": dg.MetadataValue.json([list(pair) for pair in groups.splits]),
            "chains_split": groups.chains_split,
            "contradictions": dg.MetadataValue.json([str(one) for one in groups.contradictions]),
        },
        check_results=[verdict(ONE_ROW, CANONICAL_RECORDS.name, rows == len(alive), records=len(alive), rows=rows)],
    )
