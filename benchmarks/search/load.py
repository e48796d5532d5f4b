"""Asking many times over a few connections, and what it took."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import numpy as np


@dataclass(frozen=True)
class Measured:
    """Milliseconds at the median and the 95th percentile, and answers a second."""

    p50: float
    p95: float
    per_second: float


def request(address: str, method: str, path: str, body: bytes = b"") -> bytes:
    """Return an HTTP/1.1 request, ready to send."""
    host = urlsplit(address).netloc
    head = f"{method} {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def ask(address: str, requests: Sequence[bytes], connections: int) -> Measured:
    """Send requests over ``connections`` kept-open connections, each sending its next when it has its answer.

    The client does no more than it must: it would take its share of the same cores.

    Raises:
        RuntimeError: an answer that is no success.
    """
    return asyncio.run(_ask(address, requests, connections))


def answer_to(address: str, data: bytes) -> bytes:
    """Send one request and return the body of its answer.

    Raises:
        RuntimeError: an answer that is no success.
    """

    async def once() -> bytes:
        parts = urlsplit(address)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(data)
        try:
            return await _answer(reader)
        finally:
            writer.close()

    return asyncio.run(once())


async def _ask(address: str, requests: Sequence[bytes], connections: int) -> Measured:
    waiting = list(reversed(requests))
    took: list[float] = []

    async def one() -> None:
        parts = urlsplit(address)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        while waiting:
            data = waiting.pop()
            started = time.perf_counter()
            writer.write(data)
            await _answer(reader)
            took.append(time.perf_counter() - started)
        writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(connections)))
    seconds = time.perf_counter() - started
    p50, p95 = np.percentile(np.asarray(took) * 1_000, [50, 95])
    return Measured(float(p50), float(p95), len(requests) / seconds)


async def _answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    status = head.split(b" ", 2)[1]
    lines = (line.partition(b":") for line in head.lower().split(b"\r\n"))
    length = next(int(value) for name, _, value in lines if name == b"content-length")
    body = await reader.readexactly(length)
    if status != b"200":
        raise RuntimeError(f"HTTP {status.decode()}: {body[:300].decode(errors='replace')}")
    return body
