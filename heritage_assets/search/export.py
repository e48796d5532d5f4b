"""Exports: a table of the lake as Parquet, CSV or JSON lines, made as a stream: one record batch at a time is in memory."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from heritage_assets.curation.images.health import FAILED_IMAGES, failed_images
from heritage_assets.curation.schemas import SOURCE_IMAGES, TABLES, TableSpec
from heritage_assets.stores.lake import Lake, text

EXPORTABLE = {**TABLES, FAILED_IMAGES.name: FAILED_IMAGES}
"""The tables, and the views over them."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A CSV cell that starts so is run as a formula by spreadsheet programs; text cells are quoted with an apostrophe."""


def export_table(lake: Lake, name: str, output: Path, *, batches: Sequence[str] | None = None) -> int:
    """Write table ``name`` to ``output`` and return the number of rows; the suffix decides the format.

    Raises:
        ValueError: an unknown table or suffix, or batches of a global table.
    """
    table = exportable(name, batches)
    if output.suffix.removeprefix(".") not in FORMATS:
        raise ValueError(f"can't export to {output.name!r}: end it in {', '.join(f'.{form}' for form in FORMATS)}")
    temporary = output.with_name(f".{output.name}.partial")
    counted = _Counted(rows_of(lake, table, batches=batches or None))
    try:
        with temporary.open("wb") as file:
            file.writelines(export_stream(table, counted, output.suffix.removeprefix(".")))
        temporary.replace(output)
    finally:
        temporary.unlink(missing_ok=True)
    return counted.rows


def exportable(name: str, batches: Sequence[str] | None = None) -> TableSpec:
    """Return the table or view of that name.

    Raises:
        ValueError: there is none, or batches are asked of a global table.
    """
    if name not in EXPORTABLE:
        raise ValueError(f"no table {name!r}: use one of {', '.join(sorted(EXPORTABLE))}")
    if batches and not EXPORTABLE[name].partitioned:
        raise ValueError(f"{name} is a global table and has no batches")
    return EXPORTABLE[name]


def rows_of(lake: Lake, table: TableSpec, *, batches: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """Stream the rows of a table or view."""
    if table is FAILED_IMAGES:
        failed = text("status") == "FAILED"
        return failed_images(lake.scan(SOURCE_IMAGES, batches=batches, where=failed))
    return lake.scan(table, batches=batches)


def export_stream(table: TableSpec, rows: Iterable[pa.RecordBatch], form: str) -> Iterator[bytes]:
    """Yield the bytes of an export of ``rows``, a piece for each record batch; ``form`` is one of :data:`FORMATS`."""
    return FORMATS[form](table, iter(rows))


class _Counted:
    """Record batches, counted while they pass."""

    def __init__(self, rows: Iterator[pa.RecordBatch]) -> None:
        self._source = rows
        self.rows = 0

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for batch in self._source:
            self.rows += batch.num_rows
            yield batch


def _parquet(table: TableSpec, rows: Iterator[pa.RecordBatch]) -> Iterator[bytes]:
    sink = _Pieces()
    with pq.ParquetWriter(pa.PythonFile(sink, "w"), table.schema, compression="zstd") as writer:
        for batch in rows:
            writer.write_batch(batch)
            yield sink.taken()
    yield sink.taken()


class _Pieces(io.RawIOBase):
    """A file that is written at its end only and read away from its beginning."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._position = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._position += len(part)
        return len(part)

    def taken(self) -> bytes:
        """Return what was written since the last time."""
        data = b"".join(self._parts)
        self._parts.clear()
        return data


def _csv(table: TableSpec, rows: Iterator[pa.RecordBatch]) -> Iterator[bytes]:
    schema = pa.schema([(field.name, _flat_type(field.type)) for field in table.schema])
    sink = _Pieces()
    with pyarrow.csv.CSVWriter(pa.PythonFile(sink, "w"), schema) as writer:
        for batch in rows:
            writer.write_batch(pa.RecordBatch.from_arrays([_flat(column) for column in batch.columns], schema=schema))
            yield sink.taken()
    yield sink.taken()


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


def _jsonl(_: TableSpec, rows: Iterator[pa.RecordBatch]) -> Iterator[bytes]:
    for batch in rows:
        lines = (orjson.dumps(row, default=_json_value) for row in batch.to_pylist(maps_as_pydicts="lossy"))
        yield b"".join(line + b"\n" for line in lines)


def _json_value(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(f"can't write {type(value).__name__} as JSON")


FORMATS: dict[str, Callable[[TableSpec, Iterator[pa.RecordBatch]], Iterator[bytes]]] = {
    "parquet": _parquet,
    "csv": _csv,
    "jsonl": _jsonl,
}
"""The formats, by suffix."""
