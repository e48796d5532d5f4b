"""The pictures and a quick server for them, in a process of its own: Go's where Go is installed, else one in Python."""

from __future__ import annotations

import asyncio
import io
import multiprocessing
import shutil
import subprocess
import tempfile
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
    """Answer ``/n.jpg`` with the n-th file from memory, keeping connections open; runs until it is terminated."""
    bodies = [file.read_bytes() for file in files]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                path = head.split(b" ", 2)[1].strip(b"/").removesuffix(b".jpg")
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
def served(files: list[Path]) -> Iterator[tuple[str, list[str]]]:
    """Serve ``files`` (``n.jpg`` of one folder) inside the block; yields what serves them, and their addresses."""
    go = shutil.which("go")
    with _served_by_go(go, files[0].parent) if go else _served_by_python(files) as port:
        yield (
            "Go's file server" if go else "a server in Python",
            [f"http://127.0.0.1:{port}/{file.name}" for file in files],
        )


@contextmanager
def _served_by_go(go: str, folder: Path) -> Iterator[int]:
    with tempfile.TemporaryDirectory() as made:
        program = Path(made) / "serve"
        subprocess.run([go, "build", "-o", program, Path(__file__).with_name("serve.go")], check=True)
        with subprocess.Popen([program, folder], stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout is not None
                yield int(server.stdout.readline())
            finally:
                server.terminate()


@contextmanager
def _served_by_python(files: list[Path]) -> Iterator[int]:
    here, there = multiprocessing.Pipe()
    server = multiprocessing.Process(target=_serve, args=(files, there), daemon=True)
    server.start()
    try:
        yield here.recv()
    finally:
        server.terminate()
        server.join()
