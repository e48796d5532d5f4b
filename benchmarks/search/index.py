"""Compare the embedded endpoint's index with comparing all points: seconds to make it, milliseconds a query, recall.

    python -m benchmarks.search.index --rows 50000

Vectors are unit vectors of 512 numbers, embedding-like; queries come in batches of 16, as the application sends them.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import qdrant_edge as edge

from benchmarks.duplicates.vectors import embedding_like
from benchmarks.search.archive import DIMENSIONS
from benchmarks.search.recall import recall
from heritage_assets.embedded.vector_endpoint.catalog import Catalog
from heritage_assets.embedded.vector_endpoint.collection import Collection
from heritage_assets.embedded.vector_endpoint.indexing import optimize

LIMIT = 30
BATCH = 16


def main() -> None:
    """Run the comparison and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--queries", type=int, default=320)
    options = parser.parse_args()
    vectors = embedding_like(options.rows + options.queries, DIMENSIONS)
    stored, asked = vectors[: options.rows], vectors[options.rows :]
    with tempfile.TemporaryDirectory() as folder:
        catalog = Catalog(Path(folder))
        catalog.create("c", {"vectors": {"size": DIMENSIONS, "distance": "Cosine"}})
        collection = catalog.get("c")
        for start in range(0, options.rows, 1_000):
            part = enumerate(stored[start : start + 1_000], start)
            collection.update(
                edge.UpdateOperation.upsert_points([edge.Point(row, one.tolist(), {}) for row, one in part])
            )
        scanned, truth = _queried(collection, asked, exact=True)
        collection.close()
        started = time.perf_counter()
        optimize(collection.folder)
        seconds = time.perf_counter() - started
        indexed, found = _queried(collection, asked, exact=False)
        exact, _ = _queried(collection, asked, exact=True)
        catalog.close()
    share = recall([set(one) for one in found], [set(one) for one in truth])
    print(
        f"{options.rows:,} points; the index takes {seconds:.0f} s to make; recall of the {LIMIT} nearest {share:.4f}\n"
    )
    print("| query | ms |\n|---|---:|")
    print(
        f"| all points compared | {scanned:.2f} |\n| through the index | {indexed:.2f} |\n| exact, beside it | {exact:.2f} |"
    )


def _queried(collection: Collection, asked: np.ndarray, *, exact: bool) -> tuple[float, list[list[int | str]]]:
    """Return milliseconds a query, and the ids found; the first batch warms up."""
    requests = [
        edge.QueryRequest(
            limit=LIMIT,
            offset=0,
            query=edge.Query.Nearest(one.tolist()),
            with_payload=False,
            with_vector=False,
            params=edge.SearchParams(exact=exact),
        )
        for one in asked
    ]
    collection.read("query_batch", edge.QueryBatchRequest(requests[:BATCH]))
    found: list[list[int | str]] = []
    started = time.perf_counter()
    for start in range(0, len(requests), BATCH):
        answers = collection.read("query_batch", edge.QueryBatchRequest(requests[start : start + BATCH]))
        found += [[point.id for point in points] for points in answers]
    return (time.perf_counter() - started) * 1_000 / len(requests), found


if __name__ == "__main__":
    main()
