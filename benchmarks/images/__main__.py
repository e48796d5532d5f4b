"""Images: what the whole step does per second, beside what the same cores decode from memory with the same decoder.

    python -m benchmarks.images --images 600 --side 1600 --rounds 3

The two are paired: each round times one after the other on the same images. The server is a process of its own on the same cores;
what it costs is the step's disadvantage.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import multiprocessing
import os
import resource
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image

from heritage_assets.curation.images import FetchSettings, decode_image, fetch_images
from heritage_assets.curation.schemas import IMAGE_TASKS
from heritage_assets.stores.objects import FolderStore


def photographs(count: int, side: int) -> list[bytes]:
    """Return ``count`` different JPEGs, smooth with fine grain, ``side`` × 3/4 ``side`` pixels."""
    random = np.random.default_rng(1)
    made = []
    for _ in range(count):
        coarse = Image.fromarray(random.integers(0, 256, (9, 12, 3), dtype=np.uint8))
        smooth = np.asarray(coarse.resize((side, side * 3 // 4), Image.Resampling.BICUBIC), np.int16)
        grain = random.integers(-6, 7, (side * 3 // 4, side, 1), dtype=np.int16)
        buffer = io.BytesIO()
        Image.fromarray((smooth + grain).clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=88)
        made.append(buffer.getvalue())
    return made


def serve(bodies: list[bytes], ready: Connection) -> None:
    """Answer ``/n`` with the n-th body, keeping connections open; runs until it is terminated."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                path = head.split(b" ", 2)[1].lstrip(b"/")
                body = bodies[int(path)] if path.isdigit() else b""
                status = b"200 OK" if body else b"404 Not Found"
                writer.write(
                    b"HTTP/1.1 %s\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % (status, len(body))
                    + body
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def run() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=256)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def decode_all(bodies: list[bytes], settings: FetchSettings) -> float:
    """Return images per second of decoding alone, from memory, with the step's own decoder and threads."""
    started = time.perf_counter()
    with ThreadPoolExecutor(settings.decode_threads) as threads:
        limits = {"max_pixels": settings.max_pixels, "max_frames": settings.max_frames}
        for _ in threads.map(lambda body: decode_image(body, settings.derivative_side, **limits), bodies):
            pass
    return len(bodies) / (time.perf_counter() - started)


def fetch_all(count: int, port: int, settings: FetchSettings) -> float:
    """Return images per second of the whole step: fetch, check, decode, derive, hash, store."""
    rows = [
        {"guid": str(n), "batch": "b", "dataset": "d", "url": f"http://127.0.0.1:{port}/{n}", "iiif_service": None}
        for n in range(count)
    ]
    tasks = pa.Table.from_pylist(rows, schema=IMAGE_TASKS).to_batches(max_chunksize=1_024)
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        good = sum(
            row["status"] == "OK"
            for batch in fetch_images(iter(tasks), FolderStore(Path(folder)), settings)
            for row in batch.to_pylist()
        )
        seconds = time.perf_counter() - started
    assert good == count, f"only {good} of {count} came"
    return count / seconds


def main() -> None:
    """Run the rounds and print what was measured."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--images", type=int, default=600)
    arguments.add_argument("--side", type=int, default=1600)
    arguments.add_argument("--rounds", type=int, default=3)
    chosen = arguments.parse_args()
    bodies = photographs(chosen.images, chosen.side)
    settings = FetchSettings(allowed_networks=("127.0.0.0/8",), host_concurrency=32)
    here, there = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(bodies, there), daemon=True)
    server.start()
    try:
        port = here.recv()
        ratios = []
        for number in range(1, chosen.rounds + 1):
            memory, whole = decode_all(bodies, settings), fetch_all(len(bodies), port, settings)
            ratios.append(whole / memory)
            print(
                f"round {number}: decode from memory {memory:.1f}/s, whole step {whole:.1f}/s, ratio {ratios[-1]:.2f}"
            )
    finally:
        server.terminate()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size = sum(map(len, bodies)) / len(bodies) / 1024
    print(
        f"{len(bodies)} JPEGs of {chosen.side} × {chosen.side * 3 // 4}, {size:.0f} kB each; {os.cpu_count()} cores; "
        f"median ratio {statistics.median(ratios):.2f}; peak memory {peak:.0f} MB with the {size * len(bodies) / 1024:.0f} MB "
        "of files"
    )


if __name__ == "__main__":
    main()
