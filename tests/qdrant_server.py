"""A Qdrant server of the tests' own, with or without TLS and an API key, that can be killed and started again.

The program is ``qdrant`` among the tools (``HERITAGE_TOOLS``) or on the path; without it such tests are skipped by name.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from certificates import Certificates
from local_servers import free_ports, program

START_SECONDS = 60.0


def program_or_skip() -> str:
    """Return Qdrant's program, or skip the test by name."""
    found = program("qdrant")
    if found is None:
        pytest.skip("no Qdrant server to test against (qdrant is not on the path)")
    return found


class QdrantServer:
    """One server on free ports of loopback; its storage is in ``folder`` and outlives kills.

    Args:
        program: Qdrant's program.
        folder: where it keeps everything.
        api_key: asked of every client when given.
        certificates: TLS on both ports when given.
        in_cluster: whether it is the node of a cluster.
        bootstrap: the node that it joins; the first has none.
    """

    def __init__(
        self,
        program: str,
        folder: Path,
        *,
        api_key: str | None = None,
        certificates: Certificates | None = None,
        in_cluster: bool = False,
        bootstrap: QdrantServer | None = None,
    ) -> None:
        self.program, self.folder, self.api_key, self.certificates = program, folder, api_key, certificates
        self.port, self.grpc_port, self._peer_port = free_ports(3)
        self.url = f"{'https' if certificates else 'http'}://127.0.0.1:{self.port}"
        self._in_cluster, self._bootstrap = in_cluster, bootstrap
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process and wait until it is ready."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self.program, "--disable-telemetry", *self._cluster_arguments()],
                cwd=self.folder,
                env={**os.environ, **self._environment()},
                stdout=log,
                stderr=log,
            )
        verify = str(self.certificates.authority) if self.certificates else True
        for _ in self.waiting("an answer to /readyz"):
            try:
                if httpx.get(f"{self.url}/readyz", verify=verify, trust_env=False).is_success:
                    return
            except httpx.TransportError:
                continue

    def waiting(self, what: str) -> Iterator[None]:
        """Go on while the process lives, at most :data:`START_SECONDS`, with pauses; then fail."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            assert self._process is not None and self._process.poll() is None, self.log()
            yield
            time.sleep(0.1)
        raise AssertionError(f"no {what} within {START_SECONDS:.0f} s: {self.log()}")

    def kill(self) -> None:
        """End the process at once, as a lost machine does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def log(self) -> str:
        """Return the end of what the server wrote."""
        return (self.folder / "server.log").read_text(encoding="utf-8", errors="replace")[-2_000:]

    def _cluster_arguments(self) -> list[str]:
        if not self._in_cluster:
            return []
        joined = ["--bootstrap", self._bootstrap.peer_url] if self._bootstrap else []
        return ["--uri", self.peer_url, *joined]

    @property
    def peer_url(self) -> str:
        """Where other nodes of the cluster reach this one."""
        return f"http://127.0.0.1:{self._peer_port}"

    def _environment(self) -> dict[str, str]:
        found = {
            "QDRANT__SERVICE__HOST": "127.0.0.1",
            "QDRANT__SERVICE__HTTP_PORT": str(self.port),
            "QDRANT__SERVICE__GRPC_PORT": str(self.grpc_port),
            "QDRANT__STORAGE__STORAGE_PATH": str(self.folder / "storage"),
            "QDRANT__STORAGE__SNAPSHOTS_PATH": str(self.folder / "snapshots"),
            "QDRANT__LOG_LEVEL": "WARN",
        }
        if self._in_cluster:
            found |= {"QDRANT__CLUSTER__ENABLED": "true", "QDRANT__CLUSTER__P2P__PORT": str(self._peer_port)}
        if self.api_key:
            found["QDRANT__SERVICE__API_KEY"] = self.api_key
        if self.certificates:
            found |= {
                "QDRANT__SERVICE__ENABLE_TLS": "true",
                "QDRANT__TLS__CERT": str(self.certificates.certificate),
                "QDRANT__TLS__KEY": str(self.certificates.key),
            }
        return found
