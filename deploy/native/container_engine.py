"""Stands where Docker's engine stands: Dagster's run launcher asks it for containers, and it runs their commands as processes.

It answers the few requests that the launcher makes, on a Unix socket. A "container" has exactly the command, the environment
and the memory of Python's own process; its network and volumes are those of this machine.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socketserver
import subprocess
import threading
import uuid
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from translation import Translation

API_VERSION = "1.47"


class ContainerEngine:
    """The containers of one project's runs."""

    def __init__(self, socket_path: Path, logs: Path, names: Translation) -> None:
        self.socket_path = socket_path
        self.logs = logs
        self.names = names
        self.asked: dict[str, dict[str, Any]] = {}
        """What each container was created with, by its id."""
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._server: socketserver.ThreadingUnixStreamServer | None = None

    def start(self) -> None:
        """Listen."""
        self.socket_path.parent.mkdir(parents=True, exist_ok=True)
        engine = self

        class Handler(_Handler):
            containers = engine

        self._server = socketserver.ThreadingUnixStreamServer(str(self.socket_path), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Kill what runs, and stop listening."""
        for name in list(self._processes):
            self.kill(name)
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def of_run(self, run: str) -> Iterator[str]:
        """Give the containers of a Dagster run."""
        for name, wanted in self.asked.items():
            if wanted.get("Labels", {}).get("dagster/run_id") == run:
                yield name

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to all processes of a container."""
        process = self._processes.get(name)
        if process is not None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, number)

    # -- what the API does ------------------------------------------------------------------------------------------------

    def create(self, wanted: dict[str, Any]) -> str:
        """Remember what is wanted; return the container's id."""
        name = uuid.uuid4().hex
        self.asked[name] = wanted
        return name

    def launch(self, name: str) -> None:
        """Run a container's command in its environment."""
        wanted = self.asked[name]
        given = dict(line.split("=", 1) for line in wanted.get("Env") or ())
        with (self.logs / f"run-{name[:8]}.log").open("wb") as log:
            self._processes[name] = subprocess.Popen(
                wanted["Cmd"],
                env={**self.names.base(self.names.run_address), **given},
                cwd=self.names.volume("/var/lib/heritage"),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def end(self, name: str, seconds: float) -> None:
        """Ask a container to end; kill it after a while."""
        self.kill(name, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._processes[name].wait(seconds)
        self.kill(name)

    def described(self, name: str) -> dict[str, Any]:
        """Describe a container as ``docker inspect`` does."""
        process = self._processes.get(name)
        code = process.poll() if process is not None else None
        status = "created" if process is None else "running" if code is None else "exited"
        state = {"Status": status, "Running": status == "running", "ExitCode": code or 0}
        return {"Id": name, "Name": f"/{name[:12]}", "State": state, "Config": self.asked[name]}


class _Handler(BaseHTTPRequestHandler):
    """The requests of the run launcher; anything else is refused with 501."""

    containers: ContainerEngine
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self._path()
        if path == "/version":
            self._answer(200, {"ApiVersion": API_VERSION, "MinAPIVersion": "1.24", "Version": "none", "Os": "linux"})
        elif found := re.fullmatch(r"/containers/(\w+)/json", path):
            known = found[1] in self.containers.asked
            described = self.containers.described(found[1]) if known else {"message": "no such container"}
            self._answer(200 if known else 404, described)
        else:
            self._answer(501, {"message": f"not here: {path}"})

    def do_POST(self) -> None:
        path = self._path()
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if path == "/containers/create":
            self._answer(201, {"Id": self.containers.create(json.loads(body)), "Warnings": []})
        elif (found := re.fullmatch(r"/containers/(\w+)/(start|stop)", path)) and found[1] in self.containers.asked:
            if found[2] == "start":
                self.containers.launch(found[1])
            else:
                self.containers.end(found[1], 10)
            self._answer(204, None)
        else:
            self._answer(501, {"message": f"not here: {path}"})

    def _path(self) -> str:
        return re.sub(r"^/v[\d.]+", "", self.path.split("?")[0])

    def _answer(self, status: int, value: Any) -> None:
        body = b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing: what was asked for is in ``ContainerEngine.asked``."""
        return

    def address_string(self) -> str:
        """A Unix socket has no address of the other side."""
        return "local"
