"""source_images: the picture of each record, fetched, checked, kept once, or the reason why not."""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from urllib.parse import urlsplit

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from heritage_assets.curation.images import FetchSettings, fetch_images, previous_images
from heritage_assets.curation.schemas import CLEANSED_RECORDS, SOURCE_IMAGES
from heritage_assets.engines.local import Engine, Step
from heritage_assets.partitions import harvest_batches
from heritage_assets.resources.engine import LocalEngineResource
from heritage_assets.resources.http_fetcher import HttpFetcherResource
from heritage_assets.resources.lake import LakeResource
from heritage_assets.resources.object_store import ObjectStoreResource
from heritage_assets.stores.lake import Lake, Written
from heritage_assets.stores.objects import ObjectStore
from heritage_assets.stores.views import image_tasks, images_known_for

from .failures import retrying_only_transient
from .reporting import (
    OWNERS,
    Stopwatch,
    blocking,
    contact_sheet_metadata,
    counts_table,
    value_counts,
    verdict,
    written_metadata,
)

COUNTED = "images_match_records"


def fetch_batch(
    batch: str, lake: Lake, store: ObjectStore, engine: Engine, policy: FetchSettings, image_root: str | None
) -> Written:
    """Fetch the images of one batch.

    What the batch has is kept, and only its transient failures are tried again; for a batch that was never fetched, images
    which other batches have are asked for with a condition, so that only changed ones travel.
    """
    known = images_known_for(lake, batch)
    fetched_before = bool(pc.any(pc.equal(known["batch"], batch)).as_py())
    work = partial(
        fetch_images,
        store=store,
        settings=policy,
        previous=previous_images(known.to_batches()),
        image_root=image_root,
        revalidate=not fetched_before,
    )
    rows = engine.run(Step("fetch", work, SOURCE_IMAGES.schema), image_tasks(lake, batch))
    return lake.replace_batch(SOURCE_IMAGES, batch, rows)


@dg.asset(
    deps=["cleansed_records"],
    partitions_def=harvest_batches,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name="images",
    owners=OWNERS,
    kinds={"deltalake", "python"},
    code_version="1",
    retry_policy=dg.RetryPolicy(max_retries=2, delay=10, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS),
    pool="source_images",
    automation_condition=dg.AutomationCondition.eager(),
    check_specs=[blocking(COUNTED, SOURCE_IMAGES.name, "every record of the batch has its row")],
)
def source_images(
    context: dg.AssetExecutionContext,
    lake: LakeResource,
    object_store: ObjectStoreResource,
    engine: LocalEngineResource,
    http_fetcher: HttpFetcherResource,
) -> dg.MaterializeResult:
    """Fetch, check and keep the image of every record: OK, NO_IMAGE, or FAILED with a reason and a next attempt."""
    tables, store, zone = lake.open(), object_store.store(), object_store.landing()
    writes: dict[str, Written] = {}
    watch = Stopwatch()
    for batch in context.partition_keys:
        with watch.batch(batch), retrying_only_transient():
            root = zone.manifest(batch).image_root
            writes[batch] = fetch_batch(batch, tables, store, engine.engine(), http_fetcher.settings(), root)
        context.log.info("batch %s: %s rows", batch, writes[batch].rows)
    columns = ["status", "reason", "url", "size_bytes", "thumbnail", "guid", "next_attempt_at"]
    rows = tables.read(SOURCE_IMAGES, columns=columns, batches=context.partition_keys)
    records = tables.count(CLEANSED_RECORDS, batches=context.partition_keys, where=~pc.field("withdrawn"))
    failed = rows.filter(pc.equal(rows["status"], "FAILED"))
    return dg.MaterializeResult(
        metadata={
            **written_metadata(tables, SOURCE_IMAGES, writes),
            "by_status": counts_table(value_counts(rows["status"]), "status"),
            "failures_by_reason": counts_table(value_counts(failed["reason"]), "reason"),
            "failures_by_host": counts_table(failures_by_host(failed), "host"),
            "retries_due": len(failed["next_attempt_at"].drop_null()),
            "bytes": pc.sum(rows["size_bytes"]).as_py() or 0,
            **watch.metadata(rows.num_rows),
            **contact_sheet_metadata(store, sample_thumbnails(rows), "sample of the batch's images"),
        },
        check_results=[
            verdict(COUNTED, SOURCE_IMAGES.name, records == rows.num_rows, records=records, images=rows.num_rows)
        ],
    )


def failures_by_host(failed: pa.Table) -> Counter[str]:
    """Count failed rows by the host of their address."""
    return Counter(urlsplit(url).netloc or "(file)" for url in failed["url"].to_pylist() if url)


def sample_thumbnails(rows: pa.Table) -> Iterator[tuple[str, str]]:
    """Yield (thumbnail key, guid) of images spread evenly over the rows."""
    good = rows.filter(pc.is_valid(rows["thumbnail"]))
    stride = max(1, good.num_rows // 18)
    for row in (
        good.select(["thumbnail", "guid"]).take(pa.array(range(0, good.num_rows, stride), pa.int64())).to_pylist()
    ):
        yield row["thumbnail"], row["guid"]
