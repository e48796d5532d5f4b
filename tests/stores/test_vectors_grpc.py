"""Points that go over gRPC arrive as those over REST do. A gRPC server in this process hands them on to the embedded endpoint."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import grpc as rpc
import numpy as np
import pytest
from qdrant_client import QdrantClient, grpc
from qdrant_client.conversions.conversion import GrpcToRest
from vector_servers import running

from heritage_assets.stores.vector_settings import VectorSettings
from heritage_assets.stores.vectors import VectorStore, VectorStoreError, VectorStoreUnavailableError

DIMS = {"embedding_image": 8, "embedding_text": 8}


class Forwarding(grpc.PointsServicer):
    """Takes upserts as Qdrant's gRPC does and writes them with Qdrant's own client."""

    def __init__(self, url):
        self.client = QdrantClient(url, trust_env=False, check_compatibility=False)
        self.refusals, self.sizes, self.keys = [], [], []

    def Upsert(self, request, context):
        self.keys.append(dict(context.invocation_metadata()).get("api-key"))
        if self.refusals:
            context.abort(self.refusals.pop(0), "not now")
        self.sizes.append(len(request.points))
        points = [GrpcToRest.convert_point_struct(one) for one in request.points]
        self.client.upsert(request.collection_name, points, wait=request.wait)
        return grpc.PointsOperationResponse()


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with running("embedded", tmp_path_factory) as found:
        yield found


@pytest.fixture
def served(url):
    servicer = Forwarding(url)
    server = rpc.server(ThreadPoolExecutor(2), options=[("grpc.max_receive_message_length", 32 << 20)])
    grpc.add_PointsServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    stores = []

    def open_store(attempts=3):
        store = VectorStore(url, "secret", server=VectorSettings(grpc_port=port), attempts=attempts)
        name = f"grpc-{uuid.uuid4()}"
        store.ensure(name, DIMS)
        stores.append(store.on(name))
        return stores[-1]

    yield open_store, servicer
    for store in stores:
        store.drop(store.collection)
        store.close()
    server.stop(0).wait(5)
    servicer.client.close()


def archive(count=50):
    rng = np.random.default_rng(3)
    guids = [f"obj-{row}" for row in range(count)]
    vectors = {name: rng.standard_normal((count, size)).astype(np.float32) for name, size in DIMS.items()}
    payloads = [{"year": 1900 + row, "language": ["de", "fr"], "status": "pending", "x": None} for row in range(count)]
    return guids, vectors, {"embedding_text": rng.random(count) > 0.3}, payloads


@pytest.mark.filterwarnings("ignore:Api key is used with an insecure connection")
def test_points_over_grpc_are_those_over_rest(url, served):
    open_store, servicer = served
    store = open_store()
    guids, vectors, present, payloads = archive()
    store.upsert(guids, vectors, present, payloads)
    assert servicer.sizes == [50]
    assert servicer.keys == ["secret"]
    over_grpc = store.payloads(guids), {name: store.vectors(guids, name) for name in DIMS}
    rest = VectorStore(url).on(store.collection)
    rest.upsert(guids, vectors, present, payloads)
    over_rest = rest.payloads(guids), {name: rest.vectors(guids, name) for name in DIMS}
    assert over_grpc[0] == over_rest[0]
    for name in DIMS:
        assert over_grpc[1][name].keys() == over_rest[1][name].keys()
        assert all(np.array_equal(over_grpc[1][name][guid], over_rest[1][name][guid]) for guid in over_rest[1][name])


@pytest.mark.filterwarnings("ignore:Api key is used with an insecure connection")
def test_failures_are_tried_again_and_refusals_are_not(served):
    open_store, servicer = served
    store = open_store(attempts=2)
    guids, vectors, _, payloads = archive(3)
    servicer.refusals = [rpc.StatusCode.UNAVAILABLE]
    store.upsert(guids, vectors, None, payloads)
    assert store.count() == 3
    servicer.refusals = [rpc.StatusCode.RESOURCE_EXHAUSTED] * 2
    with pytest.raises(VectorStoreUnavailableError, match=r"RESOURCE_EXHAUSTED: not now.*HERITAGE_VECTORS__GRPC_PORT"):
        store.upsert(guids, vectors, None, payloads)
    servicer.refusals = [rpc.StatusCode.NOT_FOUND]
    with pytest.raises(VectorStoreError, match="not now") as caught:
        store.upsert(guids, vectors, None, payloads)
    assert caught.value.not_found
    assert not servicer.refusals


@pytest.mark.filterwarnings("ignore:Api key is used with an insecure connection")
def test_a_message_too_large_for_a_server_goes_in_halves(served):
    open_store, servicer = served
    store = open_store()
    guids, vectors, _, _ = archive(3)
    store.upsert(guids, vectors, None, [{"note": "x" * (10 << 20)}] * 3)
    assert store.count() == 3
    assert max(servicer.sizes) < 3
