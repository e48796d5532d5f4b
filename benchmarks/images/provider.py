"""The pictures and a quick server for them, in a process of its own."""

from __future__ import annotations

import asyncio
import io
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from PIL import Image


def write_photographs(folder: Path, count: int, side: int) -> list[Path]:
    """Write ``count`` different JPEGs, smooth with fine grain, ``side`` × 3/4 ``side`` pixels."""
    random = np.random.default_rng(1)
    made = []
    for number in range(count):
        coarse = Image.fromarray(random.integers(0, 256, (9, 12, 3), dtype=np.uint8))
        smooth = np.asarray(coarse.resize((side, side * 3 // 4), Image.Resampling.BICUBIC), np.int16)
        grain = random.integers(-6, 7, (side * 3 // 4, side, 1), dtype=np.int16)
        buffer = io.BytesIO()
        Image.fromarray((smooth + grain).clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=88)
        made.append(folder / f"{number}.jpg")
        made[-1].write_bytes(buffer.getvalue())
    return made


def _serve(files: list[Path], ready: Connection) -> None:
    """Answer ``/n`` with the n-th file from memory, keeping connections open; runs until it is terminated."""
    bodies = [file.read_bytes() for file in files]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                path = head.split(b" ", 2)[1].lstrip(b"/")
                body = bodies[int(path)] if path.isdigit() else b""
                status = b"200 OK" if body else b"404 Not Found"
                writer.write(
                    b"HTTP/1.1 %s\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % (status, len(body))
                )
                writer.write(body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def run() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=256)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


@contextmanager
def served(files: list[Path]) -> Iterator[list[str]]:
    """Serve the files inside the block; yields their addresses."""
    here, there = multiprocessing.Pipe()
    server = multiprocessing.Process(target=_serve, args=(files, there), daemon=True)
    server.start()
    try:
        port = here.recv()
        yield [f"http://127.0.0.1:{port}/{number}" for number in range(len(files))]
    finally:
        server.terminate()
        server.join()
