"""Maintenance: the same rows from fewer files, at any retention, beside writers, by command and by job."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from heritage_assets.cli.app import app
from heritage_assets.curation.schemas import CANONICAL_RECORDS, CLUSTERS, REJECTED_RECORDS
from heritage_assets.definitions import build_definitions
from heritage_assets.settings import Settings
from heritage_assets.stores.connect import Platform
from heritage_assets.stores.lake import Lake
from heritage_assets.stores.maintenance import maintain


def rejected(batch: str, count: int) -> pa.RecordBatch:
    rows = [{"batch": batch, "line": line, "reason": "no_guid", "raw": "{}"} for line in range(count)]
    return pa.RecordBatch.from_pylist(rows, schema=REJECTED_RECORDS.schema)


def canonical(*guids: str) -> pa.Table:
    return pa.Table.from_pylist(
        [{"guid": guid, "canonical_id": guid} for guid in guids], schema=CANONICAL_RECORDS.schema
    )


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home whose tables came to be in many small writes."""
    made = Settings(_env_file=None, home=tmp_path / "home")
    lake = Platform(made).lake
    for number in range(6):
        lake.merge(CANONICAL_RECORDS, canonical(f"g-{number}"))
        lake.replace_batch(REJECTED_RECORDS, "a", [rejected("a", number + 1)])
    return made


@pytest.fixture
def lake(settings: Settings) -> Lake:
    return Platform(settings).lake


def stored(lake: Lake, name: str) -> list[Path]:
    return list(Path(lake.root.removeprefix("file://"), name).rglob("*.parquet"))


def data_files(lake: Lake, name: str) -> int:
    return sum("_delta_log" not in path.parts for path in stored(lake, name))


def rows_of(lake: Lake) -> list[pa.Table]:
    return [
        lake.read(CANONICAL_RECORDS).sort_by("guid"),
        lake.read(REJECTED_RECORDS).sort_by([("batch", "ascending"), ("line", "ascending")]),
    ]


def test_the_same_rows_come_from_fewer_files(lake: Lake) -> None:
    before, files = rows_of(lake), data_files(lake, "canonical_records")
    done = {one.table: one for one in maintain(lake, retention_hours=0)}
    assert set(done) == {"canonical_records", "rejected_records"}  # what does not exist is not made
    assert done["canonical_records"].files_before == 6
    assert done["canonical_records"].files_after == data_files(lake, "canonical_records") == 1
    assert done["rejected_records"].deleted == 5  # the earlier versions of the slice
    assert data_files(lake, "rejected_records") == 1
    assert files > 1
    assert rows_of(lake) == before
    assert lake.version(CLUSTERS) is None
    again = maintain(lake, retention_hours=0)
    assert {(one.compacted, one.deleted) for one in again} == {(0, 0)}


def test_within_the_retention_nothing_is_deleted(lake: Lake) -> None:
    version, before = lake.version(REJECTED_RECORDS), data_files(lake, "rejected_records")
    assert all(one.deleted == 0 for one in maintain(lake))
    assert data_files(lake, "rejected_records") >= before
    assert lake.version(REJECTED_RECORDS) == version  # one file was no small file


def test_what_a_killed_writer_left_goes_when_it_is_old(lake: Lake) -> None:
    folder = Path(lake.root.removeprefix("file://"), "rejected_records", "batch=a")
    old, young = folder / "part-old.parquet", folder / "part-young.parquet"
    for file in (old, young):
        file.write_bytes(b"half")
    past = time.time() - 8 * 24 * 3600
    os.utime(old, (past, past))
    before = rows_of(lake)
    maintain(lake)
    assert (old.exists(), young.exists()) == (False, True)
    assert rows_of(lake) == before


def test_a_negative_retention_is_refused(lake: Lake) -> None:
    with pytest.raises(ValueError, match="negative"):
        maintain(lake, retention_hours=-1)


def test_writers_beside_it_lose_nothing(lake: Lake) -> None:
    failed: list[Exception] = []

    def write() -> None:
        try:
            for number in range(10):
                lake.merge(CANONICAL_RECORDS, canonical(f"w-{number}"))
        except Exception as error:
            failed.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive():
        maintain(lake, [CANONICAL_RECORDS])
    writer.join()
    assert not failed
    guids = set(lake.read(CANONICAL_RECORDS)["guid"].to_pylist())
    assert guids == {f"g-{number}" for number in range(6)} | {f"w-{number}" for number in range(10)}


def test_the_command_tells_what_it_did(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HERITAGE_HOME", str(settings.home))
    done = CliRunner().invoke(app, ["maintain", "--retention-days", "0", "--json"])
    assert done.exit_code == 0, done.output
    told = {row["table"]: row for row in json.loads(done.stdout)}
    assert (told["canonical_records"]["files_before"], told["canonical_records"]["files_after"]) == (6, 1)


def test_the_job_runs_every_week(settings: Settings) -> None:
    definitions = build_definitions(settings)
    schedule = next(one for one in definitions.schedules or () if one.name == "weekly_maintenance")
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
    assert schedule.cron_schedule.endswith("* * 0")
    job = definitions.resolve_job_def(schedule.job_name)
    done = job.execute_in_process(run_config={"ops": {"maintain_tables": {"config": {"retention_hours": 0}}}})
    assert done.success
    assert data_files(Platform(settings).lake, "canonical_records") == 1
