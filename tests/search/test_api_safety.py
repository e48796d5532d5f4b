"""Keys, limits, headers, outages: what keeps the application safe and honest."""

import asyncio
import json

import httpx
import pytest
import sample_images
from encoder_models import save_clip
from small_archive import open_client, wait_until

from heritage_assets.search.api.server import with_hosts
from heritage_assets.search.settings import ApiKey, SearchSettings
from heritage_assets.settings import Settings

READER = "reader-secret-0123456789"
REVIEWER = "reviewer-secret-0123456789"
KEYS = (ApiKey(name="Ada", role="reader", key=READER), ApiKey(name="Eve", role="reviewer", key=REVIEWER))
DECISION = {"decision_id": "abcdefgh", "guid_a": "obj-1", "guid_b": "obj-2", "decision": "different"}


@pytest.fixture(scope="module")
def empty(tmp_path_factory, archive):
    """A client over a home in which nothing was ever done."""
    from heritage_assets.embedded.vector_endpoint import stop_endpoint

    settings = Settings(_env_file=None, home=tmp_path_factory.mktemp("empty"), encoder=archive.encoder)
    with open_client(settings) as client:
        wait_until(lambda: client.get("/readyz").status_code == 200)
        yield client
    stop_endpoint(settings.home)


# -- headers and sites ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/api/v1/meta", "/api/v1/nothing", "/image/obj-1", "/", "/api/v1/search?limit=0"])
def test_every_answer_carries_the_security_headers(client, path):
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "script-src 'self'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}],
)
def test_foreign_pages_can_change_nothing(client, headers):
    answer = client.post("/api/v1/review", json=DECISION, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")
    assert (
        client.post("/api/v1/cards", json={"guids": ["x"]}, headers={"origin": "http://testserver"}).status_code == 200
    )


def test_bound_to_loopback_only_loopback_names_are_answered(archive):
    limits = with_hosts(SearchSettings(), "127.0.0.1")
    with open_client(archive, allowed_hosts=limits.allowed_hosts) as client:
        assert client.get("/healthz", headers={"host": "rebound.example:8080"}).status_code == 403
        assert client.get("/healthz", headers={"host": "localhost:8080"}).status_code == 200
    assert with_hosts(SearchSettings(), "0.0.0.0").allowed_hosts == ()


def test_other_sites_may_read_only_when_they_are_named(archive):
    with open_client(archive, allowed_origins=("https://viewer.example",)) as client:
        for origin, allowed in (("https://viewer.example", "https://viewer.example"), ("https://evil.example", None)):
            answer = client.get("/healthz", headers={"origin": origin})
            assert answer.headers.get("access-control-allow-origin") == allowed


# -- uploads ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (sample_images.HTML, 415, "html_instead_of_image"),
        (sample_images.SVG, 415, "unsupported_media_type"),
        (b"\x00" * 500, 415, "not_an_image"),
        (b"", 415, "not_an_image"),
        (sample_images.jpeg()[:-3000], 415, "truncated"),
        (sample_images.bomb_png(), 413, "too_many_pixels"),
    ],
)
def test_uploads_that_are_no_image_are_refused_with_the_reason(client, data, status, code):
    for path in ("/api/v1/search", "/search_similar"):
        answer = client.post(path, files={"image": ("x.jpg", data, "image/jpeg")})
        assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_uploads_are_bounded_whatever_they_say_of_their_length(archive):
    with open_client(archive, max_upload_bytes=20_000) as client:
        answer = client.post(
            "/search_similar", files={"image": ("x.jpg", b"\xff\xd8\xff" + bytes(30_000), "image/jpeg")}
        )
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")

        def endless():
            yield b'--x\r\nContent-Disposition: form-data; name="image"; filename="x"\r\n\r\n'
            for _ in range(1_000):
                yield bytes(1_000)

        sent = {"content-type": "multipart/form-data; boundary=x"}
        answer = client.post("/search_similar", content=endless(), headers=sent)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"guids": 3}', b"\xff\xfe", b"[" * 100_000])
def test_broken_json_is_a_problem(client, body):
    answer = client.post("/api/v1/cards", content=body, headers={"content-type": "application/json"})
    assert 400 <= answer.status_code < 500
    assert answer.headers["content-type"] == "application/problem+json"


# -- keys and rates --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def guarded(archive):
    with open_client(archive, api_keys=KEYS) as client:
        yield client


def test_without_a_key_nothing_is_told(guarded):
    for path in ("/api/v1/search", "/image/obj-1", "/metrics", "/api/v1/status/stream", "/api/v1/export/clusters.csv"):
        answer = guarded.get(path)
        assert (answer.status_code, answer.json()["code"]) == (401, "key_needed")
    meta = guarded.get("/api/v1/meta").json()
    assert (meta["login_needed"], meta["role"], meta["records"], meta["encoder"]) == (True, "none", 0, None)
    assert guarded.get("/healthz").status_code == 200


def test_readers_read_and_reviewers_decide_under_their_own_name(guarded):
    reader, reviewer = {"authorization": f"Bearer {READER}"}, {"x-api-key": REVIEWER}
    assert guarded.get("/api/v1/search", headers=reader).status_code == 200
    refused = guarded.post("/api/v1/review", json=DECISION, headers=reader)
    assert (refused.status_code, refused.json()["code"]) == (403, "reviewer_needed")
    made = guarded.post("/api/v1/review", json={**DECISION, "reviewer": "somebody else"}, headers=reviewer)
    assert made.status_code == 201 and made.json()["reviewer"] == "Eve"
    undo = {"decision_id": "ijklmnop", "decision": "undo", "undoes": DECISION["decision_id"]}
    assert guarded.post("/api/v1/review", json=undo, headers=reviewer).status_code == 201


def test_a_session_stands_for_the_key_until_it_is_ended(guarded):
    assert guarded.post("/api/v1/session", json={"key": "wrong"}).status_code == 401
    entered = guarded.post("/api/v1/session", json={"key": READER})
    cookie = entered.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie and READER not in cookie
    assert guarded.get("/image/obj-1").status_code == 200
    assert guarded.get("/api/v1/session").json() == {"role": "reader", "name": "Ada"}
    guarded.delete("/api/v1/session")
    assert guarded.get("/image/obj-1").status_code == 401


def test_who_asks_too_fast_is_told_when_to_come_back(archive):
    with open_client(archive, requests_per_second=5, request_burst=20) as client:
        statuses = [client.get("/api/v1/session").status_code for _ in range(40)]
        assert statuses[:20] == [200] * 20 and 429 in statuses
        refused = next(
            answer for answer in iter(lambda: client.get("/api/v1/session"), None) if answer.status_code == 429
        )
        assert refused.json()["code"] == "rate_limited" and int(refused.headers["retry-after"]) >= 1
        assert client.get("/healthz").status_code == 200


# -- nothing there, something down -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    ["/api/v1/search", "/api/v1/search?q=ship", "/api/v1/facets", "/api/v1/duplicates", "/api/v1/review", "/api/v1/clusters",
     "/api/v1/map", "/api/v1/status", "/api/v1/meta"],
)  # fmt: skip
def test_an_empty_archive_says_what_to_do(empty, path):
    answer = empty.get(path)
    assert answer.status_code == 200
    assert "harvest" in answer.json()["hint"]


def test_an_outage_of_the_vector_store_is_told_and_gets_over(archive, monkeypatch):
    from heritage_assets.embedded.vector_endpoint import ensure_endpoint, stop_endpoint

    with open_client(archive, vector_timeout=3) as client:
        wait_until(lambda: client.get("/readyz").status_code == 200)
        stop_endpoint(archive.home)
        with monkeypatch.context() as patch:
            patch.setattr("heritage_assets.embedded.vector_endpoint.ensure_endpoint", _fail)
            answer = client.get("/api/v1/search", params={"q": "ship"})
            assert (answer.status_code, answer.json()["code"]) == (503, "vectors_unavailable")
            assert int(answer.headers["retry-after"]) > 0
            assert client.get("/readyz").json()["ready"] is False
            assert client.get("/api/v1/search").status_code == 200  # what needs no vectors goes on
            assert client.get("/api/v1/status").json()["vector_store"]["state"] == "unavailable"
        ensure_endpoint(archive.home)
        assert client.get("/api/v1/search", params={"q": "ship"}).status_code == 200


def _fail(_home):
    raise RuntimeError("out of order")


def test_an_encoder_without_points_says_whose_points_there_are_and_finds_words(archive, client, tmp_path):
    mine = client.get("/api/v1/status").json()["encoder"]["id"]
    other = archive.model_copy(update={"encoder": str(save_clip(tmp_path / "other", seed=5, dim=16))})
    with open_client(other) as changed:
        wait_until(lambda: changed.get("/api/v1/meta").json()["encoder_state"] == "ready")
        for path in ("/api/v1/search?q=coin", "/api/v1/search?like=obj-1", "/api/v1/facets"):
            hint = changed.get(path).json()["hint"]
            assert mine in hint and "HERITAGE_ENCODER" in hint and "heritage materialize" in hint
        found = changed.get("/api/v1/search?q=coin").json()["results"]
        assert found and {hit["match"] for hit in found} == {"phrase"}
        assert "coin" in found[0]["title"].lower()


def test_an_encoder_that_cannot_be_loaded_takes_nothing_else_with_it(archive):
    broken = archive.model_copy(update={"encoder": "/nowhere/at-all"})
    with open_client(broken) as client:
        wait_until(lambda: client.get("/api/v1/meta").json()["encoder_state"] == "failed")
        answer = client.get("/api/v1/search", params={"q": "ship"})
        assert (answer.status_code, answer.json()["code"]) == (503, "encoder_failed")
        assert client.get("/api/v1/similar/obj-1").status_code == 200
        assert client.get("/api/v1/search", params={"country": "Italy"}).json()["total"] > 0


def test_the_status_stream_tells_at_once_and_stays_open(client):
    app = client.app

    async def first_event():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://testserver") as asking:
            answer = await asking.get("/api/v1/session")
            assert answer.status_code == 200
        messages, gone = [], asyncio.Event()

        async def receive():
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            messages.append(message.get("body", b""))
            if b"event: status" in message.get("body", b""):
                gone.set()

        scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
                 "path": "/api/v1/status/stream", "raw_path": b"", "query_string": b"", "headers": [(b"host", b"t")],
                 "client": ("127.0.0.1", 1), "server": ("t", 80), "root_path": ""}  # fmt: skip
        await asyncio.wait_for(app(scope, receive, send), 30)
        return b"".join(messages)

    sent = client.portal.call(first_event)
    event = next(part for part in sent.split(b"\n\n") if part.startswith(b"event: status"))
    assert json.loads(event.partition(b"data: ")[2])["archive"]["batches"] == 1
