"""The demo museum over real HTTP: paging to the end, refusals, moods, and every fault of the images."""

from __future__ import annotations

import io
import time

import httpx
import pytest
from PIL import Image

from heritage_assets.embedded.museum import MUSEUM_KEY, MuseumServer, build_museum
from heritage_assets.embedded.museum.server import SLOW_SECONDS


@pytest.fixture(scope="module")
def museum():
    return build_museum(420)


@pytest.fixture
def server(museum, tmp_path):
    with MuseumServer(museum, tmp_path) as running:
        yield running


@pytest.fixture
def client():
    with httpx.Client(timeout=20) as running:
        yield running


def _page(client: httpx.Client, url: str, **parameters: object) -> httpx.Response:
    return client.get(url, params={"wskey": MUSEUM_KEY, "query": "*", **parameters})


def _all(client: httpx.Client, url: str, **parameters: object) -> tuple[list[dict], int, list[int]]:
    items, complaints, cursor, total = [], [], "*", 0
    while cursor:
        response = _page(client, url, cursor=cursor, rows=100, profile="rich", **parameters)
        if response.status_code != 200:
            complaints.append(response.status_code)
            assert len(complaints) < 5
            continue
        body = response.json()
        assert body["success"] is True
        assert body["itemsCount"] == len(body["items"]) <= 100
        items += body["items"]
        total, cursor = body["totalResults"], body.get("nextCursor")
    return items, total, complaints


def _with_fault(museum, name: str):
    return next(r for r in museum.records if r.image_fault == name and 1 in r.rounds)


def test_key_is_asked_for(server, client) -> None:
    url = server.endpoint(1)
    missing = client.get(url, params={"query": "*"})
    wrong = client.get(url, params={"query": "*", "wskey": "nonsense"})
    assert missing.status_code == wrong.status_code == 401
    assert missing.json()["success"] is False
    assert "Invalid API key" in wrong.json()["error"]
    assert client.get(url, params={"query": "*"}, headers={"X-Api-Key": MUSEUM_KEY}).status_code == 200


def test_every_harvest_pages_to_its_end(server, client, museum) -> None:
    for harvest in museum.harvests:
        items, total, complaints = _all(client, server.endpoint(harvest.round), query=harvest.query)
        assert len(items) == total
        expected = [r for r in museum.listed(harvest.round) if f"{r.collection}_" in harvest.query]
        assert len(expected) == total
        guids = [one["id"] for one in items if "id" in one]
        assert set(guids) == {r.guid for r in expected if r.metadata_fault != "missing_guid"}
        assert len(guids) - len(set(guids)) == sum(
            r.metadata_fault == "repeated" for r in {r.guid: r for r in expected}.values()
        )
        if total > 200:
            assert 429 in complaints


def test_moods_pass_and_can_be_switched_off(client, museum, tmp_path) -> None:
    with MuseumServer(museum, tmp_path) as server:
        _, _, complaints = _all(client, server.endpoint(1))
        assert complaints == [429, 503] or complaints == [429]
        assert _all(client, server.endpoint(1))[2] == []
    with MuseumServer(museum, tmp_path, moody=False) as calm:
        assert _all(client, calm.endpoint(1))[2] == []


def test_withdrawn_and_new_records_over_the_rounds(server, client, museum) -> None:
    query = museum.harvests[0].query
    first = {one.get("id") for one in _all(client, server.endpoint(1), query=query)[0]}
    second = {one.get("id") for one in _all(client, server.endpoint(2), query=query)[0]}
    assert first - second == {r.guid for r in museum.records if r.rounds == {1}}
    assert second - first == {r.guid for r in museum.records if r.rounds == {2}}


def test_revised_records_change_between_rounds(server, client, museum) -> None:
    def fetched(number: int) -> dict:
        return {one["id"]: one for one in _all(client, server.endpoint(number))[0] if "id" in one}

    before, after = fetched(1), fetched(2)
    revised = {r.guid for r in museum.records if r.revised}
    changed = {guid for guid in before.keys() & after.keys() if before[guid] != after[guid]}
    assert changed == revised
    scanned = next(r for r in museum.records if r.revised == "image")
    a, b = (client.get(state[scanned.guid]["edmIsShownBy"][0]).content for state in (before, after))
    assert a != b


def test_filters_and_facets(server, client) -> None:
    url = server.endpoint(1)
    everything, total, _ = _all(client, url)
    by_place, part, _ = _all(client, url, qf='COUNTRY:"Italy"')
    assert 0 < part < total
    assert all("Italy" in one["country"] for one in by_place)
    by_reuse = [_all(client, url, reusability=name)[1] for name in ("open", "restricted", "permission")]
    assert sum(by_reuse) == total and all(by_reuse)
    word = _all(client, url, query="what:coin")[0]
    assert word and len(word) < len(everything)
    facets = _page(client, url, rows=0, profile="rich,facets").json()["facets"]
    countries = next(f for f in facets if f["name"] == "COUNTRY")["fields"]
    assert {"label": "Italy", "count": part} in countries


def test_bad_requests_are_told_what_is_wrong(server, client) -> None:
    url = server.endpoint(1)
    for parameters in ({"rows": "many"}, {"cursor": "bm9wZQ=="}, {"cursor": "%%%"}, {"query": ""}):
        response = _page(client, url, **parameters)
        assert response.status_code == 400
        assert response.json()["error"]
    assert _page(client, url, rows=5000).json()["itemsCount"] == 100
    assert client.get(url.replace("round-1", "round-9")).status_code == 404


def test_images_come_from_the_providers_own_addresses(server, client, museum) -> None:
    record = next(r for r in museum.records if r.scan and not r.image_fault and r.scan.media_type == "image/jpeg")
    url = server.image_url(record, 1)
    response = client.get(url)
    image = Image.open(io.BytesIO(response.content))
    assert response.headers["content-type"] == "image/jpeg"
    assert image.format == "JPEG"
    if not record.scan.edits:
        assert image.size == record.thing.size
    assert client.get(url, headers={"If-None-Match": response.headers["etag"]}).status_code == 304
    assert client.get(url.replace(record.local_id, "nobody_1")).status_code == 404


@pytest.mark.parametrize(("fault", "status"), [("dead_link", 404), ("gone", 410), ("forbidden", 403)])
def test_refused_images(server, client, museum, fault: str, status: int) -> None:
    assert client.get(server.image_url(_with_fault(museum, fault), 1)).status_code == status


def test_web_pages_in_place_of_images(server, client, museum) -> None:
    for fault, media_type in (("html_page", "text/html"), ("html_as_jpeg", "image/jpeg")):
        response = client.get(server.image_url(_with_fault(museum, fault), 1))
        assert response.status_code == 200
        assert response.headers["content-type"] == media_type
        assert response.content.startswith(b"<!DOCTYPE html>")


def test_truncated_image_does_not_decode(server, client, museum) -> None:
    image = Image.open(io.BytesIO(client.get(server.image_url(_with_fault(museum, "truncated"), 1)).content))
    with pytest.raises(OSError, match="truncated"):
        image.load()


def test_bomb_and_wrong_type(server, client, museum) -> None:
    assert len(client.get(server.image_url(_with_fault(museum, "bomb"), 1)).content) < 2_000
    odd = client.get(server.image_url(_with_fault(museum, "wrong_content_type"), 1))
    assert odd.headers["content-type"] == "text/plain"
    Image.open(io.BytesIO(odd.content)).load()


def test_transient_faults_pass(server, client, museum) -> None:
    limited = server.image_url(_with_fault(museum, "rate_limited"), 1)
    first = client.get(limited)
    assert (first.status_code, first.headers["retry-after"]) == (429, "1")
    assert client.get(limited).status_code == 200
    flapping = server.image_url(_with_fault(museum, "flapping"), 1)
    assert [client.get(flapping).status_code for _ in range(3)] == [503, 503, 200]
    started = time.monotonic()
    assert client.get(server.image_url(_with_fault(museum, "slow"), 1)).status_code == 200
    assert time.monotonic() - started >= SLOW_SECONDS


def test_cache_is_used_again(museum, tmp_path, client) -> None:
    record = next(r for r in museum.records if r.scan and not r.image_fault)
    with MuseumServer(museum, tmp_path) as server:
        body = client.get(server.image_url(record, 1)).content
        assert (tmp_path / record.scan.key).read_bytes() == body
    (tmp_path / record.scan.key).write_bytes(b"kept")
    with MuseumServer(museum, tmp_path) as server:
        assert client.get(server.image_url(record, 1)).content == b"kept"


def test_prepare_draws_what_is_missing(tmp_path) -> None:
    museum = build_museum(60)
    with MuseumServer(museum, tmp_path) as server:
        told: list[tuple[int, int]] = []
        drawn = server.prepare(lambda done, total: told.append((done, total)))
        assert told[-1] == (drawn, drawn)
        assert (
            drawn
            == len({s.key for r in museum.records for n in (1, 2) if (s := r.scan_in(n))})
            == len(list(tmp_path.iterdir()))
        )
        assert server.prepare() == 0


def test_a_port_can_be_chosen(museum, tmp_path) -> None:
    with MuseumServer(museum, tmp_path) as first:
        port = first.port
        with pytest.raises(OSError, match="in use"):
            MuseumServer(museum, tmp_path, port=port)
    with MuseumServer(museum, tmp_path, port=port) as second:
        assert second.port == port
