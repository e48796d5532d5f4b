"""A harvest that is killed and run again leaves the bytes of one that was not."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heritage_assets.curation import landing_writer
from heritage_assets.curation.landing import LandedRecord, LandingZone
from heritage_assets.curation.sources import HarvestError, JsonlSource, Page, harvest
from heritage_assets.curation.sources.base import StaleStateError, digest
from heritage_assets.stores.objects import FolderStore

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


class Killed(BaseException):
    """Stands for SIGKILL: nothing that catches errors catches it."""


class KillingStore(FolderStore):
    """A folder that kills its user before or after the n-th change."""

    def __init__(self, folder: Path, changes: int | None = None, *, after: bool = False) -> None:
        super().__init__(folder)
        self.left = changes
        self.after = after

    def put(self, key: str, data: bytes, *, if_absent: bool = False) -> bool:
        return self._change(lambda: FolderStore.put(self, key, data, if_absent=if_absent))

    def delete(self, key: str) -> None:
        self._change(lambda: FolderStore.delete(self, key))

    def _change(self, change):
        if self.left is None:
            return change()
        self.left -= 1
        if self.left < 0 and not self.after:
            raise Killed
        result = change()
        if self.left < 0:
            raise Killed
        return result


class Listing:
    """A source over a list of pages of guids."""

    kind = "listing"
    format = "mapped"
    mapping = None
    image_root = None
    detects_withdrawals = True
    reported_total = None
    warnings = ()

    def __init__(self, pages: list[list[str]], *, kill_before: int | None = None, stale: bool = False) -> None:
        self.listing = pages
        self.kill_before = kill_before
        self.stale = stale
        self.limited = False
        self.complete = False
        self.asked: list[int] = []

    def fingerprint(self) -> str:
        return digest(self.listing)

    def scope(self) -> str:
        return "everything"

    def origin(self) -> dict:
        return {}

    def pages(self, state) -> Iterator[Page]:
        if self.stale and state is not None:
            raise StaleStateError("the cursor expired")
        for number in range(0 if state is None else state, len(self.listing)):
            if number == self.kill_before:
                raise Killed
            self.asked.append(number)
            guids = self.listing[number]
            yield Page([LandedRecord(guid, {"id": guid, "page": number}) for guid in guids], number + 1)
        self.complete = not self.limited


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def run(folder: Path, source, *, store=None, now=NOW, **options):
    return harvest(source, LandingZone(store or FolderStore(folder)), dataset="maps", now=now, **options)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    monkeypatch.setattr(landing_writer, "PART_RECORDS", 7)


listings = st.lists(st.integers(0, 12), max_size=12).map(
    lambda sizes: [[f"{page}/{number}" for number in range(size)] for page, size in enumerate(sizes)]
)


@settings(deadline=None, max_examples=60)
@given(listings, st.lists(st.integers(0, 12), max_size=4))
def test_killed_before_any_page(listing, kills):
    with TemporaryDirectory() as one, TemporaryDirectory() as two:
        run(Path(one), Listing(listing))
        for number, kill in enumerate(kills):
            try:
                run(Path(two), Listing(listing, kill_before=kill), now=NOW + timedelta(hours=number))
                break
            except Killed:
                continue
        else:
            run(Path(two), Listing(listing), now=NOW + timedelta(days=1) if kills else NOW)
        assert contents(Path(two)) == contents(Path(one))


@settings(deadline=None, max_examples=60)
@given(listings, listings, st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=4))
def test_killed_at_any_write_also_among_tombstones(before, listing, kills):
    with TemporaryDirectory() as one, TemporaryDirectory() as two:
        for folder in (one, two):
            run(Path(folder), Listing([*before, ["kept"]]), now=NOW - timedelta(days=1))
        expected = run(Path(one), Listing([*listing, ["kept"]]))
        zone = LandingZone(FolderStore(Path(two)))
        for changes, after in kills:
            try:
                run(Path(two), Listing([*listing, ["kept"]]), store=KillingStore(Path(two), changes, after=after))
                break
            except Killed:
                if len(zone.batches()) == 2:
                    break  # sealed just before the kill: a further harvest would be a new batch
                assert len(zone.batches()) == 1, "never half visible"
        else:
            run(Path(two), Listing([*listing, ["kept"]]))
        assert zone.manifest(expected.batch) == expected
        assert sum(map(len, zone.read(expected.batch))) == expected.records
        ours = {name: data for name, data in contents(Path(two)).items() if not name.endswith("progress.json")}
        assert ours == contents(Path(one))


def test_stored_pages_are_not_asked_for_again(tmp_path):
    listing = [[f"{page}-{number}" for number in range(7)] for page in range(10)]
    with pytest.raises(Killed):
        run(tmp_path, Listing(listing, kill_before=6))
    source = Listing(listing)
    run(tmp_path, source)
    assert source.asked == [6, 7, 8, 9]


def test_a_state_that_went_stale_starts_again(tmp_path):
    listing = [[f"{page}-{number}" for number in range(7)] for page in range(10)]
    with pytest.raises(Killed):
        run(tmp_path / "two", Listing(listing, kill_before=6))
    manifest = run(tmp_path / "two", Listing(listing, stale=True))
    assert manifest.records == 70
    run(tmp_path / "one", Listing(listing))
    assert contents(tmp_path / "two") == contents(tmp_path / "one")


def test_what_is_no_longer_listed_is_withdrawn_once(tmp_path):
    def listed(day, guids, **options):
        manifest = run(tmp_path, Listing([guids]), now=NOW + timedelta(days=day), **options)
        batch = [row for rows in LandingZone(FolderStore(tmp_path)).read(manifest.batch) for row in rows.to_pylist()]
        assert manifest.withdrawn == sum(row["deleted"] for row in batch)
        return [row["guid"] for row in batch if row["deleted"]]

    assert listed(0, ["a", "b", "c"]) == []
    assert listed(1, ["b", "c"]) == ["a"]
    assert listed(2, ["b", "c"]) == [], "a is not withdrawn again"
    assert listed(3, ["b"], detect_withdrawals=False) == []
    assert listed(4, ["a", "d"]) == ["b"], "compared with the newest listing; a came back"
    assert listed(5, ["d"]) == ["a"]


def test_a_listing_that_may_be_short_withdraws_nothing(tmp_path):
    run(tmp_path, Listing([["a", "b", "c"]]))
    empty = run(tmp_path, Listing([[]]), now=NOW + timedelta(days=1))
    assert empty.withdrawn == 0
    assert any("not judged" in warning for warning in empty.warnings)
    short = Listing([["a"]])
    short.reported_total = 3
    assert run(tmp_path, short, now=NOW + timedelta(days=2)).withdrawn == 0


def test_incomplete_listings_add_to_what_was_listed(tmp_path):
    run(tmp_path, Listing([["a"]]))
    partial = Listing([["b"]])
    partial.limited = True
    assert run(tmp_path, partial, now=NOW + timedelta(days=1)).complete is False
    manifest = run(tmp_path, Listing([["a"], ["c"]]), now=NOW + timedelta(days=2))
    assert manifest.withdrawn == 1


def test_real_files_are_resumed_too(tmp_path, monkeypatch):
    path = tmp_path / "records.jsonl"
    path.write_text("".join(json.dumps({"id": number}) + "\n" for number in range(1_000)))
    mapping = {"guid": "id"}
    make = lambda: JsonlSource(path, _mapping(mapping))  # noqa: E731
    run(tmp_path / "one", make())
    for changes in range(3, 40, 4):
        with pytest.raises(Killed):
            run(tmp_path / "two", make(), store=KillingStore(tmp_path / "two", changes))
    run(tmp_path / "two", make())
    assert contents(tmp_path / "two") == contents(tmp_path / "one")


def test_a_changed_file_begins_a_new_batch(tmp_path):
    path = tmp_path / "records.jsonl"
    path.write_text('{"id": 1}\n' * 50)
    with pytest.raises(Killed):
        run(tmp_path, JsonlSource(path, _mapping({"guid": "id"})), store=KillingStore(tmp_path, 4))
    path.write_text('{"id": 2}\n' * 50)
    manifest = run(tmp_path, JsonlSource(path, _mapping({"guid": "id"})), now=NOW + timedelta(days=1))
    assert manifest.harvested_at == NOW + timedelta(days=1)
    read = LandingZone(FolderStore(tmp_path)).read(manifest.batch)
    assert {row["guid"] for rows in read for row in rows.to_pylist()} == {"2"}


def test_an_error_of_the_source_seals_nothing(tmp_path):
    path = tmp_path / "records.jsonl"
    path.write_text('[{"id": 1}]')
    with pytest.raises(HarvestError, match="array"):
        run(tmp_path, JsonlSource(path, _mapping({"guid": "id"})))
    assert LandingZone(FolderStore(tmp_path)).batches() == []


def _mapping(data):
    from heritage_assets.curation.mapping import RecordMapping

    return RecordMapping.parse(data)
