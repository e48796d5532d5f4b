"""A running Dagster: code server, webserver and daemon as processes of their own, and its GraphQL interface."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import httpx
import yaml
from archive_site import Site
from local_servers import free_ports

from heritage_assets import execution

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parents[1] / "deploy" / "native"))

from dagster_client import SELECTOR, DagsterClient, DagsterError  # noqa: E402

ENDED = ("SUCCESS", "FAILURE", "CANCELED")
T = TypeVar("T")


class RunningDagster(DagsterClient):
    """Its GraphQL interface: what the course of the native services asks, and more."""

    def __init__(self, url: str, logs: Path) -> None:
        super().__init__(url)
        self.logs = logs

    def ready(self) -> bool:
        """Tell whether the code location is loaded and the daemon beats."""
        try:
            sensors = self._client.post(
                "/graphql", json={"query": "{instance{daemonHealth{allDaemonStatuses{daemonType healthy}}}}"}
            ).json()
            statuses = sensors["data"]["instance"]["daemonHealth"]["allDaemonStatuses"]
            self.state("sensor", "landing_sensor")
        except (httpx.HTTPError, KeyError, ValueError, DagsterError):
            return False
        beating = {status["daemonType"] for status in statuses if status["healthy"]}
        return {"SENSOR", "SCHEDULER", "BACKFILL", "QUEUED_RUN_COORDINATOR"} <= beating

    def launch(self, job: str, partition: str, assets: tuple[str, ...] = ()) -> str:
        """Materialize one partition, as the button does; returns the run's id."""
        parameters: dict[str, Any] = {
            "selector": {
                **SELECTOR,
                "pipelineName": job,
                "assetSelection": [{"path": [name]} for name in assets] or None,
            },
            "mode": "default",
            "runConfigData": {},
            "executionMetadata": {"tags": [{"key": "dagster/partition", "value": partition}]},
        }
        query = """mutation($p: ExecutionParams!) { launchRun(executionParams: $p) {
            __typename ... on LaunchRunSuccess {run {runId}} ... on PythonError {message}
            ... on RunConfigValidationInvalid {errors {message}} } }"""
        return str(self.ask(query, p=parameters)["run"]["runId"])

    def add_partition(self, batch: str) -> None:
        query = """mutation($s: RepositorySelector!, $b: String!) {
            addDynamicPartition(repositorySelector: $s, partitionsDefName: "harvest_batch", partitionKey: $b)
            {__typename ... on PythonError {message} ... on UnauthorizedError {message}} }"""
        self.ask(query, s=SELECTOR, b=batch)

    def state(self, kind: str, name: str) -> dict[str, Any]:
        """Return id and status of a sensor or schedule."""
        selector = {**SELECTOR, f"{kind}Name": name}
        title = kind.title()
        query = f"""query($s: {title}Selector!) {{ {kind}OrError({kind}Selector: $s) {{
            __typename ... on {title} {{{kind}State {{id status}}}} }} }}"""
        return dict(self.ask(query, s=selector)[f"{kind}State"])

    def stop_sensor(self, name: str) -> None:
        query = "mutation($id: String) { stopSensor(id: $id) {__typename ... on PythonError {message}} }"
        self.ask(query, id=self.state("sensor", name)["id"])

    def wait(self, what: str, look: Callable[[], T], seconds: float = 180) -> T:
        """Wait until ``look`` returns something true, and return it.

        Raises:
            AssertionError: it took too long; the message ends with the daemon's last words.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = look()
            if found:
                return found
            time.sleep(0.5)
        tails = "\n".join(f"== {log.name}\n{log.read_text(errors='replace')[-2500:]}" for log in self.logs.iterdir())
        raise AssertionError(f"waited {seconds:.0f} s in vain: {what}\n{tails}")

    def ended(self, run: str) -> str:
        """Return the status of a run that ended, else nothing."""
        query = "query($id: ID!) { runOrError(runId: $id) {__typename ... on Run {status}} }"
        status = str(self.ask(query, id=run)["status"])
        return status if status in ENDED else ""


@contextmanager
def running_dagster(site: Site, *, quick_sensors: bool = False) -> Iterator[RunningDagster]:
    """Start the three processes over a home; all they started is killed at the end.

    With ``quick_sensors`` their ticks come every 3 seconds, and so does what follows by automation.
    """
    execution.prepare_home(site.settings)
    logs = site.home / "logs"
    logs.mkdir()
    code_port, web_port = free_ports(2)
    workspace = site.home / "workspace.yaml"
    server = {"host": "127.0.0.1", "port": code_port, "location_name": "heritage_assets"}
    workspace.write_text(yaml.safe_dump({"load_from": [{"grpc_server": server}]}), encoding="utf-8")
    code = ["-m", "dagster", "api", "grpc", "-m", "minute_location", "-h", "127.0.0.1", "-p", str(code_port)]
    web = ["-m", "dagster_webserver", "-h", "127.0.0.1", "-p", str(web_port), "-w", str(workspace)]
    daemon = [str(HERE / "quick_daemon.py"), *(["sensors"] if quick_sensors else []), "run", "-w", str(workspace)]
    with ExitStack() as stack:
        stack.enter_context(process("code", code, site, logs))
        wait_for_port(code_port)
        stack.enter_context(process("web", web, site, logs))
        stack.enter_context(process("daemon", daemon, site, logs))
        dagster = RunningDagster(f"http://127.0.0.1:{web_port}", logs)
        dagster.wait("Dagster is up", dagster.ready, 120)
        yield dagster


@contextmanager
def process(name: str, arguments: list[str], site: Site, logs: Path) -> Iterator[None]:
    """A Python process in a group of its own, which is killed with all its children."""
    paths = [str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**site.environment(), "PYTHONPATH": os.pathsep.join(paths), "PYTHONWARNINGS": "ignore"}
    with (logs / f"{name}.log").open("wb") as log:
        started = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=site.home,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield
        finally:
            os.killpg(started.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):  # what is left of the group is killed in any case
                started.wait(5)
            with suppress(ProcessLookupError):
                os.killpg(started.pid, signal.SIGKILL)
            started.wait(10)


def wait_for_port(port: int, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert time.monotonic() < deadline, f"nothing listens on port {port}"
            time.sleep(0.1)
        else:
            return
