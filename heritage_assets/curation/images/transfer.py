"""One image over HTTP: connections to checked addresses, redirects, limits, and every failure as an :class:`ImageError`."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import httpcore
import httpx

from heritage_assets.curation.images.addresses import Resolver, parse_address
from heritage_assets.curation.images.answers import (
    REDIRECTS,
    buffer_for,
    header,
    inflate,
    opt_out,
    redirect_target,
    said,
    status_reason,
    too_large,
)
from heritage_assets.curation.images.budgets import Lease, MemoryBudget
from heritage_assets.curation.images.connections import CheckedBackend, Connections
from heritage_assets.curation.images.hosts import HostGate, parse_retry_after
from heritage_assets.curation.images.outcomes import ImageError
from heritage_assets.curation.images.policy import FetchSettings, Reason
from heritage_assets.curation.images.robots import MOST_BYTES as ROBOTS_BYTES
from heritage_assets.curation.images.robots import Robots
from heritage_assets.curation.images.sniff import SNIFF_BYTES, sniff

ROBOTS_REDIRECTS = 5
UNREACHABLE = frozenset({Reason.DNS_FAILED, Reason.CONNECTION_FAILED, Reason.TLS_FAILED, Reason.TIMEOUT})


@dataclass(frozen=True)
class Validators:
    """What a conditional request sends: the ETag and Last-Modified of the copy that is held."""

    etag: str | None
    last_modified: str | None

    def headers(self) -> list[tuple[str, str]]:
        """Return the request headers; values that can't be sent as they are, are left out."""
        pairs = (("If-None-Match", self.etag), ("If-Modified-Since", self.last_modified))
        return [(name, value) for name, value in pairs if value and value.isascii() and value.isprintable()]


@dataclass(frozen=True)
class Download:
    """A body with what its headers said. ``lease`` must be released when the body is done with."""

    body: bytes
    http_status: int
    media_type: str | None
    etag: str | None
    last_modified: str | None
    delimited: bool
    """False: only the end of the connection ended the body, so it may be cut short unseen."""
    lease: Lease


class NotModified(Exception):
    """The provider's image is the one that is held (304)."""


Receive = Callable[[httpcore.Response, Lease, asyncio.Timeout], Awaitable[Download]]
"""Reads the body of an answer."""


class HttpFetcher:
    """Fetches images within the limits of the settings. Lives in one event loop; close with :meth:`aclose`."""

    def __init__(self, settings: FetchSettings) -> None:
        self._settings = settings
        self._budget = MemoryBudget(settings.slots, settings.memory_bytes)
        self._connections = asyncio.Semaphore(settings.concurrency)
        self._gates: dict[str, HostGate] = {}
        self._robots = Robots(settings, self._robots_file, lambda host, seconds: self.gate(host).keep_distance(seconds))
        self._headers = [
            ("User-Agent", settings.user_agent),
            ("Accept", "image/*,*/*;q=0.1"),
            ("Accept-Encoding", "identity"),
        ]
        self._timeouts = {
            "timeout": {
                "connect": settings.connect_timeout,
                "read": settings.read_timeout,
                "write": settings.read_timeout,
                "pool": settings.total_timeout,
            }
        }
        self._kept = Connections(
            CheckedBackend(Resolver(settings.allowed_networks, settings.connect_timeout)),
            httpx.create_ssl_context,
            most_idle=settings.concurrency,
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._kept.aclose()

    async def lease(self) -> Lease:
        """Wait for a slot."""
        await self._budget.slots.acquire()
        return Lease(self._budget)

    async def fetch(self, url: str, validators: Validators | None = None) -> Download:
        """Fetch one image, following redirects; the caller releases the download's lease.

        Raises:
            ImageError: with the reason; transient ones may be tried again.
            NotModified: the copy that ``validators`` describe is current.
        """
        address, seen = parse_address(url), set[str]()
        while True:
            seen.add(str(address))
            await self._robots.check(address)
            answer = await self._hop(address, self._receive, validators)
            if isinstance(answer, Download):
                return answer
            address = answer
            if str(address) in seen or len(seen) > self._settings.max_redirects:
                what = (
                    "a redirect loop" if str(address) in seen else f"more than {self._settings.max_redirects} redirects"
                )
                raise ImageError(Reason.TOO_MANY_REDIRECTS, f"{what}, last to {str(address)[:200]!r}")

    async def document(self, url: str) -> bytes:
        """Return the first ROBOTS_BYTES of a text, such as the ``info.json`` of an image service.

        Raises:
            ImageError: as :meth:`fetch`.
        """
        address = parse_address(url)
        for _ in range(self._settings.max_redirects + 1):
            await self._robots.check(address)
            answer = await self._hop(address, self._receive_text)
            if isinstance(answer, Download):
                answer.lease.release()
                return answer.body
            address = answer
        raise ImageError(
            Reason.TOO_MANY_REDIRECTS, f"{url[:200]!r}: more than {self._settings.max_redirects} redirects"
        )

    async def _robots_file(self, address: httpx.URL) -> bytes:
        """Return the beginning of a robots.txt, following redirects as RFC 9309 asks (section 2.3.1.2)."""
        for _ in range(ROBOTS_REDIRECTS + 1):
            answer = await self._hop(address, self._receive_text)
            if isinstance(answer, Download):
                answer.lease.release()
                return answer.body
            address = answer
        raise ImageError(Reason.TOO_MANY_REDIRECTS, f"robots.txt: more than {ROBOTS_REDIRECTS} redirects")

    def gate(self, host: str) -> HostGate:
        """Return the gate of a host."""
        if host not in self._gates:
            self._gates[host] = HostGate(host, self._settings)
        return self._gates[host]

    async def _hop(
        self, address: httpx.URL, receive: Receive, validators: Validators | None = None
    ) -> Download | httpx.URL:
        gate = self.gate(address.host)
        async with gate.entered():
            lease = await self.lease()
            try:
                async with self._connections:
                    answer = await self._exchange(address, receive, validators, lease, gate)
            except BaseException as error:
                lease.release()
                if isinstance(error, ImageError) and error.reason in UNREACHABLE:
                    gate.unreachable(error)
                raise
            if not isinstance(answer, Download):
                lease.release()
            return answer

    async def _exchange(
        self, address: httpx.URL, receive: Receive, validators: Validators | None, lease: Lease, gate: HostGate
    ) -> Download | httpx.URL:
        settings = self._settings
        url = httpcore.URL(scheme=address.raw_scheme, host=address.raw_host, port=address.port, target=address.raw_path)
        headers = [*self._headers, *(validators.headers() if validators else ())]
        try:
            async with (
                asyncio.timeout(settings.total_timeout) as limit,
                self._kept.lent(url) as connection,
                connection.stream("GET", url, headers=headers, extensions=self._timeouts) as response,
            ):
                target = self._judge(address, response, gate)
                return target or await receive(response, lease, limit)
        except (ImageError, NotModified):
            raise
        except (TimeoutError, httpcore.TimeoutException) as error:
            what = type(error).__name__ if isinstance(error, httpcore.TimeoutException) else "whole request"
            raise ImageError(Reason.TIMEOUT, f"{address.host}: time-out ({what})") from None
        except httpcore.ConnectError as error:
            tls = isinstance(error.__cause__ or error.__context__, ssl.SSLError)
            reason = Reason.TLS_FAILED if tls else Reason.CONNECTION_FAILED
            raise ImageError(reason, f"{address.host}: {error or 'no connection'}") from None
        except httpcore.NetworkError as error:
            raise ImageError(Reason.CONNECTION_FAILED, f"{address.host}: {error or 'connection lost'}") from None
        except (httpcore.ProtocolError, httpcore.UnsupportedProtocol) as error:
            reason = Reason.CONNECTION_FAILED if "without sending a response" in str(error) else Reason.PROTOCOL_ERROR
            raise ImageError(reason, f"{address.host}: {error}") from None
        except Exception as error:
            # Whatever else a hostile answer provokes in the HTTP stack must cost one image, not the run.
            raise ImageError(Reason.PROTOCOL_ERROR, f"{address.host}: {type(error).__name__}: {error}") from error

    def _judge(self, address: httpx.URL, response: httpcore.Response, gate: HostGate) -> httpx.URL | None:
        """Return where a redirect leads, None for an answer with a body to read; raise for all else."""
        status = response.status
        if status in (429, 503):
            retry_after = parse_retry_after(header(response, b"retry-after"), datetime.now(UTC))
            gate.complained(retry_after)
            reason = Reason.RATE_LIMITED if status == 429 else Reason.SERVER_ERROR
            raise ImageError(reason, said(address, status), http_status=status, retry_after=retry_after)
        gate.answered()
        if status == 200:
            return None
        if status == 304:
            raise NotModified
        if status in REDIRECTS:
            return redirect_target(address, response)
        raise ImageError(status_reason(status), said(address, status), http_status=status)

    def _check_opt_out(self, response: httpcore.Response) -> None:
        if not self._settings.honour_opt_outs:
            return
        for name, value in response.headers:
            if name.lower() != b"x-robots-tag":
                continue
            directive = opt_out(value.decode("latin-1"), self._settings.agent)
            if directive:
                raise ImageError(Reason.OPTED_OUT, f"X-Robots-Tag: {directive}", http_status=response.status)

    async def _receive_text(self, response: httpcore.Response, lease: Lease, _: asyncio.Timeout) -> Download:
        body = bytearray()
        try:
            async for chunk in response.aiter_stream():
                body += chunk[: ROBOTS_BYTES - len(body)]
                if len(body) >= ROBOTS_BYTES:
                    break
                await lease.cover(len(body))
        except httpcore.RemoteProtocolError as error:
            raise ImageError(Reason.INCOMPLETE_BODY, str(error), http_status=response.status) from None
        return Download(bytes(body), response.status, None, None, None, delimited=True, lease=lease)

    async def _receive(self, response: httpcore.Response, lease: Lease, limit: asyncio.Timeout) -> Download:
        settings = self._settings
        self._check_opt_out(response)
        length = header(response, b"content-length")
        declared = int(length) if length and length.isascii() and length.isdigit() else None
        if declared is not None and declared > settings.max_bytes:
            raise too_large(f"{declared:,} bytes announced", settings, response.status)
        # Waiting for memory is our delay, not the provider's: the time limit moves with it.
        before = asyncio.get_running_loop().time()
        await lease.cover(declared if declared is not None else settings.max_bytes)
        moved = asyncio.get_running_loop().time() - before
        limit.reschedule((limit.when() or before) + moved)
        body = await self._body(response, declared or 0)
        encoding = (header(response, b"content-encoding") or "identity").strip().lower()
        if encoding != "identity":
            await lease.cover(settings.max_bytes)
            body = inflate(body, encoding, settings, response.status)
        lease.shrink(len(body))
        chunked = "chunked" in (header(response, b"transfer-encoding") or "").lower()
        return Download(
            body=body,
            http_status=response.status,
            media_type=header(response, b"content-type"),
            etag=header(response, b"etag"),
            last_modified=header(response, b"last-modified"),
            delimited=declared is not None or chunked,
            lease=lease,
        )

    async def _body(self, response: httpcore.Response, declared: int) -> bytes:
        settings, body, length = self._settings, buffer_for(declared), 0
        sniffed = header(response, b"content-encoding") is not None
        try:
            async for chunk in response.aiter_stream():
                length += body.write(chunk)
                if length > settings.max_bytes:
                    raise too_large("the body goes on", settings, response.status)
                if not sniffed and length >= SNIFF_BYTES:
                    sniff(bytes(body.getbuffer()[:SNIFF_BYTES]))  # a web page or a film is not worth its transfer
                    sniffed = True
        except ImageError as error:
            error.http_status = response.status
            raise
        except (httpcore.NetworkError, httpcore.RemoteProtocolError) as error:
            raise ImageError(
                Reason.INCOMPLETE_BODY, f"after {length:,} bytes: {error or 'reset'}", http_status=response.status
            ) from None
        body.truncate(length)
        return body.getvalue()
