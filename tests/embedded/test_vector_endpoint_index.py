"""The index of big collections: made aside, taken only when nothing was written meanwhile, and never in the way of exactness."""

import asyncio

import numpy as np
import pytest
import qdrant_edge as edge

from heritage_assets.embedded.vector_endpoint.catalog import Catalog
from heritage_assets.embedded.vector_endpoint.indexing import Indexer, is_due

ROWS, DIM, LIMIT = 3_000, 128, 10
RNG = np.random.default_rng(0)
VECTORS = RNG.standard_normal((ROWS, DIM)).astype(np.float32)


def points(rows):
    return edge.UpdateOperation.upsert_points(
        [edge.Point(row, VECTORS[row % ROWS].tolist(), {"batch": f"b{row % 3}"}) for row in rows]
    )


def nearest(collection, exact):
    requests = [
        edge.QueryRequest(
            limit=LIMIT,
            offset=0,
            query=edge.Query.Nearest(vector.tolist()),
            with_payload=False,
            with_vector=False,
            params=edge.SearchParams(exact=exact),
        )
        for vector in VECTORS[:40]
    ]
    return [[one.id for one in found] for found in collection.read("query_batch", edge.QueryBatchRequest(requests))]


@pytest.fixture
def catalog(tmp_path):
    made = Catalog(tmp_path / "vectors")
    made.create("c", {"vectors": {"size": DIM, "distance": "Cosine"}})
    made.get("c").update(points(range(ROWS)))
    yield made
    made.close()


async def made_once(indexer, meanwhile=lambda: None):
    indexer.look()
    assert not indexer.busy, "a collection just seen may be being written"
    indexer.look()
    assert indexer.busy
    await asyncio.sleep(0)
    meanwhile()
    await indexer._at_work


def test_an_index_is_made_aside_and_every_point_is_found_through_it(catalog, tmp_path):
    collection = catalog.get("c")
    before, old = nearest(collection, True), collection.folder
    assert is_due(collection, ROWS)
    asyncio.run(made_once(Indexer(catalog, points=ROWS, quiet_seconds=0)))
    assert catalog.get("c") is collection and collection.folder != old
    assert [one.name for one in old.parent.iterdir()] == [collection.folder.name]
    assert collection.read("info").indexed_vectors_count == ROWS
    assert nearest(collection, True) == before
    shared = [len(set(a) & set(b)) for a, b in zip(nearest(collection, False), before, strict=True)]
    assert np.mean(shared) > 0.9 * LIMIT
    assert not is_due(collection, ROWS)
    collection.update(points([ROWS + 1]))
    assert not is_due(collection, ROWS), "a few new points need no new index"
    collection.update(points(range(ROWS, ROWS + ROWS // 4)))
    assert is_due(collection, ROWS)
    catalog.close()
    again = Catalog(tmp_path / "vectors")
    assert again.get("c").read("info").points_count == ROWS + ROWS // 4
    again.close()


def test_what_is_written_meanwhile_is_kept_and_the_index_waits(catalog):
    collection, indexer = catalog.get("c"), Indexer(catalog, points=ROWS, quiet_seconds=0)
    old = collection.folder
    asyncio.run(made_once(indexer, meanwhile=lambda: collection.update(points([ROWS + 7]))))
    assert collection.folder == old and [one.name for one in old.parent.iterdir()] == [old.name]
    assert collection.read("info").points_count == ROWS + 1
    assert is_due(collection, ROWS)


def test_a_small_collection_gets_none(catalog):
    indexer = Indexer(catalog, points=ROWS + 1, quiet_seconds=0)
    indexer.look()
    indexer.look()
    assert not indexer.busy


def test_a_failed_index_leaves_the_collection_as_it_was(catalog, monkeypatch):
    from heritage_assets.embedded.vector_endpoint import indexing

    async def fails(folder):
        (folder / "broken").touch()
        raise RuntimeError("no memory")

    monkeypatch.setattr(indexing, "_optimize_aside", fails)
    collection, indexer = catalog.get("c"), Indexer(catalog, points=ROWS, quiet_seconds=0)
    old = collection.folder
    asyncio.run(made_once(indexer))
    assert collection.folder == old and [one.name for one in old.parent.iterdir()] == [old.name]
    indexer.look()
    assert not indexer.busy, "it is not tried again at once"
