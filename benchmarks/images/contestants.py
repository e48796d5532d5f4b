"""What is timed, each in a process of its own that prints one JSON object: images, seconds, CPU seconds, peak memory.

    python -m benchmarks.images.contestants whole FILES
    python -m benchmarks.images.contestants decode FILES
    python -m benchmarks.images.contestants step ADDRESSES

FILES and ADDRESSES are text files with one a line.
"""

from __future__ import annotations

import io
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
from PIL import Image

from heritage_assets.curation.images import FetchSettings, decode_image, fetch_images
from heritage_assets.curation.images.decode import decoding_pool
from heritage_assets.curation.schemas import IMAGE_TASKS
from heritage_assets.stores.objects import FolderStore

SETTINGS = FetchSettings(allowed_networks=("127.0.0.0/8",), host_concurrency=32)
WARM_UP = 16
"""Items that are not counted, so that imports are not."""


def memory_folder() -> str | None:
    """Return where files are kept in memory, if anywhere: what is written there is not a matter of the disk."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def whole(files: list[str]) -> float:
    """Return the seconds of decoding every pixel of files in memory by Pillow alone, in as many threads as the step has."""

    def work(body: bytes) -> None:
        with Image.open(io.BytesIO(body)) as image:
            image.load()

    return _from_memory(files, work)


def decode(files: list[str]) -> float:
    """Return the seconds of the step's own decoder alone: to the upright sRGB pixels of the derivative, at reduced scale where
    that is enough. Nothing is hashed, encoded, stored or sent.
    """
    limits = {"max_pixels": SETTINGS.max_pixels, "max_frames": SETTINGS.max_frames}
    return _from_memory(files, lambda body: decode_image(body, SETTINGS.derivative_side, **limits))


def _from_memory(files: list[str], work: Callable[[bytes], object]) -> float:
    bodies = [Path(file).read_bytes() for file in files]
    started = time.perf_counter()
    with decoding_pool(SETTINGS.decode_threads) as threads:
        for _ in threads.map(work, bodies):
            pass
    return time.perf_counter() - started


def step(addresses: list[str]) -> float:
    """Return the seconds of the whole step: fetch, check, decode, derivative, thumbnail, both hashes, store, table rows."""
    rows = [
        {"guid": str(number), "batch": "b", "dataset": "d", "url": url, "iiif_service": None}
        for number, url in enumerate(addresses)
    ]
    tasks = pa.Table.from_pylist(rows, schema=IMAGE_TASKS).to_batches(max_chunksize=1_024)
    with tempfile.TemporaryDirectory(dir=memory_folder()) as folder:
        started = time.perf_counter()
        good = 0
        for batch in fetch_images(iter(tasks), FolderStore(Path(folder)), SETTINGS):
            good += batch["status"].to_pylist().count("OK")
        seconds = time.perf_counter() - started
    if good != len(addresses):
        raise SystemExit(f"only {good} of {len(addresses)} came")
    return seconds


def main(what: str, listing: Path) -> None:
    """Run one contestant and print its figures."""
    items = listing.read_text(encoding="utf-8").split()
    work = {"whole": whole, "decode": decode, "step": step}[what]
    work(items[:WARM_UP])
    before = resource.getrusage(resource.RUSAGE_SELF)
    seconds = work(items)
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    figures = {"images": len(items), "seconds": seconds, "cpu_seconds": cpu, "peak_mb": used.ru_maxrss / 1024}
    print(json.dumps(figures))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
