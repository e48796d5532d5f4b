"""The OAI-PMH source against a real HTTP server: tokens, deletions, errors of the protocol, and servers that misbehave."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from local_provider import QUICK, landed, serving

from heritage_assets.curation.landing import LandingZone
from heritage_assets.curation.records import CleansingContext, cleanse
from heritage_assets.curation.sources import HarvestError, OaiPmhSource, harvest, source_from_config
from heritage_assets.stores.objects import FolderStore

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
EDM = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:edm="http://www.europeana.eu/schemas/edm/" xmlns:ore="http://www.openarchives.org/ore/terms/">
 <edm:ProvidedCHO rdf:about="#cho"><dc:title>{title}</dc:title></edm:ProvidedCHO>
 <ore:Aggregation rdf:about="#agg"><edm:aggregatedCHO rdf:resource="#cho"/>
 <edm:isShownBy rdf:resource="https://example.org/a.jpg"/></ore:Aggregation></rdf:RDF>"""
DC = """<oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/" xmlns:dc="http://purl.org/dc/elements/1.1/">
 <dc:title xml:lang="en">{title}</dc:title><dc:creator>Ruisdael</dc:creator></oai_dc:dc>"""


class Repository:
    """A repository of (identifier, datestamp, deleted); ``faults`` maps the number of a request to an answer."""

    def __init__(self, records, *, page=10, faults=None, sized=True, prefixes=("oai_dc", "edm")):
        self.records, self.page, self.sized, self.prefixes = list(records), page, sized, prefixes
        self.faults = dict(faults or {})
        self.requests = []
        self.expired = set()

    def answer(self, path, query):
        self.requests.append(query)
        fault = self.faults.pop(len(self.requests), None)
        if fault is not None:
            return fault
        if query["verb"] == "ListMetadataFormats":
            names = "".join(
                f"<metadataFormat><metadataPrefix>{p}</metadataPrefix></metadataFormat>" for p in self.prefixes
            )
            return ok(f"<ListMetadataFormats>{names}</ListMetadataFormats>")
        token = query.get("resumptionToken")
        if token in self.expired:
            return error("badResumptionToken", "the token has expired")
        if token:
            start, prefix, since = token.split("|")
        else:
            start, prefix, since = "0", query["metadataPrefix"], query.get("from", "")
        if prefix not in self.prefixes:
            return error("cannotDisseminateFormat", "no such format")
        chosen = [record for record in self.records if record[1][: len(since)] >= since]
        if not chosen:
            return error("noRecordsMatch", "")
        start = int(start)
        body = "".join(self.record(record, prefix) for record in chosen[start : start + self.page])
        size = f' completeListSize="{len(chosen)}"' if self.sized else ""
        following = f"{start + self.page}|{prefix}|{since}" if start + self.page < len(chosen) else ""
        body += f"<resumptionToken{size}>{following}</resumptionToken>" if following or start else ""
        return ok(f"<ListRecords>{body}</ListRecords>")

    def record(self, record, prefix):
        guid, stamp, deleted = record
        header = f"<identifier>{escape(guid)}</identifier><datestamp>{stamp}</datestamp><setSpec>a</setSpec>"
        metadata = (EDM if prefix == "edm" else DC).format(title=f"Title {escape(guid)}")
        if deleted:
            return f'<record><header status="deleted">{header}</header></record>'
        return f"<record><header>{header}</header><metadata>{metadata}</metadata></record>"


def ok(inner):
    return (
        200,
        {"Content-Type": "text/xml"},
        f'<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">{inner}</OAI-PMH>'.encode(),
    )


def error(code, text, status=200):
    return status, {}, ok(f'<error code="{code}">{text}</error>')[2]


def stamp(number):
    return f"{datetime(2025, 1, 1, tzinfo=UTC) + timedelta(hours=number):%Y-%m-%dT%H:%M:%SZ}"


RECORDS = [(f"oai:x:{number:03d}", stamp(number), number % 10 == 3) for number in range(35)]
GUIDS = [record[0] for record in RECORDS]


def source(endpoint, **options):
    return OaiPmhSource(f"{endpoint}/oai", **({"politeness": QUICK} | options))


@pytest.fixture
def zone(tmp_path):
    return LandingZone(FolderStore(tmp_path))


def cleansed(zone, manifest):
    context = CleansingContext("d", manifest.batch, manifest.format, None, NOW)
    return [row for rows in cleanse(zone.read(manifest.batch), context) for row in rows.to_pylist()]


@pytest.mark.parametrize(("prefix", "form"), [("oai_dc", "oai_dc"), ("edm", "edm")])
def test_tokens_are_followed_to_the_end_and_deleted_records_become_tombstones(zone, prefix, form):
    repository = Repository(RECORDS)
    with serving(repository.answer) as endpoint:
        manifest = harvest(source(endpoint, prefix=prefix, set_="a"), zone, dataset="d", now=NOW)
    rows = landed(zone, manifest.batch)
    assert [row["guid"] for row in rows] == GUIDS
    assert [row["guid"] for row in rows if row["deleted"]] == [record[0] for record in RECORDS if record[2]]
    assert (manifest.complete, manifest.reported_total, manifest.warnings, manifest.format) == (True, 35, (), form)
    first, *others = repository.requests
    assert first == {"verb": "ListRecords", "metadataPrefix": prefix, "set": "a"}
    assert all(set(query) == {"verb", "resumptionToken"} for query in others), "a token is an exclusive argument"
    found = cleansed(zone, manifest)
    assert [row["guid"] for row in found] == GUIDS
    assert {row["outcome"] for row in found} == {"cleansed"}
    assert [row["withdrawn"] for row in found] == [record[2] for record in RECORDS]
    assert found[0]["title"] == "Title oai:x:000"


def test_nothing_matching_is_an_empty_batch(zone):
    with serving(Repository(RECORDS).answer) as endpoint:
        manifest = harvest(source(endpoint, from_="2030-01-01"), zone, dataset="d", now=NOW)
    assert (manifest.records, manifest.complete) == (0, True)


def test_transient_failures_and_half_answers_are_asked_again(zone):
    whole = Repository(RECORDS)
    half = whole.answer("/oai", {"verb": "ListRecords", "metadataPrefix": "oai_dc"})[2]
    faults = {
        1: (503, {"Retry-After": "1"}, b"busy"),
        2: (200, {}, half[: len(half) // 2]),
        4: (429, {}, b""),
        6: (200, {"Content-Length": str(len(half) + 100)}, half),
    }
    repository = Repository(RECORDS, faults=faults)
    began = datetime.now(UTC)
    with serving(repository.answer) as endpoint:
        manifest = harvest(source(endpoint), zone, dataset="d", now=NOW)
    assert [row["guid"] for row in landed(zone, manifest.batch)] == GUIDS
    assert datetime.now(UTC) - began >= timedelta(seconds=1), "Retry-After was heeded"
    assert len(repository.requests) == 4 + 4


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (error("badArgument", "unknown\n set"), "badArgument: unknown set"),
        (error("noSetHierarchy", ""), "leave the set out"),
        (error("cannotDisseminateFormat", "no"), "'oai_dc' is not offered, but oai_dc, edm"),
        (error("badArgument", "told with a status", status=400), "told with a status"),
        ((404, {}, b"<html/>"), "HTTP 404"),
        ((200, {}, b"<html><body/></html>"), "no OAI-PMH endpoint: it answered with html"),
        ((200, {}, b'<!DOCTYPE a [<!ENTITY b "c">]><OAI-PMH/>'), "document type declaration"),
        ((302, {"Location": "http://127.0.0.2:1/elsewhere"}, b""), "moved to http://127.0.0.2:1/elsewhere"),
        ((503, {"Retry-After": "86400"}, b""), "asks to wait 86,400 s"),
    ],
)
def test_errors_say_what_and_what_to_do(zone, fault, message):
    repository = Repository(RECORDS, faults={1: fault})
    with serving(repository.answer) as endpoint, pytest.raises(HarvestError, match=message):
        harvest(source(endpoint), zone, dataset="d", now=NOW)


def test_a_redirect_on_the_same_server_is_followed(zone):
    repository = Repository(
        RECORDS, faults={1: (301, {"Location": "/oai/?verb=ListRecords&metadataPrefix=oai_dc"}, b"")}
    )
    with serving(repository.answer) as endpoint:
        assert harvest(source(endpoint), zone, dataset="d", now=NOW).records == 35


@pytest.mark.parametrize("same_token", [True, False])
def test_a_list_that_goes_in_circles_is_stopped(zone, same_token):
    def answer(path, query):
        answer.count += 1
        token = "t" if same_token else f"t{answer.count}"
        record = repository.record(RECORDS[0], "oai_dc") if same_token else ""
        return ok(f"<ListRecords>{record}<resumptionToken>{token}</resumptionToken></ListRecords>")

    answer.count, repository = 0, Repository(())
    with serving(answer) as endpoint, pytest.raises(HarvestError, match="goes in circles"):
        harvest(source(endpoint), zone, dataset="d", now=NOW)
    assert answer.count < 150


def test_a_lost_token_leads_on_from_the_last_date_when_records_come_by_date(zone):
    repository = Repository(RECORDS)
    repository.expired = {"20|oai_dc|"}
    with serving(repository.answer) as endpoint:
        manifest = harvest(source(endpoint), zone, dataset="d", now=NOW)
    guids = [row["guid"] for row in landed(zone, manifest.batch)]
    assert list(dict.fromkeys(guids)) == GUIDS
    assert len(guids) == 36, "only the records of the last datestamp come again"
    assert manifest.complete
    assert "dropped its list 1 time" in manifest.warnings[0]


def test_a_lost_token_begins_again_when_records_come_in_any_order(zone):
    mixed = RECORDS[::-1]
    repository = Repository(mixed)
    repository.expired = {"20|oai_dc|"}

    def answer(path, query):
        if len(repository.requests) > 3:
            repository.expired = set()
        return repository.answer(path, query)

    with serving(answer) as endpoint:
        manifest = harvest(source(endpoint), zone, dataset="d", now=NOW)
    assert [row["guid"] for row in landed(zone, manifest.batch)] == [record[0] for record in mixed]
    assert manifest.complete


@pytest.mark.parametrize("sized", [True, False])
def test_a_record_that_a_lost_token_hides_leaves_the_batch_incomplete(zone, sized):
    hidden = ("oai:x:hidden", stamp(2), False)
    repository = Repository([*RECORDS[:25], hidden, *RECORDS[25:]], sized=sized)
    repository.expired = {"20|oai_dc|"}
    with serving(repository.answer) as endpoint:
        manifest = harvest(source(endpoint), zone, dataset="d", now=NOW)
    assert "oai:x:hidden" not in {row["guid"] for row in landed(zone, manifest.batch)}
    assert not manifest.complete
    assert any("not sure" in warning for warning in manifest.warnings)


@settings(deadline=None, max_examples=40)
@given(
    stamps=st.lists(st.integers(0, 12), min_size=1, max_size=25),
    by_date=st.booleans(),
    page=st.integers(1, 7),
    lost=st.sets(st.integers(2, 12), max_size=3),
    sized=st.booleans(),
)
def test_a_complete_batch_holds_every_record(stamps, by_date, page, lost, sized):
    records = [(f"oai:x:{n}", stamp(hour), False) for n, hour in enumerate(sorted(stamps) if by_date else stamps)]
    repository = Repository(records, page=page, sized=sized)

    def answer(path, query):
        answer.count += 1
        if answer.count in lost and "resumptionToken" in query:
            return error("badResumptionToken", "")
        return repository.answer(path, query)

    answer.count = 0
    with TemporaryDirectory() as folder, serving(answer) as endpoint:
        zone = LandingZone(FolderStore(Path(folder)))
        try:
            manifest = harvest(source(endpoint), zone, dataset="d", now=NOW)
        except HarvestError as refused:
            assert "badResumptionToken" in str(refused)
            return
        came = {row["guid"] for row in landed(zone, manifest.batch)}
    if manifest.complete or by_date:
        assert came == {record[0] for record in records}


def test_a_killed_harvest_goes_on_from_its_token(zone, tmp_path):
    many = [(f"oai:x:{number:05d}", stamp(number), False) for number in range(2_500)]
    repository = Repository(many, page=100, faults={n: (502, {}, b"") for n in range(15, 18)})
    with serving(repository.answer) as endpoint:
        with pytest.raises(HarvestError, match="what came is kept"):
            harvest(source(endpoint), zone, dataset="d", now=NOW)
        asked = len(repository.requests)
        manifest = harvest(source(endpoint), zone, dataset="d", now=NOW + timedelta(hours=1))
        undisturbed = LandingZone(FolderStore(tmp_path / "other"))
        other = harvest(source(endpoint), undisturbed, dataset="d", now=NOW)
    assert repository.requests[asked] == {"verb": "ListRecords", "resumptionToken": "1000|oai_dc|"}
    assert manifest.harvested_at == NOW
    assert manifest.parts == other.parts, "the same bytes as without the kill"


def test_changes_are_asked_for_by_date_and_only_what_is_deleted_is_withdrawn(zone):
    repository = Repository(RECORDS)
    with serving(repository.answer) as endpoint:
        first = harvest(source(endpoint), zone, dataset="d", now=NOW, since="last")
        repository.records += [
            ("oai:x:new", "2026-03-01T13:00:00Z", False),
            ("oai:x:000", "2026-03-02T00:00:00Z", True),
        ]
        second = harvest(source(endpoint), zone, dataset="d", now=NOW + timedelta(days=2), since="last")
        third = harvest(source(endpoint), zone, dataset="d", now=NOW + timedelta(days=3), since="last")
    assert first.since is None
    assert "no earlier complete harvest" in first.warnings[0]
    assert repository.requests[-2]["from"] == "2026-03-01"
    assert [(row["guid"], row["deleted"]) for row in landed(zone, second.batch)] == [
        ("oai:x:new", False),
        ("oai:x:000", True),
    ]
    assert (second.withdrawn, second.complete, second.since) == (0, True, datetime(2026, 3, 1, tzinfo=UTC))
    assert repository.requests[-1]["from"] == "2026-03-03"
    assert (third.records, third.complete) == (0, True)


def test_a_full_harvest_after_changes_withdraws_what_is_gone(zone):
    repository = Repository(RECORDS)
    with serving(repository.answer) as endpoint:
        harvest(source(endpoint), zone, dataset="d", now=NOW)
        repository.records.append(("oai:x:new", "2026-03-02T00:00:00Z", False))
        harvest(source(endpoint), zone, dataset="d", now=NOW + timedelta(days=1), since="last")
        repository.records = repository.records[1:-1]
        whole = harvest(source(endpoint), zone, dataset="d", now=NOW + timedelta(days=2))
    assert whole.withdrawn == 2
    assert [row["guid"] for row in landed(zone, whole.batch)][-2:] == ["oai:x:000", "oai:x:new"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"prefix": "marc21"}, "neither Dublin Core nor EDM"),
        ({"from_": "yesterday"}, "from 'yesterday' must be a date"),
        ({"until": "2026-02-30"}, "until '2026-02-30' must be a date"),
        ({"from_": "2026-03-02", "until": "2026-03-01"}, "in order"),
        ({"from_": "2026-03-02", "until": "2026-03-03T00:00:00Z"}, "both dates or both times"),
        ({"endpoint": "file:///etc/passwd"}, "http or https"),
    ],
)
def test_wrong_arguments_are_explained(options, message):
    with pytest.raises(HarvestError, match=message):
        OaiPmhSource(**({"endpoint": "https://example.org/oai"} | options))


def test_the_configuration_names_set_and_from_as_people_do():
    entry = {"name": "n", "kind": "oai-pmh", "dataset": "d", "endpoint": "https://example.org/oai?verb=Identify"}
    made = source_from_config(entry | {"set": "a", "from": datetime(2026, 3, 1, tzinfo=UTC).date(), "since": "last"})
    assert made.origin() == {
        "endpoint": "https://example.org/oai",
        "prefix": "oai_dc",
        "set": "a",
        "from": "2026-03-01",
    }
    with pytest.raises(HarvestError, match="set_ unknown; kind oai-pmh takes endpoint, prefix, set, from, until"):
        source_from_config(entry | {"set_": "a"})


def test_state_is_a_value_that_later_pages_leave_alone():
    with serving(Repository(RECORDS).answer) as endpoint:
        states = [page.state for page in source(endpoint).pages(None)]
    assert [state["token"] for state in states] == ["10|oai_dc|", "20|oai_dc|", "30|oai_dc|", None]
    assert all(before["received"] < after["received"] for before, after in pairwise(states))
    assert SimpleNamespace(**states[-1]).newest == stamp(34)
