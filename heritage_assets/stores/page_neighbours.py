"""Neighbours of pages in the vector store: a collection of its own for each grouping of unordered scans, gone afterwards."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from heritage_assets.curation.pages.methods import Nearest
from heritage_assets.curation.pages.signals import Floats
from heritage_assets.curation.pages.similarity import LOOKS_SIZE
from heritage_assets.stores.vector_schema import ID_FIELD
from heritage_assets.stores.vectors import VectorStore

VECTOR = "looks"


def lazily(store: Callable[[], VectorStore], dataset: str) -> Nearest:
    """Return a way to find neighbours that opens the store, and makes the collection, when it is first told of scans.

    :func:`finding_neighbours` removes the collection again; use that.
    """
    opened: list[VectorStore] = []

    def collection() -> VectorStore:
        from qdrant_client.models import Distance, VectorParams

        if not opened:
            mine = store().on(collection_of(dataset))
            mine.drop(mine.collection)
            looks = VectorParams(size=LOOKS_SIZE, distance=Distance.COSINE)
            mine.client.create_collection(mine.collection, vectors_config={VECTOR: looks})
            opened.append(mine)
        return opened[0]

    def add(guids: list[str], vectors: Floats) -> None:
        collection().upsert(guids, {VECTOR: vectors})

    def find(vectors: Floats, limit: int) -> list[list[str]]:
        hits = collection().search_many(vectors, VECTOR, limit, fields=[ID_FIELD])
        return [[hit.guid for hit in found] for found in hits]

    def close() -> None:
        for mine in opened:
            mine.drop(mine.collection)

    return Nearest(add, find, close)


@contextmanager
def finding_neighbours(store: Callable[[], VectorStore], dataset: str) -> Iterator[Nearest]:
    """Find neighbours among the scans of a dataset inside the block; nothing is opened that is not needed."""
    nearest = lazily(store, dataset)
    try:
        yield nearest
    finally:
        nearest.close()


def collection_of(dataset: str) -> str:
    """Return the collection of a dataset's pages."""
    return f"pages__{hashlib.sha256(dataset.encode()).hexdigest()[:16]}"
