"""Incremental harvests: what is covered, what is asked for, and that nothing falls between two harvests."""

import json
import os
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from local_provider import QUICK, landed, serving
from PIL import Image

from heritage_assets.curation.landing import LandingZone, Manifest
from heritage_assets.curation.sources import (
    CsvSource,
    DirectorySource,
    EuropeanaSource,
    HarvestError,
    harvest,
    parse_since,
)
from heritage_assets.curation.sources.incremental import covered_until
from heritage_assets.stores.objects import FolderStore

START = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


@pytest.fixture
def zone(tmp_path):
    return LandingZone(FolderStore(tmp_path / "lake"))


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (None, None),
        ("last", "last"),
        ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
        (date(2026, 3, 1), datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-03-01T12:30:00Z", START),
        ("2026-03-01T14:30:00+02:00", START),
        (datetime(2026, 3, 1, 12, 30), START),
    ],
)
def test_since_is_last_a_date_or_a_time(given, meant):
    assert parse_since(given) == meant


@pytest.mark.parametrize("given", ["", "yesterday", "2026-13-01", 7])
def test_since_that_is_neither_is_refused(given):
    with pytest.raises(HarvestError, match="must be 'last', a date"):
        parse_since(given)


def batch(hour, since=None, *, complete=True):
    return Manifest(
        dataset="d", batch=f"b{hour}", source="oai-pmh", format="oai_dc", origin={}, scope="s", records=0,
        harvested_at=START + timedelta(hours=hour), complete=complete,
        since=None if since is None else START + timedelta(hours=since),
    )  # fmt: skip


def test_a_gap_is_not_covered():
    assert covered_until([]) is None
    assert covered_until([batch(0, complete=False)]) is None
    assert covered_until([batch(0), batch(5, 0), batch(9, 5, complete=False)]) == START + timedelta(hours=5)
    assert covered_until([batch(0), batch(9, 4)]) == START, "between 0 and 4 nobody asked"
    assert covered_until([batch(0), batch(9, 4), batch(12)]) == START + timedelta(hours=12)
    assert covered_until([batch(3, 1)]) == START + timedelta(hours=3), "from where the user began"


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 40) | st.none()), max_size=12), st.data())
def test_every_change_before_what_is_covered_was_listed(harvests, data):
    made = [
        batch(hour, None if since is None else min(since, hour), complete=complete)
        for hour, (complete, since) in enumerate(harvests, 1)
    ]
    covered = covered_until(made)
    if covered is None:
        return
    begun = [one.since for one in made if one.complete]
    first = None if begun[0] is None else begun[0]
    hours = int((covered - START) / timedelta(hours=1))
    change = START + timedelta(hours=data.draw(st.integers(-2, hours)), minutes=-30)
    if first is not None and change < first:
        return  # before what the user asked for at first
    listed = [
        one for one in made
        if one.complete and one.harvested_at > change and (one.since is None or one.since <= change)
    ]  # fmt: skip
    assert listed, f"the change at {change} was never listed"


def paint(folder, name):
    Image.new("RGB", (4, 4), "red").save(folder / name)
    return folder / name


def age(path, days):
    """Make a file look old; its ctime can't be set, so ``_changed_at`` is told apart in a test of its own."""
    moment = (datetime.now(UTC) - timedelta(days=days)).timestamp()
    os.utime(path, (moment, moment))


def test_a_folder_lists_what_was_written_since(tmp_path, zone):
    folder = tmp_path / "scans"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        paint(folder, name)
    first = harvest(DirectorySource(folder), zone, dataset="d", since="last")
    assert first.records == 2
    unchanged = harvest(DirectorySource(folder), zone, dataset="d", since="last")
    assert (unchanged.records, unchanged.complete, unchanged.since) == (0, True, first.harvested_at)
    paint(folder, "c.png")
    age(folder / "c.png", 3000)  # as a file that was moved here with its old time
    (folder / "b.png").unlink()
    changed = harvest(DirectorySource(folder), zone, dataset="d", since="last", detect_withdrawals=True)
    assert [row["guid"] for row in landed(zone, changed.batch)] == ["c.png"]
    assert changed.withdrawn == 0, "what an incremental harvest does not list is not withdrawn"
    whole = harvest(DirectorySource(folder), zone, dataset="d", detect_withdrawals=True)
    assert [(row["guid"], row["deleted"]) for row in landed(zone, whole.batch)] == [
        ("a.png", False), ("c.png", False), ("b.png", True),
    ]  # fmt: skip


def test_an_incomplete_harvest_is_no_base(zone):
    def answer(path, query):
        items = [{"id": f"/1/{n}", "title": ["t"]} for n in range(3)]
        queries.append(query)
        return 200, {}, json.dumps({"success": True, "totalResults": 3, "items": items}).encode()

    queries = []
    with serving(answer) as base:
        options = {"key": "k", "endpoint": f"{base}/search.json", "politeness": QUICK}
        cut = harvest(EuropeanaSource("*", max_records=2, **options), zone, dataset="d", now=START, since="last")
        second = harvest(
            EuropeanaSource("*", **options), zone, dataset="d", now=START + timedelta(days=1), since="last"
        )
        assert (cut.complete, second.since) == (False, None)
        third = harvest(
            EuropeanaSource("*", qf=["TYPE:IMAGE"], **options),
            zone,
            dataset="d",
            now=START + timedelta(days=2),
            since="last",
        )
        fourth = harvest(
            EuropeanaSource("*", **options), zone, dataset="d", now=START + timedelta(days=3), since="last"
        )
    assert third.since is None, "another query is another source"
    assert [query.get("qf") for query in queries] == [
        None, None, "TYPE:IMAGE", "timestamp_update:[2026-03-01T12:30:00.000Z TO *]",
    ]  # fmt: skip
    assert fourth.since == START


def test_sources_that_cannot_tell_say_so(tmp_path, zone):
    (tmp_path / "a.csv").write_text("id,title\n1,x\n")
    with pytest.raises(HarvestError, match="kind csv can't tell what changed"):
        harvest(CsvSource(tmp_path / "a.csv"), zone, dataset="d", since="last")


def test_an_interrupted_incremental_harvest_goes_on_with_the_same_date(zone):
    guids = [f"/1/{number}" for number in range(1_500)]

    def answer(path, query):
        queries.append(query)
        if len(queries) in faults:
            return 502, {}, b""
        start = 0 if query["cursor"] == "*" else int(query["cursor"])
        items = [{"id": guid, "title": ["t"]} for guid in guids[start : start + 100]]
        following = {"nextCursor": str(start + 100)} if start + 100 < len(guids) else {}
        return 200, {}, json.dumps({"success": True, "totalResults": len(guids), "items": items} | following).encode()

    queries, faults = [], {28, 29, 30}
    with serving(answer) as base:
        options = {"key": "k", "endpoint": f"{base}/search.json", "politeness": QUICK}
        harvest(EuropeanaSource("*", **options), zone, dataset="d", now=START)
        later = START + timedelta(days=9)
        with pytest.raises(HarvestError, match="what came is kept"):
            harvest(EuropeanaSource("*", **options), zone, dataset="d", now=later, since="last")
        done = harvest(EuropeanaSource("*", **options), zone, dataset="d", now=later + timedelta(days=1), since="last")
    assert (done.records, done.harvested_at, done.complete) == (1_500, later, True)
    assert queries[30]["cursor"] == "1000"
    assert {query["qf"] for query in queries[15:]} == {"timestamp_update:[2026-02-28T12:30:00.000Z TO *]"}
