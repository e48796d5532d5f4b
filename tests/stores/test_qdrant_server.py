"""What only a real Qdrant server shows: TLS, keys, gRPC, layouts, snapshots, kills and a node that is lost."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from certificates import sign_for_loopback
from qdrant_server import QdrantServer, program_or_skip

from heritage_assets.stores.vector_schema import PAYLOAD_FIELDS
from heritage_assets.stores.vector_settings import Quantization, VectorSettings
from heritage_assets.stores.vectors import VectorStore, VectorStoreError, VectorStoreUnavailableError

KEY = "a-secret-of-the-tests"
DIMS = {"embedding_image": 32, "combined": 64}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QdrantServer]:
    """A server with TLS on both ports and an API key."""
    program, folder = program_or_skip(), tmp_path_factory.mktemp("qdrant")
    running = QdrantServer(program, folder, api_key=KEY, certificates=sign_for_loopback(folder / "tls"))
    running.start()
    yield running
    running.kill()


def connect(server: QdrantServer, key: str | None = KEY, attempts: int = 3, **settings: Any) -> VectorStore:
    """Connect as the platform does, trusting the tests' authority."""
    authority = str(server.certificates.authority) if server.certificates else None
    return VectorStore(
        server.url, key, attempts=attempts, server=VectorSettings(**{"ca_bundle": authority, **settings})
    )


def archive(count: int, seed: int = 1) -> tuple[list[str], dict[str, np.ndarray], None, list[dict[str, Any]]]:
    """Random points with their payloads."""
    rng = np.random.default_rng(seed)
    vectors = {name: rng.standard_normal((count, size)).astype(np.float32) for name, size in DIMS.items()}
    payloads = [{"year": 1500 + row % 400, "language": ["de", "fr"][: row % 3], "batch": "b"} for row in range(count)]
    return [f"/set/{row}" for row in range(count)], vectors, None, payloads


def nearest(store: VectorStore, vectors: np.ndarray) -> list[list[str]]:
    """The five nearest of the first ten points."""
    return [[hit.guid for hit in hits] for hits in store.search_many(vectors[:10], "embedding_image", 5)]


def test_points_written_over_grpc_and_rest_are_the_same(server: QdrantServer) -> None:
    guids, vectors, present, payloads = archive(200)
    found = []
    for settings in ({}, {"grpc_port": server.grpc_port, "parallel": 4}):
        store = connect(server, **settings)
        made = store.on(store.ensure_collection(f"both-{uuid.uuid4()}", DIMS))
        made.upsert(guids, vectors, present, payloads)
        stored = made.vectors(guids, "combined")
        found.append(
            (made.count(), {row["id_object"]: row for row in made.scroll()}, nearest(made, vectors["embedding_image"]))
        )
        unit = vectors["combined"] / np.linalg.norm(vectors["combined"], axis=1, keepdims=True)
        for row, guid in enumerate(guids):
            np.testing.assert_allclose(stored[guid], unit[row], atol=1e-5)
        store.close()
    assert found[0] == found[1]
    assert found[0][0] == 200


@pytest.mark.parametrize("key", [None, "wrong"])
def test_a_wrong_key_is_refused_at_once(server: QdrantServer, key: str | None) -> None:
    with pytest.raises(VectorStoreError, match="HERITAGE_QDRANT_API_KEY") as refused:
        connect(server, key).collections()
    assert refused.value.status in (401, 403)
    assert not isinstance(refused.value, VectorStoreUnavailableError), "no use trying again"


@pytest.mark.filterwarnings("ignore:Api key is used")
def test_a_wrong_key_is_refused_over_grpc_too(server: QdrantServer) -> None:
    good = connect(server)
    name = good.ensure_collection(f"key-{uuid.uuid4()}", DIMS)
    bad = connect(server, "wrong", grpc_port=server.grpc_port)
    with pytest.raises(VectorStoreError, match="key") as refused:
        bad.on(name).upsert(*archive(3))
    assert refused.value.status in (401, 403)
    assert good.on(name).count() == 0


def test_an_authority_that_nobody_named_is_not_trusted(server: QdrantServer) -> None:
    with pytest.raises(VectorStoreUnavailableError, match="HERITAGE_VECTORS__CA_BUNDLE"):
        connect(server, attempts=1, ca_bundle=None).collections()


def test_collections_lie_as_the_settings_say(server: QdrantServer) -> None:
    store = connect(
        server, on_disk=True, payload_on_disk=True, quantization=Quantization.SCALAR, shards=2, indexing_threshold_kib=1
    )
    made = store.on(store.ensure_collection(f"layout-{uuid.uuid4()}", DIMS))
    guids, vectors, present, payloads = archive(2_000)
    made.upsert(guids, vectors, present, payloads)
    info = store.client.get_collection(made.collection)
    params = info.config.params
    assert {name: (one.size, one.on_disk) for name, one in params.vectors.items()} == {
        name: (size, True) for name, size in DIMS.items()
    }
    assert (params.shard_number, params.on_disk_payload) == (2, True)
    assert info.config.quantization_config.scalar.type == "int8"
    assert info.config.optimizer_config.indexing_threshold == 1
    assert set(info.payload_schema) == set(PAYLOAD_FIELDS)
    first = [hits[0] for hits in nearest(made, vectors["embedding_image"])]
    assert first == guids[:10], "what quantized vectors found is compared again by full ones"


def test_a_snapshot_brings_a_lost_collection_back(server: QdrantServer) -> None:
    store = connect(server)
    guids, vectors, present, payloads = archive(300)
    made = store.on(store.ensure_collection(f"kept-{uuid.uuid4()}", DIMS))
    made.upsert(guids, vectors, present, payloads)
    before = nearest(made, vectors["embedding_image"])
    name = made.snapshot()
    assert name is not None
    snapshots = server.folder / "snapshots"  # the only place that the server reads files from
    kept = (snapshots / made.collection / name).rename(snapshots / name)
    store.drop(made.collection)
    assert made.collection not in store.collections()
    assert store.client.recover_snapshot(made.collection, location=kept.as_uri(), wait=True)
    assert made.count() == 300
    assert nearest(made, vectors["embedding_image"]) == before


def test_killed_in_the_middle_it_loses_nothing_that_it_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = QdrantServer(program_or_skip(), tmp_path)
    server.start()
    store = connect(server, None, attempts=2)
    made = store.on(store.ensure_collection("outage", DIMS))
    guids, vectors, present, payloads = archive(6_000)
    answered: list[int] = []
    real = VectorStore._put_points

    def killing(self: VectorStore, points: list[dict[str, Any]]) -> None:
        if len(answered) == 2:
            server.kill()
        real(self, points)
        answered.append(len(points))

    monkeypatch.setattr(VectorStore, "_put_points", killing)
    with pytest.raises(VectorStoreUnavailableError, match="HERITAGE_QDRANT_URL"):
        made.upsert(guids, vectors, present, payloads)
    monkeypatch.undo()
    server.start()
    assert made.count() == sum(answered) > 0
    made.upsert(guids, vectors, present, payloads)
    assert made.count() == 6_000
    server.kill()


def test_copies_on_two_nodes_outlive_the_loss_of_one(tmp_path: Path) -> None:
    program = program_or_skip()
    first = QdrantServer(program, tmp_path / "first", in_cluster=True)
    second = QdrantServer(program, tmp_path / "second", in_cluster=True, bootstrap=first)
    for node in (first, second):
        node.start()
    try:
        await_peers(first, 2)
        store = connect(first, None, attempts=8, shards=2, replicas=2, write_consistency=1)
        made = store.on(store.ensure_collection("copies", DIMS))
        guids, vectors, present, payloads = archive(500)
        made.upsert(guids, vectors, present, payloads)
        before = nearest(made, vectors["embedding_image"])
        second.kill()
        assert nearest(made, vectors["embedding_image"]) == before
        assert made.count() == 500
    finally:
        first.kill()
        second.kill()


def await_peers(server: QdrantServer, count: int) -> None:
    """Wait until that many nodes know each other."""
    for _ in server.waiting("nodes that know each other"):
        answer = httpx.get(f"{server.url}/cluster", trust_env=False).json()["result"]
        if len(answer["peers"]) == count and answer["raft_info"]["leader"]:
            return
