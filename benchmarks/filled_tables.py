"""Tables of the lake filled with a few columns, for archives that are made up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from heritage_assets.curation.schemas import TableSpec


def filled(table: TableSpec, columns: Mapping[str, Sequence[object]]) -> pa.Table:
    """Return a table with these columns, null in all others."""
    rows = len(next(iter(columns.values())))
    arrays = [
        pa.array(columns[field.name], field.type) if field.name in columns else pa.nulls(rows, field.type)
        for field in table.schema
    ]
    return pa.Table.from_arrays(arrays, schema=table.schema)
