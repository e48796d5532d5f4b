"""docker-compose.yml: what it promises, read by our parser and by the reference one; and the images it builds."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose import ComposeError, Project, load_project, read_document, seconds
from deployment_files import PROJECT, read_env

FILE = PROJECT / "docker-compose.yml"
REFERENCE = "github.com/compose-spec/compose-go/v2/cmd@v2.16.2"
ONE_SHOT = {"bucket", "migrate"}
SECRETS = ("POSTGRES_PASSWORD", "S3_ACCESS_KEY", "S3_SECRET_KEY", "QDRANT_API_KEY", "SEARCH_API_KEYS")


@pytest.fixture(scope="module")
def project(variables: dict[str, str]) -> Project:
    return load_project(FILE, {**variables, "COMPOSE_PROFILES": "gpu"})


@pytest.fixture(scope="session")
def compose_go() -> Path:
    """The reference parser; its command line sees no variables (2.16), so it gets a file in which they are filled in."""
    tools = Path(os.environ.get("HERITAGE_TOOLS", Path.home() / ".cache/heritage_assets/tools"))
    program = tools / "compose-go" / "cmd"
    if not program.exists():
        if not shutil.which("go"):
            pytest.skip("no Go toolchain to build compose-go, the reference parser, with")
        environment = {**os.environ, "GOBIN": str(program.parent)}
        made = subprocess.run(
            ["go", "install", REFERENCE], check=False, env=environment, capture_output=True, text=True, timeout=240
        )
        if made.returncode != 0:
            pytest.skip(f"compose-go can't be built here: {made.stderr[-300:]}")
    return program


def load_by_reference(program: Path, file: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "COMPOSE_PROFILES": "gpu"}
    command = [program, "--format", "json", file]
    return subprocess.run(command, check=False, env=environment, cwd=PROJECT, capture_output=True, text=True)


def test_the_reference_parser_asks_for_the_same_secrets(compose_go: Path) -> None:
    refused = load_by_reference(compose_go, FILE)
    assert refused.returncode == 1
    missing = set(re.findall(r"required variable (\w+) is missing a value: run make env", refused.stderr))
    assert missing == {*SECRETS, "DOCKER_GID"}


def test_the_reference_parser_loads_the_file_and_reads_what_ours_reads(
    project: Project, compose_go: Path, variables: dict[str, str], tmp_path: Path
) -> None:
    filled = tmp_path / "docker-compose.yml"
    filled.write_text(yaml.safe_dump(read_document(FILE, variables)).replace("$", "$$"), encoding="utf-8")
    loaded = load_by_reference(compose_go, filled)
    assert loaded.returncode == 0, loaded.stderr
    reference: Any = json.loads(loaded.stdout)
    assert reference["services"].keys() == project.services.keys()
    for name, entry in reference["services"].items():
        ours = project.services[name]
        command = entry.get("command") or []
        assert (shlex.split(command) if isinstance(command, str) else command) == list(ours.command), name
        assert (entry.get("environment") or {}) == ours.environment, name
        needed = {other: how["condition"] for other, how in (entry.get("depends_on") or {}).items()}
        assert needed == ours.needs, name
        assert {mount["target"] for mount in entry.get("volumes") or ()} == {one.target for one in ours.mounts}, name
        if ours.health is not None:
            assert seconds(entry["healthcheck"]["interval"]) == ours.health.interval
            assert entry["healthcheck"]["retries"] == ours.health.retries
    assert {name: entry["name"] for name, entry in reference["volumes"].items()} == project.volumes


def test_everything_long_lived_is_watched_and_waited_for(project: Project) -> None:
    for name, service in project.services.items():
        assert (service.health is None) == (name in ONE_SHOT), name
        for other, condition in service.needs.items():
            wanted = "service_completed_successfully" if other in ONE_SHOT else "service_healthy"
            assert condition == wanted, f"{name} → {other}"
        assert service.restarts == (name not in ONE_SHOT)
        assert "mem_limit" in service.settings, name
    before: set[str] = set()
    for service in project.in_order():
        assert service.needs.keys() <= before
        before.add(service.name)
    assert project.services["daemon"].replicas == 1


def test_images_are_pinned_and_nobody_is_root(project: Project) -> None:
    for name, service in project.services.items():
        tag = service.image.rpartition(":")[2]
        assert re.search(r"\d+\.\d+|RELEASE\.\d{4}-\d\d-\d\d", tag), f"{name}: {service.image}"
        build = service.settings.get("build")
        if build:
            dockerfile = (PROJECT / build["context"] / build["dockerfile"]).read_text(encoding="utf-8")
            assert re.findall(r"^USER (\S+)", dockerfile, re.MULTILINE)[-1] not in ("root", "0"), name
            for base in re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE):
                assert re.search(r":.*\d", base), base
        else:
            assert service.settings.get("user") or service.image.endswith("-unprivileged"), name


def test_images_install_the_lock(project: Project) -> None:
    for name in ("cpu", "gpu"):
        dockerfile = (PROJECT / "deploy" / f"{name}.Dockerfile").read_text(encoding="utf-8")
        assert len(re.findall(r"^FROM ", dockerfile, re.MULTILINE)) == 2
        for source in re.findall(r"^COPY ((?!--)\S.*) \S+$", dockerfile, re.MULTILINE):
            for path in source.split():
                assert (PROJECT / path).exists(), path
        assert "requirements.lock" in dockerfile
        assert "scripts/install.sh" in dockerfile
    assert "--require-hashes" in (PROJECT / "scripts" / "install.sh").read_text(encoding="utf-8")


@pytest.mark.parametrize("missing", SECRETS)
def test_without_a_secret_nothing_starts(missing: str, variables: dict[str, str]) -> None:
    with pytest.raises(ComposeError, match=f"{missing} is missing a value: run make env"):
        load_project(FILE, {**variables, missing: ""})


def test_no_secret_is_in_the_files() -> None:
    files = [FILE, *(path for path in (PROJECT / "deploy").rglob("*") if path.suffix in (".yaml", ".Dockerfile"))]
    for path in files:
        for line in path.read_text(encoding="utf-8").splitlines():
            found = re.match(
                r"\s*\w*(?:PASSWORD|SECRET|API_KEY|ROOT_USER|ACCESS_KEY)\w*\s*[:=]\s*(\S+)", line, re.IGNORECASE
            )
            assert found is None or found[1].startswith(("${", "{env")), f"{path.name}: {line.strip()}"


def test_make_env_draws_new_secrets_for_the_owner_alone_and_keeps_old_ones(tmp_path: Path) -> None:
    script = PROJECT / "scripts" / "make_env.py"
    first, second = tmp_path / "first", tmp_path / "second"
    for target, options in ((first, ()), (second, ("--gpu",))):
        subprocess.run([sys.executable, script, target, *options], check=True, capture_output=True)
        assert stat.S_IMODE(target.stat().st_mode) == 0o600
    one, other = read_env(first), read_env(second)
    assert all(one[name] != other[name] and len(one[name]) >= 16 for name in SECRETS)
    assert {"reader", "reviewer"} == {key["role"] for key in json.loads(one["SEARCH_API_KEYS"])}
    assert other.keys() - one.keys() == {"COMPOSE_PROFILES", "DAGSTER_WORKSPACE", "HERITAGE_LOCATION"}
    before = first.read_text()
    again = subprocess.run([sys.executable, script, first], check=False, capture_output=True, text=True)
    assert again.returncode == 1
    assert "is there already" in again.stderr
    assert first.read_text() == before


def test_workspaces_name_the_code_locations_that_are_served(project: Project) -> None:
    served = {
        name: (service.command[service.command.index("--location-name") + 1], "4000")
        for name, service in project.services.items()
        if service.command[:3] == ("dagster", "api", "grpc")
    }
    for file, names in (("workspace.yaml", {"code-cpu", "code-gpu"}), ("workspace-cpu.yaml", {"code-cpu"})):
        servers = yaml.safe_load((PROJECT / "deploy" / file).read_text(encoding="utf-8"))["load_from"]
        found = {one["grpc_server"]["host"]: one["grpc_server"] for one in servers}
        assert found.keys() == names
        for host, server in found.items():
            assert (server["location_name"], str(server["port"])) == served[host]


@pytest.mark.parametrize("duration", ["", "5", "s", "5 s", "-5s"])
def test_what_is_no_duration_is_refused(duration: str) -> None:
    with pytest.raises(ComposeError):
        seconds(duration)
    assert seconds("1m30s") == 90
