"""Reads a Compose file as far as it says how to start its services: variables, commands, environment, order, health checks."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

Condition = Literal["service_started", "service_healthy", "service_completed_successfully"]

_VARIABLE = re.compile(
    r"\$(?:(?P<dollar>\$)|\{(?P<braced>[A-Za-z_]\w*)(?:(?P<rule>:?[-?])(?P<rest>[^}]*))?\}|(?P<plain>[A-Za-z_]\w*))"
)
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class ComposeError(ValueError):
    """The file, or what it asks of the environment, is not right."""


@dataclass(frozen=True)
class HealthCheck:
    """When a service counts as healthy. Times are in seconds."""

    command: tuple[str, ...]
    interval: float
    timeout: float
    retries: int
    start_period: float
    start_interval: float


@dataclass(frozen=True)
class Mount:
    """A volume (a name) or a path of the host, and where the service sees it."""

    source: str
    target: str

    @property
    def named(self) -> bool:
        """It is a named volume."""
        return not self.source.startswith((".", "/"))


@dataclass(frozen=True)
class Service:
    """One service."""

    name: str
    image: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    mounts: tuple[Mount, ...]
    needs: Mapping[str, Condition]
    health: HealthCheck | None
    restarts: bool
    """It is started again when it ends."""
    replicas: int = 1
    settings: Mapping[str, Any] = field(default_factory=dict)
    """The service as the file has it, variables filled in."""


@dataclass(frozen=True)
class Project:
    """The services of one file, and the names of its volumes outside."""

    folder: Path
    services: Mapping[str, Service]
    volumes: Mapping[str, str]

    def in_order(self) -> Iterator[Service]:
        """Give each service after those that it needs.

        Raises:
            ComposeError: a circle, or a service that is not there.
        """
        given: set[str] = set()
        while len(given) < len(self.services):
            ready = [one for one in self.services.values() if one.name not in given and given >= one.needs.keys()]
            if not ready:
                left = sorted(self.services.keys() - given)
                raise ComposeError(f"these need each other, or something that is not there: {', '.join(left)}")
            yield from ready
            given |= {one.name for one in ready}


def load_project(path: Path, variables: Mapping[str, str]) -> Project:
    """Read a Compose file.

    Args:
        path: the file.
        variables: what ``${…}`` stands for; COMPOSE_PROFILES among them chooses profiles.

    Raises:
        ComposeError: a required variable is missing, or the file is not one of services.
    """
    document = read_document(path, variables)
    if not isinstance(document, dict) or not isinstance(document.get("services"), dict):
        raise ComposeError(f"{path} has no services")
    profiles = set(variables.get("COMPOSE_PROFILES", "").split(",")) - {""}
    chosen = {
        name: entry
        for name, entry in document["services"].items()
        if not entry.get("profiles") or profiles & set(entry["profiles"])
    }
    services = {name: _service(name, entry, chosen.keys()) for name, entry in chosen.items()}
    project = document.get("name", path.parent.name)
    volumes = {
        name: (entry or {}).get("name", f"{project}_{name}") for name, entry in (document.get("volumes") or {}).items()
    }
    return Project(path.parent, services, volumes)


def read_document(path: Path, variables: Mapping[str, str]) -> Any:
    """Read a file and fill in its variables.

    Raises:
        ComposeError: a required variable is missing.
    """
    return _filled(yaml.safe_load(path.read_text(encoding="utf-8")), variables)


def _service(name: str, entry: Mapping[str, Any], known: Any) -> Service:
    needs = entry.get("depends_on") or {}
    if isinstance(needs, list):
        needs = {other: {"condition": "service_started"} for other in needs}
    for other, how in needs.items():
        if other not in known and how.get("required", True):
            raise ComposeError(f"{name} needs {other}, which is not there")
    environment = entry.get("environment") or {}
    return Service(
        name=name,
        image=entry["image"],
        command=_words(entry.get("command")),
        environment={key: "" if value is None else str(value) for key, value in environment.items()},
        mounts=tuple(_mounts(entry.get("volumes") or [])),
        needs={other: how["condition"] for other, how in needs.items() if other in known},
        health=_health(entry.get("healthcheck")),
        restarts=entry.get("restart", "no") not in ("no", False),
        replicas=int(entry.get("deploy", {}).get("replicas", 1)),
        settings=entry,
    )


def _mounts(entries: list[str]) -> Iterator[Mount]:
    for entry in entries:
        source, target, *_ = entry.split(":")
        yield Mount(source, target)


def _health(entry: Mapping[str, Any] | None) -> HealthCheck | None:
    if entry is None:
        return None
    kind, *words = entry["test"]
    command = ("sh", "-c", *words) if kind == "CMD-SHELL" else tuple(map(str, words))
    interval = seconds(entry.get("interval", "30s"))
    return HealthCheck(
        command,
        interval,
        seconds(entry.get("timeout", "30s")),
        int(entry.get("retries", 3)),
        seconds(entry.get("start_period", "0s")),
        seconds(entry.get("start_interval", f"{interval}s")),
    )


def _words(command: str | list[str] | None) -> tuple[str, ...]:
    if command is None:
        return ()
    return tuple(shlex.split(command)) if isinstance(command, str) else tuple(map(str, command))


def seconds(duration: str) -> float:
    """Return a duration such as ``1m30s`` in seconds.

    Raises:
        ComposeError: it is none.
    """
    if not re.fullmatch(f"(?:{_DURATION.pattern})+", duration):
        raise ComposeError(f"{duration!r} is no duration")
    return sum(float(number) * _SECONDS[unit] for number, unit in _DURATION.findall(duration))


def _filled(value: Any, variables: Mapping[str, str]) -> Any:
    """Fill in the variables of all texts of a document."""
    if isinstance(value, str):
        return _VARIABLE.sub(lambda found: _value(found, variables), value)
    if isinstance(value, dict):
        return {key: _filled(entry, variables) for key, entry in value.items()}
    if isinstance(value, list):
        return [_filled(entry, variables) for entry in value]
    return value


def _value(found: re.Match[str], variables: Mapping[str, str]) -> str:
    if found["dollar"]:
        return "$"
    name, rule, rest = found["braced"] or found["plain"], found["rule"] or "", found["rest"]
    given = variables.get(name)
    if given is not None and (given or not rule.startswith(":")):
        return given
    if rule.endswith("?"):
        raise ComposeError(f"required variable {name} is missing a value: {rest}")
    return rest if rule.endswith("-") else ""
