"""Maintenance of the tables: small files become few, and files that no reader can still want are deleted.

delta-rs does it for both engines: what Spark wrote is compacted and vacuumed by the same code, and no session is started for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError
from deltalake.fs import DeltaStorageHandler
from pyarrow.fs import FileType, PyFileSystem
from stamina import retry

from heritage_assets.curation.schemas import PICTURE_EMBEDDINGS, TABLES, TableSpec
from heritage_assets.stores.lake import Lake

RETENTION_HOURS = 7 * 24
"""How long files stay that are no longer part of a table: longer than any write or read takes."""
FILE_BYTES = 128 * 2**20


@dataclass(frozen=True)
class Maintained:
    """What maintaining a table did: data files before and after, compacted into how many, and files deleted."""

    table: str
    files_before: int
    files_after: int
    compacted: int
    deleted: int


def maintain(
    lake: Lake, tables: Sequence[TableSpec] | None = None, *, retention_hours: float = RETENTION_HOURS
) -> list[Maintained]:
    """Compact and vacuum tables; rows, and what a query returns, stay as they are.

    May run beside writers: a compaction that meets another's commit is tried again, and what a writer has not committed yet is
    younger than the retention.

    Args:
        lake: where the tables are.
        tables: which (default: all); those that do not exist are passed over.
        retention_hours: files that left a table this long ago, or that no commit ever named, are deleted. With less than the
            longest write takes, a writer can lose its files.

    Raises:
        ValueError: ``retention_hours`` is negative.
        deltalake.exceptions.CommitFailedError: a table was written to at every attempt.
    """
    if retention_hours < 0:
        raise ValueError(f"retention of {retention_hours} hours: it can't be negative")
    chosen = [*TABLES.values(), PICTURE_EMBEDDINGS] if tables is None else tables
    return [_maintained(lake, table, retention_hours) for table in chosen if lake.open(table) is not None]


def _maintained(lake: Lake, table: TableSpec, retention_hours: float) -> Maintained:
    before = len(_opened(lake, table).file_uris())
    compacted = _compact_once_free(lake, table)
    opened = _opened(lake, table)
    opened.create_checkpoint()  # readers need no longer go through every commit
    deleted = _vacuum(lake, opened, retention_hours)
    return Maintained(table.name, before, len(opened.file_uris()), compacted, deleted)


def _vacuum(lake: Lake, table: DeltaTable, retention_hours: float) -> int:
    """Delete files, also those that no commit ever named; return how many there were to delete."""
    options: dict[str, Any] = {
        "retention_hours": int(retention_hours),
        "enforce_retention_duration": retention_hours >= RETENTION_HOURS,
        "full": True,
    }
    named = table.vacuum(dry_run=True, **options)  # names also what an earlier one deleted
    files = PyFileSystem(DeltaStorageHandler.from_table(table._table, lake.storage_options))
    there = sum(info.type == FileType.File for info in files.get_file_info(named))
    if there:
        table.vacuum(dry_run=False, **options)
    return there


@retry(on=CommitFailedError, attempts=8, wait_initial=0.1, wait_max=5.0)
def _compact_once_free(lake: Lake, table: TableSpec) -> int:
    done = _opened(lake, table).optimize.compact(target_size=FILE_BYTES)
    return int(done["numFilesRemoved"])


def _opened(lake: Lake, table: TableSpec) -> DeltaTable:
    opened = lake.open(table)
    if opened is None:
        raise RuntimeError(f"{lake.uri(table)} vanished while it was maintained")
    return opened
