"""page_group_evaluation: how good the proposed documents are, where people have said what belongs together."""

from pathlib import Path

import dagster as dg

from heritage_assets.curation.pages.schemas import PAGE_GROUP_EVALUATION
from heritage_assets.resources.lake import LakeResource
from heritage_assets.resources.page_policy import PagePolicyResource
from heritage_assets.stores.page_grouping import matched, read_truth_file
from heritage_assets.stores.page_runs import load_run, run_rows, save_evaluation

from .failures import RETRIES, retrying_only_transient
from .reporting import OWNERS, table_metadata

FIGURES = ("boundary_f1", "pair_f1", "bcubed_f1", "panoptic_quality", "adjusted_rand", "drags")


@dg.asset(
    deps=["page_groups"],
    group_name="pages",
    owners=OWNERS,
    kinds={"deltalake"},
    code_version="1",
    retry_policy=RETRIES,
    pool="page_groups",
)
def page_group_evaluation(
    context: dg.AssetExecutionContext, lake: LakeResource, page_policy: PagePolicyResource
) -> dg.MaterializeResult:
    """Compare the newest run of each dataset of pages with the truth file of the settings, where one is set."""
    tables, policy = lake.open(), page_policy.settings()
    if policy.truth is None:
        context.log.info("no truth file is set (HERITAGE_PAGES__TRUTH): nothing to compare with")
        return dg.MaterializeResult(metadata=table_metadata(tables, PAGE_GROUP_EVALUATION, 0))
    records = []
    with retrying_only_transient():
        truth = read_truth_file(Path(policy.truth))
        for dataset in policy.datasets:
            if not run_rows(tables, dataset):
                continue
            run = load_run(tables, dataset=dataset)
            pairs = matched(run, truth)
            if pairs.rows:
                row = save_evaluation(tables, run, truth.digest, pairs.figures())
                columns = {name: row[name] for name in ("dataset", "run", *FIGURES)} | {"unmatched": pairs.unmatched}
                records.append(dg.TableRecord(columns))
    figures = {"figures": dg.MetadataValue.table(records)} if records else {}
    return dg.MaterializeResult(metadata={**table_metadata(tables, PAGE_GROUP_EVALUATION, len(records)), **figures})
