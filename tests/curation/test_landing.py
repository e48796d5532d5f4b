"""The landing zone: what is sealed is whole, verified and never changes; what is not sealed is not there."""

import gzip
import json
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heritage_assets.curation import landing_writer
from heritage_assets.curation.landing import (
    MAX_RECORD_BYTES,
    BatchSealedError,
    CorruptBatchError,
    LandedRecord,
    LandingError,
    LandingZone,
    Manifest,
    UnknownBatchError,
    decode_part,
    slug,
)
from heritage_assets.curation.landing_lines import encode
from heritage_assets.curation.landing_writer import Outcome, open_batch
from heritage_assets.curation.schemas import RAW_RECORDS
from heritage_assets.stores.objects import FolderStore

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


@pytest.fixture
def zone(tmp_path):
    return LandingZone(FolderStore(tmp_path))


def land(zone, records, *, dataset="maps", batch=None, now=NOW, fingerprint="f", **fields):
    writer = open_batch(zone, dataset=dataset, fingerprint=fingerprint, now=now, batch=batch)
    writer.add(records, {"at": len(records)}, before=None)
    writer.end(Outcome(complete=True))
    manifest = Manifest(
        dataset=dataset,
        batch=writer.batch,
        source="test",
        format="mapped",
        origin={},
        harvested_at=now,
        parts=writer.parts,
        records=writer.stored,
        complete=True,
        **fields,
    )
    return writer.seal(manifest)


def rows(zone, batch):
    return pa.Table.from_batches(zone.read(batch), schema=RAW_RECORDS).to_pylist()


def test_a_batch_is_read_as_it_was_landed(zone):
    records = [
        LandedRecord("a", {"id": "a", "n": 1}),
        LandedRecord(None, "<xml/>"),
        LandedRecord("c", {}, deleted=True),
    ]
    manifest = land(zone, records, warnings=("one",))
    assert manifest.batch == "maps-20260301t123000"
    assert rows(zone, manifest.batch) == [
        {"line": 1, "guid": "a", "deleted": False, "raw": '{"id":"a","n":1}'},
        {"line": 2, "guid": None, "deleted": False, "raw": "<xml/>"},
        {"line": 3, "guid": "c", "deleted": True, "raw": "{}"},
    ]
    assert zone.manifest(manifest.batch) == manifest
    assert zone.sealed() == [manifest]
    assert zone.unsealed() == []


def test_parts_are_bounded_and_lines_count_on(zone):
    manifest = land(zone, [LandedRecord(str(number), {"n": number}) for number in range(2_500)])
    assert [part.records for part in manifest.parts] == [1_000, 1_000, 500]
    read = rows(zone, manifest.batch)
    assert [row["line"] for row in read] == list(range(1, 2_501))
    assert [row["guid"] for row in read] == [str(number) for number in range(2_500)]


def test_parts_are_bounded_in_bytes(zone):
    manifest = land(zone, [LandedRecord(str(number), {"text": "x" * 6 * 2**20}) for number in range(5)])
    assert [part.records for part in manifest.parts] == [2, 2, 1]


def test_an_unsealed_batch_is_not_there(zone):
    writer = open_batch(zone, dataset="maps", fingerprint="f", now=NOW)
    writer.add([LandedRecord(str(number), {}) for number in range(1_500)], {}, before=None)
    assert zone.batches() == []
    assert zone.unsealed() == [writer.batch]
    with pytest.raises(UnknownBatchError, match="not finished"):
        next(zone.read(writer.batch))
    with pytest.raises(UnknownBatchError, match="does not exist"):
        zone.manifest("maps-1")


def test_batches_come_oldest_harvest_first(zone):
    land(zone, [], dataset="b", now=NOW + timedelta(days=1))
    land(zone, [], dataset="z", now=NOW)
    land(zone, [], dataset="a", now=NOW + timedelta(days=2))
    assert [batch[0] for batch in zone.batches()] == ["z", "b", "a"]


def test_a_sealed_batch_is_never_written_again(zone, tmp_path):
    manifest = land(zone, [LandedRecord("a", {})], batch="first")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*")}
    with pytest.raises(BatchSealedError, match="sealed"):
        land(zone, [LandedRecord("b", {})], batch=manifest.batch)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.*")} == before


def test_keys_are_unique_across_datasets(zone):
    land(zone, [], dataset="maps", batch="spring")
    with pytest.raises(LandingError, match="taken"):
        land(zone, [], dataset="coins", batch="spring")


def test_harvests_of_one_second_get_different_keys(zone):
    keys = [land(zone, [], fingerprint=str(number)).batch for number in range(3)]
    assert keys == ["maps-20260301t123000", "maps-20260301t123000-2", "maps-20260301t123000-3"]


@pytest.mark.parametrize("key", ["", "Spring", "a/b", "..", "a b", "-a", "x" * 121, "é"])
def test_keys_that_are_no_slugs_are_refused(zone, key):
    with pytest.raises(ValueError, match="batch key"):
        land(zone, [], batch=key)


@given(st.text())
def test_every_dataset_name_gives_a_safe_folder(name):
    key = slug(name)
    landing_writer.check_batch(f"{key}-20260301t123000")
    assert slug(key) == key


def test_another_writer_of_the_same_batch_is_noticed(zone):
    first = open_batch(zone, dataset="maps", fingerprint="f", now=NOW)
    second = open_batch(zone, dataset="maps", fingerprint="f", now=NOW)
    assert first.batch == second.batch
    first.add([LandedRecord("a", {})], {}, before=None)
    with pytest.raises(LandingError, match="another harvest"):
        first.end(Outcome(complete=True))
    second.end(Outcome(complete=True))


def test_an_unfinished_batch_of_something_else_is_not_continued(zone):
    open_batch(zone, dataset="maps", fingerprint="f", now=NOW, batch="mine")
    with pytest.raises(LandingError, match="other arguments"):
        open_batch(zone, dataset="maps", fingerprint="g", now=NOW, batch="mine")
    assert open_batch(zone, dataset="maps", fingerprint="g", now=NOW).batch != "mine"


@pytest.mark.parametrize("change", ["flip", "cut", "remove", "replace"])
def test_changed_parts_are_noticed(zone, tmp_path, change):
    manifest = land(zone, [LandedRecord("a", {"id": "a"})])
    part = next(tmp_path.rglob("records-*"))
    stored = part.read_bytes()
    if change == "remove":
        part.unlink()
    elif change == "replace":
        part.write_bytes(gzip.compress(b'{"guid":"b","deleted":false,"raw":{}}\n'))
    else:
        part.write_bytes(stored[:-4] if change == "cut" else stored[:20] + bytes([stored[20] ^ 1]) + stored[21:])
    with pytest.raises(CorruptBatchError, match="harvest this source again"):
        list(zone.read(manifest.batch))


@pytest.mark.parametrize(
    ("field", "value"),
    [("version", 2), ("records", 7), ("format", "marc"), ("batch", "../x"), ("harvested_at", "yesterday"), ("new", 1)],
)
def test_manifests_are_validated_when_read(zone, tmp_path, field, value):
    manifest = land(zone, [LandedRecord("a", {})])
    path = next(tmp_path.rglob("manifest.json"))
    path.write_text(json.dumps(json.loads(path.read_text()) | {field: value}))
    assert zone.batches() == [], "one corrupt manifest must not stop the others"
    with pytest.raises(CorruptBatchError, match=r"manifest\.json"):
        zone.manifest(manifest.batch)


def test_a_manifest_moved_elsewhere_is_refused(zone, tmp_path):
    land(zone, [], batch="here")
    (tmp_path / "landing" / "maps" / "here").rename(tmp_path / "landing" / "maps" / "there")
    with pytest.raises(CorruptBatchError, match="moved"):
        zone.manifest("there")


json_objects = st.dictionaries(
    st.text(),
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**63 - 1)
        | st.text()
        | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)


@given(st.lists(st.tuples(st.none() | st.text(), json_objects | st.text(), st.booleans()), max_size=5))
def test_every_record_comes_back_as_it_was(records):
    lines = b"".join(encode(LandedRecord(*record)) for record in records)
    assert lines.count(b"\n") == len(records)
    decoded = decode_part(lines).to_pylist()
    for (guid, raw, deleted), row in zip(records, decoded, strict=True):
        assert (row["guid"], row["deleted"]) == (guid, deleted)
        assert (row["raw"] if isinstance(raw, str) else json.loads(row["raw"])) == raw


def test_what_json_cannot_hold_still_lands():
    deep: dict = {}
    for _ in range(400):
        deep = {"x": deep}
    for raw in (deep, {"x": float("nan")}, {"x": 2**70}, {"x": "\ud800"}, "\ud800", {"x": b"bytes"}):
        row = decode_part(encode(LandedRecord("a\udcff", raw))).to_pylist()[0]
        assert row["guid"] == "a?"
        assert row["raw"]


def test_oversized_records_land_as_a_marker():
    row = decode_part(encode(LandedRecord("big", {"text": "x" * MAX_RECORD_BYTES}))).to_pylist()[0]
    marker = json.loads(row["raw"])
    assert row["guid"] == marker["guid"] == "big"
    assert marker["oversized"] is True
    assert marker["size_bytes"] > MAX_RECORD_BYTES
