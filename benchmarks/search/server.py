"""What a Qdrant server makes of the platform's settings: time to load, recall and time of a query for each layout.

    python -m benchmarks.search.server http://127.0.0.1:6333 --grpc-port 6334

Points are written by the platform's own client, over REST, over gRPC, and several requests at a time; queries go as those of the
search application do. The truth is the exact search over full vectors. Collections are made anew and deleted at the end.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt

from benchmarks.duplicates.vectors import embedding_like
from benchmarks.search.archive import DIMENSIONS
from benchmarks.search.recall import exact_nearest, recall
from heritage_assets.stores.vector_settings import Quantization, VectorSettings
from heritage_assets.stores.vectors import VectorStore

Floats = npt.NDArray[np.float32]
LIMIT = 10
VECTOR = "embedding_image"
INDEXED_SECONDS = 600
LOADING = {
    "REST": VectorSettings(),
    "REST, 4 requests at a time": VectorSettings(parallel=4),
    "gRPC": VectorSettings(grpc_port=1),
    "gRPC, 4 requests at a time": VectorSettings(grpc_port=1, parallel=4),
}
"""Ways to write; the port of gRPC is put in."""
LAYOUTS = {
    "full vectors": VectorSettings(),
    "full vectors on disk": VectorSettings(on_disk=True),
    "scalar": VectorSettings(quantization=Quantization.SCALAR),
    "scalar, full vectors on disk": VectorSettings(quantization=Quantization.SCALAR, on_disk=True),
    "binary": VectorSettings(quantization=Quantization.BINARY),
}


def main() -> None:
    """Measure each way to load and each layout, and print tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help="the server's address; its key is HERITAGE_QDRANT_API_KEY")
    parser.add_argument("--grpc-port", type=int, default=6334)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--queries", type=int, default=300)
    options = parser.parse_args()
    vectors = embedding_like(options.rows + options.queries, DIMENSIONS)
    stored, asked = vectors[options.queries :], vectors[: options.queries]
    truth = [{str(row) for row in rows} for rows in exact_nearest(asked, stored, LIMIT)]
    print(
        f"{len(stored):,} vectors of {stored.shape[1]} numbers; recall of the {LIMIT} nearest, {len(asked)} queries\n"
    )
    print("| written over | points a second |\n|---|---:|")
    for name, settings in LOADING.items():
        port = options.grpc_port if settings.grpc_port else None
        # Without an index meanwhile, as a large archive is loaded.
        with collection(
            options.url, settings.model_copy(update={"grpc_port": port, "indexing_threshold_kib": 0})
        ) as empty:
            print(f"| {name} | {len(stored) / load(empty, stored):,.0f} |", flush=True)
    print("\n| layout | recall | ms a query |\n|---|---:|---:|")
    for name, settings in LAYOUTS.items():
        chosen = {"grpc_port": options.grpc_port, "parallel": 4, "indexing_threshold_kib": 1_000}
        with collection(options.url, settings.model_copy(update=chosen)) as filled:
            load(filled, stored)
            await_index(filled)
            found, milliseconds = searched(filled, asked, truth)
            print(f"| {name} | {found:.4f} | {milliseconds:.2f} |", flush=True)


@contextmanager
def collection(url: str, settings: VectorSettings) -> Iterator[VectorStore]:
    """Give an empty collection of that layout; it is deleted at the end."""
    store = VectorStore(url, os.environ.get("HERITAGE_QDRANT_API_KEY"), server=settings)
    name = f"benchmark-{os.getpid()}"
    store.ensure(name, {VECTOR: DIMENSIONS})
    try:
        yield store.on(name)
    finally:
        store.drop(name)
        store.close()


def load(store: VectorStore, vectors: Floats) -> float:
    """Write all points; return seconds."""
    started = time.perf_counter()
    store.upsert([str(row) for row in range(len(vectors))], {VECTOR: vectors})
    return time.perf_counter() - started


def await_index(store: VectorStore) -> None:
    """Wait until the server has indexed what it will: nothing is left to do, seen three times, since work comes in pieces."""
    end, seen = time.monotonic() + INDEXED_SECONDS, 0
    while time.monotonic() < end:
        info = store.client.get_collection(store.collection)
        seen = seen + 1 if info.status == "green" and info.indexed_vectors_count else 0
        if seen == 3:
            return
        time.sleep(0.5)
    raise TimeoutError(f"{store.collection} is not indexed after {INDEXED_SECONDS} s")


def searched(store: VectorStore, asked: Floats, truth: list[set[str]]) -> tuple[float, float]:
    """Return the part of the nearest that is found, and milliseconds a query."""
    store.search(asked[0], VECTOR, LIMIT)
    started = time.perf_counter()
    found = [{hit.guid for hit in store.search(one, VECTOR, LIMIT)} for one in asked]
    milliseconds = (time.perf_counter() - started) * 1_000 / len(asked)
    return recall(found, truth), milliseconds


if __name__ == "__main__":
    main()
