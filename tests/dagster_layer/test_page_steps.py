"""The steps of pages: only for datasets of pages, partition by partition, and evaluated where a truth is set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest
from page_archive import land, small_files

from heritage_assets.curation.pages.schemas import PAGE_FEATURES, PAGE_GROUP_EVALUATION, PAGE_GROUPS
from heritage_assets.definitions import build_definitions
from heritage_assets.partitions import harvest_batches
from heritage_assets.settings import Settings
from heritage_assets.stores.connect import Platform

STEPS = ("page_features", "page_groups", "page_group_evaluation")


@dataclass
class Home:
    """Two batches of scans and one of other pictures."""

    platform: Platform
    instance: dg.DagsterInstance

    def run(self, step: str, batch: str | None = None) -> dg.ExecuteInProcessResult:
        definitions = build_definitions(self.platform.settings)
        return dg.materialize(
            [asset for asset in definitions.assets or () if isinstance(asset, dg.AssetsDefinition)],
            selection=[step],
            partition_key=batch,
            instance=self.instance,
            resources=dict(definitions.resources or {}),
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    truth = tmp_path / "truth.csv"
    truth.write_text("scan,group\n" + "".join(f"p{k}.jpg,{k > 7}\n" for k in range(1, 15)))
    pages = {"datasets": ["scans"], "truth": str(truth)}
    platform = Platform(Settings(_env_file=None, home=tmp_path / "home", encoder="demo", pages=pages))
    land(platform, "b1", small_files()[:8])
    land(platform, "b2", small_files()[8:])
    land(platform, "b3", [("other.jpg", small_files()[0][1])], dataset="paintings")
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(str(harvest_batches.name), ["b1", "b2", "b3"])
        yield Home(platform, instance)


def test_batches_become_features_documents_and_figures(home: Home) -> None:
    for batch in ("b1", "b2", "b3"):
        done = home.run("page_features", batch)
        assert [check.passed for check in done.get_asset_check_evaluations()] == [True]
    lake = home.platform.lake
    assert lake.batches(PAGE_FEATURES) == ["b1", "b2"], "paintings are no pages"
    grouped = home.run("page_groups")
    assert [check.passed for check in grouped.get_asset_check_evaluations()] == [True]
    assert lake.count(PAGE_GROUPS) == 14
    told = grouped.asset_materializations_for_node("page_groups")[0].metadata
    assert told["dagster/row_count"].value == 14
    home.run("page_group_evaluation")
    (row,) = lake.read(PAGE_GROUP_EVALUATION).to_pylist()
    assert (row["dataset"], row["scans"], row["bcubed_f1"]) == ("scans", 14, 1.0)


def test_the_steps_follow_of_their_own_accord_only_where_there_are_pages(home: Home) -> None:
    def conditions(settings: Settings) -> dict[str, bool]:
        graph = build_definitions(settings).resolve_asset_graph()
        return {step: graph.get(dg.AssetKey(step)).automation_condition is not None for step in STEPS}

    assert conditions(home.platform.settings) == dict.fromkeys(STEPS, True)
    plain = Settings(_env_file=None, home=home.platform.settings.home)
    assert conditions(plain) == dict.fromkeys(STEPS, False)
