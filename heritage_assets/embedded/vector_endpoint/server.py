"""The endpoint's process: owns the folder by a lock, binds loopback, serves, flushes, and leaves when nobody needs it."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import orjson
import uvicorn

from heritage_assets.embedded.vector_endpoint.app import Application
from heritage_assets.embedded.vector_endpoint.catalog import Catalog, write_whole
from heritage_assets.embedded.vector_endpoint.indexing import Indexer
from heritage_assets.embedded.vector_endpoint.lifecycle import EndpointFiles, HomeLock

FLUSH_SECONDS = 5.0
"""A write is safe from the end of this process at once, and from a power cut after this long (as with a Qdrant server)."""
_LOCK_WAIT_SECONDS = 30.0
_CONNECTIONS_MAX = 128
_log = logging.getLogger(__name__)


def serve(home: Path, *, port: int | None, idle_seconds: float) -> None:
    """Serve the vectors of ``home`` until a signal, or until nobody has asked for ``idle_seconds``.

    Raises:
        TimeoutError: another process serves this home.
    """
    files = EndpointFiles(home)
    files.folder.mkdir(parents=True, exist_ok=True)
    with HomeLock(files.lock).held(wait=_LOCK_WAIT_SECONDS):
        catalog = Catalog(files.folder)
        application = Application(catalog, uuid.uuid4().hex)
        with _bind(port, files.port) as listening:
            server = _Server(application, files, listening, idle_seconds)
            server.run()


class _Server:
    """One uvicorn server, with the beginning and the end of its life tied to the home's files."""

    def __init__(self, app: Application, files: EndpointFiles, listening: socket.socket, idle_seconds: float) -> None:
        self.app = app
        self.files = files
        self.listening = listening
        self.idle_seconds = idle_seconds
        self.indexer = Indexer(app.catalog)
        config = uvicorn.Config(
            app.asgi(self._lifespan),
            log_level="warning",
            access_log=False,
            server_header=False,
            limit_concurrency=_CONNECTIONS_MAX,
            timeout_keep_alive=60,
            timeout_graceful_shutdown=10,
        )
        self.uvicorn = uvicorn.Server(config)

    def run(self) -> None:
        self.uvicorn.run(sockets=[self.listening])

    @asynccontextmanager
    async def _lifespan(self, _: Any) -> AsyncIterator[None]:
        # The clean-up belongs here: uvicorn raises the signal that ended it again as soon as it has shut down.
        keeper = asyncio.create_task(self._keep())
        port = self.listening.getsockname()[1]
        write_whole(self.files.port, str(port).encode())
        described = {"url": f"http://127.0.0.1:{port}", "pid": os.getpid(), "instance": self.app.instance}
        write_whole(self.files.description, orjson.dumps(described))
        _log.info("serving %s at %s", self.files.folder, described["url"])
        try:
            yield
        finally:
            keeper.cancel()
            with suppress(asyncio.CancelledError):
                await keeper
            await self.indexer.stop()
            self.files.description.unlink(missing_ok=True)
            self.app.catalog.close()
            _log.info("stopped")

    async def _keep(self) -> None:
        """Flush every few seconds; ask the server to stop when it has been idle long enough."""
        pause = min(FLUSH_SECONDS, self.idle_seconds / 4)
        while True:
            await asyncio.sleep(pause)
            _logged(self.app.catalog.flush)
            _logged(self.indexer.look)
            if self.indexer.busy:
                continue
            if self.app.activity.idle_seconds() > self.idle_seconds:
                _log.info("idle for %.0f s", self.app.activity.idle_seconds())
                self.uvicorn.should_exit = True


def _logged(action: Callable[[], None]) -> None:
    """Run a background action; what it could not do now is tried again at the next turn."""
    try:
        action()
    except Exception:
        _log.exception("%s failed", action.__qualname__)


def _bind(port: int | None, last_port: Path) -> socket.socket:
    """Bind loopback: the named port, else the one used last (clients that still know it go on), else any free one."""
    with suppress(OSError, ValueError):
        if port is None:
            return _listen(int(last_port.read_text()))
    return _listen(port or 0)


def _listen(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        listening.listen(_CONNECTIONS_MAX)
    except OSError:
        listening.close()
        raise
    return listening
