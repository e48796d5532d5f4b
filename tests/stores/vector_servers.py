"""The vector servers that contract tests run against: the embedded endpoint always, a Qdrant server where there is one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from qdrant_server import QdrantServer, program_or_skip

from heritage_assets.embedded.vector_endpoint import ensure_endpoint, stop_endpoint

SERVERS = ["embedded", "server"]


@contextmanager
def running(kind: str, folders: pytest.TempPathFactory) -> Iterator[str]:
    """Give the URL of a server of this kind, or skip by name."""
    if kind == "server":
        url = os.environ.get("HERITAGE_TEST_QDRANT_URL")  # its alias 'heritage' is moved
        if url:
            yield url
            return
        server = QdrantServer(program_or_skip(), folders.mktemp("qdrant"))
        server.start()
        yield server.url
        server.kill()
        return
    home = folders.mktemp("home")
    yield ensure_endpoint(home)
    stop_endpoint(home)
