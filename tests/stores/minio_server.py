"""A MinIO of a test's own, which may be killed and comes back with what it had."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

from certificates import Certificates
from local_servers import free_port

from heritage_assets.stores.lake import Lake
from heritage_assets.stores.s3 import S3Access, ensure_bucket

USER, PASSWORD = "heritage", "heritage-tests"


class MinioServer:
    """A server on a port of its own that keeps its data in ``folder``; over TLS where it is given certificates."""

    def __init__(self, binary: str, folder: Path, certificates: Certificates | None = None) -> None:
        self.binary = binary
        self.folder = folder
        self.certificates = certificates
        self.port = free_port()
        self._trusted = ssl.create_default_context(cafile=certificates.authority) if certificates else None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def access(self) -> S3Access:
        """How it is reached."""
        bundle = str(self.certificates.authority) if self.certificates else None
        return S3Access(endpoint=self._address, access_key=USER, secret_key=PASSWORD, ca_bundle=bundle)

    @property
    def _address(self) -> str:
        return f"{'https' if self.certificates else 'http'}://127.0.0.1:{self.port}"

    def bucket(self) -> str:
        """Make a bucket; return its address."""
        root = f"s3://test-{uuid.uuid4().hex[:12]}"
        assert ensure_bucket(root, self.access)
        return root

    def lake(self) -> Lake:
        """Return a lake in a bucket of its own."""
        return Lake(f"{self.bucket()}/tables", self.access.delta_options())

    def start(self, seconds: float = 30) -> None:
        """Start it, and wait until it answers."""
        environment = {**os.environ, "MINIO_ROOT_USER": USER, "MINIO_ROOT_PASSWORD": PASSWORD}
        command = [self.binary, "server", "--quiet", "--address", f"127.0.0.1:{self.port}", str(self.folder)]
        if self.certificates:
            command += ["--certs-dir", str(self._named_for_minio(self.certificates))]
        with (self.folder.parent / "minio.log").open("ab") as log:
            self._process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        deadline = time.monotonic() + seconds
        while not self._answers():
            assert time.monotonic() < deadline, "MinIO does not answer"
            time.sleep(0.1)

    def _named_for_minio(self, certificates: Certificates) -> Path:
        """Return a folder with the server's certificate and key under the names that MinIO looks for."""
        folder = self.folder.parent / f"{self.folder.name}-certificates"
        folder.mkdir(exist_ok=True)
        shutil.copy(certificates.certificate, folder / "public.crt")
        shutil.copy(certificates.key, folder / "private.key")
        return folder

    def kill(self) -> None:
        """Kill it, as a machine that loses its power would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self._address}/minio/health/ready", timeout=2, context=self._trusted):
                return True
        except (urllib.error.URLError, OSError):
            return False
