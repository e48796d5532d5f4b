"""Qdrant's own client, as anybody uses it, against the embedded endpoint and against a Qdrant server."""

import time
import uuid
import warnings

import httpx
import numpy as np
import pytest
from qdrant_client import QdrantClient
from qdrant_client import models as m
from qdrant_client.http.exceptions import UnexpectedResponse
from vector_servers import SERVERS, running

COUNT = 30


@pytest.fixture(scope="module", params=SERVERS)
def url(request, tmp_path_factory):
    with running(request.param, tmp_path_factory) as found:
        yield found


@pytest.fixture(scope="module")
def client(url):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        connected = QdrantClient(url=url)
        time.sleep(0.3)  # the client compares versions in a thread, and would warn there
    yield connected
    connected.close()


def ident(row):
    return str(uuid.uuid5(uuid.NAMESPACE_URL, str(row)))


@pytest.fixture(scope="module")
def made(client):
    name = f"client-{uuid.uuid4()}"
    vectors = {
        "image": m.VectorParams(size=4, distance=m.Distance.COSINE),
        "text": m.VectorParams(size=3, distance=m.Distance.DOT),
    }
    assert client.create_collection(name, vectors_config=vectors)
    for field, schema in {"kind": "keyword", "year": "integer", "flag": "bool"}.items():
        result = client.create_payload_index(name, field, m.PayloadSchemaType(schema))
        assert result.status == m.UpdateStatus.COMPLETED
    yield name
    client.delete_collection(name)


@pytest.fixture
def name(client, made):
    """The collection with 30 points: images in the plane, a text vector for every third."""
    client.delete(made, m.FilterSelector(filter=m.Filter()))
    points = []
    for row in range(COUNT):
        angle = row * np.pi / COUNT
        vector = {"image": [np.cos(angle), np.sin(angle), 0.0, 0.0]}
        if row % 3 == 0:
            vector["text"] = [1.0, row, 0.0]
        payload = {
            "kind": ["coin", "map"][row % 2],
            "year": 1800 + row,
            "flag": row < 10,
            "tags": [f"t{row % 4}", "all"],
        }
        points.append(m.PointStruct(id=ident(row), vector=vector, payload=payload))
    assert client.upsert(made, points).status == m.UpdateStatus.COMPLETED
    return made


def rows(points):
    known = {ident(row): row for row in range(COUNT)}
    return [known[point.id] for point in points]


def test_collections_and_aliases(client, name):
    assert client.collection_exists(name)
    assert name in [one.name for one in client.get_collections().collections]
    info = client.get_collection(name)
    assert info.status == m.CollectionStatus.GREEN
    assert info.points_count == COUNT
    assert info.config.params.vectors["image"] == m.VectorParams(size=4, distance=m.Distance.COSINE)
    assert info.payload_schema["year"].data_type == m.PayloadSchemaType.INTEGER
    alias = f"alias-{uuid.uuid4()}"
    client.update_collection_aliases(
        [m.CreateAliasOperation(create_alias=m.CreateAlias(collection_name=name, alias_name=alias))]
    )
    assert client.count(alias).count == COUNT
    assert alias in [one.alias_name for one in client.get_collection_aliases(name).aliases]
    renamed = f"{alias}-2"
    client.update_collection_aliases(
        [m.RenameAliasOperation(rename_alias=m.RenameAlias(old_alias_name=alias, new_alias_name=renamed))]
    )
    assert not client.collection_exists(alias)
    client.update_collection_aliases([m.DeleteAliasOperation(delete_alias=m.DeleteAlias(alias_name=renamed))])
    assert renamed not in [one.alias_name for one in client.get_aliases().aliases]


@pytest.mark.parametrize(
    ("call", "status", "words"),
    [
        (lambda c, n: c.get_collection("nix"), 404, "Collection `nix` doesn't exist!"),
        (lambda c, n: c.count("nix"), 404, "doesn't exist"),
        (
            lambda c, n: c.create_collection(n, m.VectorParams(size=4, distance=m.Distance.COSINE)),
            409,
            "already exists",
        ),
        (lambda c, n: c.upsert(n, [m.PointStruct(id=ident(0), vector={"image": [1.0]})]), 400, "dim"),
        (lambda c, n: c.upsert(n, [m.PointStruct(id=ident(0), vector={"nix": [1.0]})]), 400, "nix"),
        (lambda c, n: c.query_points(n, query=[1.0], using="image"), 400, "dim"),
        (lambda c, n: c.query_points(n, query=[1.0] * 4, using="nix"), 400, "nix"),
        (lambda c, n: c.query_points(n, query=ident("nobody"), using="image"), 404, "No point with id"),
        (lambda c, n: c.set_payload(n, {"a": 1}, points=[ident("nobody")]), 404, "No point with id"),
        (lambda c, n: c.facet(n, "unindexed"), 400, "index"),
        (lambda c, n: c.scroll(n, order_by="kind"), 400, "index"),
        (lambda c, n: c.query_points(n, query=[1.0] * 4, using="image", limit=0), 422, "limit"),
    ],
)
def test_errors_have_the_servers_form(client, name, call, status, words):
    with pytest.raises(UnexpectedResponse) as caught:
        call(client, name)
    assert caught.value.status_code == status
    assert words in caught.value.structured()["status"]["error"]


def test_malformed_requests_are_refused(url, name):
    path = f"{url}/collections/{name}/points/scroll"
    for body in (
        b"{",
        b"[]",
        b'{"filter": {"musst": []}}',
        b'{"filter": {"must": [{"key": "kind"}]}}',
        b'{"offset": "x"}',
    ):
        response = httpx.post(path, content=body, headers={"content-type": "application/json"})
        assert response.status_code in (400, 422), body  # a server tells what it can't read from what it won't take
        assert response.json()["status"]["error"]


def test_retrieve_and_scroll(client, name):
    found = client.retrieve(name, [ident(3), ident("nobody")], with_payload=["year"], with_vectors=["text"])
    assert [point.payload for point in found] == [{"year": 1803}]
    assert found[0].vector == {"text": [1.0, 3.0, 0.0]}
    assert client.retrieve(name, [ident(1)], with_vectors=["text"])[0].vector == {}
    seen, offset = [], None
    while True:
        points, offset = client.scroll(name, limit=7, offset=offset, with_payload=False)
        seen += rows(points)
        assert all(not point.payload for point in points)
        if offset is None:
            break
    assert sorted(seen) == list(range(COUNT))
    points, _ = client.scroll(name, limit=3, order_by=m.OrderBy(key="year", direction=m.Direction.DESC))
    assert rows(points) == [29, 28, 27]


def test_filters_of_each_kind(client, name):
    def count(**filters):
        return client.count(name, m.Filter(**filters)).count

    def field(key, **condition):
        return m.FieldCondition(key=key, **condition)

    assert count(must=field("kind", match=m.MatchValue(value="coin"))) == 15
    assert count(must=[field("flag", match=m.MatchValue(value=True))]) == 10
    assert count(must=[field("tags", match=m.MatchAny(any=["t1", "t2"]))]) == 15
    assert count(must=[field("kind", match=m.MatchExcept(**{"except": ["coin"]}))]) == 15
    assert count(must_not=[field("year", range=m.Range(gte=1810))]) == 10
    assert count(should=[field("year", range=m.Range(lt=1801)), m.HasIdCondition(has_id=[ident(5)])]) == 2
    assert count(must=[m.HasVectorCondition(has_vector="text")]) == 10
    assert count(must=[m.IsEmptyCondition(is_empty=m.PayloadField(key="nix"))]) == COUNT
    assert count(must=[m.IsNullCondition(is_null=m.PayloadField(key="nix"))]) == 0
    assert count(must=[field("tags", values_count=m.ValuesCount(gte=2))]) == COUNT
    two_of = m.MinShould(
        conditions=[field("flag", match=m.MatchValue(value=True)), field("kind", match=m.MatchValue(value="map"))],
        min_count=2,
    )
    assert count(min_should=two_of) == 5
    assert count(must=[m.Filter(should=[field("year", match=m.MatchValue(value=1801))])]) == 1


def test_queries_of_each_kind(client, name):
    def query(query, **options):
        return client.query_points(name, query=query, **{"using": "image", "limit": 3, **options}).points

    found = query([1.0, 0.0, 0.0, 0.0], with_payload=m.PayloadSelectorInclude(include=["year"]), with_vectors=True)
    assert rows(found) == [0, 1, 2]
    assert found[0].score == pytest.approx(1.0)
    assert found[0].payload == {"year": 1800}
    assert found[0].vector["image"] == [1.0, 0.0, 0.0, 0.0]
    assert query([1.0, 0.0, 0.0, 0.0], with_payload=m.PayloadSelectorExclude(exclude=["tags", "kind"]))[0].payload == {
        "year": 1800,
        "flag": True,
    }
    assert rows(query([1.0, 0.0, 0.0, 0.0], offset=2, limit=2)) == [2, 3]
    assert rows(query([1.0, 0.0, 0.0, 0.0], score_threshold=0.99, limit=10)) == [0, 1]
    assert rows(query([1.0, 20.0, 0.0], using="text")) == [27, 24, 21]
    assert set(rows(query(ident(10), limit=2))) == {9, 11}
    assert rows(query(m.NearestQuery(nearest=ident(0)), limit=1)) == [1]
    for strategy in (
        None,
        m.RecommendStrategy.AVERAGE_VECTOR,
        m.RecommendStrategy.BEST_SCORE,
        m.RecommendStrategy.SUM_SCORES,
    ):
        recommend = m.RecommendInput(positive=[ident(4), ident(6)], strategy=strategy)
        nearest = {3, 5, 7} if strategy == m.RecommendStrategy.BEST_SCORE else {5}
        assert rows(query(m.RecommendQuery(recommend=recommend), limit=1))[0] in nearest
    away = m.RecommendQuery(recommend=m.RecommendInput(positive=[ident(10)], negative=[ident(5)]))
    assert min(rows(query(away))) > 10
    assert rows(query(m.OrderByQuery(order_by="year"), limit=2)) == [0, 1]
    assert len(query(m.SampleQuery(sample=m.Sample.RANDOM))) == 3
    fused = client.query_points(
        name,
        prefetch=[
            m.Prefetch(query=[1.0, 0.0, 0.0, 0.0], using="image", limit=5),
            m.Prefetch(query=[1.0, -1.0, 0.0], using="text", limit=5),
        ],
        query=m.FusionQuery(fusion=m.Fusion.RRF),
        limit=1,
    )
    assert rows(fused.points) == [0]


def test_queries_in_a_batch(client, name):
    requests = [
        m.QueryRequest(query=[1.0, 0.0, 0.0, 0.0], using="image", limit=1),
        m.QueryRequest(query=ident(10), using="image", limit=2, with_payload=True),
    ]
    first, second = client.query_batch_points(name, requests)
    assert rows(first.points) == [0]
    assert set(rows(second.points)) == {9, 11}
    assert second.points[0].payload["tags"]


def test_payload_writes_of_each_kind(client, name):
    def payload(row):
        return client.retrieve(name, [ident(row)])[0].payload

    client.set_payload(name, {"status": "new"}, points=[ident(1), ident(2)])
    assert payload(1)["status"] == "new"
    assert payload(1)["year"] == 1801
    coins = m.Filter(must=[m.FieldCondition(key="kind", match=m.MatchValue(value="coin"))])
    client.set_payload(name, {"status": "coin"}, points=coins)
    assert (
        client.count(name, m.Filter(must=[m.FieldCondition(key="status", match=m.MatchValue(value="coin"))])).count
        == 15
    )
    client.overwrite_payload(name, {"only": 1}, points=[ident(1)])
    assert payload(1) == {"only": 1}
    client.delete_payload(name, ["status", "tags"], points=[ident(2)])
    assert payload(2).keys() == {"kind", "year", "flag"}
    client.clear_payload(name, points_selector=[ident(2)])
    assert payload(2) == {}
    client.batch_update_points(
        name,
        [
            m.SetPayloadOperation(set_payload=m.SetPayload(payload={"a": 1}, points=[ident(3)])),
            m.DeletePayloadOperation(delete_payload=m.DeletePayload(keys=["year"], points=[ident(3)])),
            m.UpsertOperation(upsert=m.PointsList(points=[m.PointStruct(id=ident(4), vector={}, payload={"b": 2})])),
            m.DeleteOperation(delete=m.PointIdsList(points=[ident(5)])),
        ],
    )
    assert payload(3)["a"] == 1
    assert "year" not in payload(3)
    assert payload(4) == {"b": 2}
    assert client.count(name).count == COUNT - 1


def test_vector_writes_and_column_upserts(client, name):
    client.update_vectors(name, [m.PointVectors(id=ident(1), vector={"text": [0.0, 0.0, 2.0]})])
    client.delete_vectors(name, ["image"], [ident(1)])
    assert client.retrieve(name, [ident(1)], with_vectors=True)[0].vector == {"text": [0.0, 0.0, 2.0]}
    batch = m.Batch(
        ids=[7, ident(1)], vectors={"image": [[1.0, 0, 0, 0], [0, 1.0, 0, 0]]}, payloads=[{"x": 1}, {"x": 2}]
    )
    client.upsert(name, batch)
    assert client.retrieve(name, [7])[0].payload == {"x": 1}
    client.delete(name, [7])
    assert client.retrieve(name, [7]) == []


def test_limits_beyond_the_collection(client, name):
    found = client.query_points(name, query=[1.0, 0.0, 0.0, 0.0], using="image", limit=10_000_000).points
    assert len(found) == COUNT
    assert client.query_points(name, query=[1.0, 0.0, 0.0, 0.0], using="image", offset=10_000_000).points == []
    assert len(client.scroll(name, limit=10_000_000)[0]) == COUNT
    assert client.query_batch_points(name, []) == []


def test_one_bad_query_does_not_spoil_its_neighbours(client, url, name):
    from concurrent.futures import ThreadPoolExecutor

    def ask(number):
        wrong = number % 5 == 0
        search = m.QueryRequest(query=[1.0] * 4, using="image", limit=1 + number, filter=None)
        order = m.QueryRequest(
            query=m.OrderByQuery(order_by="kind"), limit=1
        )  # refused by the engine itself: no range index
        try:
            return len(client.query_batch_points(name, [order if wrong else search])[0].points)
        except UnexpectedResponse as error:
            return error.status_code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(30)))
    assert answers == [400 if number % 5 == 0 else number + 1 for number in range(30)]


def test_facets(client, name):
    assert {hit.value: hit.count for hit in client.facet(name, "kind").hits} == {"coin": 15, "map": 15}
    early = m.Filter(must=[m.FieldCondition(key="year", range=m.Range(lt=1803))])
    assert {hit.value: hit.count for hit in client.facet(name, "flag", facet_filter=early, exact=True).hits} == {
        True: 3
    }


def test_one_unnamed_vector(client):
    name = f"plain-{uuid.uuid4()}"
    client.create_collection(name, vectors_config=m.VectorParams(size=2, distance=m.Distance.EUCLID))
    client.upsert(name, [m.PointStruct(id=1, vector=[0.0, 1.0]), m.PointStruct(id=2, vector=[0.0, 3.0])])
    assert [(point.id, point.score) for point in client.query_points(name, query=[0.0, 2.5]).points] == [
        (2, 0.5),
        (1, 1.5),
    ]
    assert [point.id for point in client.query_points(name, query=1).points] == [2]
    assert client.retrieve(name, [1], with_vectors=True)[0].vector == [0.0, 1.0]
    assert client.delete_collection(name)
    assert not client.collection_exists(name)
