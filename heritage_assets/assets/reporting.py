"""What every materialization tells: where the table is, which version, its columns, counts, and pictures."""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dagster as dg
import pyarrow as pa

from heritage_assets.curation.schemas import TableSpec
from heritage_assets.partitions import harvest_batches
from heritage_assets.stores.lake import Lake, Written
from heritage_assets.stores.objects import ObjectStore

OWNERS = ["team:collections"]
CONTACT_SHEET_IMAGES = 18
CONTACT_SHEET_COLUMNS = 6


def column_schema(table: TableSpec) -> dg.TableSchema:
    """Describe a table's columns as Dagster shows them."""
    key = set(table.key)
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                field.name,
                str(field.type),
                constraints=dg.TableColumnConstraints(
                    nullable=field.name not in key, unique=table.key == (field.name,)
                ),
            )
            for field in table.schema
        ]
    )


def static_metadata(lake_root: str, table: TableSpec) -> dict[str, Any]:
    """Metadata that hold before anything was materialized: address, name, columns, key."""
    return {
        "dagster/uri": f"{lake_root}/{table.name}",
        "dagster/table_name": table.name,
        "dagster/column_schema": column_schema(table),
        "key": ", ".join(table.key),
    }


def table_metadata(lake: Lake, table: TableSpec, rows: int, version: int | None = None) -> dict[str, Any]:
    """Metadata of one materialization: rows written, address, columns, Delta version."""
    return {
        "dagster/row_count": rows,
        "dagster/uri": lake.uri(table),
        "dagster/table_name": table.name,
        "dagster/column_schema": column_schema(table),
        "delta_version": version if version is not None else (lake.version(table) or 0),
    }


def written_metadata(lake: Lake, table: TableSpec, writes: Mapping[str, Written]) -> dict[str, Any]:
    """Metadata of a step that replaced the slices of one or several batches."""
    rows = sum(written.rows for written in writes.values())
    version = max((written.version for written in writes.values()), default=None)
    return table_metadata(lake, table, rows, version)


def counts_table(counts: Mapping[str, int], label: str) -> dg.MetadataValue[Any]:
    """Show counts by label as a table, largest first."""
    records = [
        dg.TableRecord({label: name, "count": count})
        for name, count in sorted(counts.items(), key=lambda item: -item[1])
    ]
    schema = dg.TableSchema([dg.TableColumn(label, "string"), dg.TableColumn("count", "int")])
    return dg.MetadataValue.table(records=records, schema=schema)


def value_counts(column: pa.ChunkedArray | pa.Array) -> dict[str, int]:
    """Count the values of a string column; null counts as ``(none)``."""
    return {(item["values"] or "(none)"): item["counts"] for item in column.value_counts().to_pylist()}


def contact_sheet_metadata(store: ObjectStore, thumbnails: Iterable[tuple[str, str]], alt: str) -> dict[str, Any]:
    """Draw the first thumbnails (object key, caption) as one picture; nothing when there are none."""
    from heritage_assets.curation.pictures import as_markdown, contact_sheet

    images = []
    for key, caption in thumbnails:
        images.append((store.get(key), caption))
        if len(images) == CONTACT_SHEET_IMAGES:
            break
    if not images:
        return {}
    sheet = contact_sheet(images, columns=CONTACT_SHEET_COLUMNS)
    return {"contact_sheet": dg.MetadataValue.md(as_markdown(sheet, alt))}


class Stopwatch:
    """Seconds spent in each batch."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def batch(self, name: str) -> Iterator[None]:
        """Time the block as the work on batch ``name``."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = round(time.perf_counter() - started, 3)

    def metadata(self, items: int) -> dict[str, Any]:
        """Seconds in all, and items per second."""
        total = sum(self.seconds.values())
        return {"seconds": round(total, 3), "rate_per_second": round(items / total, 1) if total else 0.0}


def blocking(name: str, asset: str, description: str, *, of_batches: bool = True) -> dg.AssetCheckSpec:
    """Declare a check that stops everything downstream when it fails: of its batch alone, where the asset has batches."""
    partitions = harvest_batches if of_batches else None
    return dg.AssetCheckSpec(name, asset=asset, blocking=True, description=description, partitions_def=partitions)


def verdict(name: str, asset: str, passed: bool, **metadata: Any) -> dg.AssetCheckResult:
    """State the result of a check with the figures that it compared."""
    return dg.AssetCheckResult(
        check_name=name,
        asset_key=dg.AssetKey(asset),
        passed=bool(passed),
        severity=dg.AssetCheckSeverity.ERROR,
        metadata=metadata,
    )
