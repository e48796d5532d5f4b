"""cleansed_records, rejected_records: what the records of a batch say, or why they could not be read."""

from collections import Counter
from collections.abc import Iterator
from functools import partial

import dagster as dg
import pyarrow as pa

from heritage_assets.curation.landing import LandingZone
from heritage_assets.curation.records import (
    CLEANSING_OUTCOMES,
    CleansingContext,
    cleanse,
    cleansed_rows,
    mark_repeats,
    rejected_rows,
)
from heritage_assets.curation.schemas import CLEANSED_RECORDS, REJECTED_RECORDS
from heritage_assets.engines.local import Engine, Step
from heritage_assets.partitions import harvest_batches
from heritage_assets.resources.engine import LocalEngineResource
from heritage_assets.resources.lake import LakeResource
from heritage_assets.resources.object_store import ObjectStoreResource
from heritage_assets.stores.lake import Lake, Written

from .failures import retrying_only_transient
from .reporting import OWNERS, Stopwatch, blocking, counts_table, value_counts, verdict, written_metadata

CONSERVED = "landed_is_conserved"


def cleanse_batch(
    batch: str, zone: LandingZone, lake: Lake, engine: Engine
) -> tuple[Written, Written, Counter[str], Counter[str]]:
    """Cleanse one batch into both tables.

    Rejected rows wait in memory (raw text cut at 64 KiB each) until the cleansed ones are written.

    Returns:
        what was written to each table, the records by outcome, and the rejected ones by reason.
    """
    manifest = zone.manifest(batch)
    context = CleansingContext(
        dataset=manifest.dataset,
        batch=batch,
        format=manifest.format,
        mapping=manifest.mapping,
        harvested_at=manifest.harvested_at,
        image_root=manifest.image_root,
    )
    step = Step("cleanse", partial(cleanse, context=context), CLEANSING_OUTCOMES)
    outcomes: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    rejected: list[pa.RecordBatch] = []

    def cleansed() -> Iterator[pa.RecordBatch]:
        for rows in mark_repeats(engine.run(step, zone.read(batch))):
            outcomes.update(value_counts(rows["outcome"]))
            refused = rejected_rows(rows)
            reasons.update(value_counts(refused["reason"]))
            rejected.append(refused)
            yield cleansed_rows(rows)

    kept = lake.replace_batch(CLEANSED_RECORDS, batch, cleansed())
    refused = lake.replace_batch(REJECTED_RECORDS, batch, rejected)
    return kept, refused, outcomes, reasons


@dg.multi_asset(
    name="cleansed_records",
    specs=[
        dg.AssetSpec(
            CLEANSED_RECORDS.name,
            deps=["landing_batches"],
            description="One row for each record of a batch, in one vocabulary; tombstones for withdrawn records.",
            kinds={"deltalake", "pyarrow"},
            owners=OWNERS,
            code_version="1",
            # No automation condition: the landing sensor asks for new batches, with attempts that it counts.
        ),
        dg.AssetSpec(
            REJECTED_RECORDS.name,
            deps=["landing_batches"],
            description="What could not become a record: the reason, a sentence, and the raw text.",
            kinds={"deltalake"},
            owners=OWNERS,
            code_version="1",
        ),
    ],
    partitions_def=harvest_batches,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name="records",
    retry_policy=dg.RetryPolicy(max_retries=2, delay=5, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS),
    pool="cleansed_records",
    check_specs=[blocking(CONSERVED, CLEANSED_RECORDS.name, "landed = cleansed + repeated + rejected, to the record")],
)
def cleansed_records(
    context: dg.AssetExecutionContext,
    lake: LakeResource,
    object_store: ObjectStoreResource,
    engine: LocalEngineResource,
) -> Iterator[dg.MaterializeResult]:
    """Cleanse the landed records of each batch."""
    tables, zone = lake.open(), object_store.landing()
    kept: dict[str, Written] = {}
    refused: dict[str, Written] = {}
    outcomes: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    landed = 0
    watch = Stopwatch()
    for batch in context.partition_keys:
        with watch.batch(batch), retrying_only_transient():
            kept[batch], refused[batch], found, why = cleanse_batch(batch, zone, tables, engine.engine())
        outcomes.update(found)
        reasons.update(why)
        landed += zone.manifest(batch).records
        context.log.info("batch %s: %s", batch, dict(found))
    accounted = sum(row.rows for row in (*kept.values(), *refused.values())) + outcomes["repeated"]
    conserved = verdict(
        CONSERVED, CLEANSED_RECORDS.name, landed == accounted, landed=landed, accounted=accounted, **_named(outcomes)
    )
    yield dg.MaterializeResult(
        CLEANSED_RECORDS.name,
        metadata={
            **written_metadata(tables, CLEANSED_RECORDS, kept),
            "landed": landed,
            **_named(outcomes),
            **watch.metadata(landed),
        },
        check_results=[conserved],
    )
    yield dg.MaterializeResult(
        REJECTED_RECORDS.name,
        metadata={
            **written_metadata(tables, REJECTED_RECORDS, refused),
            "rejected_by_reason": counts_table(reasons, "reason"),
        },
    )


def _named(outcomes: Counter[str]) -> dict[str, int]:
    return {name: outcomes[name] for name in ("cleansed", "repeated", "rejected")}
