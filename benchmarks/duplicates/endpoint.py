"""Duplicates by way of a vector endpoint: point by point, as pipelines without a join do, and by this join."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt

from benchmarks.duplicates.contestants import Outcome
from heritage_assets.curation.duplicates import similar_pairs
from heritage_assets.stores.vector_schema import point_id
from heritage_assets.stores.vectors import VectorStore

Floats = npt.NDArray[np.float32]
NAME = "embedding_image"
AT_ONCE = 2_000


@contextmanager
def loaded(store: VectorStore, vectors: Floats) -> Iterator[VectorStore]:
    """Give a collection that holds one pending point for each vector, and drop it at the end."""
    name = store.ensure_collection(f"benchmark-{uuid.uuid4().hex[:8]}", {NAME: vectors.shape[1]})
    points = store.on(name)
    try:
        for start in range(0, len(vectors), AT_ONCE):
            part = vectors[start : start + AT_ONCE]
            guids = [_guid(start + row) for row in range(len(part))]
            points.upsert(guids, {NAME: part}, payloads=[{"status": "pending"}] * len(part))
        yield points
    finally:
        store.drop(name)


def point_by_point(points: VectorStore, vectors: Floats, threshold: float, rows: int) -> Outcome:
    """One search and one payload update for each point, by the endpoint's usual client; ``rows`` points are measured."""
    client, sample = points.client, np.linspace(0, len(vectors) - 1, rows).astype(int).tolist()
    start = time.perf_counter()
    for row in sample:
        hits = client.query_points(
            points.collection, query=vectors[row].tolist(), using=NAME, limit=10, score_threshold=threshold
        ).points
        payload = {"status": "validated", "canonical_id": min(str(hit.id) for hit in hits)}
        client.set_payload(points.collection, payload, points=[point_id(_guid(row))], wait=True)
    seconds = time.perf_counter() - start
    note = f"search, then set payload: {rows:,} points took {seconds:.1f} s, scaled to {len(vectors):,}"
    return Outcome("point by point on the endpoint", seconds / rows * len(vectors), None, rows, note)


def join_and_tell(points: VectorStore, vectors: Floats, threshold: float) -> Outcome:
    """This join, and the same payload fields for every point, many in a request."""
    start = time.perf_counter()
    pairs = similar_pairs(vectors, threshold)
    smallest = np.arange(len(vectors))
    np.minimum.at(smallest, pairs.j, pairs.i)
    joined = time.perf_counter() - start
    told = points.set_payloads(
        (_guid(row), {"status": "validated", "canonical_id": point_id(_guid(one))})
        for row, one in enumerate(smallest.tolist())
    )
    seconds = time.perf_counter() - start
    note = f"the join {joined:.1f} s, then {told:,} payloads set, 1,000 in a request"
    return Outcome("this join, payloads in bulk", seconds, len(pairs), len(vectors), note)


def _guid(row: int) -> str:
    return f"/bench/{row:08d}"
