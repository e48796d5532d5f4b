"""page_features: what each scanned page looks like, and what is printed on it."""

from collections import Counter

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from heritage_assets.curation.pages.schemas import PAGE_FEATURES
from heritage_assets.partitions import harvest_batches
from heritage_assets.resources.encoder import EncoderResource
from heritage_assets.resources.engine import EngineResource
from heritage_assets.resources.lake import LakeResource
from heritage_assets.resources.object_store import ObjectStoreResource
from heritage_assets.resources.page_policy import PagePolicyResource
from heritage_assets.stores.pages import datasets_of, page_reader, page_tasks, update_features

from .failures import RETRIES, retrying_only_transient
from .reporting import OWNERS, Stopwatch, blocking, counts_table, table_metadata, value_counts, verdict

COUNTED = "every_scan_has_features"


@dg.asset(
    deps=["source_images"],
    partitions_def=harvest_batches,
    backfill_policy=dg.BackfillPolicy.multi_run(max_partitions_per_run=10),
    group_name="pages",
    owners=OWNERS,
    kinds={"deltalake", "pytorch"},
    code_version="1",
    retry_policy=RETRIES,
    pool="gpu",
    check_specs=[blocking(COUNTED, PAGE_FEATURES.name, "every image of a batch of scans has its row")],
)
def page_features(
    context: dg.AssetExecutionContext,
    lake: LakeResource,
    object_store: ObjectStoreResource,
    engine: EngineResource,
    encoder: EncoderResource,
    page_policy: PagePolicyResource,
) -> dg.MaterializeResult:
    """Describe the scans of batches whose dataset is one of pages; other batches are passed over.

    A page has its embeddings at two resolutions, layout, colours, measures, defects and, where pages are read, its text.
    """
    tables, store, policy = lake.open(), object_store.store(), page_policy.settings()
    watch, defects, statuses = Stopwatch(), Counter[str](), Counter[str]()
    scans = made = 0
    dataset_of = datasets_of(tables, context.partition_keys)
    for batch in context.partition_keys:
        if dataset_of.get(batch) not in policy.datasets:
            context.log.info("batch %s holds no pages (HERITAGE_PAGES__DATASETS)", batch)
            continue
        with watch.batch(batch), retrying_only_transient():
            reader = page_reader(store, policy.ocr)
            update_features(
                tables, store, engine.engine(), encoder.load(), batch, reader=reader, order=policy.order
            )  # fmt: skip
        rows = tables.read(PAGE_FEATURES, columns=["status", "defects"], batches=[batch])
        scans += page_tasks(tables, batch, policy.order).num_rows
        made += rows.num_rows
        statuses.update(value_counts(rows["status"]))
        defects.update(_names(rows))
    return dg.MaterializeResult(
        metadata={
            **table_metadata(tables, PAGE_FEATURES, made),
            "by_status": counts_table(statuses, "status"),
            "defects": counts_table(defects, "defect"),
            **watch.metadata(made),
        },
        check_results=[verdict(COUNTED, PAGE_FEATURES.name, scans == made, scans=scans, rows=made)],
    )


def _names(rows: pa.Table) -> dict[str, int]:
    return value_counts(pc.list_flatten(rows["defects"]))
