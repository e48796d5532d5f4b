"""What a container would be given by its image and its network, found on one machine.

Every service gets a loopback address of its own, so that all ports stay as the Compose file has them. Host names become these
addresses, mounted paths become folders below one root, and an image becomes the program that it wraps.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from compose import Project, Service

POSTGRES_PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
TOOLS = Path(os.environ.get("HERITAGE_TOOLS", Path.home() / ".cache/heritage_assets/tools"))
QDRANT_PORT = "6333"


class MissingError(RuntimeError):
    """A program that stands behind an image is not on this machine."""


def require_programs(spark: bool) -> None:
    """Check that everything can be started here.

    Raises:
        MissingError: something can't; the message names all of it.
    """
    missing = []
    if not POSTGRES_PROGRAMS:
        missing.append("PostgreSQL (apt-get install postgresql)")
    if os.geteuid() == 0 and not shutil.which("runuser"):
        missing.append("runuser")
    if tool("minio") is None:
        missing.append("MinIO (scripts/services.sh builds it)")
    missing += [program for program in ("curl", "bash") if not shutil.which(program)]
    if spark and not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        missing.append("Java")
    if missing:
        raise MissingError(f"not on this machine: {', '.join(missing)}")


def tool(name: str) -> str | None:
    """Return a program that is kept among the tools or on the path, if there is one."""
    kept = TOOLS / name
    return str(kept) if kept.exists() else shutil.which(name)


def free_network() -> str:
    """Return the first three bytes of a loopback network that nobody else uses."""
    for number in range(os.getpid(), os.getpid() + 40_000):
        prefix = f"127.{64 + number // 250 % 128}.{1 + number % 250}"
        with socket.socket() as probe:
            try:
                probe.bind((f"{prefix}.1", 5432))
            except OSError:
                continue
        return prefix
    raise MissingError("no free loopback network")


class Translation:
    """How the words of one project are meant on this machine."""

    def __init__(self, project: Project, root: Path) -> None:
        self.project = project
        self.root = root
        network = free_network()
        self.addresses = {name: f"{network}.{number}" for number, name in enumerate(project.services, start=1)}
        self.run_address = f"{network}.250"
        given = os.environ.get("HERITAGE_TEST_QDRANT_URL")
        self.own_qdrant = given is None
        if given:
            self.qdrant = urlsplit(given).netloc
        elif tool("qdrant"):
            self.qdrant = f"{self.addresses['qdrant']}:{QDRANT_PORT}"
        else:
            self.qdrant = f"127.0.0.1:{_free_port()}"
        names = "|".join(sorted(map(re.escape, project.services), key=len, reverse=True))
        self._with_port = re.compile(rf"(?<![\w.-])({names})(?=:\d)")
        self._in_yaml = re.compile(rf"(?<=host: )({names})\b")
        self._volumes = {
            mount.target: self._place(mount.source, mount.named)
            for service in project.services.values()
            for mount in service.mounts
        }
        for service in project.services.values():
            for target in service.settings.get("tmpfs", ()):
                self._volumes[target] = root / "tmpfs" / service.name / target.strip("/").replace("/", "-")
        self._targets = re.compile("|".join(sorted(map(re.escape, self._volumes), key=len, reverse=True)))

    def _place(self, source: str, named: bool) -> Path:
        if named:
            return self.root / "volumes" / source
        return self.root / "files" / Path(source).name

    def prepare(self) -> None:
        """Make the folders of volumes; copy the mounted files, with the host names of this machine."""
        for service in self.project.services.values():
            for mount in service.mounts:
                place = self._place(mount.source, mount.named)
                origin = self.project.folder / mount.source
                if mount.named:
                    place.mkdir(parents=True, exist_ok=True)
                elif origin.is_dir():
                    shutil.copytree(origin, place, dirs_exist_ok=True)
                elif origin.is_file():
                    place.parent.mkdir(parents=True, exist_ok=True)
                    text = origin.read_text(encoding="utf-8")
                    place.write_text(self._in_yaml.sub(lambda found: self.addresses[found[1]], text), encoding="utf-8")
        # Where a container sees two files in one folder, so must a process.
        instance = self.root / "files" / "instance"
        instance.mkdir(parents=True, exist_ok=True)
        for target, place in self._volumes.items():
            if target.startswith("/opt/dagster/"):
                shutil.copy(place, instance / Path(target).name)

    def text(self, value: str, service: Service | None = None) -> str:
        """Translate host names with ports, and paths; with a service also its own addresses."""
        value = value.replace(f"qdrant:{QDRANT_PORT}", self.qdrant)
        value = self._with_port.sub(lambda found: self.addresses[found[1]], value)
        value = value.replace("/opt/dagster", str(self.root / "files" / "instance"))
        value = self._targets.sub(lambda found: str(self._volumes[found[0]]), value)
        if service is not None:
            own = self.addresses[service.name]
            if service.name == "qdrant":
                host, port = self.qdrant.split(":")
                value = value.replace(f"127.0.0.1/{QDRANT_PORT}", f"{host}/{port}")
            else:
                value = re.sub(r"\b(0\.0\.0\.0|127\.0\.0\.1|localhost)\b", own, value)
        return value

    def environment(self, service: Service) -> dict[str, str]:
        """Return the whole environment of a service: what the file gives, and what an image would bring along."""
        given = {
            name: self.addresses[value] if name.endswith("_HOST") and value in self.addresses else self.text(value)
            for name, value in service.environment.items()
        }
        if service.name == "qdrant":
            given |= {
                "QDRANT__SERVICE__HOST": self.addresses["qdrant"],
                "QDRANT__STORAGE__STORAGE_PATH": str(self._volumes["/qdrant/storage"]),
                "QDRANT__STORAGE__SNAPSHOTS_PATH": str(self._volumes["/qdrant/snapshots"]),
            }
        return {**self.base(self.addresses[service.name]), **given}

    def base(self, address: str) -> dict[str, str]:
        """Return what any container has without being told: a path to its programs, and a network address of its own."""
        own = [str(Path(sys.executable).parent), *map(str, POSTGRES_PROGRAMS)]
        ours = {name: os.environ[name] for name in ("JAVA_HOME", "PYTHONPATH") if name in os.environ}
        search = os.pathsep.join([*own, os.environ.get("PATH", os.defpath)])
        # One machine, two cores: threads of every process at once would only wait for each other.
        return {"PATH": search, "SPARK_LOCAL_IP": address, "OMP_NUM_THREADS": "1", "LANG": "C.UTF-8", **ours}

    def command(self, service: Service) -> list[str]:
        """Return what is run: the service's own words after the program that its image starts with.

        Raises:
            MissingError: no program stands for the image here.
        """
        words = [
            self.addresses.get(word, word) if before == "--host" else word
            for before, word in zip(("", *service.command), service.command, strict=False)
        ]
        words = [self.text(word, service) for word in words]
        image = service.image.rpartition(":")[0]
        if image.startswith(("heritage-cpu", "heritage-gpu")):
            return words
        if image == "heritage-minio":
            return [str(tool("minio")), *words]
        if image == "qdrant/qdrant":
            if program := tool("qdrant"):
                return [program]
            folder = str(self._volumes["/qdrant/storage"])
            endpoint = [sys.executable, "-m", "heritage_assets.embedded.vector_endpoint", "--home", folder]
            return [*endpoint, "--port", self.qdrant.split(":")[1], "--idle-seconds", "100000"]
        if image == "postgres":
            data = str(self._volumes["/var/lib/postgresql/data"])
            return [*words, "-D", f"{data}/db", "-h", self.addresses[service.name], "-k", data]
        raise MissingError(f"nothing stands for the image {service.image} here")

    def volume(self, target: str) -> Path:
        """Return the folder behind a path of the containers."""
        return self._volumes[target]


def initialize_postgres(data: Path, scripts: Path, environment: Mapping[str, str], user: list[str]) -> list[list[str]]:
    """Return the commands by which the image's entry point makes a database: cluster, database, scripts in it."""
    programs = POSTGRES_PROGRAMS[-1]
    if (data / "db").exists():
        return []
    secret = data / "password"
    secret.write_text(environment["POSTGRES_PASSWORD"], encoding="utf-8")
    create = f'CREATE DATABASE "{environment["POSTGRES_DB"]}"'
    single = f"{programs}/postgres --single -j -D {data}/db"
    initdb = [f"{programs}/initdb", "-D", f"{data}/db", "-U", environment["POSTGRES_USER"], f"--pwfile={secret}"]
    steps = [[*initdb, "--auth=scram-sha-256", "--no-sync", "--no-instructions"]]
    steps.append(["sh", "-c", f"echo '{create};' | {single} postgres"])
    steps += [["sh", "-c", f"{single} postgres < {script}"] for script in sorted(scripts.glob("*.sql"))]
    return [[*user, *step] for step in steps]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
