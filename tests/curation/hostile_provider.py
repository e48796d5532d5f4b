"""A provider as bad as real ones, on a real socket: every path behaves as its name says, and every request is logged."""

from __future__ import annotations

import asyncio
import gzip
import struct
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from socket import SO_LINGER, SOL_SOCKET

import sample_images as samples

Behaviour = Callable[["Exchange"], Awaitable[None]]


@dataclass
class Request:
    """One logged request: path, headers in lower case, how many were under way, and when it came."""

    path: str
    headers: dict[str, str]
    under_way: int
    at: float


@dataclass
class Exchange:
    """One request being answered."""

    request: Request
    writer: asyncio.StreamWriter
    visit: int
    """How often the path was asked before."""

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def reply(self, status: int, body: bytes = b"", length: int | None = None, **headers: str) -> None:
        lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body) if length is None else length}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        await self.send("\r\n".join([*lines, "", ""]).encode() + body)

    def reset(self) -> None:
        """End the connection with RST."""
        self.writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


def image(body: bytes, media_type: str = "image/jpeg") -> Behaviour:
    return lambda exchange: exchange.reply(200, body, Content_Type=media_type)


def status(code: int, **headers: str) -> Behaviour:
    return lambda exchange: exchange.reply(code, b"no", **headers)


def redirect(target: str, code: int = 302) -> Behaviour:
    return lambda exchange: exchange.reply(code, b"", Location=target)


def after(failures: int, bad: Behaviour, good: Behaviour) -> Behaviour:
    """Fail that many times, then serve."""
    return lambda exchange: (bad if exchange.visit < failures else good)(exchange)


async def slow_first_byte(exchange: Exchange) -> None:
    await asyncio.sleep(0.2)
    await exchange.reply(200, samples.jpeg(), Content_Type="image/jpeg")


async def silent(exchange: Exchange) -> None:
    await asyncio.sleep(30)


async def trickle(exchange: Exchange) -> None:
    body = samples.jpeg()
    await exchange.send(f"HTTP/1.1 200 X\r\nContent-Length: {len(body)}\r\n\r\n".encode())
    for start in range(0, len(body), 10):
        await exchange.send(body[start : start + 10])
        await asyncio.sleep(0.05)


async def reset_midway(exchange: Exchange) -> None:
    body = samples.jpeg()
    await exchange.send(f"HTTP/1.1 200 X\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body[:2000])
    await asyncio.sleep(0.02)
    exchange.reset()


async def closed_at_once(exchange: Exchange) -> None:
    exchange.writer.close()


async def garbage(exchange: Exchange) -> None:
    await exchange.send(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
    exchange.writer.close()


async def short_body(exchange: Exchange) -> None:
    body = samples.jpeg()
    await exchange.reply(200, body, length=len(body) + 5000)
    exchange.writer.close()


async def long_body(exchange: Exchange) -> None:
    body = samples.jpeg()
    await exchange.reply(200, body, length=len(body) // 2)


async def chunked(exchange: Exchange) -> None:
    body = samples.jpeg(3)
    await exchange.send(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n")
    for start in range(0, len(body), 1000):
        part = body[start : start + 1000]
        await exchange.send(b"%x\r\n%s\r\n" % (len(part), part))
    await exchange.send(b"0\r\n\r\n")


async def endless(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n")
    block = samples.jpeg()[:1000] + bytes(64_000)
    while True:
        await exchange.send(b"%x\r\n%s\r\n" % (len(block), block))


def until_close(body: bytes) -> Behaviour:
    async def behave(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.0 200 X\r\nContent-Type: image/jpeg\r\n\r\n" + body)
        exchange.writer.close()

    return behave


async def counted_redirect(exchange: Exchange) -> None:
    await exchange.reply(302, Location=f"/many-redirects?{exchange.visit}")


async def conditional(exchange: Exchange) -> None:
    if exchange.request.headers.get("if-none-match") == '"v1"':
        await exchange.reply(304)
    else:
        await exchange.reply(200, samples.jpeg(7), ETag='"v1"', Content_Type="image/jpeg")


def gzipped(body: bytes) -> Behaviour:
    packed = gzip.compress(body)
    return lambda exchange: exchange.reply(200, packed, Content_Encoding="gzip", Content_Type="image/jpeg")


@dataclass
class Provider:
    """The server. Use as a context manager; ``url(path)`` gives addresses on any of its loopback names.

    Without a route of its own, robots.txt is missing and the question is not logged.
    """

    routes: dict[str, Behaviour]
    default: Behaviour = field(default_factory=lambda: status(404))
    log: list[Request] = field(default_factory=list)
    visits: Counter[str] = field(default_factory=Counter)
    port: int = 0
    _under_way: int = 0

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}/{path}"

    def __enter__(self) -> Provider:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, "0.0.0.0", 0, backlog=512), self._loop
        ).result()
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _stop(self) -> None:
        self._server.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while not writer.is_closing():
                first = await reader.readexactly(1)
                if first == b"\x16":  # a TLS handshake
                    writer.write(b"HTTP/1.1 400 X\r\n\r\n")
                    break
                head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                await self._answer(head, writer)
        writer.close()

    async def _answer(self, head: list[str], writer: asyncio.StreamWriter) -> None:
        path = head[0].split(" ")[1].lstrip("/").partition("?")[0]
        pairs = (line.partition(":") for line in head[1:] if line)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        if path == "robots.txt" and path not in self.routes:
            writer.write(b"HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n")
            return
        self._under_way += 1
        request = Request(path, headers, self._under_way, time.monotonic())
        self.log.append(request)
        exchange = Exchange(request, writer, self.visits[path])
        self.visits[path] += 1
        try:
            await self.routes.get(path, self.default)(exchange)
        finally:
            self._under_way -= 1
