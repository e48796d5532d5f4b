"""The code location: quick to load, complete, and free of what Dagster has deprecated."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from heritage_assets.definitions import build_definitions
from heritage_assets.jobs import RECORD_STEPS
from heritage_assets.settings import Settings

PROJECT = Path(__file__).resolve().parents[2]
PACKAGE = PROJECT / "heritage_assets"
HEAVY = ("torch", "transformers", "pyspark", "sklearn", "matplotlib", "openTSNE", "sknetwork", "dagster_pyspark")
LOAD = f"""
import json, sys, time
import dagster
started = time.process_time()
import heritage_assets.definitions
print(json.dumps({{"seconds": time.process_time() - started, "heavy": [name for name in {HEAVY!r} if name in sys.modules]}}))
"""
DEPRECATED = (
    "AutoMaterializePolicy",
    "AutoMaterializeRule",
    "FreshnessPolicy",
    "SourceAsset",
    "multi_asset_sensor",
    "build_last_update_freshness_checks",
    "build_time_partition_freshness_checks",
    "build_sensor_for_freshness_checks",
    "UnresolvedAssetJobDefinition(",
    "auto_materialize_policy",
    "non_argument_deps",
    "compute_kind",
    "RunStatusSensorContext(",
    "legacy_freshness",
    "concurrency_key",
)
STEP_OPS = {
    "cleansed_records": "cleansed_records",
    "source_images": "source_images",
    "clip_embeddings": "gpu",
    "pending_points": "qdrant_write",
    "canonical_points": "canonical_records",
    "clusters": "clusters",
    "harvest": "harvest",
    "page_features": "gpu",
    "page_groups": "page_groups",
    "page_group_evaluation": "page_groups",
    "fine_tuned_encoder": "gpu",
}
"""The pool of each step."""
PAGE_STEPS = ("page_features", "page_groups", "page_group_evaluation")
ONE_RUN = {"cleansed_records", "source_images", "canonical_points"}
"""Steps whose backfill is one run; the heavy ones take ten batches a run."""


@pytest.fixture
def definitions(plain_settings: Settings) -> dg.Definitions:
    return build_definitions(plain_settings)


@pytest.fixture
def assets(definitions: dg.Definitions) -> dict[str, dg.AssetsDefinition]:
    """The steps by the name of their op."""
    return {asset.op.name: asset for asset in definitions.assets or () if isinstance(asset, dg.AssetsDefinition)}


def run_python(*arguments: str, cwd: Path = PROJECT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=180, check=False)


def load_once() -> dict[str, Any]:
    done = run_python("-W", "ignore", "-c", LOAD)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_loads_fast_and_without_heavy_libraries() -> None:
    tries = [load_once() for _ in range(3)]
    assert tries[0]["heavy"] == []
    assert min(found["seconds"] for found in tries) < 3.0  # of this process's own time: a busy machine doesn't matter


def test_definitions_are_loadable(definitions: dg.Definitions) -> None:
    dg.Definitions.validate_loadable(definitions)


def test_every_asset_tells_what_it_is(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    names = {key.to_user_string() for key in graph.get_all_asset_keys()}
    assert names == {
        *RECORD_STEPS,
        *PAGE_STEPS,
        "harvest",
        "landing_batches",
        "clusters",
        "cluster_members",
        "fine_tuned_encoder",
    }
    for name in names:
        node = graph.get(dg.AssetKey(name))
        assert node.group_name != "default", name
        assert node.owners, name
        assert node.kinds, name
        assert node.description, name
        if node.is_materializable:
            assert node.code_version, name


def test_lineage_leads_from_harvest_to_clusters(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    chain = [
        "harvest",
        "landing_batches",
        *(step for step in STEP_OPS if step not in ("harvest", "fine_tuned_encoder", *PAGE_STEPS)),
    ]
    for parent, child in itertools.pairwise(chain):
        assert dg.AssetKey(parent) in graph.get(dg.AssetKey(child)).parent_keys, f"{parent} -> {child}"
    for parent, child in itertools.pairwise(["source_images", *PAGE_STEPS]):
        assert dg.AssetKey(parent) in graph.get(dg.AssetKey(child)).parent_keys, f"{parent} -> {child}"


def test_every_step_has_its_pool_and_retries(assets: dict[str, dg.AssetsDefinition]) -> None:
    assert {name: asset.op.pool for name, asset in assets.items()} == STEP_OPS
    for name, asset in assets.items():
        policy = asset.op.retry_policy
        assert policy is not None, name
        assert policy.max_retries >= 2, name
        assert policy.backoff == dg.Backoff.EXPONENTIAL, name


def test_backfill_policies(assets: dict[str, dg.AssetsDefinition]) -> None:
    for name, asset in assets.items():
        if asset.partitions_def is None:
            assert asset.backfill_policy is None, name
        elif name in ONE_RUN:
            assert asset.backfill_policy == dg.BackfillPolicy.single_run(), name
        else:
            assert asset.backfill_policy == dg.BackfillPolicy.multi_run(max_partitions_per_run=10), name


def test_every_step_of_the_chain_has_a_blocking_check(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    blocking = {key.asset_key.to_user_string() for key in graph.asset_check_keys if graph.get(key).blocking}
    assert blocking >= {"cleansed_records", "source_images", "clip_embeddings", "pending_points", "canonical_points"}
    assert "cluster_members" in blocking


def test_sensors_run_from_the_start_and_the_harvest_waits(definitions: dg.Definitions) -> None:
    sensors = {sensor.name: sensor for sensor in definitions.sensors or ()}
    assert set(sensors) >= {
        "landing_sensor",
        "retry_failed_images",
        "review_decisions",
        "run_failure",
        "automation_conditions",
    }
    assert all(sensor.default_status == dg.DefaultSensorStatus.RUNNING for sensor in sensors.values())
    schedules = {schedule.name: schedule for schedule in definitions.schedules or ()}
    assert schedules["nightly_clusters"].default_status == dg.DefaultScheduleStatus.RUNNING
    assert schedules["nightly_harvest"].default_status == dg.DefaultScheduleStatus.STOPPED


def test_nothing_deprecated_is_named() -> None:
    folders = [PACKAGE / "assets", PACKAGE / "sensors", PACKAGE / "resources"]
    files = [path for folder in folders for path in folder.glob("*.py")] + list(PACKAGE.glob("*.py"))
    assert len(files) > 20
    pattern = re.compile("|".join(rf"\b{re.escape(name)}" for name in DEPRECATED))
    found = [(path.name, match[0]) for path in files for match in pattern.finditer(path.read_text(encoding="utf-8"))]
    assert found == []


def test_loading_warns_of_nothing_deprecated() -> None:
    code = (
        "import warnings, dagster\n"
        "warnings.filterwarnings('error', category=DeprecationWarning, module='heritage_assets')\n"
        "warnings.filterwarnings('error', category=FutureWarning, module='heritage_assets')\n"
        "import heritage_assets.definitions\n"
        "dagster.Definitions.validate_loadable(heritage_assets.definitions.defs)\n"
    )
    done = run_python("-c", code)
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.slow
@pytest.mark.parametrize("named_by", [["-w", str(PROJECT / "workspace.yaml")], []], ids=["workspace.yaml", "tool.dg"])
def test_dagster_validates_the_project(named_by: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    if not named_by:  # as found in a folder that has nothing but the project file
        (folder / "pyproject.toml").write_text(
            (PROJECT / "pyproject.toml").read_text(encoding="utf-8"), encoding="utf-8"
        )
    done = run_python("-m", "dagster", "definitions", "validate", *named_by, cwd=folder)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "Validation successful" in done.stdout + done.stderr
