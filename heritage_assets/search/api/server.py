"""Runs the application in this process."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable

import uvicorn

from heritage_assets.search.api.app import create_app
from heritage_assets.search.settings import SearchSettings
from heritage_assets.settings import Settings

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
_STOP_SECONDS = 5


def serve(
    settings: Settings,
    host: str,
    port: int,
    limits: SearchSettings | None = None,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serve until interrupted.

    Args:
        settings: the home.
        host: address to listen on.
        port: 0 for any free one.
        limits: what is allowed; from the environment by default.
        on_ready: told the address once it answers.

    Raises:
        SystemExit: the address can't be listened on.
    """
    limits = with_hosts(limits or settings.search, host)
    config = uvicorn.Config(
        create_app(settings, limits),
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_STOP_SECONDS,
    )
    asyncio.run(_run(uvicorn.Server(config), on_ready))


async def _run(server: uvicorn.Server, on_ready: Callable[[str], None] | None) -> None:
    serving = asyncio.ensure_future(server.serve())
    while not server.started and not serving.done():
        await asyncio.sleep(0.02)
    if server.started and on_ready is not None:
        host, port = server.servers[0].sockets[0].getsockname()[:2]
        on_ready(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")
    await serving


def with_hosts(limits: SearchSettings, host: str) -> SearchSettings:
    """Bound to loopback, answer to loopback names alone: a foreign page whose name is made to resolve there gets nothing."""
    if limits.allowed_hosts or not _is_loopback(host):
        return limits
    return limits.model_copy(update={"allowed_hosts": (*LOOPBACK_NAMES, host)})


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
