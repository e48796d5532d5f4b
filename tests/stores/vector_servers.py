"""The vector servers that contract tests run against: the embedded endpoint always, a Qdrant server where one is named."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from heritage_assets.embedded.vector_endpoint import ensure_endpoint, stop_endpoint

SERVERS = ["embedded", "server"]


@contextmanager
def running(kind: str, folders: pytest.TempPathFactory) -> Iterator[str]:
    """Give the URL of a server of this kind, or skip by name."""
    if kind == "server":
        url = os.environ.get("HERITAGE_TEST_QDRANT_URL")
        if not url:
            pytest.skip(
                "no Qdrant server to test against (set HERITAGE_TEST_QDRANT_URL; its alias 'heritage' is moved)"
            )
        yield url
        return
    home = folders.mktemp("home")
    yield ensure_endpoint(home)
    stop_endpoint(home)
