"""The Europeana source against a real HTTP server that misbehaves as real ones do."""

import json
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from heritage_assets.curation.landing import LandingZone
from heritage_assets.curation.sources import EuropeanaSource, HarvestError, harvest
from heritage_assets.curation.sources.politeness import Politeness, parse_retry_after
from heritage_assets.stores.objects import FolderStore

KEY = "s3cret-key"
NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
QUICK = Politeness(attempts=4, first_wait=0.01, longest_wait=5.0, timeout=0.5)


class Provider:
    """What the server answers: ``faults`` maps the number of a request to (status, headers, body)."""

    def __init__(self, guids, faults=None, *, total=None, key_in="header"):
        self.guids = guids
        self.faults = dict(faults or {})
        self.total = len(guids) if total is None else total
        self.key_in = key_in
        self.requests = []
        self.dropped_keys = 0

    def answer(self, headers, query):
        self.requests.append(query)
        fault = self.faults.pop(len(self.requests), None)
        if fault is not None:
            return fault
        given = headers.get("X-Api-Key") if self.key_in == "header" else query.get("wskey", [None])[0]
        if given != KEY:
            return 401, {}, {"success": False, "error": f"Invalid API key {given}"}
        cursor, rows = query["cursor"][0], int(query["rows"][0])
        start = 0 if cursor == "*" else int(cursor.removeprefix("c"))
        items = [{"id": guid, "title": [f"Title {guid}"]} for guid in self.guids[start : start + rows]]
        answer = {"success": True, "itemsCount": len(items), "totalResults": self.total, "items": items}
        if start + rows < len(self.guids):
            answer["nextCursor"] = f"c{start + rows}"
        return 200, {}, answer


@contextmanager
def serving(provider):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            status, headers, body = provider.answer(self.headers, parse_qs(urlsplit(self.path).query))
            if status == "hang":
                threading.Event().wait(1.0)
                self.close_connection = True
                return
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/record/v2/search.json"
    finally:
        server.shutdown()
        server.server_close()


GUIDS = [f"/90210/item_{number:04d}" for number in range(250)]


def read(zone, batch):
    return [row for rows in zone.read(batch) for row in rows.to_pylist()]


def source(endpoint, **options):
    return EuropeanaSource("*:*", **({"key": KEY, "endpoint": endpoint, "politeness": QUICK} | options))


@pytest.fixture
def zone(tmp_path):
    return LandingZone(FolderStore(tmp_path))


def test_the_cursor_is_followed_to_the_end(zone):
    provider = Provider(GUIDS)
    with serving(provider) as endpoint:
        made = source(endpoint, qf=["TYPE:IMAGE", "COUNTRY:italy"], reusability="open")
        manifest = harvest(made, zone, dataset="europeana", now=NOW)
    assert [row["guid"] for row in read(zone, manifest.batch)] == GUIDS
    assert manifest.complete
    assert manifest.reported_total == manifest.records == 250
    assert manifest.warnings == ()
    assert len(provider.requests) == 3
    first = provider.requests[0]
    assert first["profile"] == ["rich"]
    assert first["qf"] == ["TYPE:IMAGE", "COUNTRY:italy"]
    assert first["reusability"] == ["open"]
    assert "wskey" not in first
    assert KEY not in manifest.to_json().decode()
    assert manifest.origin["query"] == "*:*"


def test_endpoints_that_only_know_the_older_parameter_get_it(zone):
    provider = Provider(GUIDS, key_in="query")
    with serving(provider) as endpoint:
        assert harvest(source(endpoint), zone, dataset="e", now=NOW).records == 250
    assert len(provider.requests) == 4, "the first was refused, then the way was known"


def test_transient_failures_are_retried(zone):
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=1), usegmt=True)
    provider = Provider(
        GUIDS,
        {
            1: (429, {"Retry-After": "1"}, b""),
            3: (503, {"Retry-After": soon}, b"busy"),
            4: (500, {}, b"oops"),
            6: (200, {}, b"<html>maintenance</html>"),
            7: ("hang", {}, b""),
        },
    )
    began = datetime.now(UTC)
    with serving(provider) as endpoint:
        manifest = harvest(source(endpoint), zone, dataset="e", now=NOW)
    assert [row["guid"] for row in read(zone, manifest.batch)] == GUIDS
    assert len(provider.requests) == 8
    assert datetime.now(UTC) - began >= timedelta(seconds=1), "Retry-After was heeded"


def test_failing_for_good_keeps_what_came(zone):
    faults = {number: (502, {}, b"") for number in range(12, 30)}
    guids = [f"/1/{number}" for number in range(1_500)]
    provider = Provider(guids, faults)
    with serving(provider) as endpoint:
        with pytest.raises(HarvestError, match="failed 4 times"):
            harvest(source(endpoint), zone, dataset="e", now=NOW)
        assert zone.batches() == []
        asked = len(provider.requests)
        provider.faults.clear()
        manifest = harvest(source(endpoint), zone, dataset="e", now=NOW + timedelta(hours=1))
    assert [row["guid"] for row in read(zone, manifest.batch)] == guids
    assert manifest.harvested_at == NOW
    assert len(provider.requests) - asked == 5, "the first thousand was not fetched again"


def test_an_expired_cursor_starts_again(zone):
    guids = [f"/1/{number}" for number in range(1_500)]
    provider = Provider(guids, {number: (502, {}, b"") for number in range(12, 16)})
    with serving(provider) as endpoint:
        with pytest.raises(HarvestError):
            harvest(source(endpoint), zone, dataset="e", now=NOW)
        provider.faults = {len(provider.requests) + 1: (400, {}, {"error": "cursor expired"})}
        manifest = harvest(source(endpoint), zone, dataset="e")
    assert [row["guid"] for row in read(zone, manifest.batch)] == guids


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ((400, {}, {"error": "Invalid query parameter"}), "does not understand the query.*Invalid query"),
        ((403, {}, b""), "refused the API key"),
        ((404, {}, b""), "HTTP 404"),
        ((301, {"Location": "https://elsewhere.example/"}, b""), "moved to https://elsewhere"),
        ((200, {}, {"success": False, "error": "no such facet"}), "no such facet"),
        ((200, {}, {"hello": "world"}), "no Europeana Search API"),
        ((200, {}, [1]), "no object"),
        ((429, {"Retry-After": "86400"}, b""), "asks to wait 86,400 s"),
    ],
)
def test_permanent_failures_say_what_to_do(zone, fault, message):
    provider = Provider(GUIDS, {1: fault})
    with serving(provider) as endpoint, pytest.raises(HarvestError, match=message):
        harvest(source(endpoint), zone, dataset="e", now=NOW)
    assert len(provider.requests) == 1
    assert zone.batches() == []


def test_a_wrong_key_is_one_clear_line_without_the_key(zone):
    with serving(Provider(GUIDS)) as endpoint, pytest.raises(HarvestError) as caught:
        harvest(source(endpoint, key="wrong-key-123"), zone, dataset="e", now=NOW)
    assert "HERITAGE_EUROPEANA_KEY" in str(caught.value)
    assert "wrong-key-123" not in str(caught.value)


def test_no_key_says_where_to_put_it(zone, monkeypatch):
    monkeypatch.delenv("HERITAGE_EUROPEANA_KEY", raising=False)
    with pytest.raises(HarvestError, match="HERITAGE_EUROPEANA_KEY"):
        harvest(EuropeanaSource("*:*"), zone, dataset="e", now=NOW)


@pytest.mark.parametrize("total", [240, 260])
def test_a_total_that_does_not_match_is_reported(zone, total):
    with serving(Provider(GUIDS, total=total)) as endpoint:
        manifest = harvest(source(endpoint), zone, dataset="e", now=NOW)
    assert manifest.warnings == (f"the API reported {total} records and listed 250",)
    assert manifest.reported_total == total


@pytest.mark.parametrize(("limit", "records", "complete"), [(30, 30, False), (200, 200, False), (250, 250, True)])
def test_a_limit_makes_the_batch_incomplete(zone, limit, records, complete):
    with serving(Provider(GUIDS)) as endpoint:
        manifest = harvest(source(endpoint, max_records=limit), zone, dataset="e", now=NOW)
    assert (manifest.records, manifest.complete) == (records, complete)


def test_withdrawals_become_tombstones_once(zone):
    withdrawn = []
    for day, guids in enumerate((GUIDS, GUIDS[5:], GUIDS[5:])):
        with serving(Provider(guids)) as endpoint:  # another port each time: the query counts, not the address
            manifest = harvest(source(endpoint), zone, dataset="e", now=NOW + timedelta(days=day))
        withdrawn.append([row["guid"] for row in read(zone, manifest.batch) if row["deleted"]])
    assert withdrawn == [[], GUIDS[:5], []]


def test_items_that_are_no_records_land_too(zone):
    body = {"success": True, "totalResults": 4, "items": [{"id": "/1/a"}, {"title": "no id"}, "text", {"id": 7}]}
    with serving(Provider([], {1: (200, {}, body)})) as endpoint:
        manifest = harvest(source(endpoint), zone, dataset="e", now=NOW)
    assert [row["guid"] for row in read(zone, manifest.batch)] == ["/1/a", None, None, None]


def test_a_listing_in_circles_ends(zone):
    class Circle(Provider):
        def answer(self, headers, query):
            self.requests.append(query)
            items = [{"id": str(number)} for number in range(100)]
            following = f"c{len(self.requests) % 3}"
            return 200, {}, {"success": True, "totalResults": 300, "items": items, "nextCursor": following}

    with serving(Circle([])) as endpoint, pytest.raises(HarvestError, match="circles"):
        harvest(source(endpoint), zone, dataset="e", now=NOW)


@pytest.mark.parametrize(
    "arguments",
    [
        {"query": "  "},
        {"reusability": "free"},
        {"max_records": 0},
        {"endpoint": "ftp://x"},
        {"endpoint": "file:///etc"},
    ],
)
def test_unusable_arguments_are_refused(arguments):
    with pytest.raises(HarvestError):
        EuropeanaSource(**({"query": "*"} | arguments))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        (" 0 ", 0.0),
        ("-3", None),
        ("soon", None),
        ("", None),
        ("Sun, 01 Mar 2026 12:30:10 GMT", 10.0),
        ("Sun, 01 Mar 2026 12:00:00 GMT", 0.0),
        ("9" * 400, 999_999_999.0),
    ],
)
def test_both_forms_of_retry_after(value, seconds):
    assert parse_retry_after(value, NOW) == seconds
