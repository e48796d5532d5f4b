"""Starts the services of a project in the order that the file asks for, watches their health, and starts again what ends."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from compose import HealthCheck, Project, Service
from container_engine import ContainerEngine
from translation import Translation, initialize_postgres

_STEP_SECONDS = 0.2
_ASK_SECONDS = 2.0
_STOP_SECONDS = 8.0


class StartError(RuntimeError):
    """A service did not become what others wait for; the message ends with its log."""


class Supervisor:
    """The processes of one project."""

    def __init__(self, project: Project, root: Path, say: Callable[[str], None]) -> None:
        self.project = project
        self.root = root
        self.say = say
        self.names = Translation(project, root)
        self.logs = root / "logs"
        self.engine = ContainerEngine(root / "files" / "docker.sock", self.logs, self.names)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._ready = {name: threading.Event() for name in project.services}
        self._failure: Exception | None = None
        self._stopping = threading.Event()
        self._began = time.monotonic()

    # -- life -----------------------------------------------------------------------------------------------------------

    def start(self, within: float) -> None:
        """Start everything, and wait until all of it is as the file wants it.

        Raises:
            StartError: a service ended, stayed unhealthy, or took longer than ``within`` seconds.
        """
        self.logs.mkdir(parents=True)
        self.names.prepare()
        self.engine.start()
        threads = [
            threading.Thread(target=self._bring_up, args=(service,), daemon=True) for service in self.project.in_order()
        ]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + within
        while not all(event.is_set() for event in self._ready.values()):
            if self._failure is not None:
                raise self._failure
            if time.monotonic() > deadline:
                late = [name for name, event in self._ready.items() if not event.is_set()]
                raise StartError(f"after {within:.0f} s these are not up: {', '.join(late)}\n{self.tails(late)}")
            time.sleep(_STEP_SECONDS)
        threading.Thread(target=self._keep, daemon=True).start()

    def stop(self) -> None:
        """End everything, what was started first last."""
        self._stopping.set()
        self.engine.stop()
        for name in reversed(list(self._processes)):
            _signal_group(self._processes[name], signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        for process in self._processes.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, deadline - time.monotonic()))
            _signal_group(process, signal.SIGKILL)
            process.wait(10)

    def kill(self, name: str) -> None:
        """Kill a service with all its children, as a failing machine would; it is started again if the file says so."""
        _signal_group(self._processes[name], signal.SIGKILL)

    def tails(self, names: list[str], size: int = 1_500) -> str:
        """Return the last words of services."""
        found = [(name, self.logs / f"{name}.log") for name in names]
        return "\n".join(
            f"== {name}\n{log.read_text(encoding='utf-8', errors='replace')[-size:]}"
            for name, log in found
            if log.exists()
        )

    # -- one service ------------------------------------------------------------------------------------------------------

    def _bring_up(self, service: Service) -> None:
        try:
            for other in service.needs:
                while not self._ready[other].wait(_STEP_SECONDS):
                    if self._stopping.is_set() or self._failure is not None:
                        return
            began = time.monotonic()
            self._launch(service)
            if service.health is not None:
                self._wait_healthy(service, service.health)
            elif not service.restarts:
                self._wait_done(service)
            self._ready[service.name].set()
            elapsed = time.monotonic() - self._began
            self.say(f"{elapsed:6.1f} s  {service.name} is up ({time.monotonic() - began:.1f} s)")
        except Exception as error:  # told to whoever waits for the start
            self._failure = self._failure or error

    def _launch(self, service: Service) -> None:
        environment = self.names.environment(service)
        user: list[str] = []
        if service.name == "postgres":
            user = self._postgres_user()
            folder = self.names.volume("/var/lib/postgresql/data")
            scripts = self.names.volume("/docker-entrypoint-initdb.d")
            for step in initialize_postgres(folder, scripts, environment, user):
                with (self.logs / "postgres.log").open("ab") as log:
                    subprocess.run(step, env=environment, cwd=folder, stdout=log, stderr=log, check=True)
        if service.name == "qdrant" and not self.names.own_qdrant:
            return
        with (self.logs / f"{service.name}.log").open("ab") as log:
            self._processes[service.name] = subprocess.Popen(
                [*user, *self.names.command(service)],
                env=environment,
                cwd=self.names.volume("/var/lib/heritage"),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _postgres_user(self) -> list[str]:
        """PostgreSQL refuses to run as root; its volume belongs to its user, as in the image."""
        if os.geteuid() != 0:
            return []
        folder = self.names.volume("/var/lib/postgresql/data")
        shutil.chown(folder, "postgres", "postgres")
        return ["runuser", "--user", "postgres", "--"]

    def _wait_healthy(self, service: Service, health: HealthCheck) -> None:
        """Ask for as long as the file says, and at least every two seconds."""
        pause, began = min(health.start_interval, health.interval, _ASK_SECONDS), time.monotonic()
        while not self._stopping.is_set() and self._failure is None:
            asked = time.monotonic()
            if self.is_healthy(service, health):
                return
            self._check_runs(service)
            if asked - began > health.start_period + health.retries * health.interval:
                raise StartError(
                    f"{service.name} stays unhealthy\n{self.tails([service.name, f'{service.name}.health'])}"
                )
            time.sleep(max(_STEP_SECONDS, pause - (time.monotonic() - asked)))

    def is_healthy(self, service: Service, health: HealthCheck) -> bool:
        """Run the service's own health check."""
        command = [self.names.text(word, service) for word in health.command]
        with (self.logs / f"{service.name}.health.log").open("wb") as log, suppress(subprocess.TimeoutExpired):
            environment = self.names.environment(service)
            done = subprocess.run(
                command, check=False, env=environment, timeout=health.timeout, stdout=log, stderr=log, cwd=self.root
            )
            return done.returncode == 0
        return False

    def _wait_done(self, service: Service) -> None:
        while self._processes[service.name].poll() is None and not self._stopping.is_set():
            time.sleep(_STEP_SECONDS)
        if self._processes[service.name].returncode != 0:
            raise StartError(f"{service.name} failed\n{self.tails([service.name])}")

    def _check_runs(self, service: Service) -> None:
        process = self._processes.get(service.name)
        if process is not None and process.poll() is not None:
            raise StartError(f"{service.name} ended with {process.returncode}\n{self.tails([service.name])}")

    def _keep(self) -> None:
        """Start again what ended and should not have."""
        while not self._stopping.wait(_STEP_SECONDS):
            for name, service in self.project.services.items():
                process = self._processes.get(name)
                if service.restarts and process is not None and process.poll() is not None:
                    self.say(f"{time.monotonic() - self._began:6.1f} s  {name} ended and is started again")
                    if not self._stopping.is_set():
                        self._launch(service)


@contextmanager
def running(
    project: Project, root: Path, say: Callable[[str], None] = print, within: float = 180
) -> Iterator[Supervisor]:
    """Have all services run for the block."""
    supervisor = Supervisor(project, root, say)
    try:
        supervisor.start(within)
        yield supervisor
    finally:
        supervisor.stop()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
