"""deploy/dagster.yaml: Dagster itself accepts it, and runs get what they need from the Compose file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from compose import Project, load_project
from dagster._core.instance.config import dagster_instance_config
from dagster._core.instance.ref import InstanceRef
from dagster._core.run_coordinator import QueuedRunCoordinator
from dagster_docker import DockerRunLauncher
from dagster_docker.container_context import DockerContainerContext
from deployment_files import PROJECT

from heritage_assets.definitions import build_definitions
from heritage_assets.settings import Settings


@pytest.fixture(scope="module")
def project(variables: dict[str, str]) -> Project:
    return load_project(PROJECT / "docker-compose.yml", {**variables, "COMPOSE_PROFILES": "gpu"})


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, project: Project) -> InstanceRef:
    """The instance as the daemon's environment makes it; nothing is connected to."""
    shutil.copy(PROJECT / "deploy" / "dagster.yaml", tmp_path)
    for name, value in project.services["daemon"].environment.items():
        monkeypatch.setenv(name, value)
    dagster_instance_config(str(tmp_path))  # raises for what is not in the schema
    return InstanceRef.from_dir(str(tmp_path))


def context_of(project: Project, service: str) -> dict[str, Any]:
    return dict(json.loads(project.services[service].environment["DAGSTER_CLI_API_GRPC_CONTAINER_CONTEXT"]))


def test_the_instance_is_what_the_plan_says(instance: InstanceRef) -> None:
    assert isinstance(instance.run_launcher, DockerRunLauncher)
    assert isinstance(instance.run_coordinator, QueuedRunCoordinator)
    assert instance.run_launcher.networks == ["heritage"]
    assert instance.compute_logs_data.class_name == "S3ComputeLogManager"
    assert instance.run_storage_data.class_name == "PostgresRunStorage"
    settings = instance.settings
    assert settings["concurrency"]["pools"]["default_limit"] == 1
    assert settings["run_monitoring"]["enabled"] is True
    assert settings["retention"]["sensor"]["purge_after_days"]["skipped"] == 7


def test_a_run_gets_every_setting_of_its_code_location(instance: InstanceRef, project: Project) -> None:
    passed = set(instance.run_launcher.env_vars)
    given = project.services["code-cpu"].environment.keys()
    not_for_runs = {"DAGSTER_HOME", "DAGSTER_CURRENT_IMAGE", "DAGSTER_CLI_API_GRPC_CONTAINER_CONTEXT"}
    assert passed == given - not_for_runs
    assert passed <= project.services["daemon"].environment.keys(), "the daemon passes on what it has"


def test_each_location_says_what_its_runs_need(instance: InstanceRef, project: Project) -> None:
    launcher = DockerContainerContext(env_vars=instance.run_launcher.env_vars, networks=["heritage"])
    merged = {}
    for service in ("code-cpu", "code-gpu"):
        given = DockerContainerContext.create_from_config(context_of(project, service))
        merged[service] = launcher.merge(given)
        named = {volume.split(":")[0] for volume in merged[service].container_kwargs["volumes"]}
        assert named <= set(project.volumes.values())
    assert "device_requests" not in merged["code-cpu"].container_kwargs
    (request,) = merged["code-gpu"].container_kwargs["device_requests"]
    assert request["capabilities"] == [["gpu"]]
    assert "HERITAGE_ENCODER_DEVICE=cuda" in merged["code-gpu"].env_vars


def test_docker_takes_what_the_gpu_location_asks_for(project: Project) -> None:
    from docker.models.containers import _create_container_args

    wanted = context_of(project, "code-gpu")["docker"]["container_kwargs"]
    made = _create_container_args({"image": "x", "command": "y", "version": "1.45", **wanted})
    (device,) = made["host_config"]["DeviceRequests"]
    assert device["Driver"] == "nvidia"
    assert device["Count"] == 1
    assert made["host_config"]["Memory"] == 8 * 2**30


def test_two_locations_share_the_platform_without_a_thing_in_both() -> None:
    def keys(location: str) -> tuple[set[str], set[str]]:
        found = build_definitions(Settings(_env_file=None, location=location)).get_repository_def()
        assets = {key.to_user_string() for key in found.asset_graph.materializable_asset_keys}
        return assets, {name for name in found.job_names if name != "__ASSET_JOB"}

    everything, records, archive = keys("all"), keys("records"), keys("archive")
    for kind in (0, 1):
        assert records[kind] | archive[kind] == everything[kind]
        assert not records[kind] & archive[kind]


def test_what_compose_passes_are_settings(project: Project) -> None:
    from heritage_assets.settings import describe_settings

    known = {row.variable for row in describe_settings(Settings(_env_file=None))} | {"HERITAGE_ALERT_WEBHOOK"}
    named = {
        name for service in project.services.values() for name in service.environment if name.startswith("HERITAGE_")
    }
    assert named <= known
