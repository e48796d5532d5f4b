"""Back up, destroy, restore: the same answers; and what is not whole, or not empty, is refused."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from heritage_assets.embedded.vector_endpoint import ensure_endpoint, stop_endpoint
from heritage_assets.embedded.vector_endpoint.lifecycle import running_endpoint
from heritage_assets.stores.backup import BackupError, back_up, restore
from heritage_assets.stores.objects import FolderStore, ObjectInfo, open_object_store

from .conftest import CommandLine


@pytest.fixture(scope="module")
def copied(heritage: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """A copy of the small archive, which may be destroyed."""
    stop_endpoint(heritage.home)
    home = tmp_path_factory.mktemp("backed-up") / "home"
    shutil.copytree(heritage.home, home)
    yield CommandLine(heritage.folder, home)
    stop_endpoint(home)


def answers(command: CommandLine) -> list[object]:
    return [
        command.json("search", "a red vase", "--limit", "5"),
        command.json("similar", "obj-1", "--by", "image", "--limit", "5"),
        command.json("status")["points"],
    ]


def test_a_destroyed_archive_answers_as_before(copied: CommandLine, tmp_path: Path) -> None:
    before = answers(copied)
    assert before[0]
    target = tmp_path / "monday"
    assert "objects" in copied.run("backup", str(target)).stdout
    stop_endpoint(copied.home)
    shutil.rmtree(copied.home)
    copied.run("restore", str(target))
    assert answers(copied) == before
    assert copied.json("materialize", "--until", "canonical_points") == [], "Dagster knows what is complete"


def test_a_backup_goes_to_a_new_folder_and_back_to_an_empty_place(copied: CommandLine, tmp_path: Path) -> None:
    copied.run("backup", str(tmp_path / "one"))
    again = copied.run("backup", str(tmp_path / "one"), ok=False)
    assert again.returncode == 1
    assert "is not empty" in again.stderr
    inside = copied.run("backup", str(copied.home / "lake" / "backups"), ok=False)
    assert inside.returncode == 1
    assert "name a folder outside" in inside.stderr
    over = copied.run("restore", str(tmp_path / "one"), ok=False)
    assert over.returncode == 1
    assert "never over an archive" in over.stderr


def test_a_server_is_asked_for_snapshots_and_left_running(
    copied: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = ensure_endpoint(copied.home)
    with monkeypatch.context() as patch:
        patch.setenv("HERITAGE_QDRANT_URL", url)
        said = copied.run("backup", str(tmp_path / "served")).stdout
    assert "heritage__" in said
    assert "the server keeps no snapshots" in said, "the embedded endpoint has none, and says so"
    assert running_endpoint(copied.home) == url
    assert not (tmp_path / "served/home/vectors").exists()


def small_lake(folder: Path) -> FolderStore:
    store = FolderStore(folder)
    write_deltalake(folder / "tables/a", pa.table({"number": [1]}))
    store.put("images/ab/abc", b"\x89PNG")
    store.put("landing/d/d-1/records-00000.jsonl.gz", b"rows")
    store.put("landing/d/d-1/manifest.json", b"{}")
    return store


class Busy(FolderStore):
    """A lake in which a table is written, and a batch sealed, right behind the back of whoever lists it."""

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Yield what is there; then somebody commits twice, and only the second commit is still seen."""
        yield from super().list(prefix)
        for number in (2, 3):
            write_deltalake(self.folder / "tables/a", pa.table({"number": [number]}), mode="append")
        self.put("landing/d/d-2/records-00000.jsonl.gz", b"rows")
        self.put("landing/d/d-2/manifest.json", b"{}")
        table = self.folder / "tables/a/_delta_log"
        newest = max(path for path in table.iterdir() if path.suffix == ".json")
        key = newest.relative_to(self.folder).as_posix()
        yield ObjectInfo(key, newest.stat().st_size, next(iter(super().list())).modified)


def test_a_backup_beside_a_writer_is_a_state_that_the_tables_had(tmp_path: Path) -> None:
    small_lake(tmp_path / "lake")
    back_up(Busy(tmp_path / "lake"), tmp_path / "home", tmp_path / "backup", with_vectors=False)
    new = FolderStore(tmp_path / "new")
    restore(tmp_path / "backup", new, tmp_path / "home2")
    table = DeltaTable(tmp_path / "new/tables/a")
    assert table.version() == 2, "the newest commit of the first listing; the one before it is from the second"
    assert sorted(table.to_pyarrow_table()["number"].to_pylist()) == [1, 2, 3]
    assert new.exists("landing/d/d-1/manifest.json")
    assert not new.exists("landing/d/d-2/manifest.json"), "its records may have been missed"


def test_what_is_damaged_or_unfinished_is_not_restored(tmp_path: Path) -> None:
    back_up(small_lake(tmp_path / "lake"), tmp_path / "home", tmp_path / "backup", with_vectors=True)
    (tmp_path / "backup/lake/images/ab/abc").write_bytes(b"other")
    with pytest.raises(BackupError, match="is damaged"):
        restore(tmp_path / "backup", FolderStore(tmp_path / "new"), tmp_path / "home2")
    (tmp_path / "backup/lake/images/ab/abc").unlink()
    with pytest.raises(BackupError, match="is missing"):
        restore(tmp_path / "backup", FolderStore(tmp_path / "new2"), tmp_path / "home2")
    (tmp_path / "backup/backup.json").write_bytes(b'{"format": 99}')
    with pytest.raises(BackupError, match="no manifest of format 1"):
        restore(tmp_path / "backup", FolderStore(tmp_path / "new2"), tmp_path / "home2")
    (tmp_path / "backup/backup.json").unlink()
    with pytest.raises(BackupError, match="was not finished"):
        restore(tmp_path / "backup", FolderStore(tmp_path / "new2"), tmp_path / "home2")


def test_a_home_with_runs_or_vectors_is_not_overwritten(tmp_path: Path) -> None:
    back_up(small_lake(tmp_path / "lake"), tmp_path / "home", tmp_path / "backup", with_vectors=True)
    (tmp_path / "home2/dagster").mkdir(parents=True)
    (tmp_path / "home2/dagster/runs.db").write_bytes(b"runs")
    with pytest.raises(BackupError, match="dagster is not empty"):
        restore(tmp_path / "backup", FolderStore(tmp_path / "new"), tmp_path / "home2")


def test_a_lake_on_s3_comes_back_the_same(tmp_path: Path) -> None:
    endpoint = os.environ.get("HERITAGE_TEST_S3_ENDPOINT")
    if not endpoint:
        pytest.skip("no S3 server to test against (set HERITAGE_TEST_S3_ENDPOINT)")
    import boto3

    options = {
        "endpoint_url": endpoint,
        "aws_access_key_id": os.environ.get("HERITAGE_TEST_S3_ACCESS_KEY"),
        "aws_secret_access_key": os.environ.get("HERITAGE_TEST_S3_SECRET_KEY"),
        "region_name": "us-east-1",
    }
    bucket = f"backup-{uuid.uuid4().hex[:12]}"
    boto3.client("s3", **options).create_bucket(Bucket=bucket)
    first, second = (open_object_store(f"s3://{bucket}/{name}", s3_options=options) for name in ("first", "second"))
    origin = small_lake(tmp_path / "lake")
    for info in origin.list():
        first.put(info.key, origin.get(info.key))
    back_up(first, tmp_path / "home", tmp_path / "backup", with_vectors=False)
    restore(tmp_path / "backup", second, tmp_path / "home2")
    assert {info.key: second.get(info.key) for info in second.list()} == {
        info.key: origin.get(info.key) for info in origin.list()
    }
