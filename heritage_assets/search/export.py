"""Exports: a table of the lake as a Parquet, CSV or JSON-lines file, written as a stream of record batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from heritage_assets.curation.schemas import TABLES, TableSpec
from heritage_assets.stores.lake import Lake

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A CSV cell that starts so is run as a formula by spreadsheet programs; text cells are quoted with an apostrophe."""


def export_table(lake: Lake, name: str, output: Path, *, batches: Sequence[str] | None = None) -> int:
    """Write table ``name`` to ``output`` and return the number of rows; the suffix decides the format.

    Raises:
        ValueError: an unknown table or suffix, or batches of a global table.
    """
    if name not in TABLES:
        raise ValueError(f"no table {name!r}: use one of {', '.join(sorted(TABLES))}")
    table = TABLES[name]
    if batches and not table.partitioned:
        raise ValueError(f"{name} is a global table and has no batches")
    writers = {".parquet": _write_parquet, ".csv": _write_csv, ".jsonl": _write_jsonl}
    if output.suffix not in writers:
        raise ValueError(f"can't export to {output.name!r}: end it in {', '.join(writers)}")
    temporary = output.with_name(f".{output.name}.partial")
    try:
        rows = writers[output.suffix](table, lake.scan(table, batches=batches or None), temporary)
        temporary.replace(output)
    finally:
        temporary.unlink(missing_ok=True)
    return rows


def _write_parquet(table: TableSpec, batches: Iterator[pa.RecordBatch], path: Path) -> int:
    rows = 0
    with pq.ParquetWriter(path, table.schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows


def _write_csv(table: TableSpec, batches: Iterator[pa.RecordBatch], path: Path) -> int:
    rows = 0
    schema = pa.schema([(field.name, _flat_type(field.type)) for field in table.schema])
    with pyarrow.csv.CSVWriter(str(path), schema) as writer:
        for batch in batches:
            writer.write_batch(pa.RecordBatch.from_arrays([_flat(column) for column in batch.columns], schema=schema))
            rows += batch.num_rows
    return rows


def _flat_type(kind: pa.DataType) -> pa.DataType:
    return pa.string() if pa.types.is_nested(kind) else kind


def _flat(column: pa.Array) -> pa.Array:
    """Write lists and maps as JSON, and disarm text that a spreadsheet would run."""
    if pa.types.is_nested(column.type):
        values = column.to_pylist(maps_as_pydicts="lossy") if pa.types.is_map(column.type) else column.to_pylist()
        return pa.array([None if value is None else orjson.dumps(value).decode() for value in values], pa.string())
    if pa.types.is_string(column.type):
        return pa.array([_disarmed(value) for value in column.to_pylist()], pa.string())
    return column


def _disarmed(value: str | None) -> str | None:
    return f"'{value}" if value and value.startswith(FORMULA_STARTS) else value


def _write_jsonl(table: TableSpec, batches: Iterator[pa.RecordBatch], path: Path) -> int:
    rows = 0
    with path.open("wb") as file:
        for batch in batches:
            for row in batch.to_pylist(maps_as_pydicts="lossy"):
                file.write(orjson.dumps(row, default=_json_value) + b"\n")
            rows += batch.num_rows
    return rows


def _json_value(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(f"can't write {type(value).__name__} as JSON")
