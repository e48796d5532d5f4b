"""What the platform asks of a vector store, against the embedded endpoint and against a Qdrant server."""

import threading
import uuid

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from vector_servers import SERVERS, running

from heritage_assets.stores.vector_settings import VectorSettings
from heritage_assets.stores.vectors import (
    CollectionMismatchError,
    PointsNotFoundError,
    VectorStore,
    VectorStoreError,
)

DIMS = {"embedding_image": 16, "embedding_text": 16, "combined": 32}
COUNT = 300


@pytest.fixture(scope="module", params=SERVERS)
def url(request, tmp_path_factory):
    with running(request.param, tmp_path_factory) as found:
        yield found


@pytest.fixture(scope="module")
def emptied(url):
    """One collection for the tests that write (its indexes take seconds to make on a slow disk)."""
    root = VectorStore(url)
    name = root.ensure_collection(f"test-{uuid.uuid4()}", DIMS)
    yield root.on(name)
    root.drop(name)
    root.close()


@pytest.fixture
def store(emptied):
    emptied.delete(payload["id_object"] for payload in list(emptied.scroll(fields=[])))
    return emptied


def archive(seed=0, count=COUNT):
    """Random points of all sorts: guids, vectors, presence, payloads."""
    rng = np.random.default_rng(seed)
    vectors = {name: rng.standard_normal((count, size)).astype(np.float32) for name, size in DIMS.items()}
    has_image = rng.random(count) > 0.2
    payloads = [
        {
            "status": "pending" if row % 4 else "validated",
            "provider": f"provider {row % 7}",
            "language": [["de"], ["fr", "en"], [], ["it"]][row % 4],
            "year": 1500 + row % 40 if row % 5 else None,
            "is_representative": bool(row % 3),
            "batch": "b1",
        }
        for row in range(count)
    ]
    present = {"embedding_image": has_image, "combined": has_image}
    return [f"/set/objekt {row} é" for row in range(count)], vectors, present, payloads


@pytest.fixture(scope="module")
def filled(url):
    root = VectorStore(url)
    name = root.ensure_collection(f"filled-{uuid.uuid4()}", DIMS)
    root.on(name).upsert(*archive())
    yield root.on(name)
    root.drop(name)
    root.close()


# -- collections ------------------------------------------------------------------------------------------------------


def test_ensure_is_idempotent_and_refuses_other_vectors(store):
    encoder = f"encoder-{uuid.uuid4()}"
    name = store.ensure_collection(encoder, {"embedding_image": 8})
    assert store.ensure_collection(encoder, {"embedding_image": 8}) == name
    assert store.on(name).dims() == {"embedding_image": 8}
    assert name in store.collections()
    with pytest.raises(CollectionMismatchError, match="give the changed encoder a new identity"):
        store.ensure_collection(encoder, {"embedding_image": 9})
    assert store.drop(name)
    assert not store.drop(name)


def test_many_create_one_collection_at_once(url):
    encoder, names, errors = f"racing-{uuid.uuid4()}", [], []

    def create():
        try:
            names.append(VectorStore(url).ensure_collection(encoder, {"embedding_image": 8}))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=create) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert len(names) == 4
    assert len(set(names)) == 1
    VectorStore(url).drop(names[0])


def test_the_alias_moves(url, store):
    before = store.active()
    assert before is not None
    name = store.ensure_collection(f"next-{uuid.uuid4()}", DIMS)
    assert store.active() == before
    store.activate(name)
    assert store.active() == name
    VectorStore(url).upsert(*archive(count=3))
    assert store.on(name).count() == 3
    store.activate(before)
    store.drop(name)


# -- writing ----------------------------------------------------------------------------------------------------------


def test_only_a_server_keeps_snapshots(request, store):
    name = store.snapshot()
    assert (name is not None) == ("server" in request.node.callspec.id), name


def test_points_come_back_as_they_went(store):
    guids, vectors, present, payloads = archive()
    store.upsert(guids, vectors, present, payloads)
    store.upsert(guids, vectors, present, payloads)
    assert store.count() == COUNT
    stored = store.payloads([*guids, "nobody"])
    assert stored == {guid: {**payload, "id_object": guid} for guid, payload in zip(guids, payloads, strict=True)}
    images = store.vectors(guids, "embedding_image")
    assert set(images) == {guid for guid, has in zip(guids, present["embedding_image"], strict=True) if has}
    unit = vectors["embedding_image"] / np.linalg.norm(vectors["embedding_image"], axis=1, keepdims=True)
    for row, guid in enumerate(guids):
        if guid in images:
            np.testing.assert_allclose(images[guid], unit[row], atol=1e-6)


def test_points_without_any_vector_are_points(store):
    store.upsert(
        ["bare"],
        {name: np.zeros((1, size), np.float32) for name, size in DIMS.items()},
        {name: np.zeros(1, np.bool_) for name in DIMS},
    )
    assert store.count() == 1
    assert store.vectors(["bare"], "combined") == {}


def test_payload_updates_keep_the_other_fields(store):
    guids, *rest = archive(count=20)
    store.upsert(guids, *rest)
    updates = [(guid, {"status": "validated", "canonical_id": guids[0]}) for guid in guids[:10]]
    updates += [(guids[3], {"canonical_id": "own"}), (guids[4], {"cluster_id": "c1"})]
    assert store.set_payloads(iter(updates)) == 10
    found = store.payloads(guids)
    assert found[guids[0]]["canonical_id"] == guids[0]
    assert found[guids[0]]["batch"] == "b1"
    assert found[guids[3]]["canonical_id"] == "own"
    assert found[guids[4]] | {"cluster_id": "c1", "status": "validated"} == found[guids[4]]
    assert "canonical_id" not in found[guids[10]]
    with pytest.raises(PointsNotFoundError, match=r"1 of 2 guids are no points of .*: nobody"):
        store.set_payloads([(guids[0], {"status": "pending"}), ("nobody", {"status": "validated"})])


def test_deleting_is_idempotent(store):
    guids, *rest = archive(count=20)
    store.upsert(guids, *rest)
    store.delete(guids[:5])
    store.delete([*guids[:5], "nobody"])
    assert store.count() == 15
    assert set(store.payloads(guids)) == set(guids[5:])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda vectors: vectors["combined"].__setitem__((2, 0), np.nan),
            "combined: 1 vectors are zero or not finite, the first in row 2",
        ),
        (lambda vectors: vectors["combined"].__setitem__(1, 0.0), "first in row 1"),
        (lambda vectors: vectors.__setitem__("combined", vectors["combined"][:-1]), "5 guids, but vectors of shape"),
    ],
)
def test_bad_vectors_are_refused_before_they_travel(store, spoil, message):
    guids, vectors, _, payloads = archive(count=5)
    spoil(vectors)
    with pytest.raises(ValueError, match=message):
        store.upsert(guids, vectors, None, payloads)
    assert store.count() == 0


def test_a_refused_request_leaves_nothing_behind(store):
    guids, vectors, _, payloads = archive(count=5)
    with pytest.raises(VectorStoreError, match="expected dim: 32, got 31"):
        store.upsert(guids, {"combined": vectors["combined"][:, 1:]}, None, payloads)
    with pytest.raises(VectorStoreError, match="Not existing vector name"):
        store.upsert(guids, {"other": vectors["combined"]}, None, payloads)


def test_an_unknown_collection_is_a_clear_error(store):
    with pytest.raises(VectorStoreError, match="Collection `heritage__nix` doesn't exist!") as caught:
        store.on("heritage__nix").count()
    assert caught.value.not_found


def test_two_clients_write_at_once(url, store):
    guids, vectors, present, payloads = archive()
    errors = []

    def write(rows):
        try:
            own = VectorStore(url, collection=store.collection)
            for start in range(0, len(rows), 10):
                part = rows[start : start + 10]
                own.upsert(
                    [guids[row] for row in part],
                    {name: matrix[part] for name, matrix in vectors.items()},
                    {name: flags[part] for name, flags in present.items()},
                    [payloads[row] for row in part],
                )
                own.set_payloads((guids[row], {"cluster_id": str(row)}) for row in part)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(np.arange(start, COUNT, 2),)) for start in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    found = store.payloads(guids, ["cluster_id"])
    assert [found[guid]["cluster_id"] for guid in guids] == [str(row) for row in range(COUNT)]


def test_big_batches(store):
    rng = np.random.default_rng(1)
    name = store.ensure_collection(
        f"big-{uuid.uuid4()}", {"embedding_image": 512, "embedding_text": 512, "combined": 1024}
    )
    big = store.on(name)
    image, text = (rng.standard_normal((2000, 512)).astype(np.float32) for _ in range(2))
    guids = [f"/big/{row}" for row in range(2000)]
    payloads = [{"subject": ["x" * 5_000] * 4, "batch": "b"} for _ in guids]
    big.upsert(
        guids, {"embedding_image": image, "embedding_text": text, "combined": np.hstack([image, text])}, None, payloads
    )
    assert big.count({"batch": "b"}) == 2000
    hits = big.search_many(image[::100], "embedding_image", 1, fields=[])
    assert [hit[0].guid for hit in hits] == guids[::100]
    store.drop(name)


def test_requests_under_way_together_write_every_point(url, store):
    rng = np.random.default_rng(2)
    guids = [f"/many/{row}" for row in range(2_500)]
    vectors = {name: rng.standard_normal((2_500, size)).astype(np.float32) for name, size in DIMS.items()}
    opened = VectorStore(url, server=VectorSettings(parallel=2))
    opened.on(store.collection).upsert(guids, vectors)
    assert store.count() == 2_500
    with pytest.raises(VectorStoreError, match="nowhere"):
        opened.on("nowhere").upsert(guids, vectors)
    opened.close()


# -- reading ----------------------------------------------------------------------------------------------------------

VALUES = {
    "status": st.sampled_from(["pending", "validated", "nix"]),
    "provider": st.sampled_from([f"provider {n}" for n in range(8)]),
    "language": st.sampled_from(["de", "fr", "en", "it", "xx"]),
    "year": st.integers(1498, 1542),
    "is_representative": st.booleans(),
}


def condition(field):
    value = VALUES[field]
    forms = [value, st.lists(value, max_size=3), value.map(lambda one: {"not": one}), st.none(), st.just({"not": None})]
    forms.append(st.lists(value, min_size=1, max_size=3).map(lambda several: {"not": several}))
    if field == "year":
        lower, upper = (st.sampled_from(names) for names in (["gt", "gte"], ["lt", "lte"]))
        forms += [st.tuples(bound, value).map(lambda pair: dict([pair])) for bound in (lower, upper)]
        forms.append(st.tuples(lower, value, upper, value).map(lambda four: {four[0]: four[1], four[2]: four[3]}))
    return st.one_of(forms)


FILTERS = st.lists(st.sampled_from(sorted(VALUES)), unique=True, max_size=3).flatmap(
    lambda fields: st.fixed_dictionaries({field: condition(field) for field in fields})
)
COMPARE = {"gt": np.greater, "gte": np.greater_equal, "lt": np.less, "lte": np.less_equal}


def matches(payload, filters):
    """The same rule in plain Python."""
    for field, wanted in filters.items():
        held = payload[field] if isinstance(payload[field], list) else [payload[field]]
        held = [value for value in held if value is not None]
        negated = isinstance(wanted, dict) and wanted.keys() == {"not"}
        if fits(held, wanted["not"] if negated else wanted) == negated:
            return False
    return True


def fits(held, wanted):
    if wanted is None:
        return not held
    if isinstance(wanted, dict):
        return any(all(COMPARE[name](value, bound) for name, bound in wanted.items()) for value in held)
    return bool(set(held) & set(wanted if isinstance(wanted, list) else [wanted]))


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(filters=FILTERS)
def test_filters_select_what_they_say(filled, filters):
    guids, _, _, payloads = archive()
    expected = {guid for guid, payload in zip(guids, payloads, strict=True) if matches(payload, filters)}
    assert filled.count(filters) == len(expected)
    assert {payload["id_object"] for payload in filled.scroll(filters, [], page=70)} == expected


def test_search_equals_brute_force(filled):
    guids, vectors, present, payloads = archive()
    query = np.random.default_rng(5).standard_normal(16).astype(np.float32)
    matrix = vectors["embedding_image"] / np.linalg.norm(vectors["embedding_image"], axis=1, keepdims=True)
    cosines = matrix @ (query / np.linalg.norm(query))
    rows = [
        row for row in np.argsort(-cosines) if present["embedding_image"][row] and payloads[row]["is_representative"]
    ]
    hits = filled.search(query, "embedding_image", 20, {"is_representative": True})
    assert [hit.guid for hit in hits] == [guids[row] for row in rows[:20]]
    np.testing.assert_allclose([hit.score for hit in hits], cosines[rows[:20]], atol=1e-5)
    assert hits[0].payload == {**payloads[rows[0]], "id_object": guids[rows[0]]}
    later = filled.search(query, "embedding_image", 5, {"is_representative": True}, offset=5, fields=["year"])
    assert [hit.guid for hit in later] == [hit.guid for hit in hits[5:10]]
    assert later[0].payload.keys() == {"year", "id_object"}
    close = filled.search(query, "embedding_image", COUNT, score_threshold=0.3)
    assert len(close) == int(np.sum((cosines >= 0.3) & present["embedding_image"]))


def test_search_many_equals_search(filled):
    queries = np.random.default_rng(6).standard_normal((150, 32)).astype(np.float32)
    many = filled.search_many(queries, "combined", 3, {"language": ["fr", "it"]})
    assert [[hit.guid for hit in hits] for hits in many] == [
        [hit.guid for hit in filled.search(query, "combined", 3, {"language": ["fr", "it"]})] for query in queries
    ]
    assert filled.search_many(np.zeros((0, 32), np.float32), "combined") == []


def test_similar_leaves_out_the_point_itself(filled):
    guids, vectors, present, _ = archive()
    row = int(np.flatnonzero(present["combined"])[0])
    hits = filled.similar(guids[row], "combined", 5)
    assert [hit.guid for hit in hits] == [
        hit.guid for hit in filled.search(vectors["combined"][row], "combined", 6) if hit.guid != guids[row]
    ]
    with pytest.raises(PointsNotFoundError, match=r"no points with a vector 'combined' of .*: nobody"):
        filled.similar("nobody", "combined")
    imageless = guids[int(np.flatnonzero(~present["combined"])[0])]
    with pytest.raises(PointsNotFoundError, match="no points with a vector 'combined'"):
        filled.similar(imageless, "combined")
    assert filled.similar(imageless, "embedding_text", 3)


def test_recommend_moves_between_examples(filled):
    guids, vectors, _, _ = archive()
    text = vectors["embedding_text"] / np.linalg.norm(vectors["embedding_text"], axis=1, keepdims=True)
    target = 2 * (text[1] + text[2]) / 2 - text[3]
    order = [row for row in np.argsort(-(text @ target)) if row not in (1, 2, 3)]
    hits = filled.recommend(guids[1:3], guids[3:4], "embedding_text", limit=8)
    assert [hit.guid for hit in hits] == [guids[row] for row in order[:8]]


def test_facets_count_values(filled):
    _, _, _, payloads = archive()
    fr = sum("fr" in payload["language"] for payload in payloads)
    assert filled.facet("language") == {"de": 75, "fr": fr, "en": fr, "it": 75}
    assert filled.facet("is_representative", {"provider": "provider 1"}) == {
        flag: sum(p["is_representative"] is flag and p["provider"] == "provider 1" for p in payloads)
        for flag in (True, False)
    }
    assert len(filled.facet("year", limit=3)) == 3


@pytest.mark.parametrize("query", [np.zeros(16), np.full(16, np.nan), np.ones((2, 16))])
def test_a_query_that_has_no_direction_is_refused(filled, query):
    with pytest.raises(ValueError, match="needs one finite, non-zero vector"):
        filled.search(query, "embedding_image")
