"""cleansed_records, rejected_records: what the records of a batch say, or why they could not be read."""

from collections import Counter
from collections.abc import Iterator
from functools import partial

import dagster as dg

from heritage_assets.curation.landing import LandingZone
from heritage_assets.curation.records import (
    CLEANSING_OUTCOMES,
    CleansingContext,
    cleanse,
)
from heritage_assets.curation.schemas import CLEANSED_RECORDS, REJECTED_RECORDS
from heritage_assets.engines.base import CleansedBatch, Engine, Step
from heritage_assets.engines.sources import LandedBatch
from heritage_assets.partitions import harvest_batches
from heritage_assets.resources.engine import EngineResource
from heritage_assets.resources.lake import LakeResource
from heritage_assets.resources.object_store import ObjectStoreResource
from heritage_assets.stores.lake import Lake, Written

from .failures import RETRIES, retrying_only_transient
from .reporting import OWNERS, Stopwatch, blocking, counts_table, verdict, written_metadata

CONSERVED = "landed_is_conserved"


def cleanse_batch(batch: str, zone: LandingZone, lake: Lake, engine: Engine) -> CleansedBatch:
    """Cleanse one batch into both tables."""
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
    return engine.replace_outcomes(lake, batch, engine.run(step, LandedBatch(zone, batch)))


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
    retry_policy=RETRIES,
    pool="cleansed_records",
    check_specs=[blocking(CONSERVED, CLEANSED_RECORDS.name, "landed = cleansed + repeated + rejected, to the record")],
)
def cleansed_records(
    context: dg.AssetExecutionContext,
    lake: LakeResource,
    object_store: ObjectStoreResource,
    engine: EngineResource,
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
            done = cleanse_batch(batch, zone, tables, engine.engine())
        kept[batch], refused[batch] = done.cleansed, done.rejected
        outcomes.update(done.outcomes)
        reasons.update(done.reasons)
        landed += zone.manifest(batch).records
        context.log.info("batch %s: %s", batch, dict(done.outcomes))
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
