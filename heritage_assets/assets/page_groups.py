"""page_groups: the documents that are proposed for scanned pages."""

import dagster as dg
import pyarrow.compute as pc

from heritage_assets.curation.pages.schemas import PAGE_GROUPS
from heritage_assets.resources.encoder import EncoderResource
from heritage_assets.resources.lake import LakeResource
from heritage_assets.resources.object_store import ObjectStoreResource
from heritage_assets.resources.page_policy import PagePolicyResource
from heritage_assets.resources.vector_store import VectorStoreResource
from heritage_assets.stores.page_grouping import propose
from heritage_assets.stores.pages import batches_of

from .failures import retrying_only_transient
from .reporting import OWNERS, Stopwatch, blocking, table_metadata, verdict

COVERED = "every_scan_is_in_one_document"


@dg.asset(
    deps=["page_features"],
    group_name="pages",
    owners=OWNERS,
    kinds={"deltalake"},
    code_version="1",
    retry_policy=dg.RetryPolicy(max_retries=2, delay=10, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS),
    pool="page_groups",
    check_specs=[
        blocking(COVERED, PAGE_GROUPS.name, "the documents of a run share its scans out, each once", of_batches=False)
    ],
)
def page_groups(
    context: dg.AssetExecutionContext,
    lake: LakeResource,
    object_store: ObjectStoreResource,
    vector_store: VectorStoreResource,
    encoder: EncoderResource,
    page_policy: PagePolicyResource,
) -> dg.MaterializeResult:
    """Propose documents for each dataset of pages; confirmed documents stay as they are."""
    tables, policy, watch = lake.open(), page_policy.settings(), Stopwatch()
    rows, shown, wrong = 0, [], 0
    for dataset in policy.datasets:
        if not batches_of(tables, dataset):
            context.log.info("dataset %s has no images yet", dataset)
            continue
        with watch.batch(dataset), retrying_only_transient():
            store = object_store.store()
            run = propose(tables, store, vector_store.open, encoder.load().id, dataset, policy.grouping())
        rows += run.groups.num_rows
        wrong += run.row["scans"] - pc.count_distinct(run.groups["guid"]).as_py()
        columns = {name: run.row[name] for name in ("dataset", "run", "scans", "groups", "confirmed")}
        shown.append(dg.TableRecord(columns))
    return dg.MaterializeResult(
        metadata={**table_metadata(tables, PAGE_GROUPS, rows), **_shown(shown), **watch.metadata(rows)},
        check_results=[verdict(COVERED, PAGE_GROUPS.name, wrong == 0, missing=wrong)],
    )


def _shown(records: list[dg.TableRecord]) -> dict[str, dg.MetadataValue]:
    return {"runs": dg.MetadataValue.table(records)} if records else {}
