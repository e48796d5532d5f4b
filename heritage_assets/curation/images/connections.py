"""Connections to checked addresses, as httpcore asks for them."""

from __future__ import annotations

import asyncio
import select
import ssl
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import httpcore

from heritage_assets.curation.images.addresses import Resolver

KEPT_SECONDS = 15.0
"""A connection without a request for so long is closed: servers close theirs soon after."""


READ_BYTES = 256 << 10
"""What asyncio reads of a socket at a time. With httpcore's 64 KiB, what is left of it is copied anew for each part."""


class _Stream(httpcore.AsyncNetworkStream):
    """A stream whose idle check is one ``poll``.

    httpcore asks every idle connection at every request whether its peer has closed it; the stock stream collects all
    attributes of the socket for that, which costs more than the rest of a request.
    """

    def __init__(self, inner: httpcore.AsyncNetworkStream) -> None:
        self._inner = inner
        self._socket = inner.get_extra_info("socket")
        self._poll = select.poll()
        self._poll.register(self._socket.fileno(), select.POLLIN)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._inner.read(max(max_bytes, READ_BYTES), timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._inner.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        return _Stream(await self._inner.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        if info != "is_readable":
            return self._inner.get_extra_info(info)
        return self._socket.fileno() < 0 or bool(self._poll.poll(0))


class CheckedBackend(httpcore.AsyncNetworkBackend):
    """Opens connections to checked addresses only; TLS still verifies the host's name."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address of ``host`` that answers.

        Raises:
            ImageError: dns_failed, blocked_address.
            httpcore.ConnectError, httpcore.ConnectTimeout: no address answers.
        """
        addresses = await self._resolver.resolve(host, port)
        for address in addresses[:-1]:
            try:
                return _Stream(await self._inner.connect_tcp(address, port, timeout, local_address, socket_options))
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return _Stream(await self._inner.connect_tcp(addresses[-1], port, timeout, local_address, socket_options))

    async def sleep(self, seconds: float) -> None:
        """Sleep, as httpcore asks of a backend."""
        await asyncio.sleep(seconds)


Origin = tuple[bytes, bytes, int | None]
"""Scheme, host, port."""


class Connections:
    """Connections that are kept open between requests, at most ``most_idle`` without one.

    httpcore's own pool looks at every connection for every request, which with 32 of them costs more than the request; here
    each origin has its stack. How many are in use at a time is the caller's to bound.
    """

    def __init__(
        self, backend: httpcore.AsyncNetworkBackend, ssl_context: Callable[[], ssl.SSLContext], most_idle: int
    ) -> None:
        self._backend = backend
        self._ssl_context = cache(ssl_context)  # reads all certificates of the system: not before it is needed
        self._most_idle = most_idle
        self._idle: OrderedDict[httpcore.AsyncHTTPConnection, Origin] = OrderedDict()
        self._stacks: dict[Origin, list[httpcore.AsyncHTTPConnection]] = {}

    @asynccontextmanager
    async def lent(self, url: httpcore.URL) -> AsyncIterator[httpcore.AsyncHTTPConnection]:
        """Hold a connection to the origin of ``url`` for one request; the newest idle one, else one that is opened by the
        request."""
        origin = (url.scheme, url.host, url.port)
        context = self._ssl_context() if url.scheme == b"https" else None
        connection = await self._kept(origin) or httpcore.AsyncHTTPConnection(
            url.origin, context, keepalive_expiry=KEPT_SECONDS, network_backend=self._backend
        )
        try:
            yield connection
        finally:
            if connection.is_available():
                self._stacks.setdefault(origin, []).append(connection)
                self._idle[connection] = origin
                if len(self._idle) > self._most_idle:
                    await self._forget(next(iter(self._idle))).aclose()
            else:
                await connection.aclose()

    async def aclose(self) -> None:
        """Close the idle connections."""
        while self._idle:
            await self._forget(next(iter(self._idle))).aclose()

    async def _kept(self, origin: Origin) -> httpcore.AsyncHTTPConnection | None:
        while stack := self._stacks.get(origin):
            connection = self._forget(stack[-1])
            if not connection.has_expired():
                return connection
            await connection.aclose()
        return None

    def _forget(self, connection: httpcore.AsyncHTTPConnection) -> httpcore.AsyncHTTPConnection:
        origin = self._idle.pop(connection)
        stack = self._stacks[origin]
        stack.remove(connection)
        if not stack:
            del self._stacks[origin]
        return connection
