"""The lake: Delta tables under one root, read and written as streams of Arrow record batches (delta-rs, in process).

Two ways to write, both idempotent: a batch's slice is replaced whole (``replaceWhere batch``), a global table is merged by key.
Memory: a write holds one record batch and what the Parquet writer buffers for a row group; a merge holds its source.
"""

from __future__ import annotations

import functools
import hashlib
import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from stamina import retry

from heritage_assets.curation.schemas import TableSpec
from heritage_assets.stores.pump import Pump
from heritage_assets.stores.s3 import CA_BUNDLE
from heritage_assets.stores.trust import trust

SCAN_ROWS = 8_192


def text(column: str) -> pc.Expression:
    """Name a text column in a filter.

    Merges leave files whose text columns, and their statistics, are typed as string views; Arrow has no comparison of those with
    strings and would refuse the filter. The cast keeps it from consulting the statistics.
    """
    return pc.field(column).cast(pa.string())


def within(values: Mapping[str, str] | None) -> pc.Expression | None:
    """Return the filter for rows with these values (column to text; none may be null), or None for no narrowing."""
    parts = [text(column) == value for column, value in (values or {}).items()]
    return functools.reduce(operator.and_, parts) if parts else None


def slice_predicate(values: Mapping[str, str]) -> str:
    """Return the same as SQL, as ``replaceWhere`` wants it."""
    return " AND ".join(f"{column} = '{_literal(value)}'" for column, value in values.items())


class StorageError(OSError):
    """The storage below a table did not answer, or refused; nothing was committed, so trying again is safe."""


@contextmanager
def storage_errors() -> Iterator[None]:
    """Raise what the storage says as StorageError: delta-rs wraps some of it as if the data were at fault."""
    try:
        yield
    except DeltaError as error:
        if not isinstance(error, CommitFailedError) and "error performing" in str(error).lower():
            raise StorageError(str(error)[:1_000]) from error
        raise


@dataclass(frozen=True)
class Written:
    """What a write left: the table's address, its Delta version and the number of rows written."""

    uri: str
    version: int
    rows: int


class Lake:
    """Delta tables by :class:`TableSpec` under ``root`` (``file:///…`` or ``s3://…``)."""

    def __init__(self, root: str, storage_options: dict[str, str] | None = None) -> None:
        self.root = root.rstrip("/")
        self.storage_options = storage_options or {}
        if CA_BUNDLE in self.storage_options:
            trust(self.storage_options[CA_BUNDLE])

    def uri(self, table: TableSpec) -> str:
        """Return the table's address."""
        return f"{self.root}/{table.name}"

    def open(self, table: TableSpec) -> DeltaTable | None:
        """Open the newest version, or return None when nothing was ever written."""
        try:
            return DeltaTable(self.uri(table), storage_options=self.storage_options)
        except TableNotFoundError:
            return None

    def version(self, table: TableSpec) -> int | None:
        """Return the newest Delta version, or None when there is no table."""
        opened = self.open(table)
        return None if opened is None else opened.version()

    # -- reading ----------------------------------------------------------------------------------------------------

    def scan(
        self,
        table: TableSpec,
        *,
        columns: Sequence[str] | None = None,
        batches: Sequence[str] | None = None,
        where: pc.Expression | None = None,
        rows: int = SCAN_ROWS,
    ) -> Iterator[pa.RecordBatch]:
        """Stream rows, ``rows`` at a time.

        Args:
            table: which table.
            columns: the columns to read (all by default).
            batches: only these harvest batches (partition pruning).
            where: any further Arrow filter expression; name text columns in it with :func:`text`.
            rows: most rows in one record batch.
        """
        opened = self.open(table)
        if opened is None:
            return
        if batches is not None:
            mine = pc.field("batch").isin(pa.array(batches, pa.string()))  # typed: there may be none
            where = mine if where is None else where & mine
        names = list(columns) if columns is not None else table.schema.names
        schema = pa.schema([table.schema.field(name) for name in names])
        scanner = opened.to_pyarrow_dataset().scanner(
            columns=names, filter=where, batch_size=rows, batch_readahead=2, fragment_readahead=1
        )
        for batch in scanner.to_batches():
            if batch.num_rows:
                yield batch.cast(schema)

    def read(self, table: TableSpec, **selection: Any) -> pa.Table:
        """Read the selected rows into one table; takes the arguments of :meth:`scan`."""
        names = selection.get("columns") or table.schema.names
        schema = pa.schema([table.schema.field(name) for name in names])
        return pa.Table.from_batches(self.scan(table, **selection), schema=schema)

    def count(
        self, table: TableSpec, *, batches: Sequence[str] | None = None, where: pc.Expression | None = None
    ) -> int:
        """Count rows without reading more than the filter needs."""
        return sum(batch.num_rows for batch in self.scan(table, columns=table.key[:1], batches=batches, where=where))

    def batches(self, table: TableSpec) -> list[str]:
        """List the harvest batches that have a slice in a partitioned table (from the log alone, no data is read)."""
        opened = self.open(table)
        if opened is None:
            return []
        return sorted({str(partition["batch"]) for partition in opened.partitions() if partition["batch"] is not None})

    def fingerprint(self, table: TableSpec, batch: str) -> str:
        """Name the present state of a batch's slice: 16 hexadecimal digits that every write of the slice changes."""
        opened = self.open(table)
        files = [] if opened is None else sorted(opened.file_uris(file_pruning_predicate=[("batch", "=", batch)]))
        return hashlib.sha256("\n".join(files).encode()).hexdigest()[:16]

    def commit_marked(self, table: TableSpec, mark: str) -> dict[str, Any]:
        """Return the commit whose ``userMetadata`` is ``mark``.

        Raises:
            RuntimeError: no commit has it.
        """
        opened = self.open(table)
        if opened is None:
            raise RuntimeError(f"there is no table {self.uri(table)}")
        for newest in (10, None):  # the whole history only where the mark is further back
            for commit in opened.history(newest):
                if commit.get("userMetadata") == mark:
                    return dict(commit)
        raise RuntimeError(f"no commit of {self.uri(table)} is marked {mark}")

    # -- writing ----------------------------------------------------------------------------------------------------

    def replace_batch(self, table: TableSpec, batch: str, data: Iterable[pa.RecordBatch]) -> Written:
        """Replace the slice of ``batch`` in one commit; the rows in ``data`` must all belong to it."""
        if not table.partitioned:
            raise ValueError(f"{table.name} is a global table: merge it by key")
        exists = self.open(table) is not None
        with Pump(data) as pump:
            counted = _Counted(table.schema, pump)
            try:
                with storage_errors():
                    write_deltalake(
                        self.uri(table),
                        counted.reader(),
                        mode="overwrite",
                        predicate=f"batch = '{_literal(batch)}'" if exists else None,
                        partition_by=["batch"],
                        storage_options=self.storage_options,
                    )
            except Exception:
                if counted.error is not None:
                    raise counted.error from None  # what the writer wraps as text
                raise
        return self._written(table, counted.rows)

    def merge(
        self, table: TableSpec, data: Iterable[pa.RecordBatch] | pa.Table, *, delete_missing: bool = False
    ) -> Written:
        """Insert or update rows by the table's key; rows that did not change are left alone.

        Args:
            table: a global table.
            data: rows with distinct keys.
            delete_missing: also delete rows whose key is not in ``data`` (a deliberate rebuild).
        """
        rows = data if isinstance(data, pa.Table) else pa.Table.from_batches(list(data), schema=table.schema)
        version = self._merge_once_free(table, rows.cast(table.schema), delete_missing)
        return Written(self.uri(table), version, rows.num_rows)

    def delete(self, table: TableSpec, keys: pa.Table) -> Written:
        """Delete the rows whose columns equal a row of ``keys``; keys that are not there are passed over."""
        version = self._delete_once_free(table, keys) if keys.num_rows else self.version(table)
        return Written(self.uri(table), version or 0, keys.num_rows)

    def append(self, table: TableSpec, data: pa.Table) -> Written:
        """Append rows to an append-only table."""
        with storage_errors():
            write_deltalake(
                self.uri(table), data.cast(table.schema), mode="append", storage_options=self.storage_options
            )
        return self._written(table, data.num_rows)

    @retry(on=CommitFailedError, attempts=8, wait_initial=0.1, wait_max=5.0)
    def _merge_once_free(self, table: TableSpec, rows: pa.Table, delete_missing: bool) -> int:
        """Merge against the newest version, and return the one that was made.

        Another writer's commit in between means: read again and retry.
        """
        opened = self.open(table) or self.create(table)
        same_key = " AND ".join(f"t.{name} = s.{name}" for name in table.key)
        others = [name for name in table.schema.names if name not in table.key]
        changed = " OR ".join(f"(t.{name} IS DISTINCT FROM s.{name})" for name in others)
        merge = opened.merge(rows, same_key, source_alias="s", target_alias="t")
        merge = merge.when_matched_update_all(predicate=changed or None).when_not_matched_insert_all()
        if delete_missing:
            merge = merge.when_not_matched_by_source_delete()
        with storage_errors():
            merge.execute()
        return opened.version()

    @retry(on=CommitFailedError, attempts=8, wait_initial=0.1, wait_max=5.0)
    def _delete_once_free(self, table: TableSpec, keys: pa.Table) -> int:
        """Delete from the newest version, and return the one that was made; as :meth:`_merge_once_free`."""
        opened = self.open(table) or self.create(table)
        same_key = " AND ".join(f"t.{name} = s.{name}" for name in keys.column_names)
        with storage_errors():
            opened.merge(keys, same_key, source_alias="s", target_alias="t").when_matched_delete().execute()
        return opened.version()

    def create(self, table: TableSpec) -> DeltaTable:
        """Make the table with its declared schema when there is none, so that it is the same whoever writes first."""
        return DeltaTable.create(
            self.uri(table),
            schema=table.schema,
            mode="ignore",
            partition_by=["batch"] if table.partitioned else None,
            storage_options=self.storage_options,
        )

    def _written(self, table: TableSpec, rows: int) -> Written:
        version = self.version(table)
        if version is None:
            raise RuntimeError(f"nothing was written to {self.uri(table)}")
        return Written(self.uri(table), version, rows)


class _Counted:
    """A stream that is cast to the declared schema and counted while it is written."""

    def __init__(self, schema: pa.Schema, data: Iterable[pa.RecordBatch]) -> None:
        self.schema = schema
        self.data = data
        self.rows = 0
        self.error: Exception | None = None

    def reader(self) -> pa.RecordBatchReader:
        return pa.RecordBatchReader.from_batches(self.schema, self._stream())

    def _stream(self) -> Iterator[pa.RecordBatch]:
        try:
            for batch in self.data:
                self.rows += batch.num_rows
                yield batch.cast(self.schema)
        except Exception as error:
            self.error = error
            raise


def _literal(value: str) -> str:
    return value.replace("'", "''")
