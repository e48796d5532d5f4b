"""Tables and landing zone on a real S3 server: writers side by side, and a server that is killed while it is written to."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from local_servers import program
from minio_server import MinioServer

from heritage_assets.curation.landing import LandingZone
from heritage_assets.curation.mapping import RecordMapping
from heritage_assets.curation.schemas import CANONICAL_RECORDS, REJECTED_RECORDS
from heritage_assets.curation.sources import JsonlSource, harvest
from heritage_assets.stores.lake import Lake, StorageError
from heritage_assets.stores.objects import open_object_store

ROWS = 20_000
PIECES = 12


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MinioServer]:
    binary = program("minio")
    if binary is None:
        pytest.skip("no MinIO (scripts/services.sh builds it where Go is)")
    (tmp_path / "minio").mkdir()
    running = MinioServer(binary, tmp_path / "minio")
    running.start()
    yield running
    running.kill()


def rejected(batch: str, first: int, count: int) -> pa.RecordBatch:
    lines = range(first, first + count)
    columns = {
        "batch": [batch] * count,
        "dataset": [None] * count,
        "line": lines,
        "guid": [None] * count,
        "reason": ["no_guid"] * count,
        "detail": [None] * count,
        "raw": [f"{line:x}-{line * 7919 % 104729}" for line in lines],
    }
    return pa.RecordBatch.from_pydict(columns, schema=REJECTED_RECORDS.schema)


def write_slices(root: str, options: dict[str, str], name: str, count: int) -> None:
    """Replace slices of one's own, and one row of a global table with those of others beside it."""
    lake = Lake(root, options)
    for number in range(count):
        lake.replace_batch(REJECTED_RECORDS, f"{name}-{number % 2}", [rejected(f"{name}-{number % 2}", 0, number + 1)])
        rows = [{"guid": f"{name}{number}", "canonical_id": name}, {"guid": "shared", "canonical_id": name}]
        lake.merge(CANONICAL_RECORDS, pa.Table.from_pylist(rows, schema=CANONICAL_RECORDS.schema))


def test_two_processes_write_one_table(server: MinioServer) -> None:
    lake = server.lake()
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=write_slices, args=(lake.root, lake.storage_options, name, 4)) for name in "pq"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(timeout=100)
        assert writer.exitcode == 0
    sizes = {batch: lake.count(REJECTED_RECORDS, batches=[batch]) for batch in lake.batches(REJECTED_RECORDS)}
    assert sizes == {"p-0": 3, "p-1": 4, "q-0": 3, "q-1": 4}
    found = {row["guid"]: row["canonical_id"] for row in lake.read(CANONICAL_RECORDS).to_pylist()}
    assert found.pop("shared") in ("p", "q")
    assert found == {f"{name}{number}": name for name in "pq" for number in range(4)}


def slowly(server: MinioServer, batch: str, *, back_after: float | None) -> Iterator[pa.RecordBatch]:
    """Yield rows; the server is killed half way, and comes back after some seconds or not at all."""
    for piece in range(PIECES):
        if piece == PIECES // 2:
            server.kill()
            if back_after is not None:
                threading.Timer(back_after, server.start).start()
        yield rejected(batch, piece * ROWS, ROWS)


def test_a_server_that_stays_away_fails_the_write_in_bounded_time(server: MinioServer) -> None:
    lake = server.lake()
    lake.replace_batch(REJECTED_RECORDS, "a", [rejected("a", 0, 5)])
    before = lake.version(REJECTED_RECORDS)
    started = time.monotonic()
    with pytest.raises(StorageError, match=r"after \d+ retries"):
        lake.replace_batch(REJECTED_RECORDS, "a", slowly(server, "a", back_after=None))
    assert time.monotonic() - started < 60
    server.start()
    assert lake.version(REJECTED_RECORDS) == before
    assert lake.count(REJECTED_RECORDS) == 5  # the slice as it was, and nothing of the half that came
    written = lake.replace_batch(REJECTED_RECORDS, "a", [rejected("a", n * ROWS, ROWS) for n in range(PIECES)])
    assert written.rows == lake.count(REJECTED_RECORDS) == PIECES * ROWS


def test_a_server_that_comes_back_is_written_to_the_end(server: MinioServer) -> None:
    lake = server.lake()
    lake.replace_batch(REJECTED_RECORDS, "a", [rejected("a", 0, 5)])
    lake.replace_batch(REJECTED_RECORDS, "a", slowly(server, "a", back_after=1.5))
    lines = lake.read(REJECTED_RECORDS)["line"].to_pylist()
    assert sorted(lines) == list(range(PIECES * ROWS))


class Dying(JsonlSource):
    """A source whose server of the landing zone is killed after the first page."""

    server: MinioServer

    def pages(self, state: object) -> Iterator[object]:
        for page in super().pages(state):
            self.server.kill()
            yield page


def test_a_harvest_that_lost_its_server_leaves_no_manifest(server: MinioServer, tmp_path: Path) -> None:
    file = tmp_path / "records.jsonl"
    file.write_text("".join(f'{{"id": "r-{number}", "title": "Thing {number}"}}\n' for number in range(2_500)))
    mapping = RecordMapping.parse({"guid": "id", "title": "title"})
    store = open_object_store(server.bucket(), s3_options=server.access.boto3_options())
    zone = LandingZone(store)
    dying = Dying(file, mapping)
    dying.server = server
    started = time.monotonic()
    with pytest.raises(Exception, match=r"(?i)connect"):
        harvest(dying, zone, dataset="things", batch="things-1")
    assert time.monotonic() - started < 90
    server.start()
    assert zone.batches() == []
    assert not [info.key for info in store.list() if info.key.endswith("manifest.json")]
    manifest = harvest(JsonlSource(file, mapping), zone, dataset="things", batch="things-1")
    assert (manifest.records, manifest.complete, zone.batches()) == (2_500, True, ["things-1"])
    assert sum(rows.num_rows for rows in zone.read("things-1")) == 2_500
    stored = {info.key.rsplit("/", 1)[1] for info in store.list("landing")}
    assert stored == {*(part.name for part in manifest.parts), "manifest.json"}
