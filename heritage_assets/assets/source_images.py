"""source_images: the picture of each record, fetched, checked, kept once, or the reason why not."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from heritage_assets.curation.images import (
    HEALTH_COLUMNS,
    Checkpoint,
    FetchSettings,
    HostHealth,
    PreviousImage,
    can_recover,
    fetch_images,
    host_health,
    left_to_newer,
    made_due,
    previous_images,
    risen,
)
from heritage_assets.curation.images.checkpoints import fetched_and_kept
from heritage_assets.curation.images.health import LEAST_IMAGES, check_reasons
from heritage_assets.curation.images.wanted import host_keys, wanted_of
from heritage_assets.curation.schemas import CLEANSED_RECORDS, IMAGE_TASKS, SOURCE_IMAGES
from heritage_assets.engines.base import Engine, Step
from heritage_assets.partitions import harvest_batches, when_sound
from heritage_assets.resources.engine import EngineResource
from heritage_assets.resources.http_fetcher import HttpFetcherResource
from heritage_assets.resources.lake import LakeResource
from heritage_assets.resources.object_store import ObjectStoreResource
from heritage_assets.stores.lake import Lake, Written
from heritage_assets.stores.objects import ObjectStore
from heritage_assets.stores.views import image_tasks, images_held_at, images_known_for, superseded_in

from .failures import RETRIES, retrying_only_transient
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
STEADY = "host_failures_steady"
MOST_HOSTS = 50
"""Hosts shown in the metadata of one run, those with most failures first."""


class SourceImagesConfig(dg.Config):
    """What a run asks providers for, beside images that were never asked for."""

    only_due: bool = Field(False, description="Leave failed images alone until their next attempt is due.")
    again: bool = Field(False, description="Ask again for failed images now, also for those whose failure is final.")
    reasons: list[str] = Field([], description="again: only images that failed for one of these reasons.")
    hosts: list[str] = Field([], description="again: only images of these hosts and their subdomains.")


def known_images(lake: Lake, batch: str, tasks: pa.Table, side: int) -> dict[str, PreviousImage]:
    """Return by guid what is known of the batch's images: of the record itself, else of another record with the same address.

    ``side``: long side in pixels that image services are asked for.
    """
    known = previous_images(images_known_for(lake, batch).to_batches())
    unknown = {guid: wanted.url for guid, wanted in wanted_of(tasks, side) if wanted and guid not in known}
    urls = pa.array(sorted(set(unknown.values())), pa.string())
    copies = {row["url"]: PreviousImage.from_row(row) for row in images_held_at(lake, urls).to_pylist()}
    return known | {guid: copies[url] for guid, url in unknown.items() if url in copies}


def earlier_images(
    batch: str, lake: Lake, tasks: pa.Table, side: int, config: SourceImagesConfig
) -> dict[str, PreviousImage]:
    """Return what is known of the batch's images, with the failures due that a person wants tried again.

    Those of a record that a newer batch has, or withdraws, are final whoever asks: nobody wants their image any more.
    """
    known = known_images(lake, batch, tasks, side)
    if config.again:
        known = made_due(known, check_reasons(config.reasons), config.hosts)
    failed = [guid for guid, image in known.items() if can_recover(image)]
    return left_to_newer(known, superseded_in(lake, batch, failed)) if failed else known


def fetch_batch(
    batch: str,
    lake: Lake,
    store: ObjectStore,
    engine: Engine,
    policy: FetchSettings,
    image_root: str | None,
    config: SourceImagesConfig,
) -> Written:
    """Fetch the images of one batch; a run that was killed goes on where it stopped.

    What the batch has is kept, and only its transient failures are tried again; for a batch that was never fetched, images
    which other batches have are asked for with a condition, so that only changed ones travel.
    """
    tasks = pa.Table.from_batches(image_tasks(lake, batch), schema=IMAGE_TASKS)
    checkpoint = Checkpoint(store, batch, lake.fingerprint(SOURCE_IMAGES, batch), policy.derivative_side)
    left = list(checkpoint.left(tasks))
    work = partial(
        fetch_images,
        store=store,
        settings=policy,
        previous=earlier_images(batch, lake, tasks, policy.derivative_side, config),
        image_root=image_root,
        only_due=config.only_due or config.again,
        revalidate=batch not in lake.batches(SOURCE_IMAGES),
        total=sum(part.num_rows for part in left),
    )
    kept = partial(fetched_and_kept, fetch=work, checkpoint=checkpoint)
    for _ in engine.run(Step("fetch", kept, SOURCE_IMAGES.schema, together=host_keys), iter(left)):
        pass  # each piece is kept where it was fetched
    written = engine.replace_batch(lake, SOURCE_IMAGES, batch, checkpoint.rows(tasks))
    checkpoint.clear()
    return written


@dg.asset(
    deps=["cleansed_records"],
    partitions_def=harvest_batches,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name="images",
    owners=OWNERS,
    kinds={"deltalake", "python"},
    code_version="1",
    retry_policy=RETRIES,
    pool="source_images",
    automation_condition=when_sound,
    check_specs=[
        blocking(COUNTED, SOURCE_IMAGES.name, "every record of the batch has its row"),
        dg.AssetCheckSpec(
            STEADY, asset=SOURCE_IMAGES.name, description="no host fails much more often than in the other batches"
        ),
    ],
)
def source_images(
    context: dg.AssetExecutionContext,
    config: SourceImagesConfig,
    lake: LakeResource,
    object_store: ObjectStoreResource,
    engine: EngineResource,
    http_fetcher: HttpFetcherResource,
) -> dg.MaterializeResult:
    """Fetch, check and keep the image of every record: OK, NO_IMAGE, or FAILED with a reason and a next attempt."""
    tables, store, zone = lake.open(), object_store.store(), object_store.landing()
    writes: dict[str, Written] = {}
    watch = Stopwatch()
    for batch in context.partition_keys:
        with watch.batch(batch), retrying_only_transient():
            root = zone.manifest(batch).image_root
            policy = http_fetcher.settings()
            writes[batch] = fetch_batch(batch, tables, store, engine.engine(), policy, root, config)
        context.log.info("batch %s: %s rows", batch, writes[batch].rows)
    rows = tables.read(SOURCE_IMAGES, columns=["guid", "thumbnail", *HEALTH_COLUMNS], batches=context.partition_keys)
    records = tables.count(CLEANSED_RECORDS, batches=context.partition_keys, where=~pc.field("withdrawn"))
    failed = rows.filter(pc.equal(rows["status"], "FAILED"))
    hosts = host_health(rows)
    return dg.MaterializeResult(
        metadata={
            **written_metadata(tables, SOURCE_IMAGES, writes),
            "by_status": counts_table(value_counts(rows["status"]), "status"),
            "failures_by_reason": counts_table(value_counts(failed["reason"]), "reason"),
            "failures_by_host": counts_table({one.host: one.failed for one in hosts if one.failed}, "host"),
            "hosts": hosts_table(hosts[:MOST_HOSTS]),
            "retries_due": len(failed["next_attempt_at"].drop_null()),
            "bytes": pc.sum(rows["size_bytes"]).as_py() or 0,
            **watch.metadata(rows.num_rows),
            **contact_sheet_metadata(store, sample_thumbnails(rows), "sample of the batch's images"),
        },
        check_results=[
            verdict(COUNTED, SOURCE_IMAGES.name, records == rows.num_rows, records=records, images=rows.num_rows),
            steadiness(hosts, tables, context.partition_keys),
        ],
    )


def hosts_table(hosts: Sequence[HostHealth]) -> dg.MetadataValue[Any]:
    """Show hosts as a table."""
    columns = {"host": "string", "images": "int", "ok": "int", "failed": "int", "waiting": "int"}
    columns |= {"failure_rate": "float", "bytes": "int", "last_error": "string"}
    records = [
        dg.TableRecord({name: getattr(one, name) or _zero(kind) for name, kind in columns.items()}) for one in hosts
    ]
    return dg.MetadataValue.table(
        records=records, schema=dg.TableSchema([dg.TableColumn(name, kind) for name, kind in columns.items()])
    )


def _zero(kind: str) -> str | int:
    return "" if kind == "string" else 0


def steadiness(hosts: Sequence[HostHealth], lake: Lake, batches: Sequence[str]) -> dg.AssetCheckResult:
    """Warn of hosts that fail much more often in ``batches`` than in all others."""
    others = sorted(set(lake.batches(SOURCE_IMAGES)) - set(batches))
    names = [one.host for one in hosts if one.images >= LEAST_IMAGES]
    before = (
        host_health(lake.read(SOURCE_IMAGES, columns=list(HEALTH_COLUMNS), batches=others)) if names and others else []
    )
    rises = risen(hosts, before)
    return dg.AssetCheckResult(
        check_name=STEADY,
        asset_key=dg.AssetKey(SOURCE_IMAGES.name),
        passed=not rises,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "hosts_judged": len({one.host for one in before} & set(names)),
            "risen": {one.host: f"{one.before:.1%} → {one.rate:.1%} of {one.images} images" for one in rises},
        },
    )


def sample_thumbnails(rows: pa.Table) -> Iterator[tuple[str, str]]:
    """Yield (thumbnail key, guid) of images spread evenly over the rows."""
    good = rows.filter(pc.is_valid(rows["thumbnail"]))
    stride = max(1, good.num_rows // 18)
    for row in (
        good.select(["thumbnail", "guid"]).take(pa.array(range(0, good.num_rows, stride), pa.int64())).to_pylist()
    ):
        yield row["thumbnail"], row["guid"]
